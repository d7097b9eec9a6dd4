/*
 * Exchange: how this module talks to the outside.  A question to a chain
 * node, a gateway or a Docker Engine is one detached request, which no
 * client holds, into a location marked with "pserver_exchange", whose
 * proxy_pass does the rest: TLS, keepalive, failover, logs.
 *
 * An exchange has a pool of its own and ends in exactly one of two ways:
 * its handler is called, once, from the event loop and never from inside
 * ngx_http_pserver_exchange_send(); or it was cancelled, and no handler is
 * called.  After either the exchange and all that its pool holds are gone.
 */

#ifndef _NGX_HTTP_PSERVER_EXCHANGE_H_INCLUDED_
#define _NGX_HTTP_PSERVER_EXCHANGE_H_INCLUDED_


#include "ngx_http_pserver_module.h"


/* its configuration begins with that of the upstream */
extern ngx_module_t  ngx_http_proxy_module;


/* a location marked with pserver_exchange */

struct ngx_http_pserver_exchange_loc_s {
    ngx_str_t                        name;       /* e.g. "/_chain/" */
    ngx_http_core_loc_conf_t        *clcf;
    ngx_http_conf_ctx_t             *ctx;        /* of its server{} */
    unsigned                         https:1;    /* to any peer */
};


/* where a question goes, in a location with "pserver_exchange https" */

typedef struct {
    ngx_str_t                        address;    /* and port: no name */
    ngx_str_t                        name;       /* in the certificate */
    ngx_str_t                        host;       /* of the header */
    ngx_str_t                        path;       /* and query */
} ngx_http_pserver_peer_t;


typedef void (*ngx_http_pserver_exchange_handler_pt)(
    ngx_http_pserver_exchange_t *ex);

/*
 * A tunnel (HTTP Upgrade).  opened: the peer answered 101.  source: fills up
 * to size bytes; returns their number, or NGX_AGAIN: call
 * ngx_http_pserver_exchange_resume() when there is more.  The peer is never
 * told that there will be no more.  sink: takes all of the bytes and
 * returns NGX_OK, or NGX_ERROR, which ends the tunnel (rc is NGX_ABORT).
 * None of the three may cancel its own exchange.
 */

typedef struct {
    void                           (*opened)(ngx_http_pserver_exchange_t *ex);
    ssize_t                        (*source)(ngx_http_pserver_exchange_t *ex,
                                             u_char *buf, size_t size);
    ngx_int_t                      (*sink)(ngx_http_pserver_exchange_t *ex,
                                           u_char *buf, size_t size);
} ngx_http_pserver_tunnel_t;


struct ngx_http_pserver_exchange_s {

    /* set by the caller between create and send; what they point to must
       outlive the exchange or come from ex->pool */

    ngx_uint_t                       method;     /* NGX_HTTP_GET, .. */
    ngx_http_pserver_peer_t         *peer;       /* NULL: the location's */
    ngx_str_t                        uri;        /* after the location */
    ngx_str_t                        args;
    ngx_str_t                        type;       /* Content-Type of body */
    ngx_str_t                        body;
    size_t                           limit;      /* of the answer's body */
    ngx_msec_t                       timeout;    /* of all of it; 0: none */
    ngx_uint_t                       patient;    /* 1: the peer may be silent
                                                    until timeout */
    ngx_uint_t                       work;       /* 1: for work that was
                                                    accepted */
    ngx_http_pserver_tunnel_t       *tunnel;     /* NULL: none */
    ngx_http_pserver_exchange_handler_pt  handler;
    void                            *data;

    /*
     * The result.  rc is NGX_OK where a whole answer with this status is
     * there, within the limit; NGX_ABORT: it was cut short, or over the
     * limit; NGX_HTTP_REQUEST_TIME_OUT; NGX_ERROR: it could not be asked.
     * A peer that is not there is NGX_OK with nginx's status 502 or 504.
     */

    ngx_int_t                        rc;
    ngx_uint_t                       too_large;  /* 1: over the limit */
    ngx_uint_t                       status;
    ngx_str_t                        answer;

    ngx_pool_t                      *pool;

    /* private */

    ngx_http_pserver_exchange_loc_t *location;
    ngx_http_request_t              *request;    /* NULL: not or no more */
    ngx_event_t                      timer;
    ngx_event_t                      over;
    size_t                           allocated;
    unsigned                         complete:1;
    unsigned                         aborted:1;
    unsigned                         timedout:1;
};


/* NULL: no memory */
ngx_http_pserver_exchange_t *ngx_http_pserver_exchange_create(
    ngx_http_pserver_exchange_loc_t *location);

/* from here on the handler is called in every case but cancel */
void ngx_http_pserver_exchange_send(ngx_http_pserver_exchange_t *ex);

/* ends it; the handler is not called and ex must not be used again */
void ngx_http_pserver_exchange_cancel(ngx_http_pserver_exchange_t *ex);

/* the tunnel's source has bytes again */
void ngx_http_pserver_exchange_resume(ngx_http_pserver_exchange_t *ex);


/* the directive "pserver_exchange" */
char *ngx_http_pserver_exchange(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/*
 * Calls the proxy module's own handler of a directive with one or two
 * arguments, second is NULL or the second.  NGX_ERROR is logged.
 */
ngx_int_t ngx_http_pserver_exchange_proxy(ngx_conf_t *cf,
    const char *directive, const char *first, const char *second);

/* headers by which a location passes on a tunnel that is asked for */
ngx_int_t ngx_http_pserver_exchange_upgrade(ngx_conf_t *cf);

/* "pserver_exchange https" */
char *ngx_http_pserver_exchange_https(ngx_conf_t *cf);
ngx_int_t ngx_http_pserver_exchange_add_variables(ngx_conf_t *cf);

/* after the merge: makes a marked location what an exchange needs */
char *ngx_http_pserver_exchange_merge(ngx_conf_t *cf, ngx_uint_t kind,
    const char *directive);

/* the marked location of this name in the server that is being merged;
   NULL, and logged on behalf of the directive, where there is none, or
   where one is with "https" and the other is not */
ngx_http_pserver_exchange_loc_t *ngx_http_pserver_exchange_find(
    ngx_conf_t *cf, ngx_str_t *name, const char *directive, unsigned https);

/* preaccess phase: 404 for every request that is not detached */
ngx_int_t ngx_http_pserver_exchange_guard(ngx_http_request_t *r);

/* http/filter hands over what belongs to an exchange */
ngx_int_t ngx_http_pserver_exchange_header(ngx_http_request_t *r,
    ngx_http_pserver_exchange_t *ex);
ngx_int_t ngx_http_pserver_exchange_body(ngx_http_request_t *r,
    ngx_http_pserver_exchange_t *ex, ngx_chain_t *in);


#endif /* _NGX_HTTP_PSERVER_EXCHANGE_H_INCLUDED_ */
