/*
 * What a reading asks about a question, and what it takes for an answer:
 *
 *   PERMISSION   RECORD ──► SET (──► OLD) (──► http/chain_trust)
 *   GRANTEE      ID
 *   ACCOUNT      http/chain_account
 *   FILE_KEY     http/chain_file_key
 *   OWNER        http/chain_trust
 */


#include "ngx_http_pserver_chain_reading.h"
#include "../core/account.h"
#include "../core/permission.h"


static void ngx_http_pserver_chain_record_calls(
    ngx_http_pserver_chain_reading_t *reading,
    ngx_http_pserver_chain_calls_t *calls);
static ngx_int_t ngx_http_pserver_chain_record_take(
    ngx_http_pserver_chain_reading_t *reading, ngx_uint_t i,
    pserver_jsonrpc_answer_t *answer);
static ngx_http_pserver_chain_round_t *ngx_http_pserver_chain_record_next(
    ngx_http_pserver_chain_reading_t *reading);
static void ngx_http_pserver_chain_set_calls(
    ngx_http_pserver_chain_reading_t *reading,
    ngx_http_pserver_chain_calls_t *calls);
static ngx_int_t ngx_http_pserver_chain_set_take(
    ngx_http_pserver_chain_reading_t *reading, ngx_uint_t i,
    pserver_jsonrpc_answer_t *answer);
static ngx_http_pserver_chain_round_t *ngx_http_pserver_chain_set_next(
    ngx_http_pserver_chain_reading_t *reading);
static void ngx_http_pserver_chain_old_calls(
    ngx_http_pserver_chain_reading_t *reading,
    ngx_http_pserver_chain_calls_t *calls);
static ngx_int_t ngx_http_pserver_chain_old_take(
    ngx_http_pserver_chain_reading_t *reading, ngx_uint_t i,
    pserver_jsonrpc_answer_t *answer);
static void ngx_http_pserver_chain_id_calls(
    ngx_http_pserver_chain_reading_t *reading,
    ngx_http_pserver_chain_calls_t *calls);
static ngx_int_t ngx_http_pserver_chain_id_take(
    ngx_http_pserver_chain_reading_t *reading, ngx_uint_t i,
    pserver_jsonrpc_answer_t *answer);


/* permissions(id) */

static ngx_http_pserver_chain_round_t  ngx_http_pserver_chain_record = {
    ngx_http_pserver_chain_record_calls,
    ngx_http_pserver_chain_record_take,
    ngx_http_pserver_chain_record_next
};

/* granteesV2(..) and files(..) of the permission */

static ngx_http_pserver_chain_round_t  ngx_http_pserver_chain_set = {
    ngx_http_pserver_chain_set_calls,
    ngx_http_pserver_chain_set_take,
    ngx_http_pserver_chain_set_next
};

/* grantees(..): there is no V2 */

static ngx_http_pserver_chain_round_t  ngx_http_pserver_chain_old = {
    ngx_http_pserver_chain_old_calls,
    ngx_http_pserver_chain_old_take,
    ngx_http_pserver_chain_trust_next
};

/* granteeAddressToId(address) */

static ngx_http_pserver_chain_round_t  ngx_http_pserver_chain_id = {
    ngx_http_pserver_chain_id_calls,
    ngx_http_pserver_chain_id_take,
    ngx_http_pserver_chain_last
};


ngx_http_pserver_chain_round_t *
ngx_http_pserver_chain_first(ngx_http_pserver_chain_kind_e kind)
{
    switch (kind) {

    case NGX_HTTP_PSERVER_CHAIN_PERMISSION:
        return &ngx_http_pserver_chain_record;

    case NGX_HTTP_PSERVER_CHAIN_ACCOUNT:
        return &ngx_http_pserver_chain_account;

    case NGX_HTTP_PSERVER_CHAIN_FILE_KEY:
        return &ngx_http_pserver_chain_file_key;

    case NGX_HTTP_PSERVER_CHAIN_OWNER:
        return &ngx_http_pserver_chain_trust;

    case NGX_HTTP_PSERVER_CHAIN_ANCHOR:
        return &ngx_http_pserver_chain_anchor;

    default: /* NGX_HTTP_PSERVER_CHAIN_GRANTEE */
        return &ngx_http_pserver_chain_id;
    }
}


