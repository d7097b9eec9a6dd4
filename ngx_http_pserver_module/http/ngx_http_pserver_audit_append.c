/*
 * The file of the audit log: appending.
 */

#include "ngx_http_pserver_audit_file.h"
#include "ngx_http_pserver_audit_view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>


static u_char *ngx_http_pserver_audit_append_place(
    ngx_http_pserver_audit_file_t *file, ngx_http_pserver_audit_item_t *item,
    size_t i, uint64_t now, u_char *p);
static int ngx_http_pserver_audit_append_write(
    ngx_http_pserver_audit_file_t *file, const u_char *data, size_t len);
static uint64_t ngx_http_pserver_audit_append_now(void);


int
ngx_http_pserver_audit_file_append(ngx_http_pserver_audit_file_t *file,
    ngx_http_pserver_audit_item_t **items, size_t n)
{
    int        rc;
    size_t     i, len;
    u_char    *data, *p;
    uint64_t   now;

    len = 0;

    for (i = 0; i < n; i++) {
        len += pserver_record_len(items[i]->entry_len, items[i]->box_len);
    }

    data = malloc(len);
    if (data == NULL) {
        return PSERVER_NOMEM;
    }

    rc = ngx_http_pserver_audit_file_enter(file, LOCK_EX);
    if (rc != PSERVER_OK) {
        free(data);
        return rc;
    }

    rc = ngx_http_pserver_audit_view_reserve(file, n, n);
    if (rc != PSERVER_OK) {
        goto done;
    }

    now = ngx_http_pserver_audit_append_now();

    if (now < file->time) {
        now = file->time;
    }

    p = data;

    for (i = 0; i < n; i++) {
        items[i]->offset = file->size + (p - data);
        p = ngx_http_pserver_audit_append_place(file, items[i], i, now, p);
    }

    rc = ngx_http_pserver_audit_append_write(file, data, len);

    if (rc != PSERVER_OK) {

        /* backwards: an owner's head is as it was before the first item */

        while (i-- > 0) {
            if (items[i]->owned) {
                *items[i]->head = items[i]->before;
            }
        }

        goto done;
    }

    for (i = 0; i < n; i++) {
        ngx_http_pserver_audit_view_add(file, items[i]->offset,
                                        items[i]->leaf);
    }

    file->size += len;
    file->synced = file->size;
    file->time = now;

done:

    ngx_http_pserver_audit_file_leave(file);

    free(data);

    return rc;
}


/* completes an entry and writes its record; moves the head of its owner */

static u_char *
ngx_http_pserver_audit_append_place(ngx_http_pserver_audit_file_t *file,
    ngx_http_pserver_audit_item_t *item, size_t i, uint64_t now, u_char *p)
{
    pserver_record_t                record;
    pserver_entry_place_t           place;
    ngx_http_pserver_audit_head_t  *head;

    memset(&record, 0, sizeof(record));
    memset(&place, 0, sizeof(place));

    item->sequence = file->tree.size + i;

    place.sequence = item->sequence;
    place.time = now;

    record.root = item->root;
    record.batch = file->size;

    head = NULL;

    if (item->owned) {
        head = ngx_http_pserver_audit_view_head(file, item->id, 1);

        item->head = head;
        item->before = *head;

        place.counter = head->counter + 1;
        memcpy(place.previous, head->leaf, 32);

        record.counter = place.counter;
        record.previous = head->offset;
        memcpy(record.id, item->id, 32);
    }

    pserver_entry_place(item->entry, item->entry_len, item->tag,
                        item->link_key, &place);

    pserver_merkle_leaf(item->leaf, item->entry, item->entry_len);

    if (head) {
        head->counter = place.counter;
        head->offset = item->offset;
        memcpy(head->leaf, item->leaf, 32);
    }

    record.entry.data = item->entry;
    record.entry.len = item->entry_len;
    record.box.data = item->box;
    record.box.len = item->box_len;

    return pserver_record_write(p, &record, item->leaf);
}


static int
ngx_http_pserver_audit_append_write(ngx_http_pserver_audit_file_t *file,
    const u_char *data, size_t len)
{
    int      rc;
    size_t   done;
    ssize_t  n;

    for (done = 0; done < len; done += n) {
        n = pwrite(file->fd, data + done, len - done, file->size + done);

        if (n == -1 && errno == EINTR) {
            n = 0;
            continue;
        }

        if (n <= 0) {
            rc = ngx_http_pserver_audit_view_fail(file, "pwrite()",
                                                  file->size + done);
            goto failed;
        }
    }

    if (fdatasync(file->fd) == 0) {
        return PSERVER_OK;
    }

    rc = ngx_http_pserver_audit_view_fail(file, "fdatasync()", file->size);

failed:

    if (ftruncate(file->fd, file->size) == -1) {
        /* void: it is an unfinished batch for whoever comes next */
    }

    return rc;
}


static uint64_t
ngx_http_pserver_audit_append_now(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_REALTIME, &ts);

    return (uint64_t) ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}
