/*
 * The contract ABI against what deployed contracts have returned, and what
 * a wrong or malicious node could return instead.
 */

#include "core/abi.h"
#include "test.h"
#include "vector.h"


#define ABI_TEST_MAX  8192


typedef struct {
    const char                *name;
    pserver_abi_function_e     function;
} abi_test_function_t;


static const abi_test_function_t  abi_test_functions[] = {
    { "permissions(uint256)", PSERVER_ABI_PERMISSIONS },
    { "granteesV2(uint256)", PSERVER_ABI_GRANTEES_V2 },
    { "grantees(uint256)", PSERVER_ABI_GRANTEES },
    { "granteeAddressToId(address)", PSERVER_ABI_GRANTEE_ID },
    { "files(uint256)", PSERVER_ABI_FILES },
    { "filePermissions(uint256,address)", PSERVER_ABI_FILE_PERMISSIONS },
    { "serverByAddress(address)", PSERVER_ABI_SERVER },
    { "userServers(address,uint256)", PSERVER_ABI_USER_SERVERS }
};


static size_t
abi_test_hex(const pserver_json_t *value, u_char *dst)
{
    size_t  len;

    len = (value->value.len - 2) / 2;

    CHECK(len <= ABI_TEST_MAX);
    CHECK_INT(pserver_hex0x_decode(dst, len, value->value), PSERVER_OK);

    return len;
}


static const pserver_json_t *
abi_test_item(const pserver_json_t *array, size_t n)
{
    const pserver_json_t  *item;

    for (item = array->child; item && n; item = item->next) {
        n--;
    }

    return item;
}


static void
abi_test_word(const pserver_word_t *word, const pserver_json_t *expected)
{
    u_char         text[PSERVER_WORD_DEC_LEN];
    pserver_str_t  found;

    found.data = text;
    found.len = (size_t) (pserver_word_decimal(text, word) - text);

    CHECK(pserver_json_is(expected, "") == 0);
    CHECK_INT(found.len, expected->value.len);
    CHECK_MEM(found.data, expected->value.data, found.len);
}


static void
abi_test_address(const pserver_address_t *address,
    const pserver_json_t *expected)
{
    pserver_address_t  other;

    CHECK_INT(pserver_hex0x_decode(other.bytes, 20, expected->value),
              PSERVER_OK);
    CHECK_MEM(address->bytes, other.bytes, 20);
}


static void
abi_test_str(pserver_str_t str, const pserver_json_t *expected)
{
    CHECK_INT(str.len, expected->value.len);

    if (str.len == expected->value.len) {
        CHECK_MEM(str.data, expected->value.data, str.len);
    }
}


/* decodes with the decoder of the function; what is decoded is dropped */

static int
abi_test_decode(pserver_abi_function_e function, const u_char *data,
    size_t len)
{
    pserver_str_t             string;
    pserver_word_t            word;
    pserver_abi_file_t        file;
    pserver_abi_server_t      server;
    pserver_abi_grantee_t     grantee;
    pserver_abi_permission_t  permission;

    switch (function) {

    case PSERVER_ABI_PERMISSIONS:
        return pserver_abi_permission(data, len, &permission);

    case PSERVER_ABI_GRANTEES_V2:
        return pserver_abi_grantee_v2(data, len, &grantee);

    case PSERVER_ABI_GRANTEES:
        return pserver_abi_grantee(data, len, &grantee);

    case PSERVER_ABI_GRANTEE_ID:
        return pserver_abi_uint(data, len, &word);

    case PSERVER_ABI_FILES:
        return pserver_abi_file(data, len, &file);

    case PSERVER_ABI_FILE_PERMISSIONS:
        return pserver_abi_string(data, len, &string);

    case PSERVER_ABI_SERVER:
        return pserver_abi_server(data, len, &server);

    default:
        return pserver_abi_user_server(data, len, &server);
    }
}


