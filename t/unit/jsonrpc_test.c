/*
 * JSON-RPC: the bodies to the byte, and answers that are not answers.
 */

#include "core/abi.h"
#include "core/jsonrpc.h"
#include "test.h"
#include "vector.h"


#define BLOCK                                                                 \
    "{\"number\":\"0x1f\",\"timestamp\":\"0x65\",\"hash\":\"0x"               \
    "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"        \
    "\",\"parentHash\":\"0x"                                                 \
    "ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\"}"

#define TOPIC                                                                 \
    "\"0xc8a9a6a181cb55eed6156d6dd78a38f724344c00428a256435c007f2bcf35114\""

#define LOG_HEAD                                                              \
    "{\"address\":\"0xabababababababababababababababababababab\","            \
    "\"blockHash\":\"0x"                                                      \
    "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\","


static int
parse(const char *text, pserver_jsonrpc_answer_t *answers, size_t n,
    pserver_json_doc_t **doc)
{
    return pserver_jsonrpc_response((const u_char *) text, strlen(text), 7,
                                    answers, n, doc);
}


static void
refused(const char *text, size_t n)
{
    pserver_json_doc_t        *doc;
    pserver_jsonrpc_answer_t   answers[4];

    if (!CHECK_INT(parse(text, answers, n, &doc), PSERVER_INVALID)) {
        fprintf(stderr, "    %s\n", text);
    }
}


TEST(request)
{
    u_char                   body[4096], *end;
    u_char                   data[36];
    pserver_str_t            found;
    pserver_word_t           block;
    pserver_address_t        to;
    pserver_jsonrpc_call_t   calls[3];

    memset(&to, 0xab, sizeof(to));
    memset(&block, 0xcd, sizeof(block));
    memset(data, 0x01, sizeof(data));
    memset(calls, 0, sizeof(calls));

    calls[0].method = PSERVER_JSONRPC_CHAIN_ID;
    calls[1].method = PSERVER_JSONRPC_HEAD;
    calls[2].method = PSERVER_JSONRPC_CALL;
    calls[2].to = &to;
    calls[2].data = data;
    calls[2].len = sizeof(data);
    calls[2].block = &block;

    end = pserver_jsonrpc_request(body, calls, 2, 9007199254740990);
    found.data = body;
    found.len = (size_t) (end - body);

    CHECK_STR(found,
        "[{\"jsonrpc\":\"2.0\",\"id\":9007199254740990,"
        "\"method\":\"eth_chainId\",\"params\":[]},"
        "{\"jsonrpc\":\"2.0\",\"id\":9007199254740991,"
        "\"method\":\"eth_getBlockByNumber\",\"params\":[\"latest\",false]}]");
    CHECK(found.len <= pserver_jsonrpc_len(calls, 2));

    end = pserver_jsonrpc_request(body, &calls[2], 1, 9007199254740991);
    found.len = (size_t) (end - body);

    CHECK_STR(found,
        "{\"jsonrpc\":\"2.0\",\"id\":9007199254740991,"
        "\"method\":\"eth_call\",\"params\":[{\"to\":\"0x"
        "abababababababababababababababababababab\",\"data\":\"0x"
        "01010101010101010101010101010101010101010101010101010101010101"
        "0101010101\"},{\"blockHash\":\"0xcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd"
        "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd\",\"requireCanonical\":true}]}");
    CHECK(found.len <= pserver_jsonrpc_len(&calls[2], 1));

    calls[2].block = NULL;
    calls[2].number = 300;
    calls[2].len = 1;

    end = pserver_jsonrpc_request(body, &calls[2], 1, 1);
    found.len = (size_t) (end - body);

    CHECK_STR(found,
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_call\","
        "\"params\":[{\"to\":\"0xabababababababababababababababababababab\","
        "\"data\":\"0x01\"},\"0x12c\"]}");

    memset(calls, 0, sizeof(calls));

    calls[0].method = PSERVER_JSONRPC_BLOCK;
    calls[0].number = UINT64_MAX;
    calls[1].method = PSERVER_JSONRPC_LOGS;
    calls[1].to = &to;
    calls[1].block = &block;
    calls[1].topics = pserver_abi_topics;
    calls[1].n = PSERVER_ABI_TOPICS;

    end = pserver_jsonrpc_request(body, calls, 2, 9007199254740990);
    found.len = (size_t) (end - body);

    CHECK_STR(found,
        "[{\"jsonrpc\":\"2.0\",\"id\":9007199254740990,"
        "\"method\":\"eth_getBlockByNumber\","
        "\"params\":[\"0xffffffffffffffff\",false]},"
        "{\"jsonrpc\":\"2.0\",\"id\":9007199254740991,"
        "\"method\":\"eth_getLogs\",\"params\":[{\"address\":\"0x"
        "abababababababababababababababababababab\",\"topics\":[[\"0x"
        "2cff87230608e71ec991ee7212c0cc861c08b275ecc30716cdc7681cc0fdc288"
        "\",\"0x"
        "c8a9a6a181cb55eed6156d6dd78a38f724344c00428a256435c007f2bcf35114"
        "\"]],\"blockHash\":\"0x"
        "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd"
        "\"}]}]");
    CHECK(found.len <= pserver_jsonrpc_len(calls, 2));
}


