/*
 * JSON-RPC 2.0 with an Ethereum node: the questions that this server has,
 * and what comes back.
 */

#ifndef _PSERVER_JSONRPC_H_INCLUDED_
#define _PSERVER_JSONRPC_H_INCLUDED_


#include "core.h"
#include "json.h"


typedef enum {
    PSERVER_JSONRPC_CHAIN_ID = 0,    /* eth_chainId */
    PSERVER_JSONRPC_HEAD,            /* eth_getBlockByNumber, latest */
    PSERVER_JSONRPC_BLOCK,           /* eth_getBlockByNumber */
    PSERVER_JSONRPC_LOGS,            /* eth_getLogs of one block, by its hash
                                        (EIP-234): all of its address whose
                                        first topic is one of topics */
    PSERVER_JSONRPC_CALL             /* eth_call at a block: by its hash and
                                        only if canonical (EIP-1898), or,
                                        where "block" is NULL, by number */
} pserver_jsonrpc_method_e;


typedef struct {
    pserver_jsonrpc_method_e   method;

    uint64_t                   number;  /* of BLOCK, and CALL by number */

    /* of CALL and LOGS */
    const pserver_address_t   *to;      /* of CALL: NULL: data is code that
                                           the node runs */
    const pserver_word_t      *block;

    /* of CALL */
    const u_char              *data;
    size_t                     len;
    uint64_t                   gas;     /* 0: as much as the node gives */

    /* of LOGS */
    const pserver_word_t      *topics;
    size_t                     n;       /* at most 2 */
} pserver_jsonrpc_call_t;


/* at least what pserver_jsonrpc_request() writes */
size_t pserver_jsonrpc_len(const pserver_jsonrpc_call_t *calls, size_t n);

/*
 * Writes the body of a request: an object for one call, a batch for more.
 * The ids are first, first + 1, .. and at most 2^53 - 1.  Returns the end.
 */
u_char *pserver_jsonrpc_request(u_char *dst,
    const pserver_jsonrpc_call_t *calls, size_t n, uint64_t first);


typedef struct {
    const pserver_json_t      *result;  /* NULL: the node says an error */
    pserver_str_t              revert;  /* of an error: its data as hex
                                           text after 0x; else empty */
    pserver_str_t              code;    /* of an error: its text, or empty */
    unsigned                   seen:1;
} pserver_jsonrpc_answer_t;


/*
 * Parses the answer to n calls whose ids began with first, in whatever
 * order.  On PSERVER_OK answers[i] belongs to calls[i], and what it points
 * to lives until *doc is freed with pserver_json_free().
 *
 * PSERVER_INVALID: not an answer to exactly these calls: an id missing,
 * twice or unknown, not version 2.0, both or neither of result and error;
 * PSERVER_NOSPACE, PSERVER_NOMEM: as pserver_json_parse().
 */
int pserver_jsonrpc_response(const u_char *body, size_t len, uint64_t first,
    pserver_jsonrpc_answer_t *answers, size_t n, pserver_json_doc_t **doc);


/*
 * 1 if this is one error and no more, which is what some nodes say of a
 * batch that they do not take; else 0.
 */
int pserver_jsonrpc_refused(const u_char *body, size_t len);


/* "0x" and hex digits without leading zeros, below 2^64 */
int pserver_jsonrpc_quantity(const pserver_json_t *value, uint64_t *out);

/*
 * "0x" and an even number of hex digits.  PSERVER_NOSPACE: more than cap
 * bytes.
 */
int pserver_jsonrpc_bytes(const pserver_json_t *value, u_char *dst,
    size_t cap, size_t *len);


typedef struct {
    uint64_t                   number;
    uint64_t                   time;    /* unix seconds */
    pserver_word_t             hash;
    pserver_word_t             parent;  /* hash of the block before */
} pserver_jsonrpc_block_t;

/* from the result of eth_getBlockByNumber; null is PSERVER_INVALID */
int pserver_jsonrpc_block(const pserver_json_t *value,
    pserver_jsonrpc_block_t *block);


#define PSERVER_JSONRPC_TOPICS  4

typedef struct {
    pserver_address_t          address;
    pserver_word_t             block;
    pserver_word_t             topics[PSERVER_JSONRPC_TOPICS];
    size_t                     n;
} pserver_jsonrpc_log_t;

/*
 * From one of the result of eth_getLogs.  PSERVER_INVALID: no log, or one
 * that a reorganisation has taken back.
 */
int pserver_jsonrpc_log(const pserver_json_t *value,
    pserver_jsonrpc_log_t *log);


#endif /* _PSERVER_JSONRPC_H_INCLUDED_ */
