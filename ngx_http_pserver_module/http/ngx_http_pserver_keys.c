/*
 * The two secrets of a server: from file to worker.
 */


#include "ngx_http_pserver_keys.h"
#include "ngx_http_pserver_conf.h"

#include <sys/prctl.h>
#include <sodium.h>


static ngx_int_t ngx_http_pserver_keys_roots(ngx_conf_t *cf,
    ngx_http_pserver_main_conf_t *pmcf);
static void ngx_http_pserver_keys_boot(ngx_conf_t *cf,
    ngx_http_pserver_main_conf_t *pmcf);
static ngx_int_t ngx_http_pserver_keys_identity(ngx_conf_t *cf,
    ngx_http_pserver_main_conf_t *pmcf);
static void ngx_http_pserver_keys_cleanup(void *data);
static ngx_int_t ngx_http_pserver_keys_hide(ngx_log_t *log);


char *
ngx_http_pserver_keys_init_conf(ngx_conf_t *cf,
    ngx_http_pserver_main_conf_t *pmcf)
{
    ngx_pool_cleanup_t  *cln;

    if (pmcf->root_file.len == 0 && pmcf->identity_file.len == 0) {
        return NGX_CONF_OK;
    }

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL) {
        return NGX_CONF_ERROR;
    }

    pmcf->keys = sodium_malloc(sizeof(ngx_http_pserver_keys_t));
    if (pmcf->keys == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           "sodium_malloc() failed");
        return NGX_CONF_ERROR;
    }

    ngx_memzero(pmcf->keys, sizeof(ngx_http_pserver_keys_t));

    cln->handler = ngx_http_pserver_keys_cleanup;
    cln->data = pmcf;

    /* also where the master does not run as root */

    if (ngx_http_pserver_keys_hide(cf->log) != NGX_OK
        || ngx_http_pserver_keys_roots(cf, pmcf) != NGX_OK
        || ngx_http_pserver_keys_identity(cf, pmcf) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    ngx_http_pserver_keys_boot(cf, pmcf);

    return NGX_CONF_OK;
}


/*
 * A reload takes over the key of the cycle before, as it takes over the
 * zone.  That cycle may have had another binary of this module, whose
 * configuration is not ours to read.
 */

static void
ngx_http_pserver_keys_boot(ngx_conf_t *cf, ngx_http_pserver_main_conf_t *pmcf)
{
    ngx_uint_t                     i;
    ngx_cycle_t                   *old;
    ngx_http_pserver_main_conf_t  *before;

    old = cf->cycle->old_cycle;

    if (!ngx_is_init_cycle(old)) {

        for (i = 0; old->modules[i]; i++) {

            if (old->modules[i] != &ngx_http_pserver_module) {
                continue;
            }

            before = ngx_http_cycle_get_module_main_conf(old,
                                                ngx_http_pserver_module);

            if (before && before->keys) {
                ngx_memcpy(pmcf->keys->boot, before->keys->boot,
                           PSERVER_KEY_LEN);
                return;
            }
        }
    }

    randombytes_buf(pmcf->keys->boot, PSERVER_KEY_LEN);
}


static ngx_int_t
ngx_http_pserver_keys_roots(ngx_conf_t *cf,
    ngx_http_pserver_main_conf_t *pmcf)
{
    int             rc;
    size_t          n;
    ngx_str_t       text;
    pserver_str_t   s;

    if (pmcf->root_file.len == 0) {
        return NGX_OK;
    }

    if (ngx_http_pserver_conf_read_file(cf, &pmcf->root_file, &text, 1)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    s.len = text.len;
    s.data = text.data;

    rc = pserver_roots_parse(pmcf->keys->roots, &n, s);

    sodium_memzero(text.data, text.len);

    if (rc == PSERVER_NOSPACE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "more than %d roots in \"%V\"",
                           PSERVER_ROOTS_MAX, &pmcf->root_file);
        return NGX_ERROR;
    }

    if (rc != PSERVER_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "line %uz of \"%V\" is not an id of its own, "
                           "a blank and 64 hex digits",
                           n, &pmcf->root_file);
        return NGX_ERROR;
    }

    pmcf->keys->nroots = n;

    return NGX_OK;
}


/* the phrase and its seed do not outlive this function */

