/*
 * Accounts that are contracts: ERC-1271, asked through eth_call.
 *
 * Who signs with a contract names it with the signed text, and what the
 * contract is asked about is a digest that binds the account and the chain:
 * the same key may stand behind several accounts, on several chains.
 */

#ifndef _PSERVER_ACCOUNT_H_INCLUDED_
#define _PSERVER_ACCOUNT_H_INCLUDED_


#include "core.h"


#define PSERVER_ACCOUNT_SIGNATURE_MAX  4096     /* bytes, not digits */

/* gas that the contract may burn, and that the call may in all */
#define PSERVER_ACCOUNT_GAS            2000000
#define PSERVER_ACCOUNT_CALL_GAS       3000000


/*
 * Whose signature counts.  An externally owned account may have code, too
 * (EIP-7702): with KEY_CODE its key goes on speaking for it whatever the
 * code says; with CODE_KEY a key speaks only for accounts without code.
 */

typedef enum {
    PSERVER_ACCOUNTS_KEY = 0,
    PSERVER_ACCOUNTS_CODE,
    PSERVER_ACCOUNTS_KEY_CODE,
    PSERVER_ACCOUNTS_CODE_KEY
} pserver_accounts_e;


typedef enum {
    PSERVER_ACCOUNT_NO_CODE = 1,     /* its key speaks for it */
    PSERVER_ACCOUNT_REFUSES,
    PSERVER_ACCOUNT_SIGNED
} pserver_account_answer_e;


/*
 * EIP-712, with the account as the verifying contract:
 *
 *   EIP712Domain(string name,string version,uint256 chainId,
 *                address verifyingContract)       "Web3Signed", "1"
 *   Web3Signed(string text)
 */
void pserver_account_digest(pserver_word_t *digest, uint64_t chain_id,
    const pserver_address_t *account, pserver_str_t text);

/*
 * The length in bytes of a signature of any scheme: an even number of hex
 * digits behind "0x", at least one byte, at most
 * PSERVER_ACCOUNT_SIGNATURE_MAX; else 0.
 */
size_t pserver_account_signature_len(pserver_str_t text);


/*
 * The question, as data of an eth_call to nobody: a node then runs the data
 * as code.  That code calls isValidSignature(digest, signature) of the
 * account with bounded gas and looks at 32 bytes of what comes back, so that
 * the answer is never longer than PSERVER_ACCOUNT_ANSWER_LEN, and never empty
 * where the node has executed the block.
 */

#define PSERVER_ACCOUNT_ANSWER_LEN     96

size_t pserver_account_call_len(size_t signature_len);

/* returns the end; the text is one of which signature_len() is not 0 */
u_char *pserver_account_call(u_char *dst, const pserver_address_t *account,
    const pserver_word_t *digest, pserver_str_t signature);

/* PSERVER_INVALID: not what that code returns */
int pserver_account_answer(const u_char *data, size_t len,
    pserver_account_answer_e *answer);


#endif /* _PSERVER_ACCOUNT_H_INCLUDED_ */
