/*
 * Who has signed, see signer.h.
 */

#include <string.h>

#include "signer.h"


static int pserver_signer_recover(const secp256k1_context *secp,
    const pserver_signer_t *signer, pserver_address_t *address);


pserver_signer_e
pserver_signer_find(const secp256k1_context *secp,
    pserver_accounts_e accounts, pserver_signer_t *signer)
{
    int                recovered;
    pserver_address_t  address;

    memset(&signer->address, 0, sizeof(pserver_address_t));

    recovered = (accounts != PSERVER_ACCOUNTS_CODE
                 && pserver_signer_recover(secp, signer, &address));

    if (signer->iss) {
        signer->address = *signer->iss;

    } else if (recovered) {
        signer->address = address;
    }

    signer->by_key = recovered
                     && memcmp(&address, &signer->address,
                               sizeof(pserver_address_t))
                        == 0;

    if (signer->by_key) {
        return (accounts == PSERVER_ACCOUNTS_CODE_KEY) ? PSERVER_SIGNER_ASK
                                                       : PSERVER_SIGNER_OK;
    }

    if (accounts == PSERVER_ACCOUNTS_KEY) {
        return recovered ? PSERVER_SIGNER_OTHER : PSERVER_SIGNER_NONE;
    }

    if (signer->iss == NULL
        || pserver_account_signature_len(signer->signature) == 0)
    {
        return PSERVER_SIGNER_NONE;
    }

    return PSERVER_SIGNER_ASK;
}


pserver_signer_e
pserver_signer_answered(pserver_accounts_e accounts, int by_key,
    pserver_account_answer_e answer)
{
    switch (answer) {

    case PSERVER_ACCOUNT_SIGNED:
        return PSERVER_SIGNER_OK;

    case PSERVER_ACCOUNT_NO_CODE:

        /* nothing but its key speaks for it */

        return (by_key && accounts == PSERVER_ACCOUNTS_CODE_KEY)
               ? PSERVER_SIGNER_OK : PSERVER_SIGNER_OTHER;

    default: /* PSERVER_ACCOUNT_REFUSES */
        return PSERVER_SIGNER_OTHER;
    }
}


static int
pserver_signer_recover(const secp256k1_context *secp,
    const pserver_signer_t *signer, pserver_address_t *address)
{
    pserver_signature_t  signature;

    return pserver_signature_parse(&signature, signer->signature)
           == PSERVER_SIGNATURE_OK
           && pserver_signature_recover(secp, &signature, signer->digest,
                                        address)
              == PSERVER_SIGNATURE_OK;
}
