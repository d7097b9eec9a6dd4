/*
 * The grant file of a permission:
 *
 *   ipfs://                          fetched, and verified against its CID
 *   https://, owner is served here   fetched, and as it was at first sight
 *   https://, of others              not fetched: strangers choose the URL
 *
 * What an ipfs:// URL names does not change, so a file that an earlier set
 * has is good for ever; one behind https:// is looked at again after a
 * while.
 */


#include "ngx_http_pserver_chain_flight.h"
#include "ngx_http_pserver_fetch.h"
#include "ngx_http_pserver_owner.h"
#include "ngx_http_pserver_pin.h"
#include "ngx_http_pserver_thread.h"


/* msec that a file behind https:// is not fetched again */
#define NGX_HTTP_PSERVER_CHAIN_GRANT_VALID  600000


static ngx_uint_t ngx_http_pserver_chain_grant_kept(
    ngx_http_pserver_chain_flight_t *flight, ngx_uint_t https);
static void ngx_http_pserver_chain_grant_fetched(
    ngx_http_pserver_fetch_t *fetch);
static ngx_int_t ngx_http_pserver_chain_grant_text(
    ngx_http_pserver_chain_flight_t *flight, u_char *data, size_t len);
static ngx_int_t ngx_http_pserver_chain_grant_pin(
    ngx_http_pserver_chain_flight_t *flight, ngx_str_t *content);
static void ngx_http_pserver_chain_grant_pinned(void *data);


typedef struct {
    ngx_http_pserver_pin_t            pin;        /* first: the thread's */
    ngx_http_pserver_chain_flight_t  *flight;
} ngx_http_pserver_chain_pin_t;


ngx_int_t
ngx_http_pserver_chain_grant(ngx_http_pserver_chain_flight_t *flight,
    ngx_http_pserver_chain_granted_pt granted)
{
    ngx_uint_t                 https;
    pserver_cid_t              cid;
    pserver_str_t              text;
    pserver_facts_t           *facts;
    ngx_http_pserver_fetch_t  *fetch;

    facts = &flight->facts;

    if (pserver_facts_none(&facts->grantor)
        || !ngx_http_pserver_fetch_takes(flight->plcf, facts->url))
    {
        return NGX_OK;
    }

    https = (pserver_cid_url(facts->url, &text, &cid) != PSERVER_OK);

    if (https && !ngx_http_pserver_owner_grants(flight->plcf, &flight->named,
                                                facts))
    {
        return NGX_OK;
    }

    if (ngx_http_pserver_chain_grant_kept(flight, https)) {
        return NGX_OK;
    }

    fetch = ngx_http_pserver_fetch_create();
    if (fetch == NULL) {
        return NGX_ERROR;
    }

    fetch->plcf = flight->plcf;
    fetch->url = facts->url;
    fetch->limit = PSERVER_GRANT_MAX;
    fetch->timeout = ngx_http_pserver_chain_left(flight);
    fetch->handler = ngx_http_pserver_chain_grant_fetched;
    fetch->data = flight;

    flight->granted = granted;

    ngx_http_pserver_fetch_start(fetch);

    return NGX_AGAIN;
}


/* of an earlier set, whatever its age */

static ngx_uint_t
ngx_http_pserver_chain_grant_kept(ngx_http_pserver_chain_flight_t *flight,
    ngx_uint_t https)
{
    uint64_t                       now;
    ngx_uint_t                     kept;
    pserver_facts_t               *facts, *old;
    ngx_http_pserver_chain_set_t  *set;

    set = ngx_http_pserver_chain_cache_last(&flight->key);
    if (set == NULL) {
        return 0;
    }

    old = &set->facts;
    facts = &flight->facts;
    now = ngx_http_pserver_chain_now();
    kept = 0;

    if (old->text.len
        && old->url.len == facts->url.len
        && ngx_memcmp(old->url.data, facts->url.data, facts->url.len) == 0
        && (!https
            || (old->fetched <= now
                && now - old->fetched < NGX_HTTP_PSERVER_CHAIN_GRANT_VALID)))
    {
        facts->fetched = old->fetched;
        kept = (ngx_http_pserver_chain_grant_text(flight, old->text.data,
                                                  old->text.len)
                == NGX_OK);
    }

    ngx_http_pserver_chain_set_release(set);

    return kept;
}


