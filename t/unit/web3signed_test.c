/*
 * Authorization: Web3Signed.
 */

#include "core/web3signed.h"
#include "vector.h"

#include <sodium.h>


static secp256k1_context  *secp;


static pserver_str_t
str(const char *text)
{
    pserver_str_t  s;

    s.data = (u_char *) text;
    s.len = strlen(text);

    return s;
}


static secp256k1_context *
context(void)
{
    if (secp == NULL) {
        secp = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
    }

    return secp;
}


TEST(vectors)
{
    size_t                             n;
    u_char                             sha256[32], text[PSERVER_ADDRESS_LEN];
    pserver_str_t                      aud, body, value, address;
    pserver_json_doc_t                *doc;
    pserver_web3signed_t               claims;
    const pserver_json_t              *c, *expect, *header;
    pserver_web3signed_reason_e        reason;
    pserver_web3signed_request_t       request;
    const pserver_web3signed_error_t  *error;

    doc = vector_open("t/vectors/web3signed.json");
    n = 0;

    for (c = vector_get(pserver_json_root(doc), "cases")->child; c;
         c = c->next)
    {
        n++;

        expect = vector_get(c, "expect");
        header = pserver_json_get(c, "authorization");

        value.data = NULL;
        value.len = 0;

        if (header && header->type == PSERVER_JSON_STRING) {
            value = header->value;
        }

        aud = vector_str(c, "aud");

        request.aud.elts = &aud;
        request.aud.n = 1;
        request.method = vector_str(c, "method");
        request.uri = vector_str(c, "uri");
        request.now = vector_uint(c, "now");
        request.max_lifetime = 3600;
        request.accounts = PSERVER_ACCOUNTS_KEY;

        reason = pserver_web3signed_verify(context(), value, &request,
                                           &claims);

        if (reason == PSERVER_WEB3SIGNED_OK) {
            body = vector_str(c, "body");
            crypto_hash_sha256(sha256, body.data, body.len);

            reason = pserver_web3signed_body(&claims, sha256);
        }

        if (pserver_json_get(expect, "address")) {
            address.data = text;
            address.len = PSERVER_ADDRESS_LEN;

            pserver_address_format(text, &claims.address);

            if (!CHECK_INT(reason, PSERVER_WEB3SIGNED_OK)
                || !CHECK(vector_same(address,
                                      vector_str(expect, "address"))))
            {
                fprintf(stderr, "    %.*s\n",
                        (int) vector_str(c, "name").len,
                        (char *) vector_str(c, "name").data);
            }

        } else {
            error = pserver_web3signed_error(reason);

            CHECK_INT(error->status, vector_uint(expect, "status"));

            if (!CHECK(pserver_json_is(vector_get(expect, "code"),
                                       error->code))
                || !CHECK(pserver_json_get(expect, "reason") == NULL
                          || pserver_json_is(vector_get(expect, "reason"),
                                             error->reason)))
            {
                fprintf(stderr, "    %.*s: %s, %s\n",
                        (int) vector_str(c, "name").len,
                        (char *) vector_str(c, "name").data,
                        error->code, error->reason ? error->reason : "");
            }
        }

        pserver_web3signed_free(&claims);
    }

    CHECK_INT(n, 42);

    pserver_json_free(doc);
}


static const u_char  key[32] = { [31] = 1 };

static const pserver_str_t  origins[] = {
    pserver_string("https://me.example.org"),
    pserver_string("https://two.example.org")
};

static const pserver_web3signed_request_t  request = {
    { origins, 2 },
    pserver_string("POST"),
    pserver_string("/v1/data/a.b"),
    1700000000,
    3600,
    PSERVER_ACCOUNTS_KEY
};


static void
fill(pserver_web3signed_t *claims)
{
    memset(claims, 0, sizeof(pserver_web3signed_t));

    claims->aud = origins[0];
    claims->method = request.method;
    claims->uri = request.uri;
    claims->body_hash = str("sha256:");
    claims->iat = request.now;
    claims->exp = request.now + 60;
}