ngx_uint_t
ngx_http_pserver_chain_yes(ngx_http_pserver_chain_kind_e kind,
    const pserver_facts_t *facts)
{
    pserver_verdict_t    verdict;
    pserver_question_t   question;

    static const pserver_word_t  zero;

    if (kind == NGX_HTTP_PSERVER_CHAIN_GRANTEE) {
        return ngx_memcmp(&facts->grantee_id, &zero, sizeof(zero)) != 0;
    }

    if (kind == NGX_HTTP_PSERVER_CHAIN_ACCOUNT) {
        return facts->account != PSERVER_ACCOUNT_REFUSES;
    }

    if (kind == NGX_HTTP_PSERVER_CHAIN_FILE_KEY) {
        return facts->box.len != 0;
    }

    if (kind == NGX_HTTP_PSERVER_CHAIN_ANCHOR) {

        /* nothing is permitted by it: the head is enough */

        return 0;
    }

    if (facts->trust == PSERVER_FACTS_NOT_TRUSTED) {
        return 0;
    }

    if (kind == NGX_HTTP_PSERVER_CHAIN_OWNER) {
        return 1;
    }

    /* it is there and active, which is less than what an operation needs:
       the grant file is what is missing */

    ngx_memzero(&question, sizeof(pserver_question_t));

    question.registered = 1;

    pserver_permission_decide(PSERVER_DECIDE_READ, facts, &question,
                              &verdict);

    return verdict.reason == PSERVER_GRANT_UNREADABLE;
}


static void
ngx_http_pserver_chain_record_calls(ngx_http_pserver_chain_reading_t *reading,
    ngx_http_pserver_chain_calls_t *calls)
{
    ngx_http_pserver_chain_key_t  *key;

    key = &reading->flight->key;

    ngx_http_pserver_chain_call(reading, calls, &key->contracts.permissions,
                                PSERVER_ABI_PERMISSIONS, &key->word);
}


static ngx_int_t
ngx_http_pserver_chain_record_take(ngx_http_pserver_chain_reading_t *reading,
    ngx_uint_t n, pserver_jsonrpc_answer_t *answer)
{
    size_t                     i;
    ngx_int_t                  rc;
    pserver_str_t              bytes;
    pserver_facts_t           *facts;
    pserver_abi_permission_t   permission;

    facts = &reading->facts;

    rc = ngx_http_pserver_chain_bytes(reading, answer, &bytes);

    if (rc != NGX_OK) {
        return rc;
    }

    if (pserver_abi_permission(bytes.data, bytes.len, &permission)
        != PSERVER_OK
        || ngx_memcmp(&permission.id, &reading->flight->key.word,
                      sizeof(pserver_word_t))
           != 0)
    {
        return ngx_http_pserver_chain_no_answer(reading, "no permission");
    }

    facts->id = permission.id;
    facts->grantor = permission.grantor;
    facts->grantee_id = permission.grantee_id;
    facts->start_block = permission.start_block;
    facts->end_block = permission.end_block;
    facts->files = permission.files;

    if (permission.grant.len <= PSERVER_FACTS_URL_MAX) {
        facts->url = permission.grant;
    }

    for (i = 0; i < pserver_facts_read(facts); i++) {
        ngx_memcpy(facts->file[i].id.bytes,
                   permission.file_ids + i * sizeof(pserver_word_t),
                   sizeof(pserver_word_t));
    }

    if (pserver_facts_none(&facts->grantor)) {
        facts->files = 0;
    }

    return NGX_OK;
}


static ngx_http_pserver_chain_round_t *
ngx_http_pserver_chain_record_next(ngx_http_pserver_chain_reading_t *reading)
{
    return pserver_facts_none(&reading->facts.grantor)
           ? NULL : &ngx_http_pserver_chain_set;
}


static void
ngx_http_pserver_chain_set_calls(ngx_http_pserver_chain_reading_t *reading,
    ngx_http_pserver_chain_calls_t *calls)
{
    size_t                         i;
    pserver_facts_t               *facts;
    ngx_http_pserver_contracts_t  *contracts;

    facts = &reading->facts;
    contracts = &reading->flight->key.contracts;

    ngx_http_pserver_chain_call(reading, calls, &contracts->grantees,
                                PSERVER_ABI_GRANTEES_V2, &facts->grantee_id);

    for (i = 0; i < pserver_facts_read(facts); i++) {
        ngx_http_pserver_chain_call(reading, calls, &contracts->registry,
                                    PSERVER_ABI_FILES, &facts->file[i].id);
    }
}


