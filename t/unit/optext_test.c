/*
 * The body of POST /api/v1/operations.
 */

#include "core/json_write.h"
#include "core/optext.h"
#include "vector.h"


#define R    "2f714a86b7e8ddb7c4324923c3e55f303ff90043a38a07c9e982ae9c591cc015"
#define SIG  "0x" R R "1b"

/* the account of key 1, and another */
#define MINE   "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"
#define OTHER  "0x2b5ad5c4795c026514f8317c7a215e218dccd6cf"


static pserver_str_t
str(const char *text)
{
    pserver_str_t  s;

    s.data = (u_char *) text;
    s.len = strlen(text);

    return s;
}


/* the body that carries this text, in malloc'd memory */

static pserver_str_t
body_of(pserver_str_t signature, pserver_str_t text)
{
    u_char         *p;
    pserver_str_t   body;

    body.data = malloc(64 + pserver_json_quote(NULL, signature)
                       + pserver_json_quote(NULL, text));
    p = body.data;

    p += sprintf((char *) p, "{\"app_signature\":");
    p += pserver_json_quote(p, signature);
    p += sprintf((char *) p, ",\"operation_request_json\":");
    p += pserver_json_quote(p, text);
    *p++ = '}';

    body.len = (size_t) (p - body.data);

    return body;
}


static pserver_optext_reason_e
parse_text(pserver_optext_t *optext, const char *text)
{
    pserver_str_t            body;
    pserver_optext_reason_e  reason;

    body = body_of(str(SIG), str(text));
    reason = pserver_optext_parse(optext, body.data, body.len);

    free(body.data);

    return reason;
}


TEST(signer)
{
    size_t                 n;
    pserver_str_t          body, text;
    pserver_optext_t       optext;
    pserver_address_t      expected;
    secp256k1_context     *secp;
    pserver_json_doc_t    *doc;
    const pserver_json_t  *c;

    secp = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
    doc = vector_open("t/vectors/eip191.json");
    n = 0;

    for (c = vector_get(pserver_json_root(doc), "cases")->child; c;
         c = c->next)
    {
        text = vector_str(c, "text");

        if (!vector_same(text, str("{\"permission_id\": 1024}"))) {
            continue;
        }

        n++;

        body = body_of(vector_str(c, "signature"), text);

        CHECK_INT(pserver_optext_parse(&optext, body.data, body.len),
                  PSERVER_OPTEXT_OK);
        CHECK(vector_same(optext.text, text));

        CHECK_INT(pserver_optext_signer(secp, PSERVER_ACCOUNTS_KEY, &optext),
                  PSERVER_OPTEXT_OK);

        pserver_address_parse(&expected, vector_str(c, "address"));
        CHECK_MEM(optext.address.bytes, expected.bytes, 20);

        CHECK_INT(optext.permission_id.bytes[30], 4);
        CHECK_INT(optext.permission_id.bytes[31], 0);

        pserver_optext_free(&optext);

        /* v that is none */

        memcpy(body.data + sizeof("{\"app_signature\":\"") - 1 + 130, "1f",
               2);

        CHECK_INT(pserver_optext_parse(&optext, body.data, body.len),
                  PSERVER_OPTEXT_OK);
        CHECK_INT(pserver_optext_signer(secp, PSERVER_ACCOUNTS_KEY, &optext),
                  PSERVER_OPTEXT_SIGNER);

        pserver_optext_free(&optext);
        free(body.data);
    }

    CHECK_INT(n, 3);

    pserver_json_free(doc);
    secp256k1_context_destroy(secp);
}


/*
 * Whose signature it is, by the accounts that are taken, and after no code, a
 * refusal, a signature of the account.
 */

