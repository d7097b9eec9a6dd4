/*
 * What a process knows of the log's file.
 */

#include "ngx_http_pserver_audit_view.h"
#include "ngx_http_pserver_audit_disk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>


#define NGX_HTTP_PSERVER_AUDIT_READ  (1024 * 1024)


static int ngx_http_pserver_audit_view_read(
    ngx_http_pserver_audit_file_t *file, u_char *buf, size_t size,
    uint64_t end);
static int ngx_http_pserver_audit_view_take(
    ngx_http_pserver_audit_file_t *file, const pserver_record_t *record,
    const u_char leaf[32]);
static int ngx_http_pserver_audit_view_tail(
    ngx_http_pserver_audit_file_t *file, uint64_t end, int cut);
static int ngx_http_pserver_audit_view_claimed(
    ngx_http_pserver_audit_file_t *file);
static ngx_http_pserver_audit_head_t *ngx_http_pserver_audit_view_slot(
    ngx_http_pserver_audit_head_t *heads, size_t allocated,
    const u_char id[32]);


void
ngx_http_pserver_audit_view_reset(ngx_http_pserver_audit_file_t *file)
{
    file->size = NGX_HTTP_PSERVER_AUDIT_HEADER_LEN;
    file->synced = file->size;
    file->time = 0;
    file->kept = 0;

    pserver_merkle_init(&file->tree);

    if (file->heads) {
        memset(file->heads, 0, file->heads_allocated
                               * sizeof(ngx_http_pserver_audit_head_t));
    }

    file->heads_used = 0;
}


void
ngx_http_pserver_audit_view_free(ngx_http_pserver_audit_file_t *file)
{
    free(file->bundles);
    free(file->heads);
}


int
ngx_http_pserver_audit_view_follow(ngx_http_pserver_audit_file_t *file,
    int cut)
{
    int          rc;
    size_t       size;
    u_char      *buf;
    uint64_t     end;
    struct stat  st;

    if (fstat(file->fd, &st) == -1) {
        return ngx_http_pserver_audit_view_fail(file, "fstat()", 0);
    }

    end = st.st_size;

    if (st.st_nlink == 0) {
        return ngx_http_pserver_audit_view_damaged(file, "was removed", 0);
    }

    if (end < file->size) {
        return ngx_http_pserver_audit_view_damaged(file, "was cut back", end);
    }

    if (end != file->size) {

        size = NGX_HTTP_PSERVER_AUDIT_READ;

        if (end - file->size < size) {
            size = end - file->size;
        }

        buf = malloc(size);
        if (buf == NULL) {
            return PSERVER_NOMEM;
        }

        rc = ngx_http_pserver_audit_view_read(file, buf, size, end);

        free(buf);

        if (rc == PSERVER_OK && file->size != end) {
            rc = ngx_http_pserver_audit_view_tail(file, end, cut);
        }

        if (rc != PSERVER_OK) {
            return rc;
        }
    }

    if (file->claimed) {
        return ngx_http_pserver_audit_view_damaged(file,
                              "is shorter than its checkpoint", file->size);
    }

    /*
     * Who wrote this may have died before it was durable.  It must be when
     * it is shown to anyone; who appends makes it so with the new entries.
     */

    if (!cut && file->synced != file->size) {

        if (fdatasync(file->fd) == -1) {
            return ngx_http_pserver_audit_view_fail(file, "fdatasync()",
                                                    file->synced);
        }

        file->synced = file->size;
    }

    return PSERVER_OK;
}


/* up to end, or to the first record that does not read */

static int
ngx_http_pserver_audit_view_read(ngx_http_pserver_audit_file_t *file,
    u_char *buf, size_t size, uint64_t end)
{
    int               rc;
    size_t            have, more, len;
    u_char           *p;
    u_char            leaf[32];
    pserver_record_t  record;

    p = buf;
    have = 0;

    for ( ;; ) {

        rc = pserver_record_parse(&record, leaf, &len, p, have);

        if (rc == PSERVER_AGAIN) {

            more = size - have;

            if (end - file->size - have < more) {
                more = end - file->size - have;
            }

            if (more == 0) {
                return PSERVER_OK;
            }

            memmove(buf, p, have);
            p = buf;

            if (ngx_http_pserver_audit_disk_pread(file->fd, buf + have, more,
                                                  file->size + have)
                != PSERVER_OK)
            {
                return ngx_http_pserver_audit_view_fail(file, "pread()",
                                                        file->size + have);
            }

            have += more;
            continue;
        }

        if (rc != PSERVER_OK) {
            return PSERVER_OK;
        }

        rc = ngx_http_pserver_audit_view_take(file, &record, leaf);
        if (rc != PSERVER_OK) {
            return rc;
        }

        p += len;
        have -= len;
        file->size += len;
    }
}


