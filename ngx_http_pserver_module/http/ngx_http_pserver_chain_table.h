/*
 * Between http/chain_nodes, which asks, and http/chain_agree, which compares
 * what was said: the nodes of one flight.
 */

#ifndef _NGX_HTTP_PSERVER_CHAIN_TABLE_H_INCLUDED_
#define _NGX_HTTP_PSERVER_CHAIN_TABLE_H_INCLUDED_


#include "ngx_http_pserver_chain_reading.h"


typedef enum {
    NGX_HTTP_PSERVER_SEAT_FREE = 0,   /* the node has not been asked yet */
    NGX_HTTP_PSERVER_SEAT_HEAD,       /* asks for its head */
    NGX_HTTP_PSERVER_SEAT_HERE,       /* has it */
    NGX_HTTP_PSERVER_SEAT_FACTS,      /* asks for facts */
    NGX_HTTP_PSERVER_SEAT_BELOW,      /* asks for the block below */
    NGX_HTTP_PSERVER_SEAT_DEEP,       /* asks for facts at that */
    NGX_HTTP_PSERVER_SEAT_DONE,       /* has all that it was asked for */
    NGX_HTTP_PSERVER_SEAT_LACKS,      /* does not have the table's block */
    NGX_HTTP_PSERVER_SEAT_OUT         /* the node has failed */
} ngx_http_pserver_seat_e;


typedef struct ngx_http_pserver_table_s  ngx_http_pserver_table_t;

typedef struct {
    ngx_http_pserver_table_t         *table;
    ngx_http_pserver_chain_reading_t  reading;
    ngx_http_pserver_seat_e           state;
    ngx_uint_t                        heard;      /* 1: it has said a head */
    pserver_facts_t                   facts;      /* at the table's block */
} ngx_http_pserver_seat_t;


struct ngx_http_pserver_table_s {
    ngx_http_pserver_chain_flight_t  *flight;
    ngx_http_pserver_nodes_t         *nodes;
    ngx_http_pserver_seat_t          *seat[NGX_HTTP_PSERVER_NODES];
    ngx_uint_t                        heads;      /* that are needed */
    ngx_uint_t                        readers;    /* the same, of facts */
    ngx_uint_t                        chosen;     /* 1: block is set */
    pserver_jsonrpc_block_t           block;
    ngx_http_pserver_seat_t          *owner;      /* its head is the block */
};


/*
 * All that were to read have done so.  NGX_OK: they agree, and the flight has
 * its facts; NGX_DECLINED: they do not, and one more is to read; NGX_ERROR:
 * there is no answer.
 */
ngx_int_t ngx_http_pserver_table_compare(ngx_http_pserver_table_t *table);

/* how many seats are in one of these states */
ngx_uint_t ngx_http_pserver_table_count(ngx_http_pserver_table_t *table,
    ngx_http_pserver_seat_e from, ngx_http_pserver_seat_e to);

/* the first of them; NULL: there is none */
ngx_http_pserver_seat_t *ngx_http_pserver_table_find(
    ngx_http_pserver_table_t *table, ngx_http_pserver_seat_e state);

/* the node has failed, "why" as in a reading */
void ngx_http_pserver_table_out(ngx_http_pserver_seat_t *seat,
    const char *why);


#endif /* _NGX_HTTP_PSERVER_CHAIN_TABLE_H_INCLUDED_ */
