/*
 * Calls of the data portability contracts and what they return, in the
 * contract ABI of Solidity.
 *
 * The encoding of a value is not unique by itself: offsets may point
 * anywhere, tails may overlap.  What solc makes is: tails in order, without
 * gaps, padded with zeros.  Only that is taken, so a decoder is one walk
 * from the first byte to the last, and no offset is ever followed.
 */

#ifndef _PSERVER_ABI_H_INCLUDED_
#define _PSERVER_ABI_H_INCLUDED_


#include "core.h"


typedef enum {
    PSERVER_ABI_PERMISSIONS = 0,     /* permissions(uint256) */
    PSERVER_ABI_GRANTEES_V2,         /* granteesV2(uint256) */
    PSERVER_ABI_GRANTEES,            /* grantees(uint256) */
    PSERVER_ABI_GRANTEE_ID,          /* granteeAddressToId(address) */
    PSERVER_ABI_FILES,               /* files(uint256) */
    PSERVER_ABI_FILE_PERMISSIONS,    /* filePermissions(uint256,address) */
    PSERVER_ABI_SERVER,              /* serverByAddress(address) */
    PSERVER_ABI_USER_SERVERS         /* userServers(address,uint256) */
} pserver_abi_function_e;


#define PSERVER_ABI_CALL_MAX     68  /* a selector and two words */

/* the first four bytes of revert data: userServers() of no such pair */
#define PSERVER_ABI_NOT_TRUSTED  0x7e9e38a5


/* strings and words are slices of the bytes that were decoded */

typedef struct {
    pserver_word_t        id;
    pserver_address_t     grantor;   /* zero: there is no such permission */
    pserver_word_t        nonce;
    pserver_word_t        grantee_id;
    pserver_str_t         grant;     /* URL, any bytes */
    pserver_word_t        start_block;
    pserver_word_t        end_block; /* 2^256-1: no end */
    const u_char         *file_ids;  /* words of 32 bytes */
    size_t                files;
} pserver_abi_permission_t;


typedef struct {
    pserver_address_t     owner;
    pserver_address_t     address;   /* zero: there is no such grantee */
    pserver_str_t         public_key;
} pserver_abi_grantee_t;


typedef struct {
    pserver_word_t        id;
    pserver_address_t     owner;     /* zero: there is no such file */
    pserver_str_t         url;       /* any bytes */
    pserver_word_t        schema_id;
    pserver_word_t        added_at_block;
} pserver_abi_file_t;


typedef struct {
    pserver_word_t        id;        /* zero: there is no such server */
    pserver_address_t     owner;
    pserver_address_t     address;
    pserver_str_t         public_key;
    pserver_str_t         url;
    pserver_word_t        start_block;  /* of userServers() only */
    pserver_word_t        end_block;
} pserver_abi_server_t;


/*
 * Writes the call data: the selector and the arguments, as many words as
 * the function has.  Returns the length: 36 or 68.
 */
size_t pserver_abi_call(u_char dst[PSERVER_ABI_CALL_MAX],
    pserver_abi_function_e function, const pserver_word_t *args);

/* an address as an argument: 12 zeros in front */
void pserver_abi_address(pserver_word_t *word,
    const pserver_address_t *address);

/*
 * The decoders take the len bytes that a call returned.  PSERVER_INVALID:
 * not the encoding of such a value.  PSERVER_AGAIN: no bytes at all, which
 * is what a node says that has not executed the block, or an account
 * without code: never an answer.
 */
int pserver_abi_permission(const u_char *data, size_t len,
    pserver_abi_permission_t *out);
int pserver_abi_grantee_v2(const u_char *data, size_t len,
    pserver_abi_grantee_t *out);
int pserver_abi_grantee(const u_char *data, size_t len,
    pserver_abi_grantee_t *out);
int pserver_abi_file(const u_char *data, size_t len,
    pserver_abi_file_t *out);
int pserver_abi_server(const u_char *data, size_t len,
    pserver_abi_server_t *out);
int pserver_abi_user_server(const u_char *data, size_t len,
    pserver_abi_server_t *out);
int pserver_abi_string(const u_char *data, size_t len, pserver_str_t *out);
int pserver_abi_uint(const u_char *data, size_t len, pserver_word_t *out);


typedef enum {
    PSERVER_ABI_PERMISSION_ADDED = 1,
    PSERVER_ABI_PERMISSION_REVOKED
} pserver_abi_event_e;

#define PSERVER_ABI_TOPICS  2

/* the first topics of these events' logs */
extern const pserver_word_t  pserver_abi_topics[PSERVER_ABI_TOPICS];

/*
 * From the topics of a log of the permissions contract: which event, of
 * which permission.  PSERVER_INVALID: another event, or short of topics.
 */
int pserver_abi_event(const pserver_word_t *topics, size_t n,
    pserver_abi_event_e *event, pserver_word_t *permission);


#endif /* _PSERVER_ABI_H_INCLUDED_ */
