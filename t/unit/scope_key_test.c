/*
 * Keys of scopes: known answers.
 */

#include "core/scope_key.h"
#include "vector.h"


TEST(vectors)
{
    u_char                 out[PSERVER_SCOPE_KEY_LEN];
    char                   other[PSERVER_SIGNATURE_LEN];
    size_t                 n;
    pserver_str_t          text, expected;
    pserver_address_t      owner, recovered;
    secp256k1_context     *secp;
    pserver_json_doc_t    *doc;
    pserver_signature_t    signature;
    const pserver_json_t  *c;

    secp = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
    doc = vector_open("t/vectors/scope-key.json");
    n = 0;

    for (c = vector_get(pserver_json_root(doc), "cases")->child; c;
         c = c->next)
    {
        n++;
        text = vector_str(c, "masterSignature");
        expected = vector_str(c, "passphrase");

        CHECK_INT(pserver_signature_parse(&signature, text),
                  PSERVER_SIGNATURE_OK);
        CHECK_INT(pserver_scope_key(out, &signature, vector_str(c, "scope")),
                  PSERVER_OK);
        CHECK_INT(expected.len, sizeof(out));
        CHECK_MEM(out, expected.data, sizeof(out));

        CHECK_INT(pserver_scope_key_owner(secp, &signature, &recovered),
                  PSERVER_SIGNATURE_OK);
        CHECK_INT(pserver_address_parse(&owner, vector_str(c, "owner")),
                  PSERVER_OK);
        CHECK_MEM(&recovered, &owner, sizeof(owner));

        /* the same signature with v as 0 or 1 */

        memcpy(other, text.data, sizeof(other));
        memcpy(other + 130, other[131] == 'b' ? "00" : "01", 2);

        text.data = (u_char *) other;
        memset(out, 0, sizeof(out));

        CHECK_INT(pserver_signature_parse(&signature, text),
                  PSERVER_SIGNATURE_OK);
        CHECK_INT(pserver_scope_key(out, &signature, vector_str(c, "scope")),
                  PSERVER_OK);
        CHECK_MEM(out, expected.data, sizeof(out));
    }

    CHECK_INT(n, 6);

    pserver_json_free(doc);
    secp256k1_context_destroy(secp);
}


TEST(no_scope)
{
    u_char               out[PSERVER_SCOPE_KEY_LEN], text[300];
    pserver_str_t        scope;
    pserver_signature_t  signature;

    memset(&signature, 1, sizeof(signature));
    memset(text, 'a', sizeof(text));
    text[1] = '.';

    scope.data = text;

    scope.len = 1;
    CHECK_INT(pserver_scope_key(out, &signature, scope), PSERVER_INVALID);

    scope.len = 3;
    CHECK_INT(pserver_scope_key(out, &signature, scope), PSERVER_OK);

    scope.len = 255;
    CHECK_INT(pserver_scope_key(out, &signature, scope), PSERVER_OK);

    scope.len = 256;
    CHECK_INT(pserver_scope_key(out, &signature, scope), PSERVER_INVALID);
}


TEST_MAIN
