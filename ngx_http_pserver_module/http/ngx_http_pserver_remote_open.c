/*
 * Input from elsewhere: from what was fetched to the file.  For threads.
 *
 *   CAR or block ──► verified ──► OpenPGP message ──► plaintext ──► kept
 *   box of the key ──► passphrase ──────┘
 */


#include "ngx_http_pserver_remote.h"
#include "ngx_http_pserver_keys.h"

#include "../core/ecies.h"
#include "../core/encode.h"
#include "../core/ipfs.h"
#include "../core/openpgp.h"

#include <sodium.h>


/* in guarded memory */

typedef struct {
    pserver_server_key_t             key;
    size_t                           len;
    u_char                           passphrase[PSERVER_FACTS_BOX_MAX / 2];
} ngx_http_pserver_remote_secret_t;


static ngx_uint_t ngx_http_pserver_remote_verify(
    ngx_http_pserver_remote_file_t *file);
static ngx_uint_t ngx_http_pserver_remote_passphrase(
    ngx_http_pserver_remote_file_t *file,
    ngx_http_pserver_remote_secret_t *secret);
static ngx_uint_t ngx_http_pserver_remote_decrypt(
    ngx_http_pserver_remote_file_t *file,
    ngx_http_pserver_remote_secret_t *secret, pserver_str_t *content);
static ngx_uint_t ngx_http_pserver_remote_refuse(
    ngx_http_pserver_remote_file_t *file, ngx_uint_t rc, const char *why);


void
ngx_http_pserver_remote_open(ngx_http_pserver_remote_file_t *file)
{
    pserver_str_t                      content;
    ngx_http_pserver_remote_secret_t  *secret;

    file->rc = NGX_HTTP_PSERVER_INPUT_ERROR;

    secret = sodium_malloc(sizeof(ngx_http_pserver_remote_secret_t));
    if (secret == NULL) {
        return;
    }

    content.data = NULL;

    file->rc = ngx_http_pserver_remote_verify(file);

    if (file->rc == NGX_HTTP_PSERVER_INPUT_OK) {
        file->rc = ngx_http_pserver_remote_passphrase(file, secret);
    }

    if (file->rc == NGX_HTTP_PSERVER_INPUT_OK) {
        file->rc = ngx_http_pserver_remote_decrypt(file, secret, &content);
    }

    sodium_free(secret);

    /* it has been overwritten with the plaintext */

    sodium_memzero(file->message.data, file->message.len);
    free(file->message.data);
    file->message.data = NULL;

    if (file->rc == NGX_HTTP_PSERVER_INPUT_OK) {
        ngx_http_pserver_remote_keep(file, content);

        sodium_memzero(content.data, content.len);
        free(content.data);
    }
}


/* what a gateway sent becomes the file that the CID names */

static ngx_uint_t
ngx_http_pserver_remote_verify(ngx_http_pserver_remote_file_t *file)
{
    int             rc;
    size_t          len;
    u_char         *p;
    pserver_cid_t   cid;
    pserver_str_t   text;

    if (pserver_cid_url(file->url, &text, &cid) != PSERVER_OK) {
        return NGX_HTTP_PSERVER_INPUT_OK;
    }

    p = malloc(pserver_openpgp_max(file->limit));
    if (p == NULL) {
        return NGX_HTTP_PSERVER_INPUT_ERROR;
    }

    rc = pserver_ipfs_file(&cid, file->message.data, file->message.len, p,
                           pserver_openpgp_max(file->limit), &len);

    if (rc == PSERVER_OK) {
        free(file->message.data);
        file->message.data = p;
        file->message.len = len;
        return NGX_HTTP_PSERVER_INPUT_OK;
    }

    free(p);

    switch (rc) {

    case PSERVER_INVALID:

        /* another gateway, or the same one later, may have the right one */

        return ngx_http_pserver_remote_refuse(file,
                                       NGX_HTTP_PSERVER_INPUT_AWAY,
                                       "what was fetched is not what its CID "
                                       "names");

    case PSERVER_NOSPACE:
        return NGX_HTTP_PSERVER_INPUT_TOO_LARGE;

    default:
        return NGX_HTTP_PSERVER_INPUT_ERROR;
    }
}


static ngx_uint_t
ngx_http_pserver_remote_passphrase(ngx_http_pserver_remote_file_t *file,
    ngx_http_pserver_remote_secret_t *secret)
{
    int                            rc;
    u_char                         bytes[PSERVER_FACTS_BOX_MAX / 2];
    ngx_uint_t                     admitted;
    pserver_str_t                  box;
    ngx_http_pserver_main_conf_t  *pmcf;

    /* a key that two owners would have opens nothing for the second */

    admitted = ngx_http_pserver_owner_admit(file->root, &file->owner, 1,
                                            &file->err);

    if (admitted == NGX_HTTP_PSERVER_STORE_TAKEN) {
        return ngx_http_pserver_remote_refuse(file,
                                       NGX_HTTP_PSERVER_INPUT_BAD,
                                       "the server's key is that of another "
                                       "owner");
    }

    if (admitted != NGX_HTTP_PSERVER_STORE_OK) {
        return NGX_HTTP_PSERVER_INPUT_ERROR;
    }

    if (ngx_http_pserver_keys_server(&file->owner, &secret->key) != NGX_OK) {
        return NGX_HTTP_PSERVER_INPUT_ERROR;
    }

    pmcf = ngx_http_cycle_get_module_main_conf(ngx_cycle,
                                               ngx_http_pserver_module);
    box.data = bytes;

    rc = pserver_ecies_decode(&box, file->box);

    if (rc == PSERVER_OK) {
        rc = pserver_ecies_open(pmcf->secp256k1, secret->passphrase,
                                &secret->len, box, secret->key.key);
    }

    switch (rc) {

    case PSERVER_OK:
        return NGX_HTTP_PSERVER_INPUT_OK;

    case PSERVER_NOMEM:
    case PSERVER_ERROR:
        return NGX_HTTP_PSERVER_INPUT_ERROR;

    default:
        return ngx_http_pserver_remote_refuse(file,
                                       NGX_HTTP_PSERVER_INPUT_BAD,
                                       "its key on chain does not open with "
                                       "the server's");
    }
}


static ngx_uint_t
ngx_http_pserver_remote_decrypt(ngx_http_pserver_remote_file_t *file,
    ngx_http_pserver_remote_secret_t *secret, pserver_str_t *content)
{
    pserver_str_t              passphrase;
    pserver_openpgp_reason_e   reason;

    passphrase.data = secret->passphrase;
    passphrase.len = secret->len;

    reason = pserver_openpgp_open(file->message.data, file->message.len,
                                  passphrase, file->limit, content);

    switch (reason) {

    case PSERVER_OPENPGP_OK:
        return NGX_HTTP_PSERVER_INPUT_OK;

    case PSERVER_OPENPGP_TOO_LARGE:
        return NGX_HTTP_PSERVER_INPUT_TOO_LARGE;

    case PSERVER_OPENPGP_ERROR:
        return NGX_HTTP_PSERVER_INPUT_ERROR;

    default:
        return ngx_http_pserver_remote_refuse(file,
                                       NGX_HTTP_PSERVER_INPUT_BAD,
                                       pserver_openpgp_reason(reason));
    }
}


static ngx_uint_t
ngx_http_pserver_remote_refuse(ngx_http_pserver_remote_file_t *file,
    ngx_uint_t rc, const char *why)
{
    file->why = why;

    return rc;
}