static ngx_int_t
ngx_http_pserver_chain_set_take(ngx_http_pserver_chain_reading_t *reading,
    ngx_uint_t i, pserver_jsonrpc_answer_t *answer)
{
    ngx_int_t               rc;
    pserver_str_t           bytes;
    pserver_abi_file_t      file;
    pserver_facts_file_t   *fact;
    pserver_abi_grantee_t   grantee;

    /* a contract that has no V2 reverts, without a word */

    reading->old |= (i == 0 && answer->result == NULL
                     && answer->revert.len == 0);

    if (i == 0 && reading->old) {
        return NGX_OK;
    }

    rc = ngx_http_pserver_chain_bytes(reading, answer, &bytes);

    if (rc != NGX_OK) {
        return rc;
    }

    if (i == 0) {
        if (pserver_abi_grantee_v2(bytes.data, bytes.len, &grantee)
            != PSERVER_OK)
        {
            return ngx_http_pserver_chain_no_answer(reading, "no grantee");
        }

        reading->facts.grantee = grantee.address;

        return NGX_OK;
    }

    fact = &reading->facts.file[i - 1];

    if (pserver_abi_file(bytes.data, bytes.len, &file) != PSERVER_OK
        || ngx_memcmp(&file.id, &fact->id, sizeof(pserver_word_t)) != 0)
    {
        return ngx_http_pserver_chain_no_answer(reading, "no file");
    }

    fact->owner = file.owner;

    if (file.url.len <= PSERVER_FACTS_URL_MAX) {
        fact->url = file.url;
    }

    return NGX_OK;
}


static ngx_http_pserver_chain_round_t *
ngx_http_pserver_chain_set_next(ngx_http_pserver_chain_reading_t *reading)
{
    return reading->old ? &ngx_http_pserver_chain_old
                        : ngx_http_pserver_chain_trust_next(reading);
}


static void
ngx_http_pserver_chain_old_calls(ngx_http_pserver_chain_reading_t *reading,
    ngx_http_pserver_chain_calls_t *calls)
{
    ngx_http_pserver_chain_call(reading, calls,
                                &reading->flight->key.contracts.grantees,
                                PSERVER_ABI_GRANTEES,
                                &reading->facts.grantee_id);
}


static ngx_int_t
ngx_http_pserver_chain_old_take(ngx_http_pserver_chain_reading_t *reading,
    ngx_uint_t i, pserver_jsonrpc_answer_t *answer)
{
    ngx_int_t              rc;
    pserver_str_t          bytes;
    pserver_abi_grantee_t  grantee;

    rc = ngx_http_pserver_chain_bytes(reading, answer, &bytes);

    if (rc != NGX_OK) {
        return rc;
    }

    if (pserver_abi_grantee(bytes.data, bytes.len, &grantee) != PSERVER_OK) {
        return ngx_http_pserver_chain_no_answer(reading, "no grantee");
    }

    reading->facts.grantee = grantee.address;

    return NGX_OK;
}


static void
ngx_http_pserver_chain_id_calls(ngx_http_pserver_chain_reading_t *reading,
    ngx_http_pserver_chain_calls_t *calls)
{
    ngx_http_pserver_chain_key_t  *key;

    key = &reading->flight->key;

    ngx_http_pserver_chain_call(reading, calls, &key->contracts.grantees,
                                PSERVER_ABI_GRANTEE_ID, &key->word);
}


static ngx_int_t
ngx_http_pserver_chain_id_take(ngx_http_pserver_chain_reading_t *reading,
    ngx_uint_t i, pserver_jsonrpc_answer_t *answer)
{
    ngx_int_t      rc;
    pserver_str_t  bytes;

    rc = ngx_http_pserver_chain_bytes(reading, answer, &bytes);

    if (rc != NGX_OK) {
        return rc;
    }

    if (pserver_abi_uint(bytes.data, bytes.len, &reading->facts.grantee_id)
        != PSERVER_OK)
    {
        return ngx_http_pserver_chain_no_answer(reading, "no id");
    }

    return NGX_OK;
}