TEST(accounts)
{
    size_t                i, j, k;
    u_char                digits[PSERVER_SIGNATURE_LEN];
    pserver_str_t         text, body, signature;
    pserver_word_t        digest;
    pserver_optext_t      optext;
    secp256k1_context    *secp;
    pserver_signature_t   by_key;

    static const u_char  key[32] = { [31] = 1 };

#define OK      PSERVER_OPTEXT_OK
#define ASK     PSERVER_OPTEXT_ASK
#define ISSUER  PSERVER_OPTEXT_ISSUER
#define SIGNER  PSERVER_OPTEXT_SIGNER

    static const struct {
        const char               *text;
        const char               *signature;     /* NULL: of the key */
        pserver_optext_reason_e   reason[4];
        pserver_optext_reason_e   answered[4][3];
    } cases[] = {
        { "{\"permission_id\":1}", NULL, { OK, SIGNER, OK, ASK },
          { { 0 }, { 0 }, { 0 }, { OK, ISSUER, OK } } },
        { "{\"permission_id\":1,\"iss\":\"" MINE "\"}", NULL,
          { OK, ASK, OK, ASK },
          { { 0 }, { ISSUER, ISSUER, OK }, { 0 }, { OK, ISSUER, OK } } },
        { "{\"permission_id\":1,\"iss\":\"" OTHER "\"}", NULL,
          { ISSUER, ASK, ASK, ASK },
          { { 0 }, { ISSUER, ISSUER, OK }, { ISSUER, ISSUER, OK },
            { ISSUER, ISSUER, OK } } },
        { "{\"permission_id\":1,\"iss\":\"" OTHER "\"}", "0xabcd",
          { SIGNER, ASK, ASK, ASK },
          { { 0 }, { ISSUER, ISSUER, OK }, { ISSUER, ISSUER, OK },
            { ISSUER, ISSUER, OK } } }
    };

    secp = secp256k1_context_create(SECP256K1_CONTEXT_NONE);

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {

        text = str(cases[i].text);
        pserver_eip191_digest(&digest, text);
        CHECK_INT(pserver_signature_sign(secp, &by_key, key, &digest),
                  PSERVER_OK);
        pserver_signature_format(digits, &by_key);

        signature.data = digits;
        signature.len = sizeof(digits);

        if (cases[i].signature) {
            signature = str(cases[i].signature);
        }

        body = body_of(signature, text);

        for (j = 0; j < 4; j++) {
            CHECK_INT(pserver_optext_parse(&optext, body.data, body.len), OK);

            if (!CHECK_INT(pserver_optext_signer(secp, j, &optext),
                           cases[i].reason[j]))
            {
                fprintf(stderr, "    case %zu, accounts %zu\n", i, j);
            }

            if (cases[i].reason[j] == OK || cases[i].reason[j] == ASK) {
                CHECK_INT(optext.address.bytes[0],
                          strstr(cases[i].text, OTHER) ? 0x2b : 0x7e);
            }

            for (k = 0; cases[i].reason[j] == ASK && k < 3; k++) {
                static const pserver_account_answer_e  answers[] = {
                    PSERVER_ACCOUNT_NO_CODE, PSERVER_ACCOUNT_REFUSES,
                    PSERVER_ACCOUNT_SIGNED
                };

                CHECK_INT(pserver_optext_answered(&optext, j, answers[k]),
                          cases[i].answered[j][k]);
            }

            pserver_optext_free(&optext);
        }

        free(body.data);
    }

    secp256k1_context_destroy(secp);
}


/* what is not 65 bytes is only of an account that the text names */

TEST(signatures)
{
    size_t            i;
    char              longest[2 + 2 * PSERVER_ACCOUNT_SIGNATURE_MAX + 3];
    char              longer[sizeof(longest)];
    pserver_str_t     body;
    pserver_optext_t  optext;

    static const char  key[] = "{\"permission_id\":1}";
    static const char  iss[] = "{\"permission_id\":1,\"iss\":\"" OTHER "\"}";

    struct {
        const char               *signature;
        const char               *text;
        pserver_optext_reason_e   reason;
    } cases[] = {
        { SIG, key, OK },
        { SIG, iss, OK },
        { SIG "00", key, PSERVER_OPTEXT_SIGNATURE_PATTERN },
        { SIG "00", iss, OK },
        { "0x11", iss, OK },
        { "0x11", key, PSERVER_OPTEXT_SIGNATURE_PATTERN },
        { "0x11", "{}", PSERVER_OPTEXT_SIGNATURE_PATTERN },
        { "0x11", "x", PSERVER_OPTEXT_SIGNATURE_PATTERN },
        { "0x1", iss, PSERVER_OPTEXT_SIGNATURE_PATTERN },
        { "0x", iss, PSERVER_OPTEXT_SIGNATURE_PATTERN },
        { "0x1g", iss, PSERVER_OPTEXT_SIGNATURE_PATTERN },
        { "11", iss, PSERVER_OPTEXT_SIGNATURE_PATTERN },
        { longest, iss, OK },
        { longer, iss, PSERVER_OPTEXT_SIGNATURE_PATTERN }
    };

    memset(longer, 'a', sizeof(longer) - 1);
    memcpy(longer, "0x", 2);
    longer[sizeof(longer) - 1] = '\0';

    memcpy(longest, longer, sizeof(longer));
    longest[2 + 2 * PSERVER_ACCOUNT_SIGNATURE_MAX] = '\0';

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        body = body_of(str(cases[i].signature), str(cases[i].text));

        if (!CHECK_INT(pserver_optext_parse(&optext, body.data, body.len),
                       cases[i].reason))
        {
            fprintf(stderr, "    case %zu\n", i);
        }

        pserver_optext_free(&optext);
        free(body.data);
    }
}