TEST(one_answer)
{
    uint64_t                   n;
    pserver_json_doc_t        *doc;
    pserver_jsonrpc_answer_t   a[1];

    CHECK_INT(parse("{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":\"0x7a69\"}",
                    a, 1, &doc), PSERVER_OK);
    CHECK_INT(pserver_jsonrpc_quantity(a[0].result, &n), PSERVER_OK);
    CHECK_INT(n, 31337);
    CHECK_INT(a[0].revert.len, 0);
    pserver_json_free(doc);

    CHECK_INT(parse("{\"id\":7,\"jsonrpc\":\"2.0\",\"error\":{\"code\":3,"
                    "\"message\":\"execution reverted\","
                    "\"data\":\"0x7e9e38a5\"}}", a, 1, &doc), PSERVER_OK);
    CHECK(a[0].result == NULL);
    CHECK_STR(a[0].revert, "7e9e38a5");
    pserver_json_free(doc);

    CHECK_INT(parse("{\"id\":7,\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32000,"
                    "\"message\":\"header not found\"}}", a, 1, &doc),
              PSERVER_OK);
    CHECK(a[0].result == NULL);
    CHECK_INT(a[0].revert.len, 0);
    CHECK_STR(a[0].code, "-32000");
    pserver_json_free(doc);

    CHECK_INT(parse("{\"id\":7,\"jsonrpc\":\"2.0\",\"error\":{\"code\":3,"
                    "\"data\":\"Reverted 0x7e9e38a5\"}}", a, 1, &doc),
              PSERVER_OK);
    CHECK_INT(a[0].revert.len, 0);
    pserver_json_free(doc);
}


TEST(batch_in_any_order)
{
    pserver_json_doc_t        *doc;
    pserver_jsonrpc_answer_t   a[3];

    CHECK_INT(parse("[{\"jsonrpc\":\"2.0\",\"id\":9,\"result\":\"c\"},"
                    "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":\"a\"},"
                    "{\"jsonrpc\":\"2.0\",\"id\":8,\"error\":{}}]",
                    a, 3, &doc), PSERVER_OK);
    CHECK(pserver_json_is(a[0].result, "a"));
    CHECK(a[1].result == NULL);
    CHECK(pserver_json_is(a[2].result, "c"));
    pserver_json_free(doc);
}


static int
refuses(const char *text)
{
    return pserver_jsonrpc_refused((const u_char *) text, strlen(text));
}


TEST(no_batches)
{
    CHECK(refuses("{\"jsonrpc\":\"2.0\",\"id\":null,"
                  "\"error\":{\"code\":-32600}}"));
    CHECK(!refuses("{\"error\":\"no\"}"));
    CHECK(!refuses("{\"error\":{},\"result\":1}"));
    CHECK(!refuses("[{\"error\":{}}]"));
    CHECK(!refuses("<html>"));
}


