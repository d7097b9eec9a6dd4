/*
 * The audit log: what the chain shows to be over.  A revocation is known by
 * the end of its permission, which from then on is past.
 */


#include "ngx_http_pserver_audit.h"
#include "ngx_http_pserver_owner.h"


void
ngx_http_pserver_audit_revoked(ngx_http_pserver_loc_conf_t *plcf,
    const pserver_address_t *named, const pserver_facts_t *facts)
{
    ngx_http_pserver_audit_entry_t  entry;

    /* anybody can ask about permissions that are no matter of this node */

    if (!ngx_http_pserver_owner_grants(plcf, named, facts)) {
        return;
    }

    ngx_memzero(&entry, sizeof(ngx_http_pserver_audit_entry_t));

    entry.type = PSERVER_ENTRY_REVOCATION_SEEN;
    entry.block = facts->block;
    entry.owner = &facts->grantor;
    entry.permission = &facts->id;

    if (!pserver_facts_none(&facts->grantee)) {
        entry.app = &facts->grantee;
    }

    if (ngx_http_pserver_audit_append(plcf, &entry, NULL) == NGX_ERROR) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "the log lacks an entry of a revocation");
    }
}
