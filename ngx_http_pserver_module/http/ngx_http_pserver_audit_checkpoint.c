/*
 * The audit log: what is public follows what was committed.
 */


#include "ngx_http_pserver_audit_conf.h"
#include "ngx_http_pserver_keys.h"
#include "ngx_http_pserver_thread.h"
#include "ngx_http_pserver_zone.h"

#include "ngx_http_pserver_audit_state.h"


static void ngx_http_pserver_audit_publish(ngx_http_pserver_audit_t *audit);
static void ngx_http_pserver_audit_publish_run(void *data);
static void ngx_http_pserver_audit_publish_done(void *data);
static void ngx_http_pserver_audit_publish_failed(
    ngx_http_pserver_audit_t *audit);


void
ngx_http_pserver_audit_checkpoint(ngx_http_pserver_audit_t *audit)
{
    ngx_http_pserver_main_conf_t  *pmcf;

    audit->unpublished = 1;

    if (audit->publishing || audit->publish.timer_set) {
        return;
    }

    if (ngx_exiting) {
        ngx_http_pserver_audit_publish(audit);
        return;
    }

    pmcf = ngx_http_cycle_get_module_main_conf(ngx_cycle,
                                               ngx_http_pserver_module);

    ngx_add_timer(&audit->publish, pmcf->audit_checkpoint);
}


void
ngx_http_pserver_audit_checkpoint_timer(ngx_event_t *ev)
{
    ngx_connection_t  *dummy;

    dummy = ev->data;

    ngx_http_pserver_audit_publish(dummy->data);
}


static void
ngx_http_pserver_audit_publish(ngx_http_pserver_audit_t *audit)
{
    audit->publishing = 1;
    audit->unpublished = 0;

    if (ngx_http_pserver_thread_run(ngx_http_pserver_audit_publish_run,
                                    ngx_http_pserver_audit_publish_done,
                                    audit)
        != NGX_OK)
    {
        audit->tiles.what = NULL;
        audit->tiles_rc = PSERVER_NOMEM;
        ngx_http_pserver_audit_publish_done(audit);
    }
}


/* in a thread */

static void
ngx_http_pserver_audit_publish_run(void *data)
{
    ngx_http_pserver_audit_t *audit = data;

    const ngx_http_pserver_keys_t  *keys;

    keys = ngx_http_pserver_keys();

    audit->tiles.what = NULL;
    audit->tiles_rc = ngx_http_pserver_audit_tiles_publish(&audit->tiles,
                                 &audit->file, keys ? keys->roots : NULL,
                                 keys ? keys->nroots : 0);

    if (audit->tiles_rc != PSERVER_OK) {
        return;
    }

    audit->tiles_rc = ngx_http_pserver_audit_state_save(&audit->file);

    if (audit->tiles_rc == PSERVER_ERROR) {
        audit->tiles.err = ngx_errno;
        audit->tiles.what = "writing \"state\"";
    }
}


static void
ngx_http_pserver_audit_publish_done(void *data)
{
    ngx_http_pserver_audit_t *audit = data;

    audit->publishing = 0;

    if (audit->tiles_rc != PSERVER_OK) {
        ngx_http_pserver_audit_publish_failed(audit);

        /* not given up; but who quits leaves it to who comes next */

        audit->unpublished = !ngx_exiting;
    }

    if (audit->unpublished) {
        ngx_http_pserver_audit_checkpoint(audit);
    }
}


void
ngx_http_pserver_audit_checkpoint_last(ngx_http_pserver_audit_t *audit)
{
    if (!audit->unpublished && !audit->publishing) {
        return;
    }

    ngx_http_pserver_audit_publish_run(audit);

    if (audit->tiles_rc != PSERVER_OK) {
        ngx_http_pserver_audit_publish_failed(audit);
    }
}


static void
ngx_http_pserver_audit_publish_failed(ngx_http_pserver_audit_t *audit)
{
    ngx_uint_t                       level;
    ngx_http_pserver_main_conf_t    *pmcf;
    ngx_http_pserver_audit_tiles_t  *tiles;

    tiles = &audit->tiles;

    pmcf = ngx_http_cycle_get_module_main_conf(ngx_cycle,
                                               ngx_http_pserver_module);

    if (pmcf->zone) {
        ngx_http_pserver_count(audit_errors, 1);
    }

    level = (audit->tiles_rc == PSERVER_INVALID) ? NGX_LOG_ALERT
                                                 : NGX_LOG_CRIT;

    ngx_log_error(level, ngx_cycle->log, tiles->err,
                  "audit log \"%V\" was not published: %s",
                  &audit->path.name,
                  tiles->what ? tiles->what : "log or memory");
}
