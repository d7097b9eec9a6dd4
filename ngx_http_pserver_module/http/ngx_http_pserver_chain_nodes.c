/*
 * A question for several nodes.
 *
 *   heads ──► the block ──► what each says of it ──► the same: an answer
 *
 * The nodes are asked in the order of the configuration, those that stand
 * aside last, and as many at a time as have to agree.  One that fails (it is
 * silent, slow, behind, of another chain, or makes no sense) makes room for
 * the next.  A node that has others behind it gets a share of the time.
 *
 * The block is the lowest of their heads, and all are asked for it by its
 * hash: nodes that are right can't say different things about it.  Where
 * they do, one that has not been asked yet is the witness by which those
 * that are alone with what they say stand aside; the question itself has no
 * answer then.
 *
 * A block that so many do not have as have to agree is of a fork, or made up:
 * the node whose head it is stands aside, and another block is chosen.
 *
 * A head counts as far as so many nodes have come as have to agree.  Nodes
 * whose heads are further apart than good ones are, are no majority against
 * each other: only more of them can tell which one is behind.
 */


#include "ngx_http_pserver_chain_table.h"


static ngx_int_t ngx_http_pserver_table_seat(ngx_http_pserver_table_t *table,
    ngx_http_pserver_node_t *node, ngx_uint_t i);
static void ngx_http_pserver_table_read(
    ngx_http_pserver_chain_reading_t *reading, ngx_int_t rc);
static ngx_int_t ngx_http_pserver_table_took(ngx_http_pserver_seat_t *seat);
static void ngx_http_pserver_table_lost(ngx_http_pserver_seat_t *seat);
static ngx_int_t ngx_http_pserver_table_step(ngx_http_pserver_table_t *table);
static ngx_int_t ngx_http_pserver_table_block(
    ngx_http_pserver_table_t *table);
static ngx_int_t ngx_http_pserver_table_heads(
    ngx_http_pserver_table_t *table);
static ngx_int_t ngx_http_pserver_table_choose(
    ngx_http_pserver_table_t *table);
static ngx_int_t ngx_http_pserver_table_facts(
    ngx_http_pserver_table_t *table);
static void ngx_http_pserver_table_anew(ngx_http_pserver_table_t *table);
static ngx_int_t ngx_http_pserver_table_next(ngx_http_pserver_table_t *table);
static void ngx_http_pserver_table_share(ngx_http_pserver_seat_t *seat);
static void ngx_http_pserver_table_cancel(ngx_http_pserver_table_t *table);
static void ngx_http_pserver_table_land(ngx_http_pserver_table_t *table,
    ngx_int_t rc);


ngx_int_t
ngx_http_pserver_chain_fly(ngx_http_pserver_chain_flight_t *flight)
{
    ngx_uint_t                 i, n, late, aside[NGX_HTTP_PSERVER_NODES];
    ngx_http_pserver_nodes_t  *nodes;
    ngx_http_pserver_table_t  *table;

    nodes = flight->plcf->nodes;

    table = ngx_pcalloc(flight->pool, sizeof(ngx_http_pserver_table_t));
    if (table == NULL) {
        return NGX_ERROR;
    }

    table->flight = flight;
    table->nodes = nodes;
    table->heads = nodes->agree;
    table->readers = nodes->agree;

    /* other workers change it */

    for (i = 0; i < nodes->n; i++) {
        aside[i] = ngx_http_pserver_node_is_aside(&nodes->node[i]);
    }

    n = 0;

    for (late = 0; late < 2; late++) {
        for (i = 0; i < nodes->n; i++) {

            if (aside[i] != late) {
                continue;
            }

            if (ngx_http_pserver_table_seat(table, &nodes->node[i], n++)
                != NGX_OK)
            {
                return NGX_ERROR;
            }
        }
    }

    if (ngx_http_pserver_table_step(table) == NGX_AGAIN) {
        return NGX_OK;
    }

    /* no memory: nothing has an answer already */

    ngx_http_pserver_table_cancel(table);

    return NGX_ERROR;
}


ngx_msec_t
ngx_http_pserver_chain_left(ngx_http_pserver_chain_flight_t *flight)
{
    ngx_msec_int_t  left;

    left = (ngx_msec_int_t) (flight->deadline - ngx_current_msec);

    return left > 0 ? left : 1;
}


