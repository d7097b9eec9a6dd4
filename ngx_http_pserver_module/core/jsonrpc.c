/*
 * JSON-RPC with an Ethereum node, see jsonrpc.h.
 */

#include <stdio.h>
#include <string.h>

#include "encode.h"
#include "jsonrpc.h"


/* a block comes with the hashes of all of its transactions */

#define JSONRPC_DEPTH  16
#define JSONRPC_NODES  65536

/* of one call without its data: the longest text below has less */

#define JSONRPC_CALL   384


static u_char *jsonrpc_call(u_char *p, const pserver_jsonrpc_call_t *call,
    uint64_t id);
static u_char *jsonrpc_text(u_char *p, const char *text);
static u_char *jsonrpc_number(u_char *p, const char *format, uint64_t n);
static int jsonrpc_fixed(const pserver_json_t *value, u_char *dst,
    size_t len);
static int jsonrpc_answer(const pserver_json_t *object, uint64_t first,
    pserver_jsonrpc_answer_t *answers, size_t n);
static int jsonrpc_hex(pserver_str_t text);


size_t
pserver_jsonrpc_len(const pserver_jsonrpc_call_t *calls, size_t n)
{
    size_t  i, len;

    len = sizeof("[]");

    for (i = 0; i < n; i++) {
        len += JSONRPC_CALL + 2 * calls[i].len;
    }

    return len;
}


u_char *
pserver_jsonrpc_request(u_char *dst, const pserver_jsonrpc_call_t *calls,
    size_t n, uint64_t first)
{
    size_t   i;
    u_char  *p;

    p = dst;

    if (n == 1) {
        return jsonrpc_call(p, &calls[0], first);
    }

    *p++ = '[';

    for (i = 0; i < n; i++) {
        if (i) {
            *p++ = ',';
        }

        p = jsonrpc_call(p, &calls[i], first + i);
    }

    *p++ = ']';

    return p;
}


int
pserver_jsonrpc_response(const u_char *body, size_t len, uint64_t first,
    pserver_jsonrpc_answer_t *answers, size_t n, pserver_json_doc_t **doc)
{
    int                     rc;
    const pserver_json_t   *root, *item;
    pserver_json_limits_t   limits;

    limits.depth = JSONRPC_DEPTH;
    limits.nodes = JSONRPC_NODES;

    rc = pserver_json_parse(body, len, &limits, doc);

    if (rc != PSERVER_OK) {
        return rc;
    }

    memset(answers, 0, n * sizeof(pserver_jsonrpc_answer_t));

    root = pserver_json_root(*doc);

    if (n == 1) {
        rc = jsonrpc_answer(root, first, answers, n);

    } else if (root->type != PSERVER_JSON_ARRAY || root->count != n) {
        rc = PSERVER_INVALID;

    } else {
        for (item = root->child; item; item = item->next) {
            rc = jsonrpc_answer(item, first, answers, n);

            if (rc != PSERVER_OK) {
                break;
            }
        }
    }

    if (rc != PSERVER_OK) {
        pserver_json_free(*doc);
        *doc = NULL;
    }

    return rc;
}


int
pserver_jsonrpc_refused(const u_char *body, size_t len)
{
    int                     refused;
    pserver_json_doc_t     *doc;
    const pserver_json_t   *root, *error;
    pserver_json_limits_t   limits;

    limits.depth = JSONRPC_DEPTH;
    limits.nodes = JSONRPC_NODES;

    if (pserver_json_parse(body, len, &limits, &doc) != PSERVER_OK) {
        return 0;
    }

    root = pserver_json_root(doc);
    error = pserver_json_get(root, "error");

    refused = (error && error->type == PSERVER_JSON_OBJECT
               && pserver_json_get(root, "result") == NULL);

    pserver_json_free(doc);

    return refused;
}


int
pserver_jsonrpc_quantity(const pserver_json_t *value, uint64_t *out)
{
    pserver_str_t   digits;
    pserver_word_t  word;

    if (value == NULL || value->type != PSERVER_JSON_STRING) {
        return PSERVER_INVALID;
    }

    digits = value->value;

    if (!jsonrpc_hex(digits)
        || digits.len == 2
        || (digits.data[2] == '0' && digits.len > 3)
        || pserver_word_parse(&word, digits) != PSERVER_OK)
    {
        return PSERVER_INVALID;
    }

    return pserver_word_uint64(&word, out);
}


