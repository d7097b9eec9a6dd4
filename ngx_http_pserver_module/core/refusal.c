/*
 * What a verdict is called, and what a client of either API is told.  The
 * texts are constants: nothing of the facts gets into an answer.
 */

#include "permission.h"


/* in the order of pserver_reason_e */

static const struct {
    const char            *name;
    pserver_refusal_t      compute;
    pserver_refusal_t      read;
} refusals[PSERVER_REASONS] = {

    { "allowed",
      { 0, "", "", NULL },
      { 0, "", "", NULL } },

    { "chain_unavailable",
      { 503, "BLOCKCHAIN_ERROR",
        "the blockchain can't be asked at the moment", NULL },
      { 503, "BLOCKCHAIN_ERROR",
        "the blockchain can't be asked at the moment", NULL } },

    { "no_permission",
      { 404, "NOT_FOUND_ERROR", "no such permission", "permission_id" },
      { 403, "GRANT_REQUIRED", "no such grant", NULL } },

    { "owner_not_served",
      { 403, "AUTHORIZATION_ERROR",
        "the grantor is not an owner of this server", NULL },
      { 403, "GRANT_OWNER_MISMATCH",
        "the grantor is not an owner of this server", NULL } },

    { "no_grantee",
      { 404, "NOT_FOUND_ERROR", "the permission's grantee does not exist",
        NULL },
      { 401, "INVALID_SIGNATURE", "the signer is not the grant's grantee",
        NULL } },

    { "not_grantee",
      { 401, "AUTHENTICATION_ERROR",
        "the signer is not the permission's grantee", NULL },
      { 401, "INVALID_SIGNATURE", "the signer is not the grant's grantee",
        NULL } },

    { "not_started",
      { 403, "AUTHORIZATION_ERROR", "the permission is not yet active", NULL },
      { 403, "GRANT_REVOKED", "the grant is not active", NULL } },

    { "ended",
      { 403, "AUTHORIZATION_ERROR", "the permission is revoked or over",
        NULL },
      { 403, "GRANT_REVOKED", "the grant is not active", NULL } },

    { "no_files",
      { 400, "VALIDATION_ERROR", "the permission has no files", NULL },
      { 500, "INTERNAL_SERVER_ERROR", "internal error", NULL } },

    { "too_many_files",
      { 400, "VALIDATION_ERROR", "the permission has too many files", NULL },
      { 500, "INTERNAL_SERVER_ERROR", "internal error", NULL } },

    { "foreign_file",
      { 403, "AUTHORIZATION_ERROR",
        "a file of the permission does not belong to the grantor", NULL },
      { 500, "INTERNAL_SERVER_ERROR", "internal error", NULL } },

    { "grant_unreadable",
      { 502, "FILE_ACCESS_ERROR", "the grant file can't be had", NULL },
      { 502, "FILE_ACCESS_ERROR", "the grant file can't be had", NULL } },

    { "grant_changed",
      { 403, "AUTHORIZATION_ERROR",
        "the grant file is not what it was when it was first seen", NULL },
      { 403, "GRANT_REVOKED",
        "the grant file is not what it was when it was first seen", NULL } },

    { "grant_invalid",
      { 400, "GRANT_VALIDATION_ERROR", "the grant file is not valid", NULL },
      { 403, "SCOPE_MISMATCH", "the grant file is not valid", NULL } },

    { "grant_other_app",
      { 400, "GRANT_VALIDATION_ERROR", "the grant file names another grantee",
        NULL },
      { 401, "INVALID_SIGNATURE", "the signer is not the grant's grantee",
        NULL } },

    { "grant_expired",
      { 403, "AUTHORIZATION_ERROR", "the grant has expired", NULL },
      { 403, "GRANT_EXPIRED", "the grant has expired", NULL } },

    { "other_operation",
      { 400, "GRANT_VALIDATION_ERROR",
        "the grant file is for another operation", "operation" },
      { 500, "INTERNAL_SERVER_ERROR", "internal error", NULL } },

    { "not_offered",
      { 400, "GRANT_VALIDATION_ERROR",
        "this server does not offer the operation", NULL },
      { 500, "INTERNAL_SERVER_ERROR", "internal error", NULL } },

    { "other_image",
      { 400, "GRANT_VALIDATION_ERROR",
        "this server offers the operation with another image", NULL },
      { 500, "INTERNAL_SERVER_ERROR", "internal error", NULL } },

    { "bad_parameters",
      { 400, "VALIDATION_ERROR_PARAMETERS",
        "a parameter is not allowed for the operation", "parameters" },
      { 500, "INTERNAL_SERVER_ERROR", "internal error", NULL } },

    { "not_registered",
      { 500, "INTERNAL_SERVER_ERROR", "internal error", NULL },
      { 401, "UNREGISTERED_BUILDER", "the signer is not registered", NULL } },

    { "grant_required",
      { 500, "INTERNAL_SERVER_ERROR", "internal error", NULL },
      { 403, "GRANT_REQUIRED", "a grant is required", NULL } },

    { "no_scopes",
      { 500, "INTERNAL_SERVER_ERROR", "internal error", NULL },
      { 403, "SCOPE_MISMATCH", "the grant is not for reading", NULL } },

    { "scope_not_covered",
      { 500, "INTERNAL_SERVER_ERROR", "internal error", NULL },
      { 403, "SCOPE_MISMATCH", "the grant does not cover the scope", NULL } }
};


const pserver_refusal_t *
pserver_permission_refusal(pserver_reason_e reason)
{
    return &refusals[reason].compute;
}


const pserver_refusal_t *
pserver_permission_refusal_read(pserver_reason_e reason)
{
    return &refusals[reason].read;
}


const char *
pserver_permission_reason(pserver_reason_e reason)
{
    return refusals[reason].name;
}
