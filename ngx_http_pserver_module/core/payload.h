/*
 * What the server and pserver-run, the entry point inside a container, say
 * to each other.  All numbers are big-endian.
 *
 * To the container's stdin, once:
 *
 *     0   8  "PSRV-IN1"
 *     8   8  length of the archive
 *    16   8  limit for the archive of the result
 *    24      the archive: a ustar of /job/in, as in tar.h
 *
 * Both lengths are known before the first byte goes out, so neither side
 * needs the other to close its end, and a container that has waited for its
 * job since long looks the same as one that has just been started.
 *
 * From the container's stdout, once, after all processes of the command are
 * gone:
 *
 *     0   8  "PSRV-OUT"
 *     8   4  outcome: pserver_payload_outcome_e
 *    12   4  exit status of the command: 0 to 255, 128 + n for a signal n
 *    16   8  length of the archive, 0 unless outcome is RAN
 *    24      the archive: a ustar of the files in /job/out, sorted
 *
 * The command's own stdout and stderr come as the container's stderr, cut
 * off after PSERVER_PAYLOAD_STDERR_MAX bytes.  They may hold the owner's
 * data: they are for the owner or for nobody.
 *
 * pserver-run's own exit status is the command's, or 125 if the outcome is
 * another than RAN.  A stream that ends before its length has come is an
 * error, whatever the exit status.
 */

#ifndef _PSERVER_PAYLOAD_H_INCLUDED_
#define _PSERVER_PAYLOAD_H_INCLUDED_


#include "core.h"
#include "tar.h"


#define PSERVER_PAYLOAD_HEAD_LEN    24
#define PSERVER_PAYLOAD_STDERR_MAX  65536

/* what both sides allow in an archive, apart from its length */
#define PSERVER_PAYLOAD_ENTRIES     1024
#define PSERVER_PAYLOAD_DEPTH       8


typedef enum {
    PSERVER_PAYLOAD_RAN = 0,         /* the command ran and ended by itself */
    PSERVER_PAYLOAD_INPUT,           /* the input was not as described here,
                                        or did not fit into /job */
    PSERVER_PAYLOAD_COMMAND,         /* the command could not be started */
    PSERVER_PAYLOAD_OUTPUT,          /* a name, a file type or the number of
                                        files in /job/out is not allowed */
    PSERVER_PAYLOAD_LIMIT            /* the archive is over the limit */
} pserver_payload_outcome_e;


typedef struct {
    uint64_t              length;    /* of the archive that follows */
    uint64_t              limit;     /* for the archive of the result */
} pserver_payload_input_t;


typedef struct {
    pserver_payload_outcome_e  outcome;
    uint32_t                   status;   /* exit status of the command */
    uint64_t                   length;   /* of the archive that follows */
} pserver_payload_output_t;


/* the two heads; decoding returns PSERVER_OK or PSERVER_INVALID */
void pserver_payload_input_encode(u_char head[PSERVER_PAYLOAD_HEAD_LEN],
    const pserver_payload_input_t *in);
int pserver_payload_input_decode(const u_char head[PSERVER_PAYLOAD_HEAD_LEN],
    pserver_payload_input_t *in);
void pserver_payload_output_encode(u_char head[PSERVER_PAYLOAD_HEAD_LEN],
    const pserver_payload_output_t *out);
int pserver_payload_output_decode(const u_char head[PSERVER_PAYLOAD_HEAD_LEN],
    pserver_payload_output_t *out);


/*
 * Reads a whole output in pieces, as the payloads of the stdout frames come
 * in: the head, then the archive, whose limits are those above and whose
 * bytes are at most "limit".
 */

typedef struct {
    pserver_payload_output_t  head;      /* valid if have is HEAD_LEN */
    u_char                    bytes[PSERVER_PAYLOAD_HEAD_LEN];
    size_t                    have;
    uint64_t                  limit;
    uint64_t                  left;      /* bytes of the archive to come */
    pserver_tar_t             tar;
    int                       rc;        /* of the last call */
} pserver_payload_reader_t;

void pserver_payload_reader_init(pserver_payload_reader_t *r, uint64_t limit);

/*
 * As pserver_tar_next().  PSERVER_DONE: the output is whole, r->head says
 * how the command ended; PSERVER_NOSPACE: longer than the limit.  When the
 * stream ends and the last call did not return PSERVER_DONE, there is no
 * result.
 */
int pserver_payload_next(pserver_payload_reader_t *r, const u_char **pos,
    const u_char *last, pserver_tar_event_t *event);


#endif /* _PSERVER_PAYLOAD_H_INCLUDED_ */
