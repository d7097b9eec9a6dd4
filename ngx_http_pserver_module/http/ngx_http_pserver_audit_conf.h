/*
 * What the files of http/audit share: a log, and an entry on its way to it.
 */

#ifndef _NGX_HTTP_PSERVER_AUDIT_CONF_H_INCLUDED_
#define _NGX_HTTP_PSERVER_AUDIT_CONF_H_INCLUDED_


#include "ngx_http_pserver_audit.h"
#include "ngx_http_pserver_audit_anchored.h"
#include "ngx_http_pserver_audit_file.h"
#include "ngx_http_pserver_audit_tiles.h"
#include "ngx_http_pserver_chain.h"


/* refusals of one app, at one owner, for one reason: http/audit_refusals */

typedef struct {
    ngx_http_pserver_loc_conf_t     *plcf;       /* NULL: an empty row */
    ngx_msec_t                       since;
    ngx_uint_t                       single;     /* entries of their own */
    ngx_uint_t                       counted;    /* waiting for one */
    pserver_address_t                owner;
    pserver_address_t                app;
    u_char                           reason[PSERVER_ENTRY_REASON_MAX];
    size_t                           reason_len;
    unsigned                         owned:1;
    unsigned                         named:1;
} ngx_http_pserver_refusal_t;

#define NGX_HTTP_PSERVER_REFUSALS  64


/* whether it goes on from its last anchor: http/audit_stop */

typedef struct {
    ngx_event_t                      timer;
    ngx_int_t                        rc;         /* PSERVER_* */
    ngx_err_t                        err;
    pserver_anchored_t               chain;      /* for the thread; of size 0:
                                                    nothing yet */
    u_char                           id[32];     /* of the log, on chain */
    pserver_anchored_t               known;      /* it goes on from this */
    char                             found[NGX_HTTP_PSERVER_AUDIT_REASON];
    char                             reason[NGX_HTTP_PSERVER_AUDIT_REASON];
    unsigned                         named:1;    /* id is set */
    unsigned                         running:1;

    pserver_anchored_t               noted;      /* it has an entry */
    pserver_anchored_t               noting;     /* it gets one: */
    ngx_http_pserver_audit_wait_t    note;
    uint64_t                         block;      /* at which heard was read */
    unsigned                         first:1;    /* this worker notes it */
    unsigned                         found_note:1;  /* noted was read */
    unsigned                         accepted:1; /* known: by an operator */
    unsigned                         behind:1;   /* there are entries behind
                                                    known */
    unsigned                         keep:1;     /* noted is to be kept */

    ngx_http_pserver_loc_conf_t     *plcf;       /* NULL: no chain is asked */
    ngx_http_pserver_chain_ask_t     ask;
    u_char                           call[20 + 4 + 2 * 32];
    ngx_msec_t                       next;       /* it is asked then */
    pserver_anchored_t               heard;      /* what it said */
    unsigned                         asking:1;
    unsigned                         asked:1;
} ngx_http_pserver_audit_look_t;


struct ngx_http_pserver_audit_s {
    ngx_path_t                       path;       /* nginx makes the folder */
    ngx_http_pserver_audit_file_t    file;

    /* of a worker */
    ngx_queue_t                      waiting;    /* for the next commit */
    ngx_queue_t                      ahead;      /* so, and being sealed */
    ngx_queue_t                      sealed;     /* so, and sealed */
    ngx_uint_t                       nwaiting;   /* all of them */
    ngx_queue_t                      batch;      /* of the commit that runs */
    ngx_uint_t                       nbatch;
    ngx_int_t                        rc;         /* its result: PSERVER_* */
    void                            *keyring;    /* secret memory */
    void                            *keyring_ahead;
    ngx_event_t                      timer;
    ngx_event_t                      next;       /* to be sealed; posted */
    ngx_connection_t                 dummy;      /* of the timers */
    unsigned                         running:1;
    unsigned                         sealing:1;
    unsigned                         due:1;      /* a commit waits for that */