static pserver_web3signed_reason_e
verify(const pserver_web3signed_t *claims, pserver_web3signed_t *verified)
{
    pserver_str_t                value;
    pserver_web3signed_reason_e  reason;

    if (!CHECK_INT(pserver_web3signed_sign(context(), claims, key, &value),
                   PSERVER_OK))
    {
        memset(verified, 0, sizeof(pserver_web3signed_t));
        return PSERVER_WEB3SIGNED_NOMEM;
    }

    reason = pserver_web3signed_verify(context(), value, &request, verified);

    free(value.data);

    return reason;
}


TEST(signed_as_other_clients_do)
{
    pserver_str_t         value;
    pserver_json_doc_t   *doc;
    pserver_web3signed_t  claims;

    /* the first vector, signed by key 1 with sorted members */

    doc = vector_open("t/vectors/web3signed.json");

    memset(&claims, 0, sizeof(claims));

    claims.aud = str("http://localhost:8080");
    claims.method = str("GET");
    claims.uri = str("/v1/data/instagram.profile");
    claims.body_hash = str("sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4"
                           "649b934ca495991b7852b855");
    claims.iat = 1700000000;
    claims.exp = 1700000300;

    CHECK_INT(pserver_web3signed_sign(context(), &claims, key, &value),
              PSERVER_OK);
    CHECK(vector_same(value,
                      vector_str(vector_get(pserver_json_root(doc),
                                            "cases")->child,
                                 "authorization")));

    free(value.data);
    pserver_json_free(doc);
}


TEST(claims_come_back)
{
    pserver_web3signed_t  claims, verified;

    fill(&claims);
    claims.grant_id = str("7\"\\\n\x01");
    claims.nonce = str("\xc3\xa9");

    CHECK_INT(verify(&claims, &verified), PSERVER_WEB3SIGNED_OK);

    CHECK_STR(verified.aud, "https://me.example.org");
    CHECK(vector_same(verified.method, claims.method));
    CHECK(vector_same(verified.uri, claims.uri));
    CHECK_STR(verified.body_hash, "sha256:");
    CHECK_STR(verified.grant_id, "7\"\\\n\x01");
    CHECK_STR(verified.nonce, "\xc3\xa9");
    CHECK_INT(verified.iat, 1700000000);
    CHECK_INT(verified.exp, 1700000060);

    pserver_web3signed_free(&verified);

    /* each origin is an audience */

    claims.aud = origins[1];

    CHECK_INT(verify(&claims, &verified), PSERVER_WEB3SIGNED_OK);
    pserver_web3signed_free(&verified);

    claims.aud = str("https://me.example.or");

    CHECK_INT(verify(&claims, &verified), PSERVER_WEB3SIGNED_AUDIENCE);

    /* optional ones are told apart from empty ones */

    fill(&claims);
    claims.nonce = str("");

    CHECK_INT(verify(&claims, &verified), PSERVER_WEB3SIGNED_OK);
    CHECK(verified.grant_id.data == NULL);
    CHECK(verified.nonce.data != NULL);
    CHECK_INT(verified.nonce.len, 0);

    pserver_web3signed_free(&verified);
}


/*
 * Whose signature it is, by the accounts that are taken: an account without
 * iss, with its own, with that of another one, and of a contract.
 */