TEST(all_members)
{
    u_char            text[64];
    uint64_t          id;
    pserver_str_t     s;
    pserver_optext_t  optext;

    CHECK_INT(parse_text(&optext,
                  "{\"permission_id\":\"7\",\"operation\":\"word_count\","
                  "\"parameters\":{\"a\":[1]},\"aud\":\"https://x\","
                  "\"chain_id\":1480,\"nonce\":\"n\",\"exp\":1700000000,"
                  "\"iss\":\"" OTHER "\",\"other\":[]}"),
              PSERVER_OPTEXT_OK);

    CHECK_INT(pserver_word_uint64(&optext.permission_id, &id), PSERVER_OK);
    CHECK_INT(id, 7);
    CHECK_STR(optext.operation, "word_count");
    CHECK_STR(optext.aud, "https://x");
    CHECK_STR(optext.nonce, "n");
    CHECK(optext.has_chain_id);
    CHECK_INT(optext.chain_id, 1480);
    CHECK(optext.has_exp);
    CHECK_INT(optext.exp, 1700000000);
    CHECK(optext.has_iss);
    CHECK_INT(optext.iss.bytes[19], 0xcf);

    s.data = text;
    s.len = pserver_json_write(text, optext.parameters);
    CHECK_STR(s, "{\"a\":[1]}");

    pserver_optext_free(&optext);

    /* without, and null */

    CHECK_INT(parse_text(&optext,
                  "{\"permission_id\":7,\"operation\":null,"
                  "\"parameters\":null,\"aud\":null,\"chain_id\":null,"
                  "\"nonce\":null,\"exp\":null,\"iss\":null}"),
              PSERVER_OPTEXT_OK);

    CHECK(optext.operation.data == NULL);
    CHECK(optext.parameters == NULL);
    CHECK(optext.aud.data == NULL);
    CHECK(optext.nonce.data == NULL);
    CHECK(!optext.has_chain_id);
    CHECK(!optext.has_exp);
    CHECK(!optext.has_iss);

    pserver_optext_free(&optext);
}


