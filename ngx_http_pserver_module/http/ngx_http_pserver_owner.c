/*
 * Whose data a location holds: the directive, and who is served.
 */


#include "ngx_http_pserver_owner.h"
#include "ngx_http_pserver_conf.h"
#include "ngx_http_pserver_error.h"
#include "../core/eth.h"


static char *ngx_http_pserver_owner_file(ngx_conf_t *cf,
    ngx_http_pserver_owners_t *owners, ngx_str_t *name);
static ngx_int_t ngx_http_pserver_owner_add(
    ngx_http_pserver_owners_t *owners, ngx_str_t *text);
static char *ngx_http_pserver_owner_variable(ngx_conf_t *cf,
    ngx_http_pserver_owners_t *owners, ngx_str_t *text);
static void ngx_http_pserver_owner_sort(ngx_http_pserver_owners_t *owners);
static int ngx_libc_cdecl ngx_http_pserver_owner_cmp(const void *one,
    const void *two);


char *
ngx_http_pserver_owner_conf(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_pserver_loc_conf_t  *plcf = conf;

    char                       *rv;
    ngx_str_t                  *value, name;
    ngx_uint_t                  i;
    ngx_http_pserver_owners_t  *owners;

    value = cf->args->elts;
    owners = plcf->owners;

    if (owners == NGX_CONF_UNSET_PTR) {
        owners = ngx_pcalloc(cf->pool, sizeof(ngx_http_pserver_owners_t));

        if (owners == NULL
            || ngx_array_init(&owners->list, cf->pool, 1,
                              sizeof(pserver_address_t))
               != NGX_OK)
        {
            return NGX_CONF_ERROR;
        }

        plcf->owners = owners;

        if (cf->args->nelts == 2 && ngx_http_script_variables_count(&value[1]))
        {
            return ngx_http_pserver_owner_variable(cf, owners, &value[1]);
        }
    }

    if (owners->variable) {
        return "has a variable, and nothing can stand beside it";
    }

    for (i = 1; i < cf->args->nelts; i++) {

        if (ngx_http_script_variables_count(&value[i])) {
            return "has a variable, and nothing can stand beside it";
        }

        if (ngx_strcmp(value[i].data, "trusted") == 0) {
            owners->trusted = 1;
            continue;
        }

        if (ngx_strncmp(value[i].data, "file=", 5) == 0) {
            name.len = value[i].len - 5;
            name.data = value[i].data + 5;

            rv = ngx_http_pserver_owner_file(cf, owners, &name);

            if (rv != NGX_CONF_OK) {
                return rv;
            }

            continue;
        }

        if (ngx_http_pserver_owner_add(owners, &value[i]) != NGX_OK) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid address \"%V\"", &value[i]);
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


/* an address a line; empty lines and lines that begin with "#" are none */

static char *
ngx_http_pserver_owner_file(ngx_conf_t *cf, ngx_http_pserver_owners_t *owners,
    ngx_str_t *name)
{
    u_char      *p, *line, *end;
    ngx_str_t    text, s;
    ngx_uint_t   n;

    if (ngx_conf_full_name(cf->cycle, name, 1) != NGX_OK
        || ngx_http_pserver_conf_read_file(cf, name, &text, 0) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    end = text.data + text.len;

    for (line = text.data, n = 1; line < end; line = p + 1, n++) {

        for (p = line; p < end && *p != '\n'; p++) { /* void */ }

        s.data = line;
        s.len = p - line;

        while (s.len && (s.data[s.len - 1] == ' '
                         || s.data[s.len - 1] == CR))
        {
            s.len--;
        }

        if (s.len == 0 || s.data[0] == '#') {
            continue;
        }

        if (ngx_http_pserver_owner_add(owners, &s) != NGX_OK) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid address \"%V\" in \"%V\":%ui",
                               &s, name, n);
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_pserver_owner_add(ngx_http_pserver_owners_t *owners, ngx_str_t *text)
{
    pserver_str_t       s;
    pserver_address_t  *address;

    s.len = text->len;
    s.data = text->data;

    address = ngx_array_push(&owners->list);

    if (address == NULL || pserver_address_parse(address, s) != PSERVER_OK) {
        return NGX_ERROR;
    }

    return NGX_OK;
}


static char *
ngx_http_pserver_owner_variable(ngx_conf_t *cf,
    ngx_http_pserver_owners_t *owners, ngx_str_t *text)
{
    ngx_http_compile_complex_value_t  ccv;

    owners->variable = ngx_palloc(cf->pool, sizeof(ngx_http_complex_value_t));
    if (owners->variable == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(&ccv, sizeof(ngx_http_compile_complex_value_t));

    ccv.cf = cf;
    ccv.value = text;
    ccv.complex_value = owners->variable;

    return (ngx_http_compile_complex_value(&ccv) == NGX_OK)
           ? NGX_CONF_OK : NGX_CONF_ERROR;
}


void
ngx_http_pserver_owner_merge(ngx_http_pserver_loc_conf_t *conf,
    ngx_http_pserver_loc_conf_t *prev)
{
    ngx_conf_merge_ptr_value(conf->owners, prev->owners, NULL);

    /* the lists of a level are whole when what is below it is merged */

    if (conf->owners && !conf->owners->sorted) {
        ngx_http_pserver_owner_sort(conf->owners);
    }
}


char *
ngx_http_pserver_owner_requires(ngx_conf_t *cf,
    ngx_http_pserver_loc_conf_t *conf)
{
    if (conf->owners->trusted
        && pserver_facts_none(&conf->contracts->servers))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"pserver_owner trusted\" requires \"servers=\" "
                           "of \"pserver_contracts\"");
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static void
ngx_http_pserver_owner_sort(ngx_http_pserver_owners_t *owners)
{
    ngx_uint_t          i, n;
    pserver_address_t  *owner;

    owner = owners->list.elts;
    n = owners->list.nelts;

    ngx_qsort(owner, n, sizeof(pserver_address_t), ngx_http_pserver_owner_cmp);

    owners->list.nelts = 0;

    for (i = 0; i < n; i++) {
        if (i == 0
            || ngx_http_pserver_owner_cmp(&owner[i],
                                          &owner[owners->list.nelts - 1])
               != 0)
        {
            owner[owners->list.nelts++] = owner[i];
        }
    }

    owners->sorted = 1;
}


static int ngx_libc_cdecl
ngx_http_pserver_owner_cmp(const void *one, const void *two)
{
    return ngx_memcmp(one, two, sizeof(pserver_address_t));
}


void
ngx_http_pserver_owner_named(ngx_http_request_t *r, pserver_address_t *named)
{
    ngx_str_t                     text;
    pserver_str_t                 s;
    ngx_http_pserver_loc_conf_t  *plcf;

    plcf = ngx_http_get_module_loc_conf(r, ngx_http_pserver_module);

    ngx_memzero(named, sizeof(pserver_address_t));

    if (plcf->owners == NULL
        || plcf->owners->variable == NULL
        || ngx_http_complex_value(r, plcf->owners->variable, &text) != NGX_OK
        || text.len == 0)
    {
        return;
    }

    s.len = text.len;
    s.data = text.data;

    if (pserver_address_parse(named, s) != PSERVER_OK) {
        ngx_memzero(named, sizeof(pserver_address_t));

        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "pserver: what the variable of \"pserver_owner\" "
                      "has is no address");
    }
}


ngx_int_t
ngx_http_pserver_owner_any(ngx_http_request_t *r)
{
    pserver_address_t             named;
    ngx_http_pserver_loc_conf_t  *plcf;

    static const char  none[] = "No owner is served under this name";

    plcf = ngx_http_get_module_loc_conf(r, ngx_http_pserver_module);

    if (plcf->owners->variable == NULL) {
        return NGX_OK;
    }

    ngx_http_pserver_owner_named(r, &named);

    if (!pserver_facts_none(&named)) {
        return NGX_OK;
    }

    if (plcf->api == NGX_HTTP_PSERVER_COMPUTE) {
        return ngx_http_pserver_error_compute(r, NGX_HTTP_NOT_FOUND,
                                              "NOT_FOUND_ERROR", none, NULL);
    }

    return ngx_http_pserver_error_content(r, NGX_HTTP_NOT_FOUND, "NOT_FOUND",
                                          none);
}


ngx_uint_t
ngx_http_pserver_owner_served(ngx_http_pserver_loc_conf_t *plcf,
    const pserver_address_t *named, const pserver_address_t *address)
{
    ngx_http_pserver_owners_t  *owners;

    owners = plcf->owners;

    if (owners == NULL || pserver_facts_none(address)) {
        return 0;
    }

    if (owners->variable) {
        return ngx_http_pserver_owner_cmp(named, address) == 0;
    }

    return bsearch(address, owners->list.elts, owners->list.nelts,
                   sizeof(pserver_address_t), ngx_http_pserver_owner_cmp)
           != NULL;
}


ngx_uint_t
ngx_http_pserver_owner_asked(ngx_http_pserver_loc_conf_t *plcf,
    const pserver_address_t *address)
{
    static const pserver_address_t  nobody;

    return plcf->owners && plcf->owners->trusted
           && !pserver_facts_none(address)
           && !ngx_http_pserver_owner_served(plcf, &nobody, address);
}


ngx_uint_t
ngx_http_pserver_owner_serves(ngx_http_request_t *r,
    const pserver_address_t *address)
{
    pserver_address_t             named;
    ngx_http_pserver_loc_conf_t  *plcf;

    plcf = ngx_http_get_module_loc_conf(r, ngx_http_pserver_module);

    ngx_http_pserver_owner_named(r, &named);

    return ngx_http_pserver_owner_served(plcf, &named, address);
}


ngx_uint_t
ngx_http_pserver_owner_grants(ngx_http_pserver_loc_conf_t *plcf,
    const pserver_address_t *named, const pserver_facts_t *facts)
{
    return facts->trust == PSERVER_FACTS_TRUSTED
           || ngx_http_pserver_owner_served(plcf, named, &facts->grantor);
}


ngx_int_t
ngx_http_pserver_owner_only(ngx_http_request_t *r, pserver_address_t *owner)
{
    ngx_http_pserver_loc_conf_t  *plcf;

    plcf = ngx_http_get_module_loc_conf(r, ngx_http_pserver_module);

    if (plcf->owners == NULL) {
        return NGX_DECLINED;
    }

    if (plcf->owners->variable) {
        ngx_http_pserver_owner_named(r, owner);

        return pserver_facts_none(owner) ? NGX_DECLINED : NGX_OK;
    }

    if (plcf->owners->list.nelts != 1 || plcf->owners->trusted) {
        return NGX_DECLINED;
    }

    *owner = *(pserver_address_t *) plcf->owners->list.elts;

    return NGX_OK;
}
