/*
 * The audit log in the life of a worker.  Of all workers the first says that
 * the node has started, and that it has stopped.
 */


#include "ngx_http_pserver_audit_conf.h"


static ngx_uint_t ngx_http_pserver_audit_is_worker(void);
static ngx_int_t ngx_http_pserver_audit_note(ngx_http_pserver_audit_t *audit,
    pserver_entry_type_e type);


ngx_int_t
ngx_http_pserver_audit_init_process(ngx_cycle_t *cycle)
{
    ngx_uint_t                      i;
    ngx_http_pserver_audit_t      **audits;
    ngx_http_pserver_main_conf_t   *pmcf;

    if (!ngx_http_pserver_audit_is_worker()) {
        return NGX_OK;
    }

    pmcf = ngx_http_cycle_get_module_main_conf(cycle,
                                               ngx_http_pserver_module);

    audits = pmcf->audits.elts;

    for (i = 0; i < pmcf->audits.nelts; i++) {

        audits[i]->look.first = (ngx_process == NGX_PROCESS_SINGLE
                                 || ngx_worker == 0);

        ngx_http_pserver_audit_look_init(audits[i]);

        if (audits[i]->look.first
            && ngx_http_pserver_audit_note(audits[i], PSERVER_ENTRY_START)
               == NGX_ERROR)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/*
 * Threads have ended before, with what they were at.  A worker that quits
 * has nothing left to write but its last entry; one that is told to end at
 * once may have more.
 */

void
ngx_http_pserver_audit_exit_process(ngx_cycle_t *cycle)
{
    ngx_uint_t                      i;
    ngx_http_pserver_audit_t      **audits;
    ngx_http_pserver_main_conf_t   *pmcf;

    if (!ngx_http_pserver_audit_is_worker()) {
        return;
    }

    pmcf = ngx_http_cycle_get_module_main_conf(cycle,
                                               ngx_http_pserver_module);

    audits = pmcf->audits.elts;

    for (i = 0; i < pmcf->audits.nelts; i++) {

        ngx_http_pserver_audit_refusals_flush(audits[i]);

        /* where nothing is appended, this is not either */

        if (audits[i]->look.first && audits[i]->look.reason[0] == '\0') {
            (void) ngx_http_pserver_audit_note(audits[i], PSERVER_ENTRY_STOP);
        }

        if (ngx_http_pserver_audit_flush(audits[i])) {
            audits[i]->unpublished = 1;
        }

        ngx_http_pserver_audit_checkpoint_last(audits[i]);
    }
}


static ngx_uint_t
ngx_http_pserver_audit_is_worker(void)
{
    return ngx_process == NGX_PROCESS_WORKER
           || ngx_process == NGX_PROCESS_SINGLE;
}


static ngx_int_t
ngx_http_pserver_audit_note(ngx_http_pserver_audit_t *audit,
    pserver_entry_type_e type)
{
    ngx_http_pserver_audit_entry_t  entry;

    ngx_memzero(&entry, sizeof(ngx_http_pserver_audit_entry_t));

    entry.type = type;

    return ngx_http_pserver_audit_add(audit, NULL, &entry, NULL);
}
