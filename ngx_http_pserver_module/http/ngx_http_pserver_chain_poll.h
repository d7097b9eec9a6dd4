/*
 * Between the files of the watch: one poll of a node, from the head to the
 * logs of the blocks that are new.
 */

#ifndef _NGX_HTTP_PSERVER_CHAIN_POLL_H_INCLUDED_
#define _NGX_HTTP_PSERVER_CHAIN_POLL_H_INCLUDED_


#include "ngx_http_pserver_chain_flight.h"
#include "ngx_http_pserver_chain_nodes.h"


#define NGX_HTTP_PSERVER_WATCH_BLOCKS  (NGX_HTTP_PSERVER_ZONE_BLOCKS - 1)


typedef enum {
    NGX_HTTP_PSERVER_WATCH_HEAD = 0,
    NGX_HTTP_PSERVER_WATCH_CHAIN,      /* the blocks before the head */
    NGX_HTTP_PSERVER_WATCH_LOGS
} ngx_http_pserver_watch_round_e;


/* a poll under way */

typedef struct {
    ngx_http_pserver_loc_conf_t       *plcf;
    ngx_http_pserver_node_t           *node;
    ngx_pool_t                        *pool;
    ngx_msec_t                         deadline;
    uint64_t                           asked;

    ngx_http_pserver_watch_round_e     round;
    uint64_t                           id;         /* of the first call */
    ngx_uint_t                         calls;

    /* what was seen before */
    ngx_http_pserver_zone_watch_t      old;

    /* the chain as it is now, up to its head */
    pserver_jsonrpc_block_t            blocks[NGX_HTTP_PSERVER_WATCH_BLOCKS];
    ngx_uint_t                         n;

    ngx_http_pserver_chain_news_t      news;
    ngx_array_t                        logs;       /* of chain_log_t */
} ngx_http_pserver_watch_poll_t;


/*
 * Asks what the round is about; the answer goes to the handler with this
 * data.  NGX_ERROR: no memory.
 */
ngx_int_t ngx_http_pserver_watch_question(
    ngx_http_pserver_watch_poll_t *poll,
    ngx_http_pserver_exchange_handler_pt handler, void *data);

/* NGX_OK: poll->news is whole; NGX_AGAIN: there is another round;
   NGX_ERROR: this was no answer */
ngx_int_t ngx_http_pserver_watch_answer(ngx_http_pserver_watch_poll_t *poll,
    ngx_http_pserver_exchange_t *ex);


#endif /* _NGX_HTTP_PSERVER_CHAIN_POLL_H_INCLUDED_ */