static void
abi_test_returned(pserver_abi_function_e function, const u_char *data,
    size_t len, const pserver_json_t *expected)
{
    size_t                    i;
    pserver_str_t             string;
    pserver_word_t            word;
    pserver_abi_file_t        file;
    const pserver_json_t     *ids;
    pserver_abi_server_t      server;
    pserver_abi_grantee_t     grantee;
    pserver_abi_permission_t  permission;

    switch (function) {

    case PSERVER_ABI_PERMISSIONS:
        CHECK_INT(pserver_abi_permission(data, len, &permission), PSERVER_OK);
        abi_test_word(&permission.id, abi_test_item(expected, 0));
        abi_test_address(&permission.grantor, abi_test_item(expected, 1));
        abi_test_word(&permission.nonce, abi_test_item(expected, 2));
        abi_test_word(&permission.grantee_id, abi_test_item(expected, 3));
        abi_test_str(permission.grant, abi_test_item(expected, 4));
        abi_test_word(&permission.start_block, abi_test_item(expected, 5));
        abi_test_word(&permission.end_block, abi_test_item(expected, 6));

        ids = abi_test_item(expected, 7);
        CHECK_INT(permission.files, ids->count);

        for (i = 0; i < permission.files; i++) {
            memcpy(word.bytes, permission.file_ids + i * 32, 32);
            abi_test_word(&word, abi_test_item(ids, i));
        }

        break;

    case PSERVER_ABI_GRANTEES_V2:
    case PSERVER_ABI_GRANTEES:
        CHECK_INT(function == PSERVER_ABI_GRANTEES
                  ? pserver_abi_grantee(data, len, &grantee)
                  : pserver_abi_grantee_v2(data, len, &grantee),
                  PSERVER_OK);
        abi_test_address(&grantee.owner, abi_test_item(expected, 0));
        abi_test_address(&grantee.address, abi_test_item(expected, 1));
        abi_test_str(grantee.public_key, abi_test_item(expected, 2));
        break;

    case PSERVER_ABI_GRANTEE_ID:
        CHECK_INT(pserver_abi_uint(data, len, &word), PSERVER_OK);
        abi_test_word(&word, expected->count ? abi_test_item(expected, 0)
                                             : expected);
        break;

    case PSERVER_ABI_FILES:
        CHECK_INT(pserver_abi_file(data, len, &file), PSERVER_OK);
        abi_test_word(&file.id, abi_test_item(expected, 0));
        abi_test_address(&file.owner, abi_test_item(expected, 1));
        abi_test_str(file.url, abi_test_item(expected, 2));
        abi_test_word(&file.schema_id, abi_test_item(expected, 3));
        abi_test_word(&file.added_at_block, abi_test_item(expected, 4));
        break;

    case PSERVER_ABI_FILE_PERMISSIONS:
        CHECK_INT(pserver_abi_string(data, len, &string), PSERVER_OK);
        abi_test_str(string, expected);
        break;

    default: /* PSERVER_ABI_SERVER */
        CHECK_INT(pserver_abi_server(data, len, &server), PSERVER_OK);
        abi_test_word(&server.id, abi_test_item(expected, 0));
        abi_test_address(&server.owner, abi_test_item(expected, 1));
        abi_test_address(&server.address, abi_test_item(expected, 2));
        abi_test_str(server.public_key, abi_test_item(expected, 3));
        abi_test_str(server.url, abi_test_item(expected, 4));
        break;
    }
}


static const abi_test_function_t *
abi_test_function(const pserver_json_t *name)
{
    size_t  i;

    for (i = 0; i < sizeof(abi_test_functions) / sizeof(*abi_test_functions);
         i++)
    {
        if (pserver_json_is(name, abi_test_functions[i].name)) {
            return &abi_test_functions[i];
        }
    }

    fprintf(stderr, "unknown function in t/vectors/abi.json\n");
    exit(2);
}


TEST(calldata_of_all_vectors)
{
    size_t                      n, len, calls;
    u_char                      found[PSERVER_ABI_CALL_MAX];
    u_char                      expected[ABI_TEST_MAX];
    pserver_word_t              args[2];
    pserver_address_t           address;
    pserver_json_doc_t         *doc;
    const pserver_json_t       *call, *arg;
    const abi_test_function_t  *function;

    doc = vector_open("t/vectors/abi.json");
    calls = 0;

    for (call = pserver_json_get(pserver_json_root(doc), "calls")->child;
         call;
         call = call->next)
    {
        function = abi_test_function(pserver_json_get(call, "function"));
        n = 0;

        for (arg = pserver_json_get(call, "args")->child; arg;
             arg = arg->next)
        {
            if (pserver_hex0x_decode(address.bytes, 20, arg->value)
                == PSERVER_OK)
            {
                pserver_abi_address(&args[n++], &address);

            } else {
                CHECK_INT(pserver_word_parse(&args[n++], arg->value),
                          PSERVER_OK);
            }
        }

        len = abi_test_hex(pserver_json_get(call, "calldata"), expected);

        CHECK_INT(pserver_abi_call(found, function->function, args), len);
        CHECK_MEM(found, expected, len);
        calls++;
    }

    CHECK_INT(calls, 23);
    pserver_json_free(doc);
}


TEST(returns_of_all_vectors)
{
    size_t                      len, decoded, reverted;
    u_char                      data[ABI_TEST_MAX];
    pserver_json_doc_t         *doc;
    const pserver_json_t       *call, *returns;
    const abi_test_function_t  *function;

    doc = vector_open("t/vectors/abi.json");
    decoded = 0;
    reverted = 0;

    for (call = pserver_json_get(pserver_json_root(doc), "calls")->child;
         call;
         call = call->next)
    {
        function = abi_test_function(pserver_json_get(call, "function"));
        returns = pserver_json_get(call, "returns");

        if (returns == NULL || returns->type == PSERVER_JSON_NULL) {
            CHECK(pserver_json_is(pserver_json_get(call, "reverts"),
                                  "0x7e9e38a5"));
            CHECK_INT(PSERVER_ABI_NOT_TRUSTED, 0x7e9e38a5);
            reverted++;
            continue;
        }

        len = abi_test_hex(returns, data);
        abi_test_returned(function->function, data, len,
                          pserver_json_get(call, "decoded"));
        decoded++;
    }

    CHECK_INT(decoded, 22);
    CHECK_INT(reverted, 1);
    pserver_json_free(doc);
}