TEST(permission_ids)
{
    char              text[160];
    size_t            i;
    u_char            decimal[PSERVER_WORD_DEC_LEN];
    pserver_str_t     s;
    pserver_optext_t  optext;

#define MAX_DEC                                                               \
    "1157920892373161954235709850086879078532699846656405640394575840079131"  \
    "29639935"

    static const struct {
        const char               *json;
        const char               *decimal;
        pserver_optext_reason_e   reason;
    } cases[] = {
        { "1", "1", PSERVER_OPTEXT_OK },
        { "9007199254740991", "9007199254740991", PSERVER_OPTEXT_OK },
        { "\"9007199254740992\"", "9007199254740992", PSERVER_OPTEXT_OK },
        { "\"" MAX_DEC "\"", MAX_DEC, PSERVER_OPTEXT_OK },
        { "9007199254740992", NULL, PSERVER_OPTEXT_PERMISSION_TYPE },
        { "\"9" MAX_DEC "\"", NULL, PSERVER_OPTEXT_PERMISSION_TYPE },
        { "0", NULL, PSERVER_OPTEXT_PERMISSION_ZERO },
        { "-0", NULL, PSERVER_OPTEXT_PERMISSION_ZERO },
        { "-1", NULL, PSERVER_OPTEXT_PERMISSION_ZERO },
        { "-99999999999999999999999", NULL, PSERVER_OPTEXT_PERMISSION_ZERO },
        { "\"0\"", NULL, PSERVER_OPTEXT_PERMISSION_ZERO },
        { "\"-5\"", NULL, PSERVER_OPTEXT_PERMISSION_ZERO },
        { "\"\"", NULL, PSERVER_OPTEXT_PERMISSION_TYPE },
        { "\"-\"", NULL, PSERVER_OPTEXT_PERMISSION_TYPE },
        { "\"007\"", NULL, PSERVER_OPTEXT_PERMISSION_TYPE },
        { "\"0x7\"", NULL, PSERVER_OPTEXT_PERMISSION_TYPE },
        { "\" 7\"", NULL, PSERVER_OPTEXT_PERMISSION_TYPE },
        { "\"+7\"", NULL, PSERVER_OPTEXT_PERMISSION_TYPE },
        { "1.0", NULL, PSERVER_OPTEXT_PERMISSION_TYPE },
        { "1e3", NULL, PSERVER_OPTEXT_PERMISSION_TYPE },
        { "true", NULL, PSERVER_OPTEXT_PERMISSION_TYPE },
        { "null", NULL, PSERVER_OPTEXT_PERMISSION_TYPE },
        { "[1]", NULL, PSERVER_OPTEXT_PERMISSION_TYPE }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        snprintf(text, sizeof(text), "{\"permission_id\":%s}",
                 cases[i].json);

        if (!CHECK_INT(parse_text(&optext, text), cases[i].reason)) {
            fprintf(stderr, "    text %s\n", text);
        }

        if (cases[i].decimal) {
            s.data = decimal;
            s.len = (size_t) (pserver_word_decimal(decimal,
                                                   &optext.permission_id)
                              - decimal);
            CHECK_STR(s, cases[i].decimal);
        }

        pserver_optext_free(&optext);
    }
}


TEST(texts_refused)
{
    size_t            i;
    pserver_optext_t  optext, zero;

    static const struct {
        const char               *text;
        pserver_optext_reason_e   reason;
    } cases[] = {
        { "", PSERVER_OPTEXT_TEXT_SHORT },
        { "1", PSERVER_OPTEXT_TEXT_SHORT },
        { "\xc3\xa9", PSERVER_OPTEXT_TEXT_SHORT },
        { "xx", PSERVER_OPTEXT_TEXT_JSON },
        { "{\"permission_id\":1} x", PSERVER_OPTEXT_TEXT_JSON },
        { "{\"permission_id\":1,\"a\":\"\\ud800\"}",
          PSERVER_OPTEXT_TEXT_JSON },
        { "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
          PSERVER_OPTEXT_TEXT_JSON },
        { "{\"permission_id\":1,\"permission_id\":2}",
          PSERVER_OPTEXT_TEXT_DUPLICATE },
        { "{\"permission_id\":1,\"parameters\":{\"a\":1,\"a\":2}}",
          PSERVER_OPTEXT_TEXT_DUPLICATE },
        { "[]", PSERVER_OPTEXT_TEXT_OBJECT },
        { "17", PSERVER_OPTEXT_TEXT_OBJECT },
        { "{}", PSERVER_OPTEXT_PERMISSION_MISSING },
        { "{\"permission_id\":1,\"operation\":1}",
          PSERVER_OPTEXT_OPERATION },
        { "{\"permission_id\":1,\"operation\":\"\"}",
          PSERVER_OPTEXT_OPERATION },
        { "{\"permission_id\":1,\"parameters\":[]}",
          PSERVER_OPTEXT_PARAMETERS },
        { "{\"permission_id\":1,\"parameters\":\"{}\"}",
          PSERVER_OPTEXT_PARAMETERS },
        { "{\"permission_id\":1,\"aud\":1}", PSERVER_OPTEXT_AUD },
        { "{\"permission_id\":1,\"chain_id\":\"1480\"}",
          PSERVER_OPTEXT_CHAIN_ID },
        { "{\"permission_id\":1,\"chain_id\":-1}",
          PSERVER_OPTEXT_CHAIN_ID },
        { "{\"permission_id\":1,\"nonce\":\"\"}", PSERVER_OPTEXT_NONCE },
        { "{\"permission_id\":1,\"nonce\":5}", PSERVER_OPTEXT_NONCE },
        { "{\"permission_id\":1,\"exp\":\"5\"}", PSERVER_OPTEXT_EXP },
        { "{\"permission_id\":1,\"exp\":1.5}", PSERVER_OPTEXT_EXP },
        { "{\"permission_id\":1,\"exp\":9007199254740992}",
          PSERVER_OPTEXT_EXP },
        { "{\"permission_id\":1,\"iss\":1}", PSERVER_OPTEXT_ISS },
        { "{\"permission_id\":1,\"iss\":\"\"}", PSERVER_OPTEXT_ISS },
        { "{\"permission_id\":1,\"iss\":\"me\"}", PSERVER_OPTEXT_ISS },
        { "{\"permission_id\":1,\"iss\":\"" OTHER "0\"}",
          PSERVER_OPTEXT_ISS }
    };

    memset(&zero, 0, sizeof(zero));

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (!CHECK_INT(parse_text(&optext, cases[i].text),
                       cases[i].reason))
        {
            fprintf(stderr, "    text %s\n", cases[i].text);
        }

        CHECK_MEM(&optext, &zero, sizeof(zero));
        CHECK(pserver_optext_error(cases[i].reason)->status == 422);
    }
}