    /* what is public: http/audit_checkpoint */
    ngx_http_pserver_audit_tiles_t   tiles;
    pserver_note_epoch_t             anchor;     /* tiles.anchor, if set */
    ngx_int_t                        tiles_rc;   /* PSERVER_* */
    ngx_event_t                      publish;    /* timer */
    unsigned                         publishing:1;
    unsigned                         unpublished:1;  /* more meanwhile */

    ngx_http_pserver_audit_look_t    look;

    ngx_http_pserver_refusal_t       refusals[NGX_HTTP_PSERVER_REFUSALS];
    ngx_event_t                      counting;   /* timer */
};


/* an entry on its way, with all that it needs, in memory of its own */

typedef struct {
    ngx_queue_t                      queue;
    ngx_http_pserver_audit_wait_t   *wait;       /* NULL: nobody waits */

    pserver_entry_t                  statement;
    ngx_http_pserver_audit_item_t    item;

    u_char                          *store;      /* NULL: of no owner */
    uint64_t                         chain_id;
    pserver_address_t                owner;
    unsigned                         patient:1;  /* may be collected */
    unsigned                         sealed:1;
} ngx_http_pserver_audit_pending_t;


/* plcf is NULL for an entry of the node; as ngx_http_pserver_audit_append() */
ngx_int_t ngx_http_pserver_audit_add(ngx_http_pserver_audit_t *audit,
    ngx_http_pserver_loc_conf_t *plcf,
    const ngx_http_pserver_audit_entry_t *entry,
    ngx_http_pserver_audit_wait_t *wait);

/* a refusal: an entry, or one more that is counted */
ngx_int_t ngx_http_pserver_audit_refused(ngx_http_pserver_audit_t *audit,
    ngx_http_pserver_loc_conf_t *plcf,
    const ngx_http_pserver_audit_entry_t *entry);
void ngx_http_pserver_audit_refusals_timer(ngx_event_t *ev);
void ngx_http_pserver_audit_refusals_flush(ngx_http_pserver_audit_t *audit);

/*
 * A commit comes pserver_audit_commit after the first entry; but an owner's
 * own reads, which nobody waits for, are collected for longer, or go with
 * the others.
 */
void ngx_http_pserver_audit_schedule(ngx_http_pserver_audit_t *audit,
    ngx_uint_t patient);

/* commits what waits, in a thread; the timer's handler does the same */
void ngx_http_pserver_audit_commit(ngx_http_pserver_audit_t *audit);
void ngx_http_pserver_audit_timer(ngx_event_t *ev);

/*
 * In a worker that ends, whose threads have ended: commits what waits, and
 * waits for it.  Who waits for an entry is not told.  Returns how many were
 * written.
 */
ngx_uint_t ngx_http_pserver_audit_flush(ngx_http_pserver_audit_t *audit);

/* while a commit runs: what waits is sealed, in another thread */
void ngx_http_pserver_audit_ahead(ngx_event_t *ev);

/*
 * In a thread: seals those of the entries that are not yet.  The keyring is
 * secret memory for the keys, made at the first call; it is wiped when done.
 * NGX_ERROR: there is no such memory.  One whose owner's keys do not open
 * has an entry of length 0 then.
 */
ngx_int_t ngx_http_pserver_audit_seal(void **keyring, ngx_queue_t *entries);

/* entries were committed: what is public follows, in a thread, soon */
void ngx_http_pserver_audit_checkpoint(ngx_http_pserver_audit_t *audit);
void ngx_http_pserver_audit_checkpoint_timer(ngx_event_t *ev);

/* the same at once, in a worker that ends, if there is anything */
void ngx_http_pserver_audit_checkpoint_last(ngx_http_pserver_audit_t *audit);

/* http/audit_stop, of a worker */
void ngx_http_pserver_audit_look_init(ngx_http_pserver_audit_t *audit);
void ngx_http_pserver_audit_look_timer(ngx_event_t *ev);

/*
 * A decimal number of the query, or what stands for it where it is not
 * there.  NGX_ERROR: it is there and no number below 10^18.
 */
ngx_int_t ngx_http_pserver_audit_arg(ngx_http_request_t *r, const char *name,
    uint64_t missing, uint64_t *value);


#endif /* _NGX_HTTP_PSERVER_AUDIT_CONF_H_INCLUDED_ */
