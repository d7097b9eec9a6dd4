/*
 * Files for elsewhere: encrypted, with the key in a box for a server.
 */

#include "ctl.h"
#include "../core/ecies.h"
#include "../core/encode.h"
#include "../core/openpgp.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>


#define PSERVERCTL_PASSPHRASE_LEN  64        /* hex, where we make it */

#define PSERVERCTL_BOX_MAX                                                    \
    pserver_ecies_len(PSERVER_OPENPGP_PASSPHRASE_MAX)


static int pserverctl_encrypt(pserverctl_args_t *args);
static int pserverctl_passphrase(pserverctl_args_t *args,
    pserver_str_t *passphrase);
static int pserverctl_encrypt_file(const char *from, const char *to,
    pserver_str_t passphrase);
static int pserverctl_write_new(const char *path, pserver_str_t data);
static int pserverctl_box(u_char box[PSERVERCTL_BOX_MAX],
    pserver_str_t passphrase,
    const u_char public_key[PSERVER_PUBLIC_KEY_LEN]);


static const pserverctl_option_t  pserverctl_encrypt_options[] = {
    { "for", "0x04..", "the server's public key for you: public_key of "
      "GET /api/v1/identity" },
    { "passphrase", "FILE", "the file's passphrase, one line; without it a "
      "new one is made" },
    { "output", "FILE", "where the encrypted file goes; it must not exist" },
    { NULL, NULL, NULL }
};


const pserverctl_command_t  pserverctl_encrypt_commands[] = {
    {
        "encrypt", "--for 0x04.. [--passphrase FILE] --output FILE FILE",
        "encrypts a file that is to be kept on IPFS or a web host\n"
        "\n"
        "The output is an OpenPGP message. What is printed is its key for the\n"
        "server: register the file's URL on chain, and this text with\n"
        "addFilePermission(file, address of the server's key, text).\n"
        "\n"
        "For a second server give the same passphrase again; one that was\n"
        "made here is only in the box.",
        pserverctl_encrypt_options, 1, 1, pserverctl_encrypt
    },
    { NULL, NULL, NULL, NULL, 0, 0, NULL }
};


static int
pserverctl_encrypt(pserverctl_args_t *args)
{
    int            rc;
    size_t         len;
    u_char         public_key[PSERVER_PUBLIC_KEY_LEN];
    u_char         box[PSERVERCTL_BOX_MAX], text[2 * PSERVERCTL_BOX_MAX];
    pserver_str_t  key, output, passphrase;

    if (pserverctl_required(args, "for", &key) != PSERVERCTL_OK
        || pserverctl_required(args, "output", &output) != PSERVERCTL_OK)
    {
        return PSERVERCTL_USAGE;
    }

    if (pserver_hex0x_decode(public_key, sizeof(public_key), key)
        != PSERVER_OK)
    {
        return pserverctl_usage_error(args, "--for is 0x04 and 128 hex digits");
    }

    rc = pserverctl_passphrase(args, &passphrase);
    if (rc != PSERVERCTL_OK) {
        return rc;
    }

    len = pserver_ecies_len(passphrase.len);

    rc = pserverctl_box(box, passphrase, public_key);

    if (rc == PSERVERCTL_OK) {
        rc = pserverctl_encrypt_file(args->rest[0], (char *) output.data,
                                     passphrase);
    }

    sodium_free(passphrase.data);

    if (rc != PSERVERCTL_OK) {
        return rc;
    }

    (void) pserver_hex_encode(text, box, len);

    return pserverctl_print_line(text, 2 * len);
}


/* in memory of sodium_malloc() */

static int
pserverctl_passphrase(pserverctl_args_t *args, pserver_str_t *passphrase)
{
    char   *path;
    u_char  random[PSERVERCTL_PASSPHRASE_LEN / 2];

    path = pserverctl_option(args, "passphrase");

    if (path == NULL) {
        passphrase->len = PSERVERCTL_PASSPHRASE_LEN;
        passphrase->data = sodium_malloc(passphrase->len);

        if (passphrase->data == NULL) {
            pserverctl_error("not enough memory");
            return PSERVERCTL_FAILED;
        }

        randombytes_buf(random, sizeof(random));
        (void) pserver_hex_encode(passphrase->data, random, sizeof(random));
        sodium_memzero(random, sizeof(random));

        return PSERVERCTL_OK;
    }

    if (pserverctl_read(path, PSERVER_OPENPGP_PASSPHRASE_MAX, passphrase)
        != PSERVERCTL_OK)
    {
        return PSERVERCTL_FAILED;
    }

    while (passphrase->len && passphrase->data[passphrase->len - 1] == '\n') {
        passphrase->len--;
    }

    if (passphrase->len == 0) {
        pserverctl_error("%s: there is no passphrase in it", path);
        sodium_free(passphrase->data);
        return PSERVERCTL_FAILED;
    }

    return PSERVERCTL_OK;
}


static int
pserverctl_encrypt_file(const char *from, const char *to,
    pserver_str_t passphrase)
{
    int            rc;
    pserver_str_t  file, message;

    if (pserverctl_read(from, PSERVER_OPENPGP_SEAL_MAX, &file)
        != PSERVERCTL_OK)
    {
        return PSERVERCTL_FAILED;
    }

    message.len = pserver_openpgp_len(file.len);
    message.data = malloc(message.len);

    rc = PSERVERCTL_FAILED;

    if (message.data == NULL
        || pserver_openpgp_seal(message.data, file, passphrase) != PSERVER_OK)
    {
        pserverctl_error("%s could not be encrypted", from);

    } else {
        rc = pserverctl_write_new(to, message);
    }

    free(message.data);
    sodium_free(file.data);

    return rc;
}


static int
pserverctl_write_new(const char *path, pserver_str_t data)
{
    int      fd;
    ssize_t  n;

    fd = open(path, O_WRONLY|O_CREAT|O_EXCL|O_CLOEXEC, 0666);

    if (fd == -1) {
        pserverctl_error("%s: %s", path, strerror(errno));
        return PSERVERCTL_FAILED;
    }

    while (data.len) {
        n = write(fd, data.data, data.len);

        if (n == -1) {
            break;
        }

        data.data += n;
        data.len -= (size_t) n;
    }

    if (close(fd) == -1 || data.len) {
        pserverctl_error("%s: %s", path, strerror(errno));
        unlink(path);
        return PSERVERCTL_FAILED;
    }

    return PSERVERCTL_OK;
}


static int
pserverctl_box(u_char box[PSERVERCTL_BOX_MAX], pserver_str_t passphrase,
    const u_char public_key[PSERVER_PUBLIC_KEY_LEN])
{
    int                 rc;
    secp256k1_context  *secp;

    secp = pserverctl_secp256k1();

    rc = pserver_ecies_seal(secp, box, passphrase, public_key);

    secp256k1_context_destroy(secp);

    if (rc != PSERVER_OK) {
        pserverctl_error("the key of --for is no point of secp256k1");
        return PSERVERCTL_FAILED;
    }

    return PSERVERCTL_OK;
}
