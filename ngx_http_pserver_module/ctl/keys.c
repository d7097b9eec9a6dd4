/*
 * Private keys: where they come from, and whose they are.
 */

#include "ctl.h"
#include "../core/encode.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


#define PSERVERCTL_KEY_FILE_MAX  4096


static int pserverctl_key_parse(u_char key[32], pserver_str_t text);
static int pserverctl_key_file(u_char key[32], const char *path);
static int pserverctl_address(pserverctl_args_t *args);


static const pserverctl_option_t  pserverctl_address_options[] = {
    PSERVERCTL_KEY_OPTION,
    { NULL, NULL, NULL }
};


const pserverctl_command_t  pserverctl_key_commands[] = {
    {
        "address", "--key KEY",
        "the address that belongs to a private key\n"
        PSERVERCTL_KEY_TEXT,
        pserverctl_address_options, 0, 0, pserverctl_address
    },
    { NULL, NULL, NULL, NULL, 0, 0, NULL }
};


int
pserverctl_key(pserverctl_args_t *args, u_char **key)
{
    int    rc;
    char  *text;

    *key = NULL;

    text = pserverctl_option(args, "key");

    if (text == NULL) {
        text = getenv("PSERVER_KEY");
    }

    if (text == NULL) {
        return pserverctl_usage_error(args, "no key: give --key FILE, or set "
                                      "PSERVER_KEY");
    }

    *key = sodium_malloc(32);

    if (*key == NULL) {
        pserverctl_error("not enough memory");
        return PSERVERCTL_FAILED;
    }

    if (strncmp(text, "0x", 2) == 0) {
        rc = pserverctl_key_parse(*key, pserverctl_str(text));

        /* no longer than needed where ps and /proc show it */

        sodium_memzero(text, strlen(text));

        if (rc != PSERVER_OK) {
            pserverctl_error("the key is not 0x and 64 hex digits");
        }

    } else {
        rc = pserverctl_key_file(*key, text);
    }

    if (rc != PSERVER_OK) {
        sodium_free(*key);
        *key = NULL;
        return PSERVERCTL_FAILED;
    }

    return PSERVERCTL_OK;
}


secp256k1_context *
pserverctl_secp256k1(void)
{
    u_char              seed[32];
    secp256k1_context  *secp;

    secp = secp256k1_context_create(SECP256K1_CONTEXT_NONE);

    randombytes_buf(seed, sizeof(seed));

    if (!secp256k1_context_randomize(secp, seed)) {
        pserverctl_error("libsecp256k1 could not be initialized");
        exit(PSERVERCTL_FAILED);
    }

    sodium_memzero(seed, sizeof(seed));

    return secp;
}


void
pserverctl_nonce(char text[33])
{
    u_char  random[16];

    randombytes_buf(random, sizeof(random));

    *pserver_hex_encode((u_char *) text, random, sizeof(random)) = '\0';
}


/* with 0x or without */

static int
pserverctl_key_parse(u_char key[32], pserver_str_t text)
{
    if (pserver_hex0x_decode(key, 32, text) == PSERVER_OK) {
        return PSERVER_OK;
    }

    return pserver_hex_decode(key, 32, text);
}


static int
pserverctl_key_file(u_char key[32], const char *path)
{
    int            rc;
    pserver_str_t  text, trimmed;

    if (pserverctl_read(path, PSERVERCTL_KEY_FILE_MAX, &text)
        != PSERVERCTL_OK)
    {
        return PSERVER_INVALID;
    }

    trimmed = text;

    while (trimmed.len
           && (trimmed.data[trimmed.len - 1] == '\n'
               || trimmed.data[trimmed.len - 1] == '\r'))
    {
        trimmed.len--;
    }

    rc = pserverctl_key_parse(key, trimmed);

    sodium_free(text.data);

    if (rc != PSERVER_OK) {
        pserverctl_error("%s: a key file is one line of 64 hex digits, with "
                         "or without 0x", path);
    }

    return rc;
}


static int
pserverctl_address(pserverctl_args_t *args)
{
    int                 rc;
    u_char             *key, public_key[PSERVER_PUBLIC_KEY_LEN];
    u_char              text[PSERVER_ADDRESS_LEN];
    pserver_address_t   address;
    secp256k1_context  *secp;

    rc = pserverctl_key(args, &key);
    if (rc != PSERVERCTL_OK) {
        return rc;
    }

    secp = pserverctl_secp256k1();

    rc = pserver_public_key(secp, public_key, key);

    secp256k1_context_destroy(secp);
    sodium_free(key);

    if (rc != PSERVER_OK) {
        pserverctl_error("the key is 0 or not below the order of secp256k1");
        return PSERVERCTL_FAILED;
    }

    pserver_address_from_public_key(&address, public_key);
    pserver_address_format(text, &address);

    return pserverctl_print_line(text, sizeof(text));
}
