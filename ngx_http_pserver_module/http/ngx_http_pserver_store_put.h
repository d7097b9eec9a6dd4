/*
 * POST /v1/data/{scope}: what the event loop and the threads share.
 */

#ifndef _NGX_HTTP_PSERVER_STORE_PUT_H_INCLUDED_
#define _NGX_HTTP_PSERVER_STORE_PUT_H_INCLUDED_


#include "ngx_http_pserver_store_condition.h"
#include "ngx_http_pserver_writer.h"

#include "../core/json_stream.h"
#include "../core/web3signed.h"


typedef struct {
    u_char                          *root;
    uint64_t                         chain_id;
    pserver_address_t                owner;
    const pserver_web3signed_t      *claims;
    pserver_seal_meta_t              meta;
    ngx_http_pserver_condition_t     condition;
    off_t                            reserve;
    off_t                            quota;
    u_char                           head[PSERVER_MANIFEST_HEAD_LEN];
    off_t                            left;       /* announced, not yet here */

    u_char                          *batch;
    size_t                           size;
    size_t                           len;

    ngx_http_pserver_writer_t       *writer;
    pserver_json_stream_t            json;

    ngx_uint_t                       rc;
    unsigned                         open:1;
    unsigned                         last:1;
    unsigned                         bad_json:1;
    unsigned                         bad_hash:1;
    unsigned                         repeat:1;
} ngx_http_pserver_put_t;


/*
 * Threads; both set put->rc.  run: seals the batch, and after the last one
 * looks whether the body is what was signed and whether it was stored
 * before.  publish: makes it visible, once the log has the entry.
 */
void ngx_http_pserver_put_run(void *data);
void ngx_http_pserver_put_publish(void *data);


#endif /* _NGX_HTTP_PSERVER_STORE_PUT_H_INCLUDED_ */
