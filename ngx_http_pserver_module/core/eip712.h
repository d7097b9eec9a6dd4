/*
 * EIP-712: what a wallet signs to give a permission, and what an account
 * that is a contract signs (account.h).  Only these types:
 *
 *   EIP712Domain(string name,string version,uint256 chainId,
 *                address verifyingContract)
 *   Permission(uint256 nonce,uint256 granteeId,string grant,
 *              uint256[] fileIds)
 *   Web3Signed(string text)
 */

#ifndef _PSERVER_EIP712_H_INCLUDED_
#define _PSERVER_EIP712_H_INCLUDED_


#include "core.h"


typedef struct {
    pserver_str_t         name;
    pserver_str_t         version;
    pserver_word_t        chain_id;
    pserver_address_t     contract;
} pserver_eip712_domain_t;


typedef struct {
    pserver_word_t        nonce;
    pserver_word_t        grantee_id;
    pserver_str_t         grant;     /* URL of the grant file */
    pserver_word_t       *file_ids;
    size_t                files;
} pserver_eip712_permission_t;


/* keccak256(0x19 0x01 ‖ hashStruct(domain) ‖ hashStruct(permission)) */
void pserver_eip712_digest(pserver_word_t *digest,
    const pserver_eip712_domain_t *domain,
    const pserver_eip712_permission_t *permission);

/* the same of the struct Web3Signed */
void pserver_eip712_text_digest(pserver_word_t *digest,
    const pserver_eip712_domain_t *domain, pserver_str_t text);


#endif /* _PSERVER_EIP712_H_INCLUDED_ */
