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
 * A head counts as far as so many nodes have come as have to agree.  Nodes
 * whose heads are further apart than good ones are, are no majority against
 * each other: only more of them can tell which one is behind.
 */


#include "ngx_http_pserver_chain_reading.h"


typedef enum {
    NGX_HTTP_PSERVER_SEAT_FREE = 0,   /* the node has not been asked yet */
    NGX_HTTP_PSERVER_SEAT_HEAD,       /* asks for its head */
    NGX_HTTP_PSERVER_SEAT_HERE,       /* has it */
    NGX_HTTP_PSERVER_SEAT_FACTS,      /* asks for facts */
    NGX_HTTP_PSERVER_SEAT_BELOW,      /* asks for the block below */
    NGX_HTTP_PSERVER_SEAT_DEEP,       /* asks for facts at that */
    NGX_HTTP_PSERVER_SEAT_DONE,       /* has all that it was asked for */
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
};


static ngx_int_t ngx_http_pserver_table_seat(ngx_http_pserver_table_t *table,
    ngx_http_pserver_node_t *node, ngx_uint_t i);
static void ngx_http_pserver_table_read(
    ngx_http_pserver_chain_reading_t *reading, ngx_int_t rc);
static ngx_int_t ngx_http_pserver_table_took(ngx_http_pserver_seat_t *seat);
static ngx_int_t ngx_http_pserver_table_step(ngx_http_pserver_table_t *table);
static ngx_int_t ngx_http_pserver_table_heads(
    ngx_http_pserver_table_t *table);
static ngx_int_t ngx_http_pserver_table_choose(
    ngx_http_pserver_table_t *table);
static ngx_int_t ngx_http_pserver_table_facts(
    ngx_http_pserver_table_t *table);
static ngx_int_t ngx_http_pserver_table_next(ngx_http_pserver_table_t *table);
static ngx_int_t ngx_http_pserver_table_compare(
    ngx_http_pserver_table_t *table);
static ngx_int_t ngx_http_pserver_table_same(ngx_http_pserver_seat_t *one,
    ngx_http_pserver_seat_t *two);
static ngx_int_t ngx_http_pserver_table_equal(ngx_pool_t *pool,
    const pserver_facts_t *one, const pserver_facts_t *two);
static ngx_int_t ngx_http_pserver_table_conclude(
    ngx_http_pserver_table_t *table, ngx_http_pserver_seat_t *seat);
static ngx_uint_t ngx_http_pserver_table_count(
    ngx_http_pserver_table_t *table, ngx_http_pserver_seat_e from,
    ngx_http_pserver_seat_e to);
static ngx_http_pserver_seat_t *ngx_http_pserver_table_find(
    ngx_http_pserver_table_t *table, ngx_http_pserver_seat_e state);
static void ngx_http_pserver_table_out(ngx_http_pserver_seat_t *seat,
    const char *why);
static void ngx_http_pserver_table_cancel(ngx_http_pserver_table_t *table);
static void ngx_http_pserver_table_land(ngx_http_pserver_table_t *table,
    ngx_int_t rc);