TEST(not_an_answer)
{
    refused("", 1);
    refused("null", 1);
    refused("7", 1);
    refused("[]", 1);
    refused("{}", 1);
    refused("<html>502</html>", 1);
    refused("{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":\"0x7a69\"", 1);
    refused("{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":\"0x7a69\"}x", 1);
    refused("{\"jsonrpc\":\"1.0\",\"id\":7,\"result\":\"a\"}", 1);
    refused("{\"jsonrpc\":2.0,\"id\":7,\"result\":\"a\"}", 1);
    refused("{\"id\":7,\"result\":\"a\"}", 1);
    refused("{\"jsonrpc\":\"2.0\",\"id\":6,\"result\":\"a\"}", 1);
    refused("{\"jsonrpc\":\"2.0\",\"id\":8,\"result\":\"a\"}", 1);
    refused("{\"jsonrpc\":\"2.0\",\"id\":\"7\",\"result\":\"a\"}", 1);
    refused("{\"jsonrpc\":\"2.0\",\"id\":7.0,\"result\":\"a\"}", 1);
    refused("{\"jsonrpc\":\"2.0\",\"id\":null,\"result\":\"a\"}", 1);
    refused("{\"jsonrpc\":\"2.0\",\"id\":7}", 1);
    refused("{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":\"a\",\"error\":{}}", 1);
    refused("{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":\"a\","
            "\"error\":null}", 1);
    refused("{\"jsonrpc\":\"2.0\",\"id\":7,\"error\":\"no\"}", 1);
    refused("{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":1,\"result\":2}", 1);
    refused("[{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":\"a\"}]", 1);

    /* of two: one, three, one twice, one of the two for another */

    refused("{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":\"a\"}", 2);
    refused("{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{}}", 2);
    refused("[{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":\"a\"}]", 2);
    refused("[{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":\"a\"},"
            "{\"jsonrpc\":\"2.0\",\"id\":8,\"result\":\"a\"},"
            "{\"jsonrpc\":\"2.0\",\"id\":9,\"result\":\"a\"}]", 2);
    refused("[{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":\"a\"},"
            "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":\"a\"}]", 2);
    refused("[{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":\"a\"},"
            "{\"jsonrpc\":\"2.0\",\"id\":9,\"result\":\"a\"}]", 2);
    refused("[{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":\"a\"},[]]", 2);
}


TEST(values)
{
    size_t                     i, len;
    u_char                     bytes[8];
    uint64_t                   n;
    pserver_json_doc_t        *doc;
    pserver_jsonrpc_block_t    block;
    const pserver_json_t      *item;

    static const pserver_json_limits_t  limits = { 8, 64 };

    static const char  good[] =
        "[\"0x0\",\"0x1\",\"0xFf\",\"0xffffffffffffffff\"]";
    static const uint64_t  value[] = { 0, 1, 255, UINT64_MAX };

    static const char  bad[] =
        "[\"\",\"0x\",\"0x00\",\"0x01\",\"1\",\"0X1\",\"0xg\",\" 0x1\","
        "\"0x1 \",\"0x10000000000000000\",1,null,[],\"-0x1\"]";

    CHECK_INT(pserver_json_parse((u_char *) good, sizeof(good) - 1, &limits,
                                 &doc), PSERVER_OK);

    i = 0;

    for (item = pserver_json_root(doc)->child; item; item = item->next) {
        CHECK_INT(pserver_jsonrpc_quantity(item, &n), PSERVER_OK);
        CHECK(n == value[i++]);
    }

    pserver_json_free(doc);

    CHECK_INT(pserver_json_parse((u_char *) bad, sizeof(bad) - 1, &limits,
                                 &doc), PSERVER_OK);

    for (item = pserver_json_root(doc)->child; item; item = item->next) {
        CHECK_INT(pserver_jsonrpc_quantity(item, &n), PSERVER_INVALID);
    }

    pserver_json_free(doc);

    static const char  hex[] =
        "[\"0x\",\"0x00Ff\",\"0x0102030405060708\",\"0x010203040506070809\","
        "\"0x1\",\"00\",\"0xzz\"," BLOCK ",null]";

    CHECK_INT(pserver_json_parse((u_char *) hex, sizeof(hex) - 1, &limits,
                                 &doc), PSERVER_OK);

    item = pserver_json_root(doc)->child;
    CHECK_INT(pserver_jsonrpc_bytes(item, bytes, 8, &len), PSERVER_OK);
    CHECK_INT(len, 0);

    item = item->next;
    CHECK_INT(pserver_jsonrpc_bytes(item, bytes, 8, &len), PSERVER_OK);
    CHECK_INT(len, 2);
    CHECK_MEM(bytes, "\x00\xff", 2);

    item = item->next;
    CHECK_INT(pserver_jsonrpc_bytes(item, bytes, 8, &len), PSERVER_OK);
    CHECK_INT(len, 8);

    item = item->next;
    CHECK_INT(pserver_jsonrpc_bytes(item, bytes, 8, &len), PSERVER_NOSPACE);

    for (i = 0; i < 3; i++) {
        item = item->next;
        CHECK_INT(pserver_jsonrpc_bytes(item, bytes, 8, &len),
                  PSERVER_INVALID);
    }

    CHECK_INT(pserver_jsonrpc_block(item, &block), PSERVER_INVALID);

    item = item->next;
    CHECK_INT(pserver_jsonrpc_block(item, &block), PSERVER_OK);
    CHECK_INT(block.number, 31);
    CHECK_INT(block.time, 101);
    CHECK_INT(block.hash.bytes[0], 0);
    CHECK_INT(block.hash.bytes[31], 0xff);
    CHECK_INT(block.parent.bytes[0], 0xff);

    item = item->next;
    CHECK_INT(pserver_jsonrpc_block(item, &block), PSERVER_INVALID);
    CHECK_INT(pserver_jsonrpc_block(NULL, &block), PSERVER_INVALID);

    pserver_json_free(doc);
}


