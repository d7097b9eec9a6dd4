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


typedef struct ngx_http_pserver_chain_ask_s  ngx_http_pserver_chain_ask_t;

/* the chain could not be asked: facts is NULL; facts live for this call */
typedef void (*ngx_http_pserver_chain_handler_pt)(void *data,
    const pserver_facts_t *facts);

/*
 * A question that waits: memory of the caller, which sets the first five
 * members.  It ends in exactly one of two ways: the handler is called, once,
 * from the event loop and never from inside ngx_http_pserver_chain_ask(); or
 * it was cancelled.
 */

struct ngx_http_pserver_chain_ask_s {
    ngx_http_pserver_loc_conf_t        *plcf;
    pserver_word_t                      permission;
    uint64_t                            not_before;  /* msec of unix time: the
                                                        head must have been
                                                        asked for then or
                                                        later; 0: any that
                                                        is valid */
    ngx_http_pserver_chain_handler_pt   handler;
    void                               *data;

    /* private */
    ngx_queue_t                         queue;
    ngx_event_t                         event;
    void                               *flight;
    u_char                             *set;         /* a hit */
    size_t                              len;
};

void ngx_http_pserver_chain_ask(ngx_http_pserver_chain_ask_t *ask);
void ngx_http_pserver_chain_cancel(ngx_http_pserver_chain_ask_t *ask);

/* "now" for not_before: what is asked from here on is after it */
uint64_t ngx_http_pserver_chain_now(void);


#endif /* _NGX_HTTP_PSERVER_CHAIN_H_INCLUDED_ */