TEST(bodies_refused)
{
    size_t                         i;
    pserver_optext_t               optext;
    const pserver_optext_error_t  *error;

#define TEXT  "\"operation_request_json\":\"{\\\"permission_id\\\":1}\""

    static const struct {
        const char  *body;
        const char  *loc;
        const char  *type;
    } cases[] = {
        { "", NULL, "json_invalid" },
        { "{", NULL, "json_invalid" },
        { "{}x", NULL, "json_invalid" },
        { "[]", NULL, "dict_type" },
        { "\"x\"", NULL, "dict_type" },
        { "{\"a\":1,\"a\":1}", NULL, "value_error" },
        { "{}", "app_signature", "missing" },
        { "{" TEXT "}", "app_signature", "missing" },
        { "{\"app_signature\":1," TEXT "}", "app_signature", "string_type" },
        { "{\"app_signature\":null," TEXT "}", "app_signature",
          "string_type" },
        { "{\"app_signature\":\"\"," TEXT "}", "app_signature",
          "string_pattern_mismatch" },
        { "{\"app_signature\":\"" SIG "0\"," TEXT "}", "app_signature",
          "string_pattern_mismatch" },
        { "{\"app_signature\":\"" SIG "\"}", "operation_request_json",
          "missing" },
        { "{\"app_signature\":\"" SIG "\",\"operation_request_json\":{}}",
          "operation_request_json", "string_type" },
        { "{\"app_signature\":\"" SIG "\",\"operation_request_json\":\"\"}",
          "operation_request_json", "string_too_short" }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        error = pserver_optext_error(
                    pserver_optext_parse(&optext, (u_char *) cases[i].body,
                                         strlen(cases[i].body)));

        CHECK_INT(error->status, 422);

        if (!CHECK(strcmp(error->type, cases[i].type) == 0)
            || !CHECK(cases[i].loc ? error->loc
                                     && strcmp(error->loc, cases[i].loc) == 0
                                   : error->loc == NULL))
        {
            fprintf(stderr, "    body %s\n", cases[i].body);
        }
    }

    /* other members do not matter */

    CHECK_INT(pserver_optext_parse(&optext,
                  (u_char *) "{\"x\":[{}],\"app_signature\":\"" SIG "\","
                             TEXT "}",
                  sizeof("{\"x\":[{}],\"app_signature\":\"" SIG "\","
                         TEXT "}") - 1),
              PSERVER_OPTEXT_OK);

    pserver_optext_free(&optext);
}


TEST(longest_text)
{
    char              *text;
    size_t             head, len;
    pserver_optext_t   optext;

    static const char  start[] = "{\"permission_id\":1,\"x\":\"";

    /* 100000 characters of two bytes each, as far as there is room */

    head = sizeof(start) - 1;
    text = malloc(300000);
    memcpy(text, start, head);

    for (len = head; len < head + 2 * (100000 - head - 2); len += 2) {
        memcpy(text + len, "\xc3\xa9", 2);
    }

    memcpy(text + len, "\"}", 3);

    CHECK_INT(parse_text(&optext, text), PSERVER_OPTEXT_OK);
    pserver_optext_free(&optext);

    memcpy(text + len, "x\"}", 4);

    CHECK_INT(parse_text(&optext, text), PSERVER_OPTEXT_TEXT_LONG);

    free(text);
}