TEST(accounts)
{
    size_t                        i, j;
    pserver_str_t                 value;
    pserver_web3signed_t          claims, verified;
    pserver_web3signed_reason_e   reason;
    pserver_web3signed_request_t  asked;

    /* of key 1 */
    static const char  mine[] = "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf";
    static const char  other[] = "0x2b5ad5c4795c026514f8317c7a215e218dccd6cf";

#define OK        PSERVER_WEB3SIGNED_OK
#define ASK       PSERVER_WEB3SIGNED_ASK
#define ISSUER    PSERVER_WEB3SIGNED_ISSUER
#define RECOVERY  PSERVER_WEB3SIGNED_RECOVERY

    static const struct {
        const char                   *iss;
        uint64_t                      chain_id;
        pserver_web3signed_reason_e   reason[4];

        /* of ASK: after no code, a refusal, a signature */
        pserver_web3signed_reason_e   answered[4][3];
    } cases[] = {
        { NULL, 0, { OK, RECOVERY, OK, ASK },
          { { 0 }, { 0 }, { 0 }, { OK, ISSUER, OK } } },
        { mine, 0, { OK, ASK, OK, ASK },
          { { 0 }, { ISSUER, ISSUER, OK }, { 0 }, { OK, ISSUER, OK } } },
        { other, 0, { ISSUER, ASK, ASK, ASK },
          { { 0 }, { ISSUER, ISSUER, OK }, { ISSUER, ISSUER, OK },
            { ISSUER, ISSUER, OK } } },
        { other, 1480, { ISSUER, ASK, ASK, ASK },
          { { 0 }, { ISSUER, ISSUER, OK }, { ISSUER, ISSUER, OK },
            { ISSUER, ISSUER, OK } } }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {

        fill(&claims);
        claims.chain_id = cases[i].chain_id;

        if (cases[i].iss) {
            claims.iss = str(cases[i].iss);
        }

        CHECK_INT(pserver_web3signed_sign(context(), &claims, key, &value),
                  PSERVER_OK);

        for (j = 0; j < 4; j++) {
            asked = request;
            asked.accounts = j;

            reason = pserver_web3signed_verify(context(), value, &asked,
                                               &verified);

            if (!CHECK_INT(reason, cases[i].reason[j])) {
                fprintf(stderr, "    case %zu, accounts %zu\n", i, j);
            }

            if (reason == ASK) {
                CHECK_INT(pserver_web3signed_answered(&verified, j,
                                               PSERVER_ACCOUNT_NO_CODE),
                          cases[i].answered[j][0]);
                CHECK_INT(pserver_web3signed_answered(&verified, j,
                                               PSERVER_ACCOUNT_REFUSES),
                          cases[i].answered[j][1]);
                CHECK_INT(pserver_web3signed_answered(&verified, j,
                                               PSERVER_ACCOUNT_SIGNED),
                          cases[i].answered[j][2]);

                CHECK(vector_same(verified.iss, claims.iss));

                /* the contract is asked about what has been checked */

                CHECK(verified.payload.data == value.data + 11);
                CHECK_INT(verified.signature.len, PSERVER_SIGNATURE_LEN);
            }

            if (reason == OK || reason == ASK) {
                CHECK_INT(verified.address.bytes[0],
                          cases[i].iss == other ? 0x2b : 0x7e);
                pserver_web3signed_free(&verified);
            }

            /* nobody is asked about a request that is no good */

            asked.method = str("PUT");

            if (cases[i].reason[j] == ASK) {
                CHECK_INT(pserver_web3signed_verify(context(), value, &asked,
                                                    &verified),
                          PSERVER_WEB3SIGNED_METHOD);
            }
        }

        free(value.data);
    }

    /* an account has one form */

    for (i = 0; i < 4; i++) {
        static const char  *bad[] = { "", "0x", "me", "0x7e5f" };

        fill(&claims);
        claims.iss = str(bad[i]);
        CHECK_INT(verify(&claims, &verified), PSERVER_WEB3SIGNED_CLAIMS);

        claims.chain_id = 1;
        CHECK_INT(pserver_web3signed_sign(context(), &claims, key, &value),
                  PSERVER_INVALID);
    }
}


TEST(not_signed)
{
    u_char                bad[32];
    pserver_str_t         value;
    pserver_web3signed_t  claims;

    fill(&claims);
    memset(bad, 0, 32);

    CHECK_INT(pserver_web3signed_sign(context(), &claims, bad, &value),
              PSERVER_INVALID);

    claims.uri = str("/\xff");

    CHECK_INT(pserver_web3signed_sign(context(), &claims, key, &value),
              PSERVER_INVALID);
}


TEST(times)
{
    size_t                i;
    pserver_web3signed_t  claims, verified;

    static const struct {
        int64_t                      iat;     /* from now */
        int64_t                      exp;
        pserver_web3signed_reason_e  reason;
    } cases[] = {
        { 0, 3600, PSERVER_WEB3SIGNED_OK },
        { 0, 3601, PSERVER_WEB3SIGNED_LIFETIME },
        { -7200, -3600, PSERVER_WEB3SIGNED_EXPIRED },
        { -100, -60, PSERVER_WEB3SIGNED_OK },
        { -100, -61, PSERVER_WEB3SIGNED_EXPIRED },
        { 60, 100, PSERVER_WEB3SIGNED_OK },
        { 61, 100, PSERVER_WEB3SIGNED_FUTURE },
        { -1700000000, 3600, PSERVER_WEB3SIGNED_LIFETIME },
        { 10, 5, PSERVER_WEB3SIGNED_OK },
        { 0, 9007199254740991 - 1700000000, PSERVER_WEB3SIGNED_LIFETIME },
        { 9007199254740991 - 1700000000, 9007199254740991 - 1700000000,
          PSERVER_WEB3SIGNED_FUTURE },
        { 0, 9007199254740992 - 1700000000, PSERVER_WEB3SIGNED_CLAIMS }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        fill(&claims);

        claims.iat = (uint64_t) (1700000000 + cases[i].iat);
        claims.exp = (uint64_t) (1700000000 + cases[i].exp);

        if (!CHECK_INT(verify(&claims, &verified), cases[i].reason)) {
            fprintf(stderr, "    case %zu\n", i);
        }

        pserver_web3signed_free(&verified);
    }
}


TEST(body)
{
    size_t                i;
    u_char                sha256[32];
    pserver_web3signed_t  claims;

    static const struct {
        const char                   *method;
        const char                   *hash;
        pserver_web3signed_reason_e   reason;
    } cases[] = {
        { "POST", "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca4"
                  "95991b7852b855", PSERVER_WEB3SIGNED_OK },
        { "DELETE", "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934c"
                    "a495991b7852b855", PSERVER_WEB3SIGNED_OK },
        { "POST", "sha256:E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA4"
                  "95991B7852B855", PSERVER_WEB3SIGNED_BODY },
        { "POST", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7"
                  "852b855", PSERVER_WEB3SIGNED_BODY },
        { "POST", "", PSERVER_WEB3SIGNED_BODY },
        { "DELETE", "", PSERVER_WEB3SIGNED_BODY },
        { "get", "", PSERVER_WEB3SIGNED_BODY },
        { "GET", "", PSERVER_WEB3SIGNED_OK },
        { "HEAD", "", PSERVER_WEB3SIGNED_OK }
    };

    crypto_hash_sha256(sha256, NULL, 0);

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        memset(&claims, 0, sizeof(claims));

        claims.method = str(cases[i].method);
        claims.body_hash = str(cases[i].hash);

        if (!CHECK_INT(pserver_web3signed_body(&claims, sha256),
                       cases[i].reason))
        {
            fprintf(stderr, "    case %zu\n", i);
        }
    }
}


