/*
 * EIP-712: what a wallet signs to give a permission, what an account that
 * is a contract signs (account.h), and what an owner's key is wrapped under
 * (custody.h).  Only these types:
 *
 *   EIP712Domain(string name,string version,uint256 chainId,
 *                address verifyingContract)
 *   Permission(uint256 nonce,uint256 granteeId,string grant,
 *              uint256[] fileIds)
 *   Web3Signed(string text)
 *   Custody(string notice,string origin,address owner,address server,
 *           uint256 epoch)
 *
 * and for a receipt (receipt.h) the domain and struct of docs/receipts.md.
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


typedef struct {
    pserver_str_t         notice;
    pserver_str_t         origin;
    pserver_address_t     owner;
    pserver_address_t     server;
    pserver_word_t        epoch;
} pserver_eip712_custody_t;


/* keccak256(0x19 0x01 ‖ hashStruct(domain) ‖ hashStruct(permission)) */
void pserver_eip712_digest(pserver_word_t *digest,
    const pserver_eip712_domain_t *domain,
    const pserver_eip712_permission_t *permission);

typedef struct {
    pserver_str_t         origin;    /* its keccak256 is the domain's salt */
    uint64_t              chain_id;
    pserver_word_t        operation;
    pserver_word_t        image;
    pserver_word_t        permission;
    pserver_word_t        inputs;
    pserver_word_t        output;
    uint64_t              block;
    pserver_word_t        block_hash;
    pserver_str_t         log;
    uint64_t              entry;
    pserver_word_t        leaf;
    uint64_t              finished_at;
} pserver_eip712_receipt_t;


/* the same of the struct Receipt, in its own domain */
void pserver_eip712_receipt_digest(pserver_word_t *digest,
    const pserver_eip712_receipt_t *receipt);

/* the same of the structs Web3Signed and Custody */
void pserver_eip712_text_digest(pserver_word_t *digest,
    const pserver_eip712_domain_t *domain, pserver_str_t text);
void pserver_eip712_custody_digest(pserver_word_t *digest,
    const pserver_eip712_domain_t *domain,
    const pserver_eip712_custody_t *custody);


#endif /* _PSERVER_EIP712_H_INCLUDED_ */