int
pserver_jsonrpc_bytes(const pserver_json_t *value, u_char *dst, size_t cap,
    size_t *len)
{
    pserver_str_t  digits;

    if (value == NULL
        || value->type != PSERVER_JSON_STRING
        || !jsonrpc_hex(value->value)
        || value->value.len % 2)
    {
        return PSERVER_INVALID;
    }

    digits.data = value->value.data + 2;
    digits.len = value->value.len - 2;

    if (digits.len / 2 > cap) {
        return PSERVER_NOSPACE;
    }

    *len = digits.len / 2;

    return pserver_hex_decode(dst, *len, digits);
}


int
pserver_jsonrpc_block(const pserver_json_t *value,
    pserver_jsonrpc_block_t *block)
{
    if (pserver_jsonrpc_quantity(pserver_json_get(value, "number"),
                                 &block->number)
        != PSERVER_OK
        || pserver_jsonrpc_quantity(pserver_json_get(value, "timestamp"),
                                    &block->time)
        != PSERVER_OK
        || jsonrpc_fixed(pserver_json_get(value, "hash"), block->hash.bytes,
                         sizeof(block->hash.bytes))
        != PSERVER_OK)
    {
        return PSERVER_INVALID;
    }

    return jsonrpc_fixed(pserver_json_get(value, "parentHash"),
                         block->parent.bytes, sizeof(block->parent.bytes));
}


int
pserver_jsonrpc_log(const pserver_json_t *value, pserver_jsonrpc_log_t *log)
{
    const pserver_json_t  *topics, *topic, *removed;

    removed = pserver_json_get(value, "removed");
    topics = pserver_json_get(value, "topics");

    if ((removed && removed->type != PSERVER_JSON_FALSE)
        || topics == NULL
        || topics->type != PSERVER_JSON_ARRAY
        || topics->count > PSERVER_JSONRPC_TOPICS
        || jsonrpc_fixed(pserver_json_get(value, "address"),
                         log->address.bytes, sizeof(log->address.bytes))
           != PSERVER_OK
        || jsonrpc_fixed(pserver_json_get(value, "blockHash"),
                         log->block.bytes, sizeof(log->block.bytes))
           != PSERVER_OK)
    {
        return PSERVER_INVALID;
    }

    log->n = 0;

    for (topic = topics->child; topic; topic = topic->next) {

        if (jsonrpc_fixed(topic, log->topics[log->n].bytes,
                          sizeof(log->topics[0].bytes))
            != PSERVER_OK)
        {
            return PSERVER_INVALID;
        }

        log->n++;
    }

    return PSERVER_OK;
}


static u_char *
jsonrpc_call(u_char *p, const pserver_jsonrpc_call_t *call, uint64_t id)
{
    size_t  i;

    p = jsonrpc_text(p, "{\"jsonrpc\":\"2.0\",\"id\":");
    p = jsonrpc_number(p, "%llu", id);

    switch (call->method) {

    case PSERVER_JSONRPC_CHAIN_ID:
        return jsonrpc_text(p, ",\"method\":\"eth_chainId\",\"params\":[]}");

    case PSERVER_JSONRPC_HEAD:
        return jsonrpc_text(p, ",\"method\":\"eth_getBlockByNumber\","
                               "\"params\":[\"latest\",false]}");

    case PSERVER_JSONRPC_BLOCK:
        p = jsonrpc_text(p, ",\"method\":\"eth_getBlockByNumber\","
                            "\"params\":[\"");
        p = jsonrpc_number(p, "0x%llx", call->number);

        return jsonrpc_text(p, "\",false]}");

    case PSERVER_JSONRPC_LOGS:
        p = jsonrpc_text(p, ",\"method\":\"eth_getLogs\",\"params\":["
                            "{\"address\":\"0x");
        p = pserver_hex_encode(p, call->to->bytes, sizeof(call->to->bytes));
        p = jsonrpc_text(p, "\",\"topics\":[[");

        for (i = 0; i < call->n; i++) {
            p = jsonrpc_text(p, i ? ",\"0x" : "\"0x");
            p = pserver_hex_encode(p, call->topics[i].bytes,
                                   sizeof(call->topics[i].bytes));
            p = jsonrpc_text(p, "\"");
        }

        p = jsonrpc_text(p, "]],\"blockHash\":\"0x");
        p = pserver_hex_encode(p, call->block->bytes,
                               sizeof(call->block->bytes));

        return jsonrpc_text(p, "\"}]}");

    default: /* PSERVER_JSONRPC_CALL */
        break;
    }

    p = jsonrpc_text(p, ",\"method\":\"eth_call\",\"params\":[{");

    if (call->to) {
        p = jsonrpc_text(p, "\"to\":\"0x");
        p = pserver_hex_encode(p, call->to->bytes, sizeof(call->to->bytes));
        p = jsonrpc_text(p, "\",");
    }

    if (call->gas) {
        p = jsonrpc_text(p, "\"gas\":\"");
        p = jsonrpc_number(p, "0x%llx", call->gas);
        p = jsonrpc_text(p, "\",");
    }

    p = jsonrpc_text(p, "\"data\":\"0x");
    p = pserver_hex_encode(p, call->data, call->len);

    if (call->block == NULL) {
        p = jsonrpc_text(p, "\"},\"");
        p = jsonrpc_number(p, "0x%llx", call->number);

        return jsonrpc_text(p, "\"]}");
    }

    p = jsonrpc_text(p, "\"},{\"blockHash\":\"0x");
    p = pserver_hex_encode(p, call->block->bytes, sizeof(call->block->bytes));

    return jsonrpc_text(p, "\",\"requireCanonical\":true}]}");
}


