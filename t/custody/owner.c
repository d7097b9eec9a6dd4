/*
 * The owner's side of the custody tests, step by step:
 *
 *   owner key WALLET-KEY ORIGIN CHAIN SERVER WRAP   the custody key
 *   owner box SERVER-PUBLIC-KEY BYTES               an ECIES box of them
 *   owner file FILE ROOT-KEY CHAIN OWNER KEY        what is in owner.key
 *
 * all of it in hex, addresses with 0x.
 */

#include "core/custody.h"
#include "core/encode.h"
#include "core/keys.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


static pserver_str_t
hex(const char *text)
{
    pserver_str_t  bytes, str;

    str.data = (u_char *) text;
    str.len = strlen(text);

    bytes.data = malloc(str.len / 2 + 1);

    if (pserver_ecies_decode(&bytes, str) != PSERVER_OK) {
        fprintf(stderr, "\"%s\" is not hex\n", text);
        exit(2);
    }

    return bytes;
}


static int
print(const u_char *data, size_t len)
{
    while (len--) {
        printf("%02x", *data++);
    }

    printf("\n");

    return 0;
}


static int
owner_key(const secp256k1_context *secp, char **argv)
{
    u_char                   key[PSERVER_CUSTODY_KEY_LEN];
    u_char                   public_key[PSERVER_PUBLIC_KEY_LEN];
    pserver_str_t            wallet, wrap;
    pserver_word_t           digest;
    pserver_signature_t      signature;
    pserver_custody_place_t  place;

    wallet = hex(argv[0]);
    wrap = hex(argv[4]);

    place.origin.data = (u_char *) argv[1];
    place.origin.len = strlen(argv[1]);
    place.chain_id = strtoull(argv[2], NULL, 10);
    memcpy(place.server.bytes, hex(argv[3]).data, 20);
    place.epoch = pserver_custody_epoch(wrap.data);

    if (pserver_public_key(secp, public_key, wallet.data) != PSERVER_OK) {
        return 1;
    }

    pserver_address_from_public_key(&place.owner, public_key);
    pserver_custody_digest(&digest, &place);

    if (pserver_signature_sign(secp, &signature, wallet.data, &digest)
        != PSERVER_OK
        || pserver_custody_by_wallet(key, wrap.data, &place.owner, &signature)
           != PSERVER_OK)
    {
        return 1;
    }

    return print(key, sizeof(key));
}


static int
owner_box(const secp256k1_context *secp, char **argv)
{
    u_char         box[pserver_ecies_len(256)];
    pserver_str_t  in;

    in = hex(argv[1]);

    if (in.len > 256
        || pserver_ecies_seal(secp, box, in, hex(argv[0]).data)
           != PSERVER_OK)
    {
        return 1;
    }

    return print(box, pserver_ecies_len(in.len));
}


static int
owner_file(char **argv)
{
    FILE               *f;
    u_char              buf[PSERVER_KEYS_FILE_MAX];
    pserver_str_t       file;
    pserver_keys_t      keys;
    pserver_root_t      root;
    pserver_address_t   owner;

    f = fopen(argv[0], "rb");

    if (f == NULL) {
        return 1;
    }

    file.data = buf;
    file.len = fread(buf, 1, sizeof(buf), f);

    fclose(f);

    root.id = 1;
    memcpy(root.key, hex(argv[1]).data, 32);
    memcpy(owner.bytes, hex(argv[3]).data, 20);

    if (pserver_keys_unwrap_owned(&keys, NULL, file, &root, 1,
                                  strtoull(argv[2], NULL, 10), &owner,
                                  hex(argv[4]).data)
        != PSERVER_OK)
    {
        return 1;
    }

    return print((u_char *) &keys, 3 * PSERVER_KEY_LEN);
}


int
main(int argc, char **argv)
{
    secp256k1_context  *secp;

    secp = secp256k1_context_create(SECP256K1_CONTEXT_NONE);

    if (argc == 7 && strcmp(argv[1], "key") == 0) {
        return owner_key(secp, argv + 2);
    }

    if (argc == 4 && strcmp(argv[1], "box") == 0) {
        return owner_box(secp, argv + 2);
    }

    if (argc == 7 && strcmp(argv[1], "file") == 0) {
        return owner_file(argv + 2);
    }

    return 2;
}
