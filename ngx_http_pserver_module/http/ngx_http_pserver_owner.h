/*
 * Whose data a location holds: "pserver_owner".
 */

#ifndef _NGX_HTTP_PSERVER_OWNER_H_INCLUDED_
#define _NGX_HTTP_PSERVER_OWNER_H_INCLUDED_


#include "ngx_http_pserver_module.h"
#include "../core/facts.h"


struct ngx_http_pserver_owners_s {
    ngx_array_t                      list;       /* of pserver_address_t, in
                                                    order, each once */
    ngx_uint_t                       trusted;    /* 1: also who trusts this
                                                    server on chain */
    ngx_http_complex_value_t        *variable;   /* NULL: none; else there is
                                                    nothing but this */
    ngx_uint_t                       sorted;     /* 1: the list is */
};


char *ngx_http_pserver_owner_conf(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
void ngx_http_pserver_owner_merge(ngx_http_pserver_loc_conf_t *conf,
    ngx_http_pserver_loc_conf_t *prev);

/* what a location that serves these owners needs besides */
char *ngx_http_pserver_owner_requires(ngx_conf_t *cf,
    ngx_http_pserver_loc_conf_t *conf);

/*
 * Whom the variable names to this request.  Zeros: nobody, what it has is no
 * address, or there is no variable.
 */
void ngx_http_pserver_owner_named(ngx_http_request_t *r,
    pserver_address_t *named);

/*
 * NGX_OK, or the status of an error, which is set in the form of the
 * location's API: the variable names nobody.
 */
ngx_int_t ngx_http_pserver_owner_any(ngx_http_request_t *r);

/*
 * 1 if this location holds data of the address, whatever the chain says.
 * named is from ngx_http_pserver_owner_named(), or zeros.  From any thread.
 */
ngx_uint_t ngx_http_pserver_owner_served(ngx_http_pserver_loc_conf_t *plcf,
    const pserver_address_t *named, const pserver_address_t *address);

/* 1 if it is for the chain to say: served() is 0 */
ngx_uint_t ngx_http_pserver_owner_asked(ngx_http_pserver_loc_conf_t *plcf,
    const pserver_address_t *address);

/* the same for a request */
ngx_uint_t ngx_http_pserver_owner_serves(ngx_http_request_t *r,
    const pserver_address_t *address);

/* 1 if it holds data of who has granted this permission */
ngx_uint_t ngx_http_pserver_owner_grants(ngx_http_pserver_loc_conf_t *plcf,
    const pserver_address_t *named, const pserver_facts_t *facts);

/*
 * Is who has signed this request an owner?  NGX_OK, NGX_DECLINED; NGX_AGAIN:
 * the chain is asked, and the phase that called is run again then; else the
 * status of an error, which is set.  http/owner_trust.
 */
ngx_int_t ngx_http_pserver_owner_check(ngx_http_request_t *r);

/* the only one that there can be, in *owner; NGX_DECLINED: there may be none,
   or others */
ngx_int_t ngx_http_pserver_owner_only(ngx_http_request_t *r,
    pserver_address_t *owner);


#endif /* _NGX_HTTP_PSERVER_OWNER_H_INCLUDED_ */
