/*
 * A reading: what one node says of a flight's question, at one block.
 *
 * It is made of rounds, each of which is a few calls that the rounds before
 * have made possible.  A node gets them as a batch; or one by one, if it
 * takes no batches.  All name the block by its hash, and that it must be
 * canonical, so that no two facts are of different blocks; or its number, if
 * the node knows no better: then its hash is looked at again at the end.
 */

#ifndef _NGX_HTTP_PSERVER_CHAIN_READING_H_INCLUDED_
#define _NGX_HTTP_PSERVER_CHAIN_READING_H_INCLUDED_


#include "ngx_http_pserver_chain_flight.h"
#include "ngx_http_pserver_chain_nodes.h"
#include "../core/abi.h"
#include "../core/jsonrpc.h"


#define NGX_HTTP_PSERVER_CHAIN_CALLS  (PSERVER_FACTS_FILES + 1)


typedef struct ngx_http_pserver_chain_reading_s
                                              ngx_http_pserver_chain_reading_t;
typedef struct ngx_http_pserver_chain_calls_s  ngx_http_pserver_chain_calls_t;
typedef struct ngx_http_pserver_chain_round_s  ngx_http_pserver_chain_round_t;


struct ngx_http_pserver_chain_round_s {

    /* adds its calls: always the same ones in the same round */
    void       (*calls)(ngx_http_pserver_chain_reading_t *reading,
                        ngx_http_pserver_chain_calls_t *calls);

    /* the answer to the i-th call; NGX_OK, NGX_DECLINED: it is none, see
       no_answer() below; NGX_ERROR: no memory */
    ngx_int_t  (*take)(ngx_http_pserver_chain_reading_t *reading,
                       ngx_uint_t i, pserver_jsonrpc_answer_t *answer);

    /* all are taken: the next round; NULL: that was the last.  There is no
       such function where the round is not about facts at a block */
    ngx_http_pserver_chain_round_t  *(*next)(
                               ngx_http_pserver_chain_reading_t *reading);
};


/*
 * NGX_OK: what was asked for is there; NGX_DECLINED: the node gave no
 * answer, "why" says what instead; NGX_ERROR: no memory.  The handler may
 * start the next reading, or end the flight.
 */
typedef void (*ngx_http_pserver_chain_read_pt)(
    ngx_http_pserver_chain_reading_t *reading, ngx_int_t rc);


struct ngx_http_pserver_chain_reading_s {
    ngx_http_pserver_chain_flight_t  *flight;
    ngx_http_pserver_node_t          *node;
    ngx_msec_t                        deadline;   /* of all that it reads */
    ngx_http_pserver_chain_read_pt    handler;
    void                             *data;

    pserver_jsonrpc_block_t           head;
    pserver_jsonrpc_block_t           at;         /* the facts are of */
    pserver_facts_t                   facts;
    const char                       *why;
    ngx_uint_t                        lacks;      /* 1: it may be right, and
                                                     not have the block */

    /* private */

    ngx_http_pserver_exchange_t      *ex;         /* NULL: nothing is asked */
    ngx_http_pserver_chain_round_t   *round;
    ngx_uint_t                        taken;      /* calls of this round */
    ngx_uint_t                        sent;
    ngx_uint_t                        total;
    uint64_t                          id;         /* of the first sent */
    uint64_t                          height;     /* of the block to read */
    unsigned                          by_number:1;
    unsigned                          old:1;      /* http/chain_rounds */
    unsigned                          registered:1;  /* http/chain_trust */
    pserver_address_t                 server;
    pserver_word_t                    server_id;
};


/* its latest block, into "head", if it is of the right chain and young */
ngx_int_t ngx_http_pserver_chain_read_head(
    ngx_http_pserver_chain_reading_t *reading);

/* the block of this number, into "at" */
ngx_int_t ngx_http_pserver_chain_read_block(
    ngx_http_pserver_chain_reading_t *reading, uint64_t number);

/* the answer to the flight's question at the block "at", into "facts" */
ngx_int_t ngx_http_pserver_chain_read_facts(
    ngx_http_pserver_chain_reading_t *reading);

/* also of one that is over, or was never started */
void ngx_http_pserver_chain_read_cancel(
    ngx_http_pserver_chain_reading_t *reading);


/* for rounds: another call, of a function with its words, at the block */
void ngx_http_pserver_chain_call(ngx_http_pserver_chain_reading_t *reading,
    ngx_http_pserver_chain_calls_t *calls, const pserver_address_t *to,
    pserver_abi_function_e function, const pserver_word_t *args);

/* another one, of this data; with "to" NULL it is code that the node runs at
   the block.  Both live as long as the flight */
void ngx_http_pserver_chain_code(ngx_http_pserver_chain_reading_t *reading,
    ngx_http_pserver_chain_calls_t *calls, const pserver_address_t *to,
    const ngx_str_t *code, uint64_t gas);

/* what a call returned, at least a byte; it lives as long as the flight */
ngx_int_t ngx_http_pserver_chain_bytes(
    ngx_http_pserver_chain_reading_t *reading,
    pserver_jsonrpc_answer_t *answer, pserver_str_t *bytes);

/* NGX_DECLINED; "what" is a constant, to be read after "it gave" */
ngx_int_t ngx_http_pserver_chain_no_answer(
    ngx_http_pserver_chain_reading_t *reading, const char *what);


/* for rounds that have no other behind them: NULL */
ngx_http_pserver_chain_round_t *ngx_http_pserver_chain_last(
    ngx_http_pserver_chain_reading_t *reading);

/* http/chain_account */
extern ngx_http_pserver_chain_round_t  ngx_http_pserver_chain_account;

/* http/chain_file_key */
extern ngx_http_pserver_chain_round_t  ngx_http_pserver_chain_file_key;

/* http/chain_trust; next() is for the last round of a permission */
extern ngx_http_pserver_chain_round_t  ngx_http_pserver_chain_trust;
ngx_http_pserver_chain_round_t *ngx_http_pserver_chain_trust_next(
    ngx_http_pserver_chain_reading_t *reading);

/* http/chain_anchor */
extern ngx_http_pserver_chain_round_t  ngx_http_pserver_chain_anchor;

/* http/chain_rounds: the first round of a question */
ngx_http_pserver_chain_round_t *ngx_http_pserver_chain_first(
    ngx_http_pserver_chain_kind_e kind);

/* 1: it may be a yes, as far as the chain has a say in it */
ngx_uint_t ngx_http_pserver_chain_yes(ngx_http_pserver_chain_kind_e kind,
    const pserver_facts_t *facts);


#endif /* _NGX_HTTP_PSERVER_CHAIN_READING_H_INCLUDED_ */