static u_char *
jsonrpc_text(u_char *p, const char *text)
{
    size_t  len;

    len = strlen(text);
    memcpy(p, text, len);

    return p + len;
}


static u_char *
jsonrpc_number(u_char *p, const char *format, uint64_t n)
{
    char  number[21];

    snprintf(number, sizeof(number), format, (unsigned long long) n);

    return jsonrpc_text(p, number);
}


/* exactly so many bytes */

static int
jsonrpc_fixed(const pserver_json_t *value, u_char *dst, size_t len)
{
    size_t  n;

    if (pserver_jsonrpc_bytes(value, dst, len, &n) != PSERVER_OK || n != len) {
        return PSERVER_INVALID;
    }

    return PSERVER_OK;
}


static int
jsonrpc_answer(const pserver_json_t *object, uint64_t first,
    pserver_jsonrpc_answer_t *answers, size_t n)
{
    uint64_t                   id;
    const pserver_json_t      *result, *error, *data, *code;
    pserver_jsonrpc_answer_t  *answer;

    if (!pserver_json_is(pserver_json_get(object, "jsonrpc"), "2.0")) {
        return PSERVER_INVALID;
    }

    if (pserver_json_uint(pserver_json_get(object, "id"),
                          ((uint64_t) 1 << 53) - 1, &id)
        != PSERVER_OK
        || id < first
        || id - first >= n)
    {
        return PSERVER_INVALID;
    }

    answer = &answers[id - first];

    if (answer->seen) {
        return PSERVER_INVALID;
    }

    answer->seen = 1;

    result = pserver_json_get(object, "result");
    error = pserver_json_get(object, "error");

    if ((result == NULL) == (error == NULL)) {
        return PSERVER_INVALID;
    }

    if (result) {
        answer->result = result;
        return PSERVER_OK;
    }

    if (error->type != PSERVER_JSON_OBJECT) {
        return PSERVER_INVALID;
    }

    code = pserver_json_get(error, "code");

    if (code && code->type == PSERVER_JSON_NUMBER) {
        answer->code = code->value;
    }

    data = pserver_json_get(error, "data");

    if (data
        && data->type == PSERVER_JSON_STRING
        && jsonrpc_hex(data->value))
    {
        answer->revert.data = data->value.data + 2;
        answer->revert.len = data->value.len - 2;
    }

    return PSERVER_OK;
}


static int
jsonrpc_hex(pserver_str_t text)
{
    size_t  i;
    u_char  ch;

    if (text.len < 2 || text.data[0] != '0' || text.data[1] != 'x') {
        return 0;
    }

    for (i = 2; i < text.len; i++) {
        ch = text.data[i];

        if (!((ch >= '0' && ch <= '9')
              || (ch >= 'a' && ch <= 'f')
              || (ch >= 'A' && ch <= 'F')))
        {
            return 0;
        }
    }

    return 1;
}
