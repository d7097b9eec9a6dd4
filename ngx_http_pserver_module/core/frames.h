/*
 * The stream of an attached container without a terminal, as the Docker
 * Engine multiplexes it: a header of 8 bytes (stream, three zeros, length
 * as u32 in big-endian order) and the payload, again and again.
 */

#ifndef _PSERVER_FRAMES_H_INCLUDED_
#define _PSERVER_FRAMES_H_INCLUDED_


#include "core.h"


#define PSERVER_FRAMES_STDOUT  1
#define PSERVER_FRAMES_STDERR  2


/* zeroed memory is a valid initial state */

typedef struct {
    u_char                head[8];
    unsigned              have;      /* bytes of head */
    uint32_t              left;      /* bytes of the payload to come */
    unsigned              broken:1;
} pserver_frames_t;


/*
 * Takes what it can from *pos up to last, moves *pos behind it and gives
 * the next piece of payload as a slice of the input.  Pieces are as long as
 * the input allows, so one frame may come in several and nothing is copied
 * or kept; the sum over all pieces is the caller's to bound.
 *
 * PSERVER_OK: *stream and *payload (never empty) are set, call again;
 * PSERVER_AGAIN: all input is taken; PSERVER_INVALID: an impossible header,
 * and so for ever after.
 */
int pserver_frames_next(pserver_frames_t *f, const u_char **pos,
    const u_char *last, unsigned *stream, pserver_str_t *payload);

/* 1 between two frames: only there may the stream end */
int pserver_frames_complete(const pserver_frames_t *f);


#endif /* _PSERVER_FRAMES_H_INCLUDED_ */
