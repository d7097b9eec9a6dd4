/*
 * What a process knows of the log's file, kept.
 *
 *   pserver-view-v1 id[32] size time entries bundles heads
 *   tree: 32 bytes for each complete subtree
 *   bundles: offset
 *   heads: id[32] leaf[32] counter offset
 *   SHA-256 of all before
 */

#include "ngx_http_pserver_audit_state.h"
#include "ngx_http_pserver_audit_disk.h"
#include "ngx_http_pserver_audit_view.h"

#include "../core/bytes.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>


/* read again at most so many entries, or a part of all */

#define NGX_HTTP_PSERVER_AUDIT_STATE_STEP  16384
#define NGX_HTTP_PSERVER_AUDIT_STATE_PART  64

#define NGX_HTTP_PSERVER_AUDIT_STATE_HEAD  (16 + 32 + 5 * 8)
#define NGX_HTTP_PSERVER_AUDIT_STATE_OWNER (32 + 32 + 8 + 8)


static u_char *ngx_http_pserver_audit_state_write(
    ngx_http_pserver_audit_file_t *file, size_t *len);
static int ngx_http_pserver_audit_state_parse(
    ngx_http_pserver_audit_file_t *file, const u_char *data, size_t len,
    uint64_t end);


static const u_char  ngx_http_pserver_audit_state_magic[16] =
    "pserver-view-v1";


int
ngx_http_pserver_audit_state_save(ngx_http_pserver_audit_file_t *file)
{
    int        rc;
    size_t     len;
    u_char    *data;
    uint64_t   grown;

    (void) pthread_mutex_lock(&file->mutex);

    grown = file->tree.size - file->kept;

    if (grown < NGX_HTTP_PSERVER_AUDIT_STATE_STEP
        || grown < file->kept / NGX_HTTP_PSERVER_AUDIT_STATE_PART)
    {
        (void) pthread_mutex_unlock(&file->mutex);
        return PSERVER_OK;
    }

    data = ngx_http_pserver_audit_state_write(file, &len);

    if (data) {
        file->kept = file->tree.size;
    }

    (void) pthread_mutex_unlock(&file->mutex);

    if (data == NULL) {
        return PSERVER_NOMEM;
    }

    crypto_hash_sha256(data + len, data, len);

    rc = ngx_http_pserver_audit_disk_write(file->dir, "state", data,
                                           len + 32);
    free(data);

    return rc;
}


/* with room for the sum behind it */

static u_char *
ngx_http_pserver_audit_state_write(ngx_http_pserver_audit_file_t *file,
    size_t *len)
{
    size_t                                i, bundles;
    u_char                               *data, *p;
    const ngx_http_pserver_audit_head_t  *head;

    bundles = (file->tree.size + NGX_HTTP_PSERVER_AUDIT_BUNDLE - 1)
              / NGX_HTTP_PSERVER_AUDIT_BUNDLE;

    *len = NGX_HTTP_PSERVER_AUDIT_STATE_HEAD
           + file->tree.count * PSERVER_MERKLE_LEN
           + bundles * 8
           + file->heads_used * NGX_HTTP_PSERVER_AUDIT_STATE_OWNER;

    data = malloc(*len + 32);
    if (data == NULL) {
        return NULL;
    }

    memcpy(data, ngx_http_pserver_audit_state_magic, 16);
    memcpy(data + 16, file->id, 32);

    p = pserver_put_be(data + 48, file->size, 8);
    p = pserver_put_be(p, file->time, 8);
    p = pserver_put_be(p, file->tree.size, 8);
    p = pserver_put_be(p, bundles, 8);
    p = pserver_put_be(p, file->heads_used, 8);

    for (i = 0; i < file->tree.count; i++) {
        memcpy(p, file->tree.hash[i], PSERVER_MERKLE_LEN);
        p += PSERVER_MERKLE_LEN;
    }

    for (i = 0; i < bundles; i++) {
        p = pserver_put_be(p, file->bundles[i], 8);
    }

    for (i = 0; i < file->heads_allocated; i++) {
        head = &file->heads[i];

        if (head->used) {
            memcpy(p, head->id, 32);
            memcpy(p + 32, head->leaf, 32);
            p = pserver_put_be(p + 64, head->counter, 8);
            p = pserver_put_be(p, head->offset, 8);
        }
    }

    return data;
}


