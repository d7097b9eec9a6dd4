/*
 * sign headers KEY ORIGIN METHOD URI COUNT [GRANT]: that many Authorization
 * headers, a line each, no two the same, with GRANT as their grantId.
 * sign operations KEY PERMISSION COUNT: bodies of POST /api/v1/operations.
 * sign paths KEY ORIGIN METHOD HASH: one for each line of the standard input,
 * a path, with HASH as the body's.
 * sign recover COUNT: how many signatures a second this core recovers, with
 * nothing around it: keccak, the public key, the address.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/encode.h"
#include "core/web3signed.h"


static pserver_str_t
str(char *s)
{
    pserver_str_t  t;

    t.data = (u_char *) s;
    t.len = strlen(s);

    return t;
}


static double
now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return ts.tv_sec + ts.tv_nsec / 1e9;
}


/* a line with the value of the header */

static int
put_header(secp256k1_context *secp, pserver_web3signed_t *claims,
    const u_char key[32])
{
    int            failed;
    char           nonce[64];
    pserver_str_t  value;

    static long  i;

    (void) snprintf(nonce, sizeof(nonce), "%.0f-%ld", now() * 1e6, i++);
    claims->nonce = str(nonce);

    if (pserver_web3signed_sign(secp, claims, key, &value) != PSERVER_OK) {
        return 1;
    }

    failed = fwrite(value.data, 1, value.len, stdout) != value.len
             || putchar('\n') == EOF;

    free(value.data);

    return failed;
}


static int
paths(secp256k1_context *secp, char **argv)
{
    char                  path[1024];
    u_char                key[32];
    pserver_web3signed_t  claims;

    if (pserver_hex0x_decode(key, 32, str(argv[0])) != PSERVER_OK) {
        return 2;
    }

    memset(&claims, 0, sizeof(claims));

    claims.aud = str(argv[1]);
    claims.method = str(argv[2]);
    claims.body_hash = str(argv[3]);
    claims.iat = (uint64_t) time(NULL);
    claims.exp = claims.iat + 600;

    while (fgets(path, sizeof(path), stdin)) {
        path[strcspn(path, "\n")] = '\0';
        claims.uri = str(path);

        if (put_header(secp, &claims, key)) {
            return 1;
        }
    }

    return fflush(stdout) == 0 ? 0 : 1;
}


static int
headers(secp256k1_context *secp, char **argv)
{
    long                  n;
    u_char                key[32];
    pserver_web3signed_t  claims;

    static char  empty[] =
        "sha256:e3b0c44298fc1c149afbf4c8996fb924"
        "27ae41e4649b934ca495991b7852b855";

    if (pserver_hex0x_decode(key, 32, str(argv[0])) != PSERVER_OK) {
        return 2;
    }

    memset(&claims, 0, sizeof(claims));

    claims.aud = str(argv[1]);
    claims.method = str(argv[2]);
    claims.uri = str(argv[3]);
    claims.body_hash = str(empty);
    claims.iat = (uint64_t) time(NULL);
    claims.exp = claims.iat + 600;

    if (argv[5]) {
        claims.grant_id = str(argv[5]);
    }

    for (n = atol(argv[4]); n > 0; n--) {
        if (put_header(secp, &claims, key)) {
            return 1;
        }
    }

    return fflush(stdout) == 0 ? 0 : 1;
}


static int
operations(secp256k1_context *secp, char **argv)
{
    int                   len;
    char                  text[256];
    long                  i, n;
    u_char                key[32], hex[PSERVER_SIGNATURE_LEN];
    pserver_str_t         str_text;
    pserver_word_t        digest;
    pserver_signature_t   signature;

    if (pserver_hex0x_decode(key, 32, str(argv[0])) != PSERVER_OK) {
        return 2;
    }

    n = atol(argv[2]);

    for (i = 0; i < n; i++) {
        len = snprintf(text, sizeof(text),
                       "{'permission_id':%ld,'exp':%ld,'nonce':'%.0f-%ld'}",
                       atol(argv[1]), (long) time(NULL) + 600, now() * 1e6,
                       i);

        for (char *p = text; *p; p++) {
            *p = (*p == '\'') ? '"' : *p;
        }

        str_text.data = (u_char *) text;
        str_text.len = len;

        pserver_eip191_digest(&digest, str_text);

        if (pserver_signature_sign(secp, &signature, key, &digest)
            != PSERVER_OK)
        {
            return 1;
        }

        (void) pserver_signature_format(hex, &signature);

        printf("{\"app_signature\":\"%.*s\",\"operation_request_json\":\"",
               (int) sizeof(hex), (char *) hex);

        for (char *p = text; *p; p++) {
            printf(*p == '"' ? "\\%c" : "%c", *p);
        }

        puts("\"}");
    }

    return fflush(stdout) == 0 ? 0 : 1;
}


static int
recover(secp256k1_context *secp, char **argv)
{
    char                 text[400];
    long                 i, n;
    double               since;
    u_char               key[32];
    pserver_word_t       digest;
    pserver_address_t    address;
    pserver_signature_t  signature;

    /* as long as the payload of a header */
    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    memset(key, 1, sizeof(key));

    pserver_eip191_digest(&digest, str(text));

    if (pserver_signature_sign(secp, &signature, key, &digest)
        != PSERVER_OK)
    {
        return 1;
    }

    n = atol(argv[0]);
    since = now();

    for (i = 0; i < n; i++) {
        pserver_eip191_digest(&digest, str(text));

        if (pserver_signature_recover(secp, &signature, &digest, &address)
            != PSERVER_SIGNATURE_OK)
        {
            return 1;
        }
    }

    printf("%.0f\n", n / (now() - since));

    return 0;
}


int
main(int argc, char **argv)
{
    int                 rc;
    secp256k1_context  *secp;

    secp = secp256k1_context_create(SECP256K1_CONTEXT_SIGN
                                    |SECP256K1_CONTEXT_VERIFY);
    if (secp == NULL) {
        return 1;
    }

    if ((argc == 7 || argc == 8) && strcmp(argv[1], "headers") == 0) {
        rc = headers(secp, argv + 2);

    } else if (argc == 5 && strcmp(argv[1], "operations") == 0) {
        rc = operations(secp, argv + 2);
    } else if (argc == 6 && strcmp(argv[1], "paths") == 0) {
        rc = paths(secp, argv + 2);

    } else if (argc == 3 && strcmp(argv[1], "recover") == 0) {
        rc = recover(secp, argv + 2);

    } else {
        rc = 2;
    }

    secp256k1_context_destroy(secp);

    return rc;
}
