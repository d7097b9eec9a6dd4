/*
 * May this app do this?  Fetches the facts, has core/permission decide, and
 * says a no in the words of the API that was asked.
 */

#ifndef _NGX_HTTP_PSERVER_PERMISSION_H_INCLUDED_
#define _NGX_HTTP_PSERVER_PERMISSION_H_INCLUDED_


#include "ngx_http_pserver_module.h"
#include "ngx_http_pserver_chain.h"
#include "../core/permission.h"


typedef struct ngx_http_pserver_permission_s  ngx_http_pserver_permission_t;

/*
 * p->verdict is set; p->facts is NULL where the reason is UNAVAILABLE (and
 * may be for a read without a permission), and lives for this call.
 */
typedef void (*ngx_http_pserver_permission_handler_pt)(
    ngx_http_pserver_permission_t *p);

/*
 * A check under way: memory of the caller, which zeroes it and sets the
 * first part.  As with http/chain the handler is called exactly once, never
 * from inside ngx_http_pserver_permission_check(), or not at all after a
 * cancel.  It is no request's: jobs check too.
 */

struct ngx_http_pserver_permission_s {
    pserver_decision_e                       kind;
    ngx_http_pserver_loc_conf_t             *plcf;
    pserver_word_t                           id;       /* of the permission */
    pserver_address_t                        app;
    pserver_address_t                        named;    /* http/owner */
    uint64_t                                 not_before;

    /* RUN */
    pserver_str_t                            operation;
    const pserver_json_t                    *parameters;
    const pserver_offer_t                   *offers;
    size_t                                   n;

    /* READ */
    pserver_str_t                            scope;
    unsigned                                 no_grant:1;  /* there is no id */
    unsigned                                 list:1;  /* of what is covered */

    ngx_http_pserver_permission_handler_pt   handler;
    void                                    *data;

    /* the result */
    pserver_verdict_t                        verdict;
    const pserver_facts_t                   *facts;

    /* private */
    ngx_http_pserver_chain_ask_t             ask;
};

void ngx_http_pserver_permission_check(ngx_http_pserver_permission_t *p);
void ngx_http_pserver_permission_cancel(ngx_http_pserver_permission_t *p);

/*
 * 1 if it could not be decided because the owner's keys are locked: what an
 * https:// grant file was at first sight is sealed under them.
 */
ngx_uint_t ngx_http_pserver_permission_locked(
    const ngx_http_pserver_permission_t *p);

/*
 * Sets the error of the request, in the form of its API (compute, unless
 * kind is READ), with Retry-After where it is due; returns the status.
 */
ngx_int_t ngx_http_pserver_permission_refuse(ngx_http_request_t *r,
    pserver_decision_e kind, pserver_reason_e reason);


#endif /* _NGX_HTTP_PSERVER_PERMISSION_H_INCLUDED_ */