static int
ngx_http_pserver_audit_view_take(ngx_http_pserver_audit_file_t *file,
    const pserver_record_t *record, const u_char leaf[32])
{
    pserver_entry_view_t            view;
    ngx_http_pserver_audit_head_t  *head;

    if (pserver_entry_parse(&view, record->entry.data, record->entry.len)
        != PSERVER_OK)
    {
        return ngx_http_pserver_audit_view_damaged(file, "holds no entry",
                                                   file->size);
    }

    if (view.sequence != file->tree.size
        || view.time < file->time
        || record->batch > file->size)
    {
        return ngx_http_pserver_audit_view_damaged(file, "is out of order",
                                                   file->size);
    }

    if (ngx_http_pserver_audit_view_reserve(file, 1, 1) != PSERVER_OK) {
        return PSERVER_NOMEM;
    }

    if (record->counter) {
        head = ngx_http_pserver_audit_view_head(file, record->id, 1);

        if (record->counter != head->counter + 1
            || record->previous != head->offset)
        {
            return ngx_http_pserver_audit_view_damaged(file,
                                   "breaks an owner's chain", file->size);
        }

        head->counter = record->counter;
        head->offset = file->size;
        memcpy(head->leaf, leaf, 32);
    }

    ngx_http_pserver_audit_view_add(file, file->size, leaf);

    file->time = view.time;

    return ngx_http_pserver_audit_view_claimed(file);
}


void
ngx_http_pserver_audit_view_claim(ngx_http_pserver_audit_file_t *file,
    const pserver_checkpoint_t *checkpoint)
{
    if (checkpoint->size > file->tree.size) {
        file->claimed = checkpoint->size;
        memcpy(file->claimed_root, checkpoint->root, PSERVER_MERKLE_LEN);
    }
}


/* the tree that was published is the beginning of this one */

static int
ngx_http_pserver_audit_view_claimed(ngx_http_pserver_audit_file_t *file)
{
    u_char  root[PSERVER_MERKLE_LEN];

    if (file->claimed == 0 || file->claimed != file->tree.size) {
        return PSERVER_OK;
    }

    pserver_merkle_root(&file->tree, root);

    if (memcmp(root, file->claimed_root, PSERVER_MERKLE_LEN) != 0) {
        return ngx_http_pserver_audit_view_damaged(file,
                                "does not match its checkpoint", file->size);
    }

    file->claimed = 0;

    return PSERVER_OK;
}


/*
 * The record at file->size does not read.  Torn is the last batch only: if
 * the file goes on for longer than that, or a later batch is found behind,
 * then what does not read had been durable.
 */

static int
ngx_http_pserver_audit_view_tail(ngx_http_pserver_audit_file_t *file,
    uint64_t end, int cut)
{
    int               rc;
    size_t            len, used;
    u_char           *data, *p, *last;
    u_char            leaf[32];
    pserver_record_t  record;

    if (end - file->size > NGX_HTTP_PSERVER_AUDIT_BATCH_MAX) {
        return ngx_http_pserver_audit_view_damaged(file, "does not read",
                                                   file->size);
    }

    len = end - file->size;

    data = malloc(len);
    if (data == NULL) {
        return PSERVER_NOMEM;
    }

    rc = PSERVER_OK;

    if (ngx_http_pserver_audit_disk_pread(file->fd, data, len, file->size)
        != PSERVER_OK)
    {
        rc = ngx_http_pserver_audit_view_fail(file, "pread()", file->size);
    }

    last = data + len;

    for (p = data + 1; rc == PSERVER_OK && p < last; p++) {

        p = memchr(p, 'P', last - p);
        if (p == NULL) {
            break;
        }

        if (pserver_record_parse(&record, leaf, &used, p, last - p)
            == PSERVER_OK
            && record.batch > file->size)
        {
            rc = ngx_http_pserver_audit_view_damaged(file, "does not read",
                                                     file->size);
        }
    }

    free(data);

    if (rc == PSERVER_OK && cut && ftruncate(file->fd, file->size) == -1) {
        rc = ngx_http_pserver_audit_view_fail(file, "ftruncate()",
                                              file->size);
    }

    return rc;
}