static ngx_int_t
ngx_http_pserver_keys_identity(ngx_conf_t *cf,
    ngx_http_pserver_main_conf_t *pmcf)
{
    int                      rc;
    size_t                   word;
    u_char                   seed[PSERVER_SEED_LEN];
    ngx_str_t                text;
    pserver_str_t            s;
    pserver_phrase_reason_e  reason;

    if (pmcf->identity_file.len == 0) {
        return NGX_OK;
    }

    if (ngx_http_pserver_conf_read_file(cf, &pmcf->identity_file, &text, 1)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    s.len = text.len;
    s.data = text.data;

    reason = pserver_phrase_seed(seed, s, &word);

    sodium_memzero(text.data, text.len);

    switch (reason) {

    case PSERVER_PHRASE_OK:
        break;

    case PSERVER_PHRASE_WORD_COUNT:
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the phrase in \"%V\" has not 12, 15, 18, 21 or "
                           "24 words", &pmcf->identity_file);
        return NGX_ERROR;

    case PSERVER_PHRASE_UNKNOWN_WORD:
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "word %uz of the phrase in \"%V\" is not in the "
                           "list of BIP-39", word, &pmcf->identity_file);
        return NGX_ERROR;

    case PSERVER_PHRASE_CHECKSUM:
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the checksum of the phrase in \"%V\" is wrong: "
                           "a word is another one, or in another place",
                           &pmcf->identity_file);
        return NGX_ERROR;

    default: /* PSERVER_PHRASE_ERROR */
        return NGX_ERROR;
    }

    rc = pserver_identity_parent(pmcf->secp256k1, &pmcf->keys->identity,
                                 seed);

    sodium_memzero(seed, PSERVER_SEED_LEN);

    return (rc == PSERVER_OK) ? NGX_OK : NGX_ERROR;
}


static void
ngx_http_pserver_keys_cleanup(void *data)
{
    ngx_http_pserver_main_conf_t  *pmcf = data;

    sodium_free(pmcf->keys);
    pmcf->keys = NULL;
}


static ngx_int_t
ngx_http_pserver_keys_hide(ngx_log_t *log)
{
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1) {
        ngx_log_error(NGX_LOG_EMERG, log, ngx_errno,
                      "prctl(PR_SET_DUMPABLE) failed");
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_pserver_keys_init_process(ngx_cycle_t *cycle)
{
    ngx_http_pserver_keys_t       *keys;
    ngx_http_pserver_main_conf_t  *pmcf;

    pmcf = ngx_http_cycle_get_module_main_conf(cycle,
                                               ngx_http_pserver_module);

    if (pmcf->keys == NULL || ngx_process == NGX_PROCESS_SINGLE) {

        /* one process: what it has read is its own already */

        return NGX_OK;
    }

    /* nginx makes each process dumpable again when it drops privileges */

    if (ngx_http_pserver_keys_hide(cycle->log) != NGX_OK) {
        return NGX_ERROR;
    }

    keys = NULL;

    if (ngx_process == NGX_PROCESS_WORKER) {
        keys = sodium_malloc(sizeof(ngx_http_pserver_keys_t));
        if (keys == NULL) {
            ngx_log_error(NGX_LOG_EMERG, cycle->log, ngx_errno,
                          "sodium_malloc() failed");
            return NGX_ERROR;
        }

        ngx_memcpy(keys, pmcf->keys, sizeof(ngx_http_pserver_keys_t));

        (void) sodium_mprotect_readonly(keys);
    }

    /* the pages are this process's own by now: the master keeps its copy */

    sodium_free(pmcf->keys);
    pmcf->keys = keys;

    return NGX_OK;
}


const ngx_http_pserver_keys_t *
ngx_http_pserver_keys(void)
{
    ngx_http_pserver_main_conf_t  *pmcf;

    pmcf = ngx_http_cycle_get_module_main_conf(ngx_cycle,
                                               ngx_http_pserver_module);

    return pmcf->keys;
}


ngx_int_t
ngx_http_pserver_keys_server(const pserver_address_t *owner,
    pserver_server_key_t *key)
{
    int                            rc;
    ngx_http_pserver_main_conf_t  *pmcf;

    pmcf = ngx_http_cycle_get_module_main_conf(ngx_cycle,
                                               ngx_http_pserver_module);

    rc = pserver_identity_child(pmcf->secp256k1, key, &pmcf->keys->identity,
                                pserver_identity_index(owner));

    return (rc == PSERVER_OK) ? NGX_OK : NGX_ERROR;
}


void
ngx_http_pserver_keys_address(const pserver_address_t *owner,
    pserver_address_t *address)
{
    pserver_server_key_t  key;

    (void) ngx_http_pserver_keys_server(owner, &key);

    *address = key.address;

    sodium_memzero(&key, sizeof(pserver_server_key_t));
}