TEST(header_form)
{
    size_t                       i;
    pserver_web3signed_t         claims;
    pserver_web3signed_reason_e  reason;

    static const struct {
        const char                   *value;
        pserver_web3signed_reason_e   reason;
    } cases[] = {
        { "", PSERVER_WEB3SIGNED_MISSING },
        { " ", PSERVER_WEB3SIGNED_PREFIX },
        { "Web3Signed", PSERVER_WEB3SIGNED_PREFIX },
        { "web3signed e30.0x00", PSERVER_WEB3SIGNED_PREFIX },
        { "Bearer abc", PSERVER_WEB3SIGNED_PREFIX },
        { "Web3Signed ", PSERVER_WEB3SIGNED_FORM },
        { "Web3Signed .", PSERVER_WEB3SIGNED_FORM },
        { "Web3Signed e30", PSERVER_WEB3SIGNED_FORM },
        { "Web3Signed e30.0", PSERVER_WEB3SIGNED_SIGNATURE_FORM },
        { "Web3Signed e30.0x", PSERVER_WEB3SIGNED_CLAIMS },
        { "Web3Signed  e30.0x", PSERVER_WEB3SIGNED_ENCODING },
        { "Web3Signed e30=.0x", PSERVER_WEB3SIGNED_ENCODING },
        { "Web3Signed e31.0x", PSERVER_WEB3SIGNED_ENCODING },
        { "Web3Signed IiI.0x", PSERVER_WEB3SIGNED_SHAPE }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        reason = pserver_web3signed_verify(context(), str(cases[i].value),
                                           &request, &claims);

        if (!CHECK_INT(reason, cases[i].reason)) {
            fprintf(stderr, "    value %s\n", cases[i].value);
        }

        CHECK(claims.doc == NULL);
    }
}


TEST_MAIN
