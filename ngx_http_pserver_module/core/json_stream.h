/*
 * Is it a JSON object (RFC 8259)?  Answered piece by piece in constant
 * memory, for a text that is stored while it comes in.  It is stored as it
 * is: duplicate members and lone surrogates in escapes are the owner's own
 * matter; core/json is the one to say whether something else can read it.
 */

#ifndef _PSERVER_JSON_STREAM_H_INCLUDED_
#define _PSERVER_JSON_STREAM_H_INCLUDED_


#include "core.h"


#define PSERVER_JSON_STREAM_DEPTH  512


typedef struct {
    unsigned              state;
    unsigned              name:1;        /* the string is a member's name */
    const char           *literal;       /* what must still come of it */
    unsigned              need;          /* more bytes, or hex digits */
    u_char                low;           /* of the next byte, in UTF-8 */
    u_char                high;
    size_t                depth;
    u_char                objects[PSERVER_JSON_STREAM_DEPTH / 8];
} pserver_json_stream_t;


void pserver_json_stream_init(pserver_json_stream_t *js);

/*
 * PSERVER_INVALID: this is no JSON object, whatever follows, or nested
 * deeper than PSERVER_JSON_STREAM_DEPTH.  It stays so.
 */
int pserver_json_stream_feed(pserver_json_stream_t *js, const u_char *data,
    size_t len);

/* PSERVER_OK if what was fed is a whole object, else PSERVER_INVALID */
int pserver_json_stream_end(const pserver_json_stream_t *js);


#endif /* _PSERVER_JSON_STREAM_H_INCLUDED_ */