static ngx_int_t
ngx_http_pserver_table_seat(ngx_http_pserver_table_t *table,
    ngx_http_pserver_node_t *node, ngx_uint_t i)
{
    ngx_http_pserver_seat_t  *seat;

    seat = ngx_pcalloc(table->flight->pool, sizeof(ngx_http_pserver_seat_t));
    if (seat == NULL) {
        return NGX_ERROR;
    }

    seat->table = table;
    seat->reading.flight = table->flight;
    seat->reading.node = node;
    seat->reading.handler = ngx_http_pserver_table_read;
    seat->reading.data = seat;

    table->seat[i] = seat;

    return NGX_OK;
}


/* a node has said what it was asked for, or will not */

static void
ngx_http_pserver_table_read(ngx_http_pserver_chain_reading_t *reading,
    ngx_int_t rc)
{
    ngx_http_pserver_seat_t   *seat;
    ngx_http_pserver_table_t  *table;

    seat = reading->data;
    table = seat->table;

    if (rc == NGX_OK) {
        rc = ngx_http_pserver_table_took(seat);

    } else if (rc == NGX_DECLINED) {
        ngx_http_pserver_table_lost(seat);
        rc = NGX_OK;
    }

    if (rc == NGX_OK) {
        rc = ngx_http_pserver_table_step(table);
    }

    if (rc != NGX_AGAIN) {
        ngx_http_pserver_table_land(table, rc);
    }
}


/* NGX_AGAIN: this seat goes on; NGX_OK: see to the table */

static ngx_int_t
ngx_http_pserver_table_took(ngx_http_pserver_seat_t *seat)
{
    uint64_t                           number, depth;
    ngx_int_t                          rc;
    ngx_http_pserver_chain_reading_t  *reading;

    reading = &seat->reading;
    depth = seat->table->nodes->depth;

    switch (seat->state) {

    case NGX_HTTP_PSERVER_SEAT_HEAD:
        seat->state = NGX_HTTP_PSERVER_SEAT_HERE;
        seat->heard = 1;
        return NGX_OK;

    case NGX_HTTP_PSERVER_SEAT_FACTS:
        seat->facts = reading->facts;

        if (depth == 0) {
            seat->state = NGX_HTTP_PSERVER_SEAT_DONE;
            return NGX_OK;
        }

        number = seat->table->block.number;
        number -= ngx_min(number, depth);

        seat->state = NGX_HTTP_PSERVER_SEAT_BELOW;
        rc = ngx_http_pserver_chain_read_block(reading, number);
        break;

    case NGX_HTTP_PSERVER_SEAT_BELOW:
        seat->state = NGX_HTTP_PSERVER_SEAT_DEEP;
        rc = ngx_http_pserver_chain_read_facts(reading);
        break;

    default: /* NGX_HTTP_PSERVER_SEAT_DEEP */
        seat->state = NGX_HTTP_PSERVER_SEAT_DONE;
        return NGX_OK;
    }

    return (rc == NGX_OK) ? NGX_AGAIN : NGX_ERROR;
}


/* who is wrong where a block is not there, the others will show */

static void
ngx_http_pserver_table_lost(ngx_http_pserver_seat_t *seat)
{
    if (seat->state == NGX_HTTP_PSERVER_SEAT_FACTS
        && seat->reading.lacks
        && seat != seat->table->owner)
    {
        seat->state = NGX_HTTP_PSERVER_SEAT_LACKS;
        return;
    }

    ngx_http_pserver_table_out(seat, seat->reading.why);
}


/*
 * Whatever can be done now.  NGX_AGAIN: there is more to come; NGX_OK: the
 * flight has its facts; NGX_ERROR: there is no answer.
 */

static ngx_int_t
ngx_http_pserver_table_step(ngx_http_pserver_table_t *table)
{
    ngx_int_t  rc;

    do {
        rc = ngx_http_pserver_table_block(table);
        if (rc != NGX_OK) {
            return rc;
        }

        rc = ngx_http_pserver_table_facts(table);

        /* a witness that can't be had is none */

        if (rc == NGX_OK
            || (rc == NGX_ERROR && table->readers > table->nodes->agree))
        {
            rc = ngx_http_pserver_table_compare(table);
        }

    } while (rc == NGX_DECLINED);

    return rc;
}


