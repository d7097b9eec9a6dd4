/*
 * Accounts that are contracts.
 */


#include "ngx_http_pserver_account.h"
#include "ngx_http_pserver_chain_nodes.h"
#include "../core/keccak.h"


static void ngx_http_pserver_account_cancel(void *data);
static void ngx_http_pserver_account_facts(void *data,
    const pserver_facts_t *facts);


ngx_int_t
ngx_http_pserver_account_ask(ngx_http_pserver_account_t *account)
{
    size_t                         len;
    pserver_word_t                 digest;
    ngx_http_cleanup_t            *cln;
    ngx_http_pserver_chain_ask_t  *ask;

    len = pserver_account_signature_len(account->signature);
    ask = &account->ask;

    ask->call.len = pserver_account_call_len(len);
    ask->call.data = ngx_pnalloc(account->request->pool, ask->call.len);
    cln = ngx_http_cleanup_add(account->request, 0);

    if (ask->call.data == NULL || cln == NULL) {
        return NGX_ERROR;
    }

    cln->handler = ngx_http_pserver_account_cancel;
    cln->data = account;

    pserver_account_digest(&digest, account->plcf->chain_id, account->address,
                           account->text);

    (void) pserver_account_call(ask->call.data, account->address, &digest,
                                account->signature);

    pserver_keccak256(&ask->word, ask->call.data, ask->call.len);

    ask->plcf = account->plcf;
    ask->kind = NGX_HTTP_PSERVER_CHAIN_ACCOUNT;
    ask->not_before = 0;
    ask->handler = ngx_http_pserver_account_facts;
    ask->data = account;

    ngx_http_pserver_chain_ask(ask);

    return NGX_OK;
}


static void
ngx_http_pserver_account_cancel(void *data)
{
    ngx_http_pserver_account_t  *account = data;

    ngx_http_pserver_chain_cancel(&account->ask);
}


static void
ngx_http_pserver_account_facts(void *data, const pserver_facts_t *facts)
{
    pserver_account_answer_e     answer;
    ngx_http_pserver_account_t  *account = data;

    if (facts == NULL) {
        account->handler(account->data, NULL);
        return;
    }

    /*
     * An answer that was kept: a key may have been taken out of the contract
     * since.  Once is enough, the head moves on all the time.
     */

    if (account->ask.not_before == 0
        && facts->block
           < ngx_http_pserver_chain_highest(account->plcf->chain_id))
    {
        account->ask.not_before = facts->observed;
        ngx_http_pserver_chain_ask(&account->ask);
        return;
    }

    answer = facts->account;

    account->handler(account->data, &answer);
}


char *
ngx_http_pserver_account_conf(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_pserver_loc_conf_t  *plcf = conf;

    ngx_str_t   *value;
    ngx_uint_t   i, n, key[2];

    if (plcf->accounts != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    value = cf->args->elts;
    n = cf->args->nelts - 1;

    for (i = 0; i < n; i++) {

        if (ngx_strcmp(value[i + 1].data, "ecdsa") == 0) {
            key[i] = 1;

        } else if (ngx_strcmp(value[i + 1].data, "erc1271") == 0) {
            key[i] = 0;

        } else {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid value \"%V\"",
                               &value[i + 1]);
            return NGX_CONF_ERROR;
        }
    }

    if (n == 1) {
        plcf->accounts = key[0] ? PSERVER_ACCOUNTS_KEY : PSERVER_ACCOUNTS_CODE;
        return NGX_CONF_OK;
    }

    if (key[0] == key[1]) {
        return "has the same kind twice";
    }

    plcf->accounts = key[0] ? PSERVER_ACCOUNTS_KEY_CODE
                            : PSERVER_ACCOUNTS_CODE_KEY;

    return NGX_CONF_OK;
}


char *
ngx_http_pserver_account_merge(ngx_conf_t *cf,
    ngx_http_pserver_loc_conf_t *conf)
{
    if (conf->accounts == PSERVER_ACCOUNTS_KEY) {
        return NGX_CONF_OK;
    }

    if (conf->chain == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"pserver_accounts\" with \"erc1271\" requires "
                           "\"pserver_chain\"");
        return NGX_CONF_ERROR;
    }

    return ngx_http_pserver_chain_conf_find(cf, conf);
}