ngx_int_t
ngx_http_pserver_chain_fly(ngx_http_pserver_chain_flight_t *flight)
{
    ngx_uint_t                 i, n, aside;
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

    n = 0;

    for (aside = 0; aside < 2; aside++) {
        for (i = 0; i < nodes->n; i++) {

            if (ngx_http_pserver_node_is_aside(&nodes->node[i]) != aside) {
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
        ngx_http_pserver_table_out(seat, reading->why);
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


/*
 * Whatever can be done now.  NGX_AGAIN: there is more to come; NGX_OK: the
 * flight has its facts; NGX_ERROR: there is no answer.
 */

static ngx_int_t
ngx_http_pserver_table_step(ngx_http_pserver_table_t *table)
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

    rc = ngx_http_pserver_table_facts(table);

    /* a witness that can't be had is none */

    if (rc == NGX_AGAIN
        || (rc == NGX_ERROR && table->readers == table->nodes->agree))
    {
        return rc;
    }

    return ngx_http_pserver_table_compare(table);
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
    table->chosen = 1;

    return NGX_OK;

behind:

    ngx_http_pserver_table_out(lowest, "a head that is behind");

    table->heads = table->nodes->agree;

    return NGX_AGAIN;
}


static ngx_int_t
ngx_http_pserver_table_facts(ngx_http_pserver_table_t *table)
{
    ngx_int_t                 rc;
    ngx_uint_t                n;
    ngx_http_pserver_seat_t  *seat;

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

        if (ngx_http_pserver_chain_read_facts(&seat->reading) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return ngx_http_pserver_table_count(table, NGX_HTTP_PSERVER_SEAT_DONE,
                                        NGX_HTTP_PSERVER_SEAT_DONE)
           < table->readers ? NGX_AGAIN : NGX_OK;
}


/* another node is asked for its head; NGX_ERROR: there is none */

static ngx_int_t
ngx_http_pserver_table_next(ngx_http_pserver_table_t *table)
{
    ngx_uint_t                         others;
    ngx_http_pserver_seat_t           *seat;
    ngx_http_pserver_chain_reading_t  *reading;

    if ((ngx_msec_int_t) (table->flight->deadline - ngx_current_msec) <= 0) {
        return NGX_ERROR;
    }

    seat = ngx_http_pserver_table_find(table, NGX_HTTP_PSERVER_SEAT_FREE);
    if (seat == NULL) {
        return NGX_ERROR;
    }

    seat->state = NGX_HTTP_PSERVER_SEAT_HEAD;
    reading = &seat->reading;

    /* what is left of the time is also for those behind it */

    others = table->nodes->n - table->nodes->agree;
    others = ngx_min(others,
                     ngx_http_pserver_table_count(table,
                                                  NGX_HTTP_PSERVER_SEAT_FREE,
                                                  NGX_HTTP_PSERVER_SEAT_FREE));

    reading->deadline = ngx_current_msec
                        + ngx_http_pserver_chain_left(table->flight)
                          / (others + 1);

    return ngx_http_pserver_chain_read_head(reading);
}


/* all that were to read have done so */

static ngx_int_t
ngx_http_pserver_table_compare(ngx_http_pserver_table_t *table)
{
    ngx_int_t                 same;
    ngx_uint_t                i, k, n, most, with[NGX_HTTP_PSERVER_NODES];
    ngx_http_pserver_seat_t  *seat, *other;

    n = table->nodes->n;
    most = 0;
    other = NULL;

    for (i = 0; i < n; i++) {
        seat = table->seat[i];
        with[i] = 0;

        if (seat->state != NGX_HTTP_PSERVER_SEAT_DONE) {
            continue;
        }

        for (k = 0; k < n; k++) {

            if (table->seat[k]->state != NGX_HTTP_PSERVER_SEAT_DONE) {
                continue;
            }

            same = ngx_http_pserver_table_same(seat, table->seat[k]);

            if (same == NGX_ERROR) {
                return NGX_ERROR;
            }

            with[i] += (same == NGX_OK);
        }

        if (with[i] > most) {
            most = with[i];
            other = seat;
        }
    }

    if (most == table->readers) {
        return ngx_http_pserver_table_conclude(table, other);
    }

    if (table->readers == table->nodes->agree) {

        for (i = 0; i < n; i++) {
            if (with[i]) {
                ngx_http_pserver_node_differed(table->seat[i]->reading.node);
            }
        }

        if (ngx_http_pserver_table_find(table, NGX_HTTP_PSERVER_SEAT_HERE)
            || ngx_http_pserver_table_find(table, NGX_HTTP_PSERVER_SEAT_FREE))
        {
            table->readers++;
            return ngx_http_pserver_table_step(table);
        }
    }

    for (i = 0; i < n; i++) {
        if (with[i] && (with[i] < most || most == 1)) {
            ngx_http_pserver_table_out(table->seat[i], "another answer than "
                                       "other nodes");
        }
    }

    return NGX_ERROR;
}


/* NGX_OK: they say the same; NGX_DECLINED: they do not */

static ngx_int_t
ngx_http_pserver_table_same(ngx_http_pserver_seat_t *one,
    ngx_http_pserver_seat_t *two)
{
    ngx_int_t    rc;
    ngx_pool_t  *pool;

    if (one == two) {
        return NGX_OK;
    }

    pool = one->table->flight->pool;

    rc = ngx_http_pserver_table_equal(pool, &one->facts, &two->facts);

    if (rc == NGX_OK && one->table->nodes->depth) {
        rc = ngx_http_pserver_table_equal(pool, &one->reading.facts,
                                          &two->reading.facts);
    }

    return rc;
}


static ngx_int_t
ngx_http_pserver_table_equal(ngx_pool_t *pool, const pserver_facts_t *one,
    const pserver_facts_t *two)
{
    size_t   len;
    u_char  *p;

    len = pserver_facts_len(one);

    if (pserver_facts_len(two) != len) {
        return NGX_DECLINED;
    }

    p = ngx_pnalloc(pool, 2 * len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    (void) pserver_facts_pack(p, one);
    (void) pserver_facts_pack(p + len, two);

    return ngx_memcmp(p, p + len, len) == 0 ? NGX_OK : NGX_DECLINED;
}


/*
 * With a depth there are two sets.  A no of either is the answer; and two
 * that say yes to different things say yes to nothing, until the deeper one
 * has become what the other is.
 */

static ngx_int_t
ngx_http_pserver_table_conclude(ngx_http_pserver_table_t *table,
    ngx_http_pserver_seat_t *seat)
{
    ngx_int_t                         rc;
    ngx_uint_t                        i;
    pserver_facts_t                  *facts, below;
    ngx_http_pserver_chain_flight_t  *flight;

    flight = table->flight;
    facts = &seat->facts;

    for (i = 0; i < table->nodes->n; i++) {
        seat = table->seat[i];

        if (seat->state == NGX_HTTP_PSERVER_SEAT_DONE) {
            ngx_http_pserver_node_answered(seat->reading.node,
                                           seat->reading.head.number);
            below = seat->reading.facts;
        }
    }

    if (table->nodes->depth
        && ngx_http_pserver_chain_yes(flight->key.kind, facts))
    {
        if (ngx_http_pserver_chain_yes(flight->key.kind, &below)) {
            below.block = facts->block;
            below.block_hash = facts->block_hash;

            rc = ngx_http_pserver_table_equal(flight->pool, facts, &below);

            if (rc != NGX_OK) {
                return NGX_ERROR;
            }

        } else {
            facts = &below;
        }
    }

    flight->facts = *facts;

    return NGX_OK;
}


/* how many seats are in one of these states */

static ngx_uint_t
ngx_http_pserver_table_count(ngx_http_pserver_table_t *table,
    ngx_http_pserver_seat_e from, ngx_http_pserver_seat_e to)
{
    ngx_uint_t  i, n;

    n = 0;

    for (i = 0; i < table->nodes->n; i++) {
        n += (table->seat[i]->state >= from && table->seat[i]->state <= to);
    }

    return n;
}


static ngx_http_pserver_seat_t *
ngx_http_pserver_table_find(ngx_http_pserver_table_t *table,
    ngx_http_pserver_seat_e state)
{
    ngx_uint_t  i;

    for (i = 0; i < table->nodes->n; i++) {
        if (table->seat[i]->state == state) {
            return table->seat[i];
        }
    }

    return NULL;
}


static void
ngx_http_pserver_table_out(ngx_http_pserver_seat_t *seat, const char *why)
{
    seat->state = NGX_HTTP_PSERVER_SEAT_OUT;

    ngx_http_pserver_node_failed(seat->table->nodes, seat->reading.node, why);
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
    ngx_http_pserver_chain_flight_t  *flight;

    flight = table->flight;

    ngx_http_pserver_table_cancel(table);

    if (rc == NGX_OK && flight->key.kind == NGX_HTTP_PSERVER_CHAIN_PERMISSION)
    {
        rc = ngx_http_pserver_chain_grant(flight, flight->landed);
        if (rc == NGX_AGAIN) {
            return;
        }
    }

    flight->landed(flight, rc);
}
