/*
 * Asks the chain, through the exchange location of "pserver_chain", for all
 * facts of a permission at one block, and keeps them a short while.
 *
 * "Could not be asked" (down, slow, an answer cut short or of another
 * shape, another chain, a head that stands still) is a result of its own:
 * never a no, never a yes, and never kept.
 */

#ifndef _NGX_HTTP_PSERVER_CHAIN_H_INCLUDED_
#define _NGX_HTTP_PSERVER_CHAIN_H_INCLUDED_


#include "ngx_http_pserver_module.h"
#include "../core/facts.h"


typedef struct ngx_http_pserver_chain_ask_s     ngx_http_pserver_chain_ask_t;
typedef struct ngx_http_pserver_chain_flight_s  ngx_http_pserver_chain_flight_t;
typedef struct ngx_http_pserver_chain_set_s     ngx_http_pserver_chain_set_t;

/*
 * The chain could not be asked: facts is NULL.  They live for this call.
 * Who goes on with a request there runs its posted requests.
 */
typedef void (*ngx_http_pserver_chain_handler_pt)(void *data,
    const pserver_facts_t *facts);


typedef enum {
    NGX_HTTP_PSERVER_CHAIN_PERMISSION = 0,  /* word: its id */
    NGX_HTTP_PSERVER_CHAIN_GRANTEE,         /* word: an address; of the facts
                                               only grantee_id is set, zero:
                                               it is not registered */
    NGX_HTTP_PSERVER_CHAIN_ACCOUNT,         /* call: see core/account; word:
                                               its hash; of the facts only
                                               account is set */
    NGX_HTTP_PSERVER_CHAIN_FILE_KEY,        /* call: the words of a file's id
                                               and of an account; word: its
                                               hash; of the facts only box is
                                               set, empty: there is none */
    NGX_HTTP_PSERVER_CHAIN_OWNER,           /* word: an address; of the facts
                                               only trust is set */
    NGX_HTTP_PSERVER_CHAIN_ANCHOR           /* call: AuditAnchor's address[20]
                                               and the call of latest(); word:
                                               the log's id; of the facts only
                                               anchored is set */
} ngx_http_pserver_chain_kind_e;


/*
 * A question: memory of the caller, which sets the first part.  It ends in
 * exactly one of two ways: the handler is called, once, from the event loop
 * and never from inside ngx_http_pserver_chain_ask(), at the timeout of
 * "pserver_chain" at the latest; or it was cancelled.
 */

struct ngx_http_pserver_chain_ask_s {
    ngx_http_pserver_loc_conf_t        *plcf;
    ngx_http_pserver_chain_kind_e       kind;
    pserver_word_t                      word;
    ngx_str_t                           call;        /* of ACCOUNT, FILE_KEY,
                                                        ANCHOR; until it ends */
    pserver_address_t                   named;       /* http/owner; zeros but
                                                        for PERMISSION */
    uint64_t                            not_before;  /* the head must have
                                                        been asked for after
                                                        this moment; 0: any
                                                        set that is valid */
    ngx_http_pserver_chain_handler_pt   handler;
    void                               *data;

    /* where it could not be asked: too many such questions are under way */
    ngx_uint_t                          busy;

    /* private */
    ngx_queue_t                         queue;
    ngx_event_t                         event;       /* posted, or a timer */
    ngx_http_pserver_chain_flight_t    *flight;      /* it waits for this */
    ngx_http_pserver_chain_set_t       *set;         /* or was kept */
};

void ngx_http_pserver_chain_ask(ngx_http_pserver_chain_ask_t *ask);

/* also of one that has ended, or is zeroed */
void ngx_http_pserver_chain_cancel(ngx_http_pserver_chain_ask_t *ask);

/* the watch over the logs of the chain that this location needs, if any */
char *ngx_http_pserver_chain_watch(ngx_conf_t *cf,
    ngx_http_pserver_loc_conf_t *plcf);
ngx_int_t ngx_http_pserver_chain_init_process(ngx_cycle_t *cycle);

/*
 * This moment, for not_before: usec of a clock that no one sets, and that is
 * the same in all processes.
 */
uint64_t ngx_http_pserver_chain_moment(void);

/* this moment in msec of unix time, for what is written down */
uint64_t ngx_http_pserver_chain_now(void);

/* the number of the highest block that a worker has seen; 0: none yet */
uint64_t ngx_http_pserver_chain_highest(uint64_t chain_id);


#endif /* _NGX_HTTP_PSERVER_CHAIN_H_INCLUDED_ */