TEST(logs)
{
    size_t                   n;
    pserver_json_doc_t      *doc;
    pserver_json_limits_t    limits;
    const pserver_json_t    *item;
    pserver_jsonrpc_log_t    log;

    static const char  good[] =
        "[" LOG_HEAD "\"topics\":[" TOPIC "," TOPIC "]},"
        LOG_HEAD "\"topics\":[],\"removed\":false},"
        LOG_HEAD "\"topics\":[" TOPIC "," TOPIC "," TOPIC "," TOPIC "]}]";

    static const char  bad[] =
        "[" LOG_HEAD "\"topics\":[" TOPIC "],\"removed\":true},"
        LOG_HEAD "\"topics\":[" TOPIC "],\"removed\":\"false\"},"
        LOG_HEAD "\"topics\":[" TOPIC ",\"0x00\"]},"
        LOG_HEAD "\"topics\":[" TOPIC "," TOPIC "," TOPIC "," TOPIC ","
                               TOPIC "]},"
        LOG_HEAD "\"topics\":" TOPIC "},"
        LOG_HEAD "\"removed\":false},"
        "{\"topics\":[" TOPIC "]}," BLOCK ",[],null]";

    static const size_t  topics[] = { 2, 0, 4 };

    limits.depth = 8;
    limits.nodes = 200;

    CHECK_INT(pserver_json_parse((u_char *) good, sizeof(good) - 1, &limits,
                                 &doc), PSERVER_OK);

    n = 0;

    for (item = pserver_json_root(doc)->child; item; item = item->next) {
        CHECK_INT(pserver_jsonrpc_log(item, &log), PSERVER_OK);
        CHECK_INT(log.n, topics[n]);
        CHECK_INT(log.address.bytes[19], 0xab);
        CHECK_INT(log.block.bytes[1], 0x11);

        if (log.n) {
            CHECK_INT(log.topics[log.n - 1].bytes[31], 0x14);
        }

        n++;
    }

    pserver_json_free(doc);

    CHECK_INT(pserver_json_parse((u_char *) bad, sizeof(bad) - 1, &limits,
                                 &doc), PSERVER_OK);

    for (item = pserver_json_root(doc)->child; item; item = item->next) {
        CHECK_INT(pserver_jsonrpc_log(item, &log), PSERVER_INVALID);
    }

    pserver_json_free(doc);
}


TEST_MAIN