TEST(checked)
{
    size_t                    i;
    pserver_optext_t          optext;
    static const pserver_str_t  origins[] = {
        pserver_string("https://us"), pserver_string("https://me")
    };

    pserver_optext_request_t  request = {
        { origins, 2 }, 1480, 1700000000, 0
    };

    static const struct {
        const char               *text;
        int                       require;
        pserver_optext_reason_e   reason;
    } cases[] = {
        { "{\"permission_id\":1}", 0, PSERVER_OPTEXT_OK },
        { "{\"permission_id\":1}", 1, PSERVER_OPTEXT_REQUIRED },
        { "{\"permission_id\":1,\"aud\":\"https://me\",\"chain_id\":1480,"
          "\"nonce\":\"a\",\"exp\":1700000000}", 1, PSERVER_OPTEXT_OK },
        { "{\"permission_id\":1,\"chain_id\":1480,\"nonce\":\"a\","
          "\"exp\":1700000000}", 1, PSERVER_OPTEXT_REQUIRED },
        { "{\"permission_id\":1,\"aud\":\"https://me\",\"nonce\":\"a\","
          "\"exp\":1700000000}", 1, PSERVER_OPTEXT_REQUIRED },
        { "{\"permission_id\":1,\"aud\":\"https://me\",\"chain_id\":1480,"
          "\"exp\":1700000000}", 1, PSERVER_OPTEXT_REQUIRED },
        { "{\"permission_id\":1,\"aud\":\"https://me\",\"chain_id\":1480,"
          "\"nonce\":\"a\"}", 1, PSERVER_OPTEXT_REQUIRED },
        { "{\"permission_id\":1,\"aud\":\"https://me/\"}", 0,
          PSERVER_OPTEXT_OTHER_AUD },
        { "{\"permission_id\":1,\"aud\":\"\"}", 0,
          PSERVER_OPTEXT_OTHER_AUD },
        { "{\"permission_id\":1,\"chain_id\":14800}", 0,
          PSERVER_OPTEXT_OTHER_CHAIN },
        { "{\"permission_id\":1,\"exp\":1699999940}", 0,
          PSERVER_OPTEXT_OK },
        { "{\"permission_id\":1,\"exp\":1699999939}", 0,
          PSERVER_OPTEXT_EXPIRED },
        { "{\"permission_id\":1,\"exp\":0}", 0, PSERVER_OPTEXT_EXPIRED }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        request.require = cases[i].require;

        CHECK_INT(parse_text(&optext, cases[i].text), PSERVER_OPTEXT_OK);

        if (!CHECK_INT(pserver_optext_check(&optext, &request),
                       cases[i].reason))
        {
            fprintf(stderr, "    text %s\n", cases[i].text);
        }

        pserver_optext_free(&optext);
    }
}


TEST(answers)
{
    CHECK_INT(pserver_optext_error(PSERVER_OPTEXT_OK)->status, 202);
    CHECK_INT(pserver_optext_error(PSERVER_OPTEXT_NOMEM)->status, 500);
    CHECK_INT(pserver_optext_error(PSERVER_OPTEXT_SIGNER)->status, 401);
    CHECK_INT(pserver_optext_error(PSERVER_OPTEXT_ISSUER)->status, 401);
    CHECK_INT(pserver_optext_error(PSERVER_OPTEXT_UNAVAILABLE)->status, 503);
    CHECK_INT(pserver_optext_error(PSERVER_OPTEXT_BUSY)->status, 503);
    CHECK_INT(pserver_optext_error(PSERVER_OPTEXT_PERMISSION_ZERO)->status,
              400);
    CHECK_INT(strcmp(pserver_optext_error(PSERVER_OPTEXT_PERMISSION_ZERO)
                     ->code, "VALIDATION_ERROR_PERMISSION_ID"), 0);
    CHECK_INT(strcmp(pserver_optext_error(PSERVER_OPTEXT_EXPIRED)->code,
                     "AUTHENTICATION_ERROR"), 0);
}


TEST_MAIN
