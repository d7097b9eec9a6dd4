/*
 * The names of a server{}.
 */


#include "ngx_http_pserver_names.h"


struct ngx_http_pserver_names_s {
    ngx_hash_combined_t              hash;
#if (NGX_PCRE)
    ngx_array_t                      regexes;    /* of ngx_regex_t * */
#endif
};


static ngx_int_t ngx_http_pserver_names_keys(ngx_conf_t *cf,
    ngx_http_pserver_names_t *names, ngx_hash_keys_arrays_t *keys);
static ngx_int_t ngx_http_pserver_names_hash(ngx_conf_t *cf,
    ngx_http_pserver_names_t *names, ngx_hash_keys_arrays_t *keys);
static ngx_int_t ngx_http_pserver_names_wildcards(ngx_hash_init_t *hash,
    ngx_array_t *keys, ngx_hash_wildcard_t **wildcard);
static int ngx_libc_cdecl ngx_http_pserver_names_cmp(const void *one,
    const void *two);


ngx_http_pserver_names_t *
ngx_http_pserver_names(ngx_conf_t *cf)
{
    ngx_int_t                  rc;
    ngx_hash_keys_arrays_t     keys;
    ngx_http_pserver_names_t  *names;

    names = ngx_pcalloc(cf->pool, sizeof(ngx_http_pserver_names_t));
    if (names == NULL) {
        return NULL;
    }

    ngx_memzero(&keys, sizeof(ngx_hash_keys_arrays_t));

    keys.pool = cf->pool;
    keys.temp_pool = ngx_create_pool(NGX_DEFAULT_POOL_SIZE, cf->log);

    if (keys.temp_pool == NULL) {
        return NULL;
    }

    rc = ngx_http_pserver_names_keys(cf, names, &keys);

    if (rc == NGX_OK) {
        rc = ngx_http_pserver_names_hash(cf, names, &keys);
    }

    ngx_destroy_pool(keys.temp_pool);

    return (rc == NGX_OK) ? names : NULL;
}


static ngx_int_t
ngx_http_pserver_names_keys(ngx_conf_t *cf, ngx_http_pserver_names_t *names,
    ngx_hash_keys_arrays_t *keys)
{
    ngx_uint_t                  i;
    ngx_http_server_name_t     *name;
    ngx_http_core_srv_conf_t   *cscf;
#if (NGX_PCRE)
    ngx_regex_t               **regex;

    if (ngx_array_init(&names->regexes, cf->pool, 1, sizeof(ngx_regex_t *))
        != NGX_OK)
    {
        return NGX_ERROR;
    }
#endif

    if (ngx_hash_keys_array_init(keys, NGX_HASH_SMALL) != NGX_OK) {
        return NGX_ERROR;
    }

    cscf = ngx_http_conf_get_module_srv_conf(cf, ngx_http_core_module);

    name = cscf->server_names.elts;

    for (i = 0; i < cscf->server_names.nelts; i++) {

#if (NGX_PCRE)
        if (name[i].regex) {
            regex = ngx_array_push(&names->regexes);
            if (regex == NULL) {
                return NGX_ERROR;
            }

            *regex = name[i].regex->regex;
            continue;
        }
#endif

        /* nginx itself complains of a name that is none, or is there twice */

        if (name[i].name.len
            && ngx_hash_add_key(keys, &name[i].name, cscf,
                                NGX_HASH_WILDCARD_KEY)
               == NGX_ERROR)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_pserver_names_hash(ngx_conf_t *cf, ngx_http_pserver_names_t *names,
    ngx_hash_keys_arrays_t *keys)
{
    ngx_hash_init_t             hash;
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    hash.key = ngx_hash_key_lc;
    hash.max_size = cmcf->server_names_hash_max_size;
    hash.bucket_size = cmcf->server_names_hash_bucket_size;
    hash.name = "server_names_hash";
    hash.pool = cf->pool;

    if (keys->keys.nelts) {
        hash.hash = &names->hash.hash;
        hash.temp_pool = NULL;

        if (ngx_hash_init(&hash, keys->keys.elts, keys->keys.nelts)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    hash.temp_pool = keys->temp_pool;

    if (ngx_http_pserver_names_wildcards(&hash, &keys->dns_wc_head,
                                         &names->hash.wc_head)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_pserver_names_wildcards(&hash, &keys->dns_wc_tail,
                                            &names->hash.wc_tail);
}


static ngx_int_t
ngx_http_pserver_names_wildcards(ngx_hash_init_t *hash, ngx_array_t *keys,
    ngx_hash_wildcard_t **wildcard)
{
    if (keys->nelts == 0) {
        return NGX_OK;
    }

    ngx_qsort(keys->elts, (size_t) keys->nelts, sizeof(ngx_hash_key_t),
              ngx_http_pserver_names_cmp);

    hash->hash = NULL;

    if (ngx_hash_wildcard_init(hash, keys->elts, keys->nelts) != NGX_OK) {
        return NGX_ERROR;
    }

    *wildcard = (ngx_hash_wildcard_t *) hash->hash;

    return NGX_OK;
}


static int ngx_libc_cdecl
ngx_http_pserver_names_cmp(const void *one, const void *two)
{
    ngx_hash_key_t  *first, *second;

    first = (ngx_hash_key_t *) one;
    second = (ngx_hash_key_t *) two;

    return ngx_dns_strcmp(first->key.data, second->key.data);
}


ngx_uint_t
ngx_http_pserver_names_have(ngx_http_pserver_names_t *names, ngx_str_t *host)
{
#if (NGX_PCRE)
    ngx_uint_t     i;
    ngx_regex_t  **regex;
#endif

    if (ngx_hash_find_combined(&names->hash,
                               ngx_hash_key(host->data, host->len),
                               host->data, host->len))
    {
        return 1;
    }

#if (NGX_PCRE)

    regex = names->regexes.elts;

    /* without captures: those of the request stay what they are */

    for (i = 0; i < names->regexes.nelts; i++) {
        if (ngx_regex_exec(regex[i], host, NULL, 0) >= 0) {
            return 1;
        }
    }

#endif

    return 0;
}
