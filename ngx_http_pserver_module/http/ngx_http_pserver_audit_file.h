/*
 * The file of the audit log, as docs/audit-log.md has it.  Nothing here
 * knows nginx: these are system calls, made in threads and in tests.
 *
 * Each process has a view of its own, which follows the file: it is read on
 * from where it was left whenever the lock was taken.  A view may be used by
 * several threads.
 */

#ifndef _NGX_HTTP_PSERVER_AUDIT_FILE_H_INCLUDED_
#define _NGX_HTTP_PSERVER_AUDIT_FILE_H_INCLUDED_


#include <pthread.h>

#include "../core/entry.h"
#include "../core/merkle.h"
#include "../core/record.h"


#define NGX_HTTP_PSERVER_AUDIT_HEADER_LEN  64
#define NGX_HTTP_PSERVER_AUDIT_BATCH_MAX   (4 * 1024 * 1024)
#define NGX_HTTP_PSERVER_AUDIT_BUNDLE      256

/* of a record with an entry and a box as pserver_entry_write() makes them */
#define NGX_HTTP_PSERVER_AUDIT_RECORD_MAX                                     \
    pserver_record_len(PSERVER_ENTRY_MAX, PSERVER_ENTRY_OPENING_MAX + 40)


/* the end of an owner's chain */

typedef struct {
    u_char                id[32];
    u_char                leaf[32];
    uint64_t              counter;   /* 0: no entry yet */
    uint64_t              offset;
    int                   used;      /* 0: an empty slot */
} ngx_http_pserver_audit_head_t;


typedef struct {
    const char           *dir;       /* set by the caller */

    pthread_mutex_t       mutex;
    int                   fd;        /* -1: not open yet */
    int                   lock;

    uint64_t              size;      /* all before it was read and is good */
    uint64_t              synced;    /* all before it is known durable */
    uint64_t              time;      /* of the last entry */
    pserver_merkle_t      tree;
    u_char                id[32];    /* of the log */
    uint64_t              kept;      /* entries in the file "state" */

    uint64_t              claimed;   /* entries, not all of them read yet,
                                        that a checkpoint speaks of; 0 */
    u_char                claimed_root[PSERVER_MERKLE_LEN];

    uint64_t             *bundles;   /* offset of each 256th record */
    size_t                bundles_allocated;

    ngx_http_pserver_audit_head_t  *heads;   /* a hash table */
    size_t                heads_used;
    size_t                heads_allocated;

    /* of the last failure: the call, its errno, the place in the file */
    const char           *what;
    int                   err;
    uint64_t              where;
} ngx_http_pserver_audit_file_t;


/* an entry to be appended; written by pserver_entry_write() */

typedef struct {
    u_char               *entry;
    size_t                entry_len;
    u_char               *box;
    size_t                box_len;
    u_char                link_key[32];
    uint32_t              root;      /* as in the record */
    int                   owned;     /* 1: id and tag are an owner's */
    u_char                id[32];
    u_char                tag[32];

    uint64_t              sequence;  /* the result */

    u_char                leaf[32];  /* private */
    uint64_t              offset;
    ngx_http_pserver_audit_head_t  *head;
    ngx_http_pserver_audit_head_t   before;
} ngx_http_pserver_audit_item_t;


/* nothing is opened before it is needed; PSERVER_ERROR */
int ngx_http_pserver_audit_file_init(ngx_http_pserver_audit_file_t *file,
    const char *dir);
void ngx_http_pserver_audit_file_close(ngx_http_pserver_audit_file_t *file);

/*
 * Between the two this thread alone has the view, which is what the file is
 * now, and other processes don't append; with LOCK_EX they don't read either,
 * and an unfinished end was cut off.  operation is that of flock().  As
 * below; nothing is held unless it is PSERVER_OK.
 */
int ngx_http_pserver_audit_file_enter(ngx_http_pserver_audit_file_t *file,
    int operation);
void ngx_http_pserver_audit_file_leave(ngx_http_pserver_audit_file_t *file);

/*
 * Appends n items, all or none, their records together at most
 * NGX_HTTP_PSERVER_AUDIT_BATCH_MAX bytes.  PSERVER_OK: they are durable;
 * PSERVER_ERROR: a call failed; PSERVER_INVALID: the log is damaged;
 * PSERVER_NOMEM.
 */
int ngx_http_pserver_audit_file_append(ngx_http_pserver_audit_file_t *file,
    ngx_http_pserver_audit_item_t **items, size_t n);

/* the tree of all that is durable now */
int ngx_http_pserver_audit_file_tree(ngx_http_pserver_audit_file_t *file,
    pserver_merkle_t *tree);

/*
 * Where the record of this index begins, and how many there are from it on.
 * PSERVER_DONE: none.
 */
int ngx_http_pserver_audit_file_find(ngx_http_pserver_audit_file_t *file,
    uint64_t sequence, uint64_t *offset, uint64_t *count);

/*
 * Where the record of the owner's last entry begins, and its number in the
 * owner's chain.  PSERVER_DONE: there is none.
 */
int ngx_http_pserver_audit_file_owner(ngx_http_pserver_audit_file_t *file,
    const u_char id[32], uint64_t *offset, uint64_t *counter);

/*
 * Reads the record at an offset that came from the functions above or from
 * a record read.  record points into buf, of
 * NGX_HTTP_PSERVER_AUDIT_RECORD_MAX bytes; *next is the offset of the one
 * after it, if there is one.
 */
int ngx_http_pserver_audit_file_read(ngx_http_pserver_audit_file_t *file,
    uint64_t offset, u_char *buf, pserver_record_t *record, u_char leaf[32],
    uint64_t *next);

/* only the head of it: entry and box have lengths, no data */
int ngx_http_pserver_audit_file_head(ngx_http_pserver_audit_file_t *file,
    uint64_t offset, pserver_record_t *record, uint64_t *next);


#endif /* _NGX_HTTP_PSERVER_AUDIT_FILE_H_INCLUDED_ */