int
ngx_http_pserver_audit_view_reserve(ngx_http_pserver_audit_file_t *file,
    uint64_t entries, size_t owners)
{
    size_t                          i, want, allocated;
    uint64_t                       *bundles;
    ngx_http_pserver_audit_head_t  *heads;

    want = (file->tree.size + entries) / NGX_HTTP_PSERVER_AUDIT_BUNDLE + 1;

    if (want > file->bundles_allocated) {
        allocated = want + want / 2;

        bundles = realloc(file->bundles, allocated * sizeof(uint64_t));
        if (bundles == NULL) {
            return PSERVER_NOMEM;
        }

        file->bundles = bundles;
        file->bundles_allocated = allocated;
    }

    /* at most half full; a power of two */

    want = 2 * (file->heads_used + owners);

    if (want <= file->heads_allocated) {
        return PSERVER_OK;
    }

    allocated = file->heads_allocated ? file->heads_allocated : 64;

    while (allocated < want) {
        allocated *= 2;
    }

    heads = calloc(allocated, sizeof(ngx_http_pserver_audit_head_t));
    if (heads == NULL) {
        return PSERVER_NOMEM;
    }

    for (i = 0; i < file->heads_allocated; i++) {
        if (file->heads[i].used) {
            *ngx_http_pserver_audit_view_slot(heads, allocated,
                                              file->heads[i].id)
                = file->heads[i];
        }
    }

    free(file->heads);

    file->heads = heads;
    file->heads_allocated = allocated;

    return PSERVER_OK;
}


ngx_http_pserver_audit_head_t *
ngx_http_pserver_audit_view_head(ngx_http_pserver_audit_file_t *file,
    const u_char id[32], int add)
{
    ngx_http_pserver_audit_head_t  *head;

    if (file->heads_allocated == 0) {
        return NULL;
    }

    head = ngx_http_pserver_audit_view_slot(file->heads,
                                            file->heads_allocated, id);

    if (!head->used) {

        if (!add) {
            return NULL;
        }

        head->used = 1;
        memcpy(head->id, id, 32);

        file->heads_used++;
    }

    return head;
}


/* ids are keyed hashes: their first bytes are as good as any */

static ngx_http_pserver_audit_head_t *
ngx_http_pserver_audit_view_slot(ngx_http_pserver_audit_head_t *heads,
    size_t allocated, const u_char id[32])
{
    size_t  i;

    memcpy(&i, id, sizeof(i));

    for (i &= allocated - 1;
         heads[i].used && memcmp(heads[i].id, id, 32) != 0;
         i = (i + 1) & (allocated - 1))
    {
        /* void */
    }

    return &heads[i];
}


void
ngx_http_pserver_audit_view_add(ngx_http_pserver_audit_file_t *file,
    uint64_t offset, const u_char leaf[32])
{
    if (file->tree.size % NGX_HTTP_PSERVER_AUDIT_BUNDLE == 0) {
        file->bundles[file->tree.size / NGX_HTTP_PSERVER_AUDIT_BUNDLE]
            = offset;
    }

    pserver_merkle_add(&file->tree, leaf);
}


int
ngx_http_pserver_audit_view_fail(ngx_http_pserver_audit_file_t *file,
    const char *what, uint64_t where)
{
    file->err = errno;
    file->what = what;
    file->where = where;

    return PSERVER_ERROR;
}


int
ngx_http_pserver_audit_view_damaged(ngx_http_pserver_audit_file_t *file,
    const char *what, uint64_t where)
{
    file->err = 0;
    file->what = what;
    file->where = where;

    return PSERVER_INVALID;
}
