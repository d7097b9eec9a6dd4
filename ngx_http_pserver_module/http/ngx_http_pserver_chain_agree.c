/*
 * What nodes say together: the same, or nothing.
 */


#include "ngx_http_pserver_chain_table.h"


static ngx_int_t ngx_http_pserver_table_same(ngx_http_pserver_seat_t *one,
    ngx_http_pserver_seat_t *two);
static ngx_int_t ngx_http_pserver_table_equal(ngx_pool_t *pool,
    const pserver_facts_t *one, const pserver_facts_t *two);
static ngx_int_t ngx_http_pserver_table_conclude(
    ngx_http_pserver_table_t *table, ngx_http_pserver_seat_t *seat);


ngx_int_t
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
            return NGX_DECLINED;
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


ngx_uint_t
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


ngx_http_pserver_seat_t *
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


void
ngx_http_pserver_table_out(ngx_http_pserver_seat_t *seat, const char *why)
{
    seat->state = NGX_HTTP_PSERVER_SEAT_OUT;

    ngx_http_pserver_node_failed(seat->table->nodes, seat->reading.node, why);
}
