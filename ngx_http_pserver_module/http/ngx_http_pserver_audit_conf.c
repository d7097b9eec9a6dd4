/*
 * The audit log: its directive.
 */


#include "ngx_http_pserver_audit_conf.h"
#include "ngx_http_pserver_conf.h"

#include "../core/encode.h"
#include "../core/eth.h"

#include <sodium.h>


static char *ngx_http_pserver_audit_conf_anchor(ngx_conf_t *cf,
    pserver_note_epoch_t *anchor);
static void ngx_http_pserver_audit_conf_cleanup(void *data);


char *
ngx_http_pserver_audit_conf(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_pserver_loc_conf_t *plcf = conf;

    char                           *rv;
    ngx_str_t                       name, *value;
    ngx_uint_t                      i;
    ngx_path_t                     *path;
    ngx_pool_cleanup_t             *cln;
    ngx_http_pserver_audit_t       *audit, **audits;
    pserver_note_epoch_t            anchor;
    ngx_http_pserver_main_conf_t   *pmcf;

    if (plcf->audit != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;
    name = value[1];

    rv = ngx_http_pserver_conf_path(cf, NULL, &name);

    if (rv != NGX_CONF_OK) {
        return rv;
    }

    ngx_memzero(&anchor, sizeof(pserver_note_epoch_t));

    if (cf->args->nelts > 2) {
        rv = ngx_http_pserver_audit_conf_anchor(cf, &anchor);

        if (rv != NGX_CONF_OK) {
            return rv;
        }
    }

    pmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_pserver_module);

    audits = pmcf->audits.elts;

    for (i = 0; i < pmcf->audits.nelts; i++) {
        path = &audits[i]->path;

        if (path->name.len == name.len
            && ngx_strncmp(path->name.data, name.data, name.len) == 0)
        {
            if (ngx_memcmp(&audits[i]->anchor, &anchor,
                           sizeof(pserver_note_epoch_t))
                != 0)
            {
                return "names the same log with another account";
            }

            plcf->audit = audits[i];
            return NGX_CONF_OK;
        }
    }

    audit = ngx_pcalloc(cf->pool, sizeof(ngx_http_pserver_audit_t));
    audits = ngx_array_push(&pmcf->audits);
    cln = ngx_pool_cleanup_add(cf->pool, 0);

    if (audit == NULL || audits == NULL || cln == NULL) {
        return NGX_CONF_ERROR;
    }

    *audits = audit;
    plcf->audit = audit;

    if (ngx_http_pserver_audit_file_init(&audit->file, (char *) name.data)
        != PSERVER_OK)
    {
        return NGX_CONF_ERROR;
    }

    cln->handler = ngx_http_pserver_audit_conf_cleanup;
    cln->data = audit;

    ngx_queue_init(&audit->waiting);
    ngx_queue_init(&audit->ahead);
    ngx_queue_init(&audit->sealed);
    ngx_queue_init(&audit->batch);

    audit->dummy.fd = (ngx_socket_t) -1;
    audit->dummy.data = audit;

    audit->timer.handler = ngx_http_pserver_audit_timer;
    audit->timer.data = &audit->dummy;
    audit->timer.log = &cf->cycle->new_log;

    audit->next.handler = ngx_http_pserver_audit_ahead;
    audit->next.data = &audit->dummy;
    audit->next.log = &cf->cycle->new_log;

    audit->publish.handler = ngx_http_pserver_audit_checkpoint_timer;
    audit->publish.data = &audit->dummy;
    audit->publish.log = &cf->cycle->new_log;

    audit->look.timer.handler = ngx_http_pserver_audit_look_timer;
    audit->look.timer.data = &audit->dummy;
    audit->look.timer.log = &cf->cycle->new_log;
    audit->look.timer.cancelable = 1;

    audit->counting.handler = ngx_http_pserver_audit_refusals_timer;
    audit->counting.data = &audit->dummy;
    audit->counting.log = &cf->cycle->new_log;

    audit->tiles.dir = (char *) name.data;
    audit->anchor = anchor;

    if (anchor.chain_id) {
        audit->tiles.anchor = &audit->anchor;
    }

    audit->path.name = name;
    audit->path.data = audit;
    audit->path.conf_file = cf->conf_file->file.name.data;
    audit->path.line = cf->conf_file->line;

    path = &audit->path;

    if (ngx_add_path(cf, &path) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* contract=, sender= and chain=: all three, in any order */

static char *
ngx_http_pserver_audit_conf_anchor(ngx_conf_t *cf,
    pserver_note_epoch_t *anchor)
{
    int             rc;
    ngx_str_t      *value;
    ngx_uint_t      i, seen, bit;
    pserver_str_t   text;
    pserver_word_t  word;

    value = cf->args->elts;
    seen = 0;

    for (i = 2; i < cf->args->nelts; i++) {

        if (ngx_strncmp(value[i].data, "contract=", 9) == 0) {
            text.data = value[i].data + 9;
            text.len = value[i].len - 9;
            rc = pserver_address_parse(&anchor->contract, text);
            bit = 1;

        } else if (ngx_strncmp(value[i].data, "sender=", 7) == 0) {
            text.data = value[i].data + 7;
            text.len = value[i].len - 7;
            rc = pserver_address_parse(&anchor->sender, text);
            bit = 2;

        } else if (ngx_strncmp(value[i].data, "chain=", 6) == 0) {
            text.data = value[i].data + 6;
            text.len = value[i].len - 6;
            rc = pserver_word_parse(&word, text);
            bit = 4;

            if (rc == PSERVER_OK) {
                rc = pserver_word_uint64(&word, &anchor->chain_id);
            }

            if (anchor->chain_id == 0) {
                rc = PSERVER_INVALID;
            }

        } else {
            rc = PSERVER_INVALID;
            bit = 0;
        }

        if (rc != PSERVER_OK || (seen & bit)) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\"", &value[i]);
            return NGX_CONF_ERROR;
        }

        seen |= bit;
    }

    return NGX_CONF_OK;
}


static void
ngx_http_pserver_audit_conf_cleanup(void *data)
{
    ngx_http_pserver_audit_t *audit = data;

    ngx_http_pserver_audit_file_close(&audit->file);

    sodium_free(audit->keyring);
    sodium_free(audit->keyring_ahead);
}