static void
ngx_http_pserver_chain_grant_fetched(ngx_http_pserver_fetch_t *fetch)
{
    ngx_int_t                         rc;
    pserver_cid_t                     cid;
    pserver_str_t                     text;
    ngx_http_pserver_chain_flight_t  *flight;

    flight = fetch->data;

    if (pserver_cid_url(fetch->url, &text, &cid) != PSERVER_OK) {

        rc = ngx_http_pserver_chain_grant_pin(flight, &fetch->content);

        if (rc == NGX_OK) {
            return;
        }

    } else if (fetch->rc == NGX_OK) {
        rc = ngx_http_pserver_chain_grant_text(flight, fetch->content.data,
                                               fetch->content.len);

    } else {
        flight->no_grant = 1;
        rc = NGX_OK;
    }

    flight->granted(flight, rc);
}


static ngx_int_t
ngx_http_pserver_chain_grant_text(ngx_http_pserver_chain_flight_t *flight,
    u_char *data, size_t len)
{
    pserver_str_t  *text;

    text = &flight->facts.text;

    text->data = ngx_pnalloc(flight->pool, len);
    if (text->data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(text->data, data, len);
    text->len = len;

    return NGX_OK;
}


/* content is empty where it could not be had: what is pinned will do */

static ngx_int_t
ngx_http_pserver_chain_grant_pin(ngx_http_pserver_chain_flight_t *flight,
    ngx_str_t *content)
{
    ngx_http_pserver_pin_t        *pin;
    ngx_http_pserver_chain_pin_t  *task;

    task = ngx_pcalloc(flight->pool, sizeof(ngx_http_pserver_chain_pin_t));
    if (task == NULL) {
        return NGX_ERROR;
    }

    task->flight = flight;

    pin = &task->pin;

    pin->store = flight->plcf->store.data;
    pin->chain_id = flight->plcf->chain_id;
    pin->owner = flight->facts.grantor;
    pin->contract = flight->key.contracts.permissions;
    pin->id = flight->key.word;

    if (content->len) {
        pin->len = content->len;
        ngx_memcpy(pin->content, content->data, content->len);
    }

    return ngx_http_pserver_thread_run(ngx_http_pserver_pin,
                                       ngx_http_pserver_chain_grant_pinned,
                                       task);
}


static void
ngx_http_pserver_chain_grant_pinned(void *data)
{
    ngx_http_pserver_chain_pin_t *task = data;

    ngx_http_pserver_pin_t           *pin;
    ngx_http_pserver_chain_flight_t  *flight;

    pin = &task->pin;
    flight = task->flight;

    switch (pin->result) {

    case NGX_HTTP_PSERVER_PIN_SAME:
        flight->facts.fetched = ngx_http_pserver_chain_now();
        flight->facts.text.data = pin->content;
        flight->facts.text.len = pin->len;
        break;

    case NGX_HTTP_PSERVER_PIN_OTHER:
        flight->facts.other = 1;

        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "pserver: a grant file behind an https:// URL is not "
                      "what it was when it was first seen");
        break;

    case NGX_HTTP_PSERVER_PIN_NONE:
    case NGX_HTTP_PSERVER_PIN_LOCKED:
        flight->no_grant = 1;
        break;

    default: /* NGX_HTTP_PSERVER_PIN_ERROR */
        flight->no_grant = 1;

        ngx_log_error(NGX_LOG_CRIT, ngx_cycle->log, pin->err,
                      "pserver: a grant file could not be pinned");
    }

    flight->granted(flight, NGX_OK);
}