/* every truncation, every byte more, every bit of the offsets and of the
   upper bytes of the address */

TEST(only_the_one_encoding_is_taken)
{
    size_t                      i, len, at, taken;
    u_char                      data[ABI_TEST_MAX], bit;
    pserver_json_doc_t         *doc;
    const pserver_json_t       *call, *returns;
    const abi_test_function_t  *function;

    static const size_t  strict[][2] = {
        { 0, 32 }, { 64, 76 }, { 160, 192 }, { 256, 288 }
    };

    doc = vector_open("t/vectors/abi.json");
    taken = 0;

    for (call = pserver_json_get(pserver_json_root(doc), "calls")->child;
         call;
         call = call->next)
    {
        returns = pserver_json_get(call, "returns");

        if (returns == NULL || returns->type == PSERVER_JSON_NULL) {
            continue;
        }

        function = abi_test_function(pserver_json_get(call, "function"));
        len = abi_test_hex(returns, data);

        CHECK_INT(abi_test_decode(function->function, data, 0),
                  PSERVER_AGAIN);

        for (i = 1; i < len; i++) {
            if (abi_test_decode(function->function, data, i)
                != PSERVER_INVALID)
            {
                CHECK_INT(i, len);
            }
        }

        memset(data + len, 0, 64);
        CHECK_INT(abi_test_decode(function->function, data, len + 1),
                  PSERVER_INVALID);
        CHECK_INT(abi_test_decode(function->function, data, len + 32),
                  PSERVER_INVALID);

        if (function->function != PSERVER_ABI_PERMISSIONS) {
            continue;
        }

        for (i = 0; i < sizeof(strict) / sizeof(*strict); i++) {
            for (at = strict[i][0]; at < strict[i][1]; at++) {
                for (bit = 128; bit; bit >>= 1) {
                    data[at] ^= bit;

                    if (abi_test_decode(function->function, data, len)
                        != PSERVER_INVALID)
                    {
                        taken++;
                    }

                    data[at] ^= bit;
                }
            }
        }
    }

    CHECK_INT(taken, 0);
    pserver_json_free(doc);
}


TEST(lengths_near_the_limits)
{
    u_char         data[96];
    pserver_str_t  str;

    memset(data, 0, sizeof(data));
    data[31] = 32;
    memset(data + 64, 'x', 32);

    data[63] = 32;
    CHECK_INT(pserver_abi_string(data, 96, &str), PSERVER_OK);
    CHECK_INT(str.len, 32);

    data[63] = 31;
    CHECK_INT(pserver_abi_string(data, 96, &str), PSERVER_INVALID);

    data[95] = 0;
    CHECK_INT(pserver_abi_string(data, 96, &str), PSERVER_OK);
    CHECK_INT(str.len, 31);

    data[63] = 33;
    CHECK_INT(pserver_abi_string(data, 96, &str), PSERVER_INVALID);

    memset(data + 32, 0xff, 32);
    CHECK_INT(pserver_abi_string(data, 96, &str), PSERVER_INVALID);

    memset(data + 32, 0, 24);
    CHECK_INT(pserver_abi_string(data, 96, &str), PSERVER_INVALID);

    memset(data + 32, 0, 32);
    data[32] = 1;
    data[63] = 31;
    CHECK_INT(pserver_abi_string(data, 96, &str), PSERVER_INVALID);
}


TEST(events_of_all_vectors)
{
    size_t                 n, added, revoked;
    u_char                 data[ABI_TEST_MAX];
    pserver_word_t         topics[4], id;
    pserver_json_doc_t    *doc;
    pserver_abi_event_e    event;
    const pserver_json_t  *log, *topic;

    doc = vector_open("t/vectors/abi.json");
    added = 0;
    revoked = 0;

    for (log = pserver_json_get(pserver_json_root(doc), "logs")->child;
         log;
         log = log->next)
    {
        n = 0;

        for (topic = pserver_json_get(log, "topics")->child; topic;
             topic = topic->next)
        {
            CHECK_INT(abi_test_hex(topic, data), 32);
            memcpy(topics[n++].bytes, data, 32);
        }

        CHECK_INT(pserver_abi_event(topics, n, &event, &id), PSERVER_OK);
        CHECK_MEM(&id, &topics[1], 32);

        if (event == PSERVER_ABI_PERMISSION_ADDED) {
            CHECK(pserver_json_is(pserver_json_get(log, "event"),
                                  "PermissionAdded"));
            added++;

        } else {
            CHECK(pserver_json_is(pserver_json_get(log, "event"),
                                  "PermissionRevoked"));
            revoked++;
        }

        CHECK_INT(pserver_abi_event(topics, n - 1, &event, &id),
                  PSERVER_INVALID);

        topics[0].bytes[31] ^= 1;
        CHECK_INT(pserver_abi_event(topics, n, &event, &id),
                  PSERVER_INVALID);
    }

    CHECK_INT(added, 4);
    CHECK_INT(revoked, 1);
    CHECK_INT(pserver_abi_event(topics, 0, &event, &id), PSERVER_INVALID);
    pserver_json_free(doc);
}


TEST_MAIN