static ngx_int_t
ngx_http_pserver_table_block(ngx_http_pserver_table_t *table)
{
    ngx_int_t  rc;

    while (!table->chosen) {

        rc = ngx_http_pserver_table_heads(table);
        if (rc != NGX_OK) {
            return rc;
        }

        rc = ngx_http_pserver_table_choose(table);
        if (rc == NGX_ERROR) {
            return rc;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_pserver_table_heads(ngx_http_pserver_table_t *table)
{
    ngx_int_t  rc;

    while (ngx_http_pserver_table_count(table, NGX_HTTP_PSERVER_SEAT_HEAD,
                                        NGX_HTTP_PSERVER_SEAT_HERE)
           < table->heads)
    {
        rc = ngx_http_pserver_table_next(table);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    return ngx_http_pserver_table_find(table, NGX_HTTP_PSERVER_SEAT_HEAD)
           ? NGX_AGAIN : NGX_OK;
}


/* NGX_AGAIN: more heads are needed */

static ngx_int_t
ngx_http_pserver_table_choose(ngx_http_pserver_table_t *table)
{
    uint64_t                  number, top, common;
    ngx_uint_t                i, k, n, heard, above;
    ngx_http_pserver_seat_t  *seat, *lowest;

    n = table->nodes->n;
    heard = 0;
    top = 0;
    common = 0;
    lowest = NULL;

    for (i = 0; i < n; i++) {
        seat = table->seat[i];
        heard += seat->heard;

        if (seat->state != NGX_HTTP_PSERVER_SEAT_HERE) {
            continue;
        }

        number = seat->reading.head.number;
        top = ngx_max(top, number);

        if (lowest == NULL || number < lowest->reading.head.number) {
            lowest = seat;
        }

        /* the highest that as many have come to as have to agree */

        above = 0;

        for (k = 0; k < n; k++) {
            above += (table->seat[k]->state == NGX_HTTP_PSERVER_SEAT_HERE
                      && table->seat[k]->reading.head.number >= number);
        }

        if (above >= table->nodes->agree) {
            common = ngx_max(common, number);
        }
    }

    number = lowest->reading.head.number;

    if (top - number > NGX_HTTP_PSERVER_CHAIN_BACK
        && heard < 2 * table->nodes->agree - 1)
    {
        if (ngx_http_pserver_table_find(table, NGX_HTTP_PSERVER_SEAT_FREE)) {
            table->heads = ngx_http_pserver_table_count(table,
                                                NGX_HTTP_PSERVER_SEAT_HERE,
                                                NGX_HTTP_PSERVER_SEAT_HERE)
                           + 1;
            return NGX_AGAIN;
        }

        goto behind;
    }

    if (common > number && common - number > NGX_HTTP_PSERVER_CHAIN_BACK) {
        goto behind;
    }

    if (ngx_http_pserver_chain_head_seen(table->flight->key.chain_id, number)
        != NGX_OK)
    {
        goto behind;
    }

    table->block = lowest->reading.head;
    table->owner = lowest;
    table->chosen = 1;

    return NGX_OK;

behind:

    ngx_http_pserver_table_out(lowest, "a head that is behind");

    table->heads = table->nodes->agree;

    return NGX_AGAIN;
}


/* NGX_DECLINED: another block is to be chosen */

static ngx_int_t
ngx_http_pserver_table_facts(ngx_http_pserver_table_t *table)
{
    ngx_int_t                 rc;
    ngx_uint_t                n;
    ngx_http_pserver_seat_t  *seat;

    if (ngx_http_pserver_table_count(table, NGX_HTTP_PSERVER_SEAT_LACKS,
                                     NGX_HTTP_PSERVER_SEAT_LACKS)
        >= table->nodes->agree)
    {
        ngx_http_pserver_table_anew(table);
        return NGX_DECLINED;
    }

    for ( ;; ) {
        n = ngx_http_pserver_table_count(table, NGX_HTTP_PSERVER_SEAT_FACTS,
                                         NGX_HTTP_PSERVER_SEAT_DONE);
        if (n == table->readers) {
            break;
        }

        seat = ngx_http_pserver_table_find(table, NGX_HTTP_PSERVER_SEAT_HERE);

        if (seat == NULL) {
            n += ngx_http_pserver_table_count(table,
                                              NGX_HTTP_PSERVER_SEAT_HEAD,
                                              NGX_HTTP_PSERVER_SEAT_HEAD);
            if (n >= table->readers) {
                return NGX_AGAIN;
            }

            rc = ngx_http_pserver_table_next(table);
            if (rc != NGX_OK) {
                return rc;
            }

            continue;
        }

        if (seat->reading.head.number < table->block.number) {
            ngx_http_pserver_table_out(seat, "a head that is behind");
            continue;
        }

        seat->state = NGX_HTTP_PSERVER_SEAT_FACTS;
        seat->reading.at = table->block;
        ngx_http_pserver_table_share(seat);

        if (ngx_http_pserver_chain_read_facts(&seat->reading) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return ngx_http_pserver_table_count(table, NGX_HTTP_PSERVER_SEAT_DONE,
                                        NGX_HTTP_PSERVER_SEAT_DONE)
           < table->readers ? NGX_AGAIN : NGX_OK;
}


/* as many as have to agree do not have the block: whose it is, is alone */

static void
ngx_http_pserver_table_anew(ngx_http_pserver_table_t *table)
{
    ngx_uint_t                i;
    ngx_http_pserver_seat_t  *seat;

    for (i = 0; i < table->nodes->n; i++) {
        seat = table->seat[i];

        if (seat->state >= NGX_HTTP_PSERVER_SEAT_FACTS
            && seat->state <= NGX_HTTP_PSERVER_SEAT_LACKS)
        {
            ngx_http_pserver_chain_read_cancel(&seat->reading);
            seat->state = NGX_HTTP_PSERVER_SEAT_HERE;
        }
    }

    if (table->owner->state != NGX_HTTP_PSERVER_SEAT_OUT) {
        ngx_http_pserver_table_out(table->owner,
                                   "a head that other nodes do not have");
    }

    table->heads = table->nodes->agree;
    table->readers = table->nodes->agree;
    table->chosen = 0;
}


/* another node is asked for its head; NGX_ERROR: there is none */

static ngx_int_t
ngx_http_pserver_table_next(ngx_http_pserver_table_t *table)
{
    ngx_http_pserver_seat_t  *seat;

    if ((ngx_msec_int_t) (table->flight->deadline - ngx_current_msec) <= 0) {
        return NGX_ERROR;
    }

    seat = ngx_http_pserver_table_find(table, NGX_HTTP_PSERVER_SEAT_FREE);
    if (seat == NULL) {
        return NGX_ERROR;
    }

    seat->state = NGX_HTTP_PSERVER_SEAT_HEAD;
    ngx_http_pserver_table_share(seat);

    return ngx_http_pserver_chain_read_head(&seat->reading);
}


/* what is left of the time is also for those that may take its place */

static void
ngx_http_pserver_table_share(ngx_http_pserver_seat_t *seat)
{
    ngx_uint_t                 others, free;
    ngx_http_pserver_table_t  *table;

    table = seat->table;

    others = table->nodes->n - table->nodes->agree;
    free = ngx_http_pserver_table_count(table, NGX_HTTP_PSERVER_SEAT_FREE,
                                        NGX_HTTP_PSERVER_SEAT_FREE);

    seat->reading.deadline = ngx_current_msec
                             + ngx_http_pserver_chain_left(table->flight)
                               / (ngx_min(others, free) + 1);
}


static void
ngx_http_pserver_table_cancel(ngx_http_pserver_table_t *table)
{
    ngx_uint_t  i;

    for (i = 0; i < table->nodes->n; i++) {
        ngx_http_pserver_chain_read_cancel(&table->seat[i]->reading);
    }
}


static void
ngx_http_pserver_table_land(ngx_http_pserver_table_t *table, ngx_int_t rc)
{
    ngx_uint_t                        i;
    ngx_http_pserver_seat_t          *seat;
    ngx_http_pserver_chain_flight_t  *flight;

    flight = table->flight;

    ngx_http_pserver_table_cancel(table);

    for (i = 0; i < table->nodes->n; i++) {
        seat = table->seat[i];

        if (seat->state == NGX_HTTP_PSERVER_SEAT_LACKS) {
            ngx_http_pserver_table_out(seat, seat->reading.why);
        }
    }

    if (rc == NGX_OK && flight->key.kind == NGX_HTTP_PSERVER_CHAIN_PERMISSION)
    {
        rc = ngx_http_pserver_chain_grant(flight, flight->landed);
        if (rc == NGX_AGAIN) {
            return;
        }
    }

    flight->landed(flight, rc);
}
