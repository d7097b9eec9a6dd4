/*
 * The public part of the log: tiles and checkpoints are read.
 */

#include "ngx_http_pserver_audit_tiles.h"
#include "ngx_http_pserver_audit_disk.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>


int
ngx_http_pserver_audit_tiles_checkpoint(const char *dir, u_char *note,
    size_t *len)
{
    return ngx_http_pserver_audit_disk_read(dir, "public/checkpoint", note,
                                            PSERVER_NOTE_MAX, len);
}


int
ngx_http_pserver_audit_tiles_open(const char *dir, const pserver_tile_t *tile,
    size_t *len)
{
    int             fd, i;
    char            path[sizeof("public/.part") + PSERVER_TILE_PATH_MAX];
    u_char          name[PSERVER_TILE_PATH_MAX];
    struct stat     st;
    pserver_tile_t  full;

    static const char  *suffix[] = { "", ".part", "" };

    full = *tile;
    full.width = PSERVER_TILE_WIDTH;

    /* the last again: it may have become full meanwhile */

    fd = -1;

    for (i = 0; fd == -1 && i < 3; i++) {

        (void) snprintf(path, sizeof(path), "public/%.*s%s",
                        (int) (pserver_tile_path(name, &full) - name), name,
                        suffix[i]);

        fd = ngx_http_pserver_audit_disk_open(dir, path);

        if (fd == -1 && errno != ENOENT) {
            return -1;
        }

        if (i == 0 && fd == -1 && tile->width == PSERVER_TILE_WIDTH) {
            return -1;
        }
    }

    if (fd == -1) {
        return -1;
    }

    if (fstat(fd, &st) == -1) {
        goto failed;
    }

    if (tile->level != PSERVER_TILE_ENTRIES) {
        *len = tile->width * PSERVER_MERKLE_LEN;

        if ((size_t) st.st_size < *len) {
            errno = ENOENT;
            goto failed;
        }

        return fd;
    }

    *len = st.st_size;

    if (tile->width == PSERVER_TILE_WIDTH
        || ngx_http_pserver_audit_disk_bundle(fd, tile->width, len)
           == PSERVER_OK)
    {
        return fd;
    }

failed:

    i = errno;
    (void) close(fd);
    errno = i;

    return -1;
}


int
ngx_http_pserver_audit_tiles_node(void *data,
    u_char hash[PSERVER_MERKLE_LEN], unsigned level, uint64_t index)
{
    int              fd, rc;
    size_t           len;
    u_char           hashes[PSERVER_TILE_LEN];
    unsigned         first, count;
    const char      *dir = data;
    pserver_tile_t   tile;

    pserver_tile_of_node(&tile, &first, &count, level, index);

    fd = ngx_http_pserver_audit_tiles_open(dir, &tile, &len);

    if (fd == -1) {
        return PSERVER_ERROR;
    }

    rc = ngx_http_pserver_audit_disk_pread(fd, hashes,
                                           count * PSERVER_MERKLE_LEN,
                                           first * PSERVER_MERKLE_LEN);
    (void) close(fd);

    if (rc == PSERVER_OK) {
        pserver_merkle_list(hash, hashes, count);
    }

    return rc;
}
