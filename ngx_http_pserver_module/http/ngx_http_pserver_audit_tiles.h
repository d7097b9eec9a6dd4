/*
 * The public part of the log: tiles and checkpoints, written from the log's
 * file.  Nothing here knows nginx.
 *
 *   <pserver_audit>/key                  signs; sealed
 *                  /publish              empty; flock()ed by whoever writes:
 *                  /public/tile/..       full tiles, by the paths of
 *                                        core/tile.h
 *                  /public/tile/.. .part the last one of each level
 *                  /public/checkpoint
 *                  /public/key           the public half of the key
 *
 * What has a name below public/ is whole and durable, and a checkpoint is
 * written after the tiles that it speaks of.  So after a crash there is
 * nothing to repair: the next one to write goes on from the checkpoint.
 */

#ifndef _NGX_HTTP_PSERVER_AUDIT_TILES_H_INCLUDED_
#define _NGX_HTTP_PSERVER_AUDIT_TILES_H_INCLUDED_


#include "ngx_http_pserver_audit_file.h"

#include "../core/keys.h"
#include "../core/note.h"
#include "../core/tile.h"


typedef struct {
    const char                  *dir;        /* set by the caller */
    const pserver_note_epoch_t  *anchor;     /* of what stands in the
                                                configuration; NULL: none */
    uint64_t                     size;       /* of the last checkpoint that
                                                was written or seen here */

    /* of the last failure, as in ngx_http_pserver_audit_file_t */
    const char                  *what;
    int                          err;
} ngx_http_pserver_audit_tiles_t;


/*
 * Publishes all that is durable now.  PSERVER_ERROR: a call failed;
 * PSERVER_INVALID: what was published before is not of this log, or was
 * changed; PSERVER_NOMEM.  The checkpoint is then as it was.
 */
int ngx_http_pserver_audit_tiles_publish(
    ngx_http_pserver_audit_tiles_t *tiles,
    ngx_http_pserver_audit_file_t *file, const pserver_root_t *roots,
    size_t nroots);

/*
 * The last checkpoint that was published, a note of *len bytes in memory of
 * PSERVER_NOTE_MAX bytes.  PSERVER_DONE: there is none yet.
 */
int ngx_http_pserver_audit_tiles_checkpoint(const char *dir, u_char *note,
    size_t *len);

/*
 * Opens the file of a tile that has at least this width: the length of the
 * tile is at *len, the file may be longer.  -1 with errno; ENOENT: there is
 * no such tile.
 */
int ngx_http_pserver_audit_tiles_open(const char *dir,
    const pserver_tile_t *tile, size_t *len);

/* nodes of the tree from published tiles; data is dir */
int ngx_http_pserver_audit_tiles_node(void *data,
    u_char hash[PSERVER_MERKLE_LEN], unsigned level, uint64_t index);


#endif /* _NGX_HTTP_PSERVER_AUDIT_TILES_H_INCLUDED_ */
