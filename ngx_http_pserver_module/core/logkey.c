/*
 * The file that holds the key of a log.
 */

#include "logkey.h"
#include "box.h"
#include "bytes.h"
#include "encode.h"

#include <string.h>

#include <sodium.h>


#define PSERVER_LOGKEY_ROOT  16
#define PSERVER_LOGKEY_ID    20
#define PSERVER_LOGKEY_BOX   52


static void pserver_logkey_seal(u_char key[32], const pserver_root_t *root);


static const u_char  pserver_logkey_magic[16] = "pserver-key-v1\0";


void
pserver_logkey_wrap(u_char file[PSERVER_LOGKEY_FILE_LEN],
    const u_char seed[32], const pserver_root_t *root,
    const u_char log_id[32])
{
    u_char         key[32];
    pserver_str_t  ad;

    memcpy(file, pserver_logkey_magic, 16);
    pserver_put_be(file + PSERVER_LOGKEY_ROOT, root->id, 4);
    memcpy(file + PSERVER_LOGKEY_ID, log_id, 32);

    ad.data = file;
    ad.len = PSERVER_LOGKEY_BOX;

    pserver_logkey_seal(key, root);
    pserver_box_seal(file + PSERVER_LOGKEY_BOX, seed, 32, key, ad);

    sodium_memzero(key, sizeof(key));
}


int
pserver_logkey_unwrap(u_char seed[32], size_t *used, pserver_str_t file,
    const pserver_root_t *roots, size_t n, const u_char log_id[32])
{
    int            rc;
    size_t         i;
    u_char         key[32];
    uint32_t       id;
    pserver_str_t  ad;

    if (file.len != PSERVER_LOGKEY_FILE_LEN
        || memcmp(file.data, pserver_logkey_magic, 16) != 0
        || memcmp(file.data + PSERVER_LOGKEY_ID, log_id, 32) != 0)
    {
        return PSERVER_INVALID;
    }

    id = (uint32_t) pserver_get_be(file.data + PSERVER_LOGKEY_ROOT, 4);

    for (i = 0; i < n && roots[i].id != id; i++) {
        /* void */
    }

    if (i == n) {
        return PSERVER_DONE;
    }

    ad.data = file.data;
    ad.len = PSERVER_LOGKEY_BOX;

    pserver_logkey_seal(key, &roots[i]);

    rc = pserver_box_open(seed, file.data + PSERVER_LOGKEY_BOX,
                          PSERVER_LOGKEY_FILE_LEN - PSERVER_LOGKEY_BOX, key,
                          ad);

    sodium_memzero(key, sizeof(key));

    *used = i;

    return rc;
}


void
pserver_logkey_name(u_char name[PSERVER_LOGKEY_NAME_LEN],
    const u_char log_id[32])
{
    memcpy(name, "pserver/", 8);
    pserver_hex_encode(name + 8, log_id, 8);
}


/* below the key of the log, which also seals entries */

static void
pserver_logkey_seal(u_char key[32], const pserver_root_t *root)
{
    u_char         log[PSERVER_KEY_LEN];
    pserver_str_t  in, none;

    static const pserver_str_t  label = pserver_string("pserver/v1/log/key");

    pserver_keys_log(log, root);

    in.data = log;
    in.len = sizeof(log);
    none.data = NULL;
    none.len = 0;

    /* 32 bytes are never too many */

    (void) pserver_hkdf(key, 32, in, none, label);

    sodium_memzero(log, sizeof(log));
}