void
ngx_http_pserver_audit_state_load(ngx_http_pserver_audit_file_t *file,
    uint64_t end)
{
    int          fd;
    size_t       len;
    u_char      *data;
    struct stat  st;

    fd = ngx_http_pserver_audit_disk_open(file->dir, "state");

    if (fd == -1) {
        return;
    }

    data = NULL;

    if (fstat(fd, &st) == 0) {
        len = st.st_size;
        data = malloc(len + 1);

        if (data
            && ngx_http_pserver_audit_disk_pread(fd, data, len, 0)
               == PSERVER_OK
            && ngx_http_pserver_audit_state_parse(file, data, len, end)
               != PSERVER_OK)
        {
            ngx_http_pserver_audit_view_reset(file);
        }
    }

    free(data);

    (void) close(fd);
}


static int
ngx_http_pserver_audit_state_parse(ngx_http_pserver_audit_file_t *file,
    const u_char *data, size_t len, uint64_t end)
{
    u_char                          sum[32];
    size_t                          i;
    uint64_t                        size, entries, bundles, heads;
    const u_char                   *p;
    ngx_http_pserver_audit_head_t  *head;

    if (len < NGX_HTTP_PSERVER_AUDIT_STATE_HEAD + 32
        || memcmp(data, ngx_http_pserver_audit_state_magic, 16) != 0
        || memcmp(data + 16, file->id, 32) != 0)
    {
        return PSERVER_INVALID;
    }

    len -= 32;

    crypto_hash_sha256(sum, data, len);

    if (memcmp(sum, data + len, 32) != 0) {
        return PSERVER_INVALID;
    }

    p = data + 48;

    size = pserver_get_be(p, 8);
    entries = pserver_get_be(p + 16, 8);
    bundles = pserver_get_be(p + 24, 8);
    heads = pserver_get_be(p + 32, 8);

    file->time = pserver_get_be(p + 8, 8);
    file->tree.count = __builtin_popcountll(entries);

    p += 40;

    if (size > end
        || bundles > len
        || heads > len
        || bundles != (entries + NGX_HTTP_PSERVER_AUDIT_BUNDLE - 1)
                      / NGX_HTTP_PSERVER_AUDIT_BUNDLE
        || len != NGX_HTTP_PSERVER_AUDIT_STATE_HEAD
                  + file->tree.count * PSERVER_MERKLE_LEN
                  + bundles * 8
                  + heads * NGX_HTTP_PSERVER_AUDIT_STATE_OWNER
        || ngx_http_pserver_audit_view_reserve(file, entries, heads)
           != PSERVER_OK)
    {
        return PSERVER_INVALID;
    }

    for (i = 0; i < file->tree.count; i++) {
        memcpy(file->tree.hash[i], p, PSERVER_MERKLE_LEN);
        p += PSERVER_MERKLE_LEN;
    }

    for (i = 0; i < bundles; i++) {
        file->bundles[i] = pserver_get_be(p, 8);
        p += 8;
    }

    for (i = 0; i < heads; i++) {
        head = ngx_http_pserver_audit_view_head(file, p, 1);

        memcpy(head->leaf, p + 32, 32);
        head->counter = pserver_get_be(p + 64, 8);
        head->offset = pserver_get_be(p + 72, 8);

        p += NGX_HTTP_PSERVER_AUDIT_STATE_OWNER;
    }

    /* it was written by who had just published: durable */

    file->size = size;
    file->synced = size;
    file->tree.size = entries;
    file->kept = entries;

    return PSERVER_OK;
}
