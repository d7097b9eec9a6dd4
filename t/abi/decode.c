/*
 * decode: a line "DECODER HEX" for a line with what core/abi makes of these
 * bytes: the fields as hex, one after the other, or "invalid" or "again".
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/abi.h"
#include "core/encode.h"


#define LINE_MAX_LEN  65536


static void
hex(const u_char *data, size_t len)
{
    putchar(' ');

    while (len--) {
        printf("%02x", *data++);
    }
}


static void
word(const pserver_word_t *value)
{
    hex(value->bytes, sizeof(value->bytes));
}


static void
address(const pserver_address_t *value)
{
    hex(value->bytes, sizeof(value->bytes));
}


static void
string(const pserver_str_t *value)
{
    hex(value->data, value->len);
}


static int
permission(const u_char *data, size_t len)
{
    int                       rc;
    pserver_abi_permission_t  out;

    rc = pserver_abi_permission(data, len, &out);

    if (rc == PSERVER_OK) {
        word(&out.id);
        address(&out.grantor);
        word(&out.grantee_id);
        string(&out.grant);
        word(&out.start_block);
        word(&out.end_block);
        hex(out.file_ids, out.files * sizeof(pserver_word_t));
    }

    return rc;
}


static int
grantee(const u_char *data, size_t len, int v2)
{
    int                    rc;
    pserver_abi_grantee_t  out;

    rc = v2 ? pserver_abi_grantee_v2(data, len, &out)
            : pserver_abi_grantee(data, len, &out);

    if (rc == PSERVER_OK) {
        address(&out.owner);
        address(&out.address);
        string(&out.public_key);
    }

    return rc;
}


static int
file(const u_char *data, size_t len)
{
    int                 rc;
    pserver_abi_file_t  out;

    rc = pserver_abi_file(data, len, &out);

    if (rc == PSERVER_OK) {
        word(&out.id);
        address(&out.owner);
        string(&out.url);
        word(&out.schema_id);
        word(&out.added_at_block);
    }

    return rc;
}


static int
server(const u_char *data, size_t len, int user)
{
    int                   rc;
    pserver_abi_server_t  out;

    rc = user ? pserver_abi_user_server(data, len, &out)
              : pserver_abi_server(data, len, &out);

    if (rc == PSERVER_OK) {
        word(&out.id);
        address(&out.owner);
        address(&out.address);
        string(&out.public_key);
        string(&out.url);

        if (user) {
            word(&out.start_block);
            word(&out.end_block);
        }
    }

    return rc;
}


static int
decode(const char *name, const u_char *data, size_t len)
{
    int             rc;
    pserver_str_t   str;
    pserver_word_t  value;

    if (strcmp(name, "permissions") == 0) {
        return permission(data, len);
    }

    if (strcmp(name, "granteesV2") == 0) {
        return grantee(data, len, 1);
    }

    if (strcmp(name, "grantees") == 0) {
        return grantee(data, len, 0);
    }

    if (strcmp(name, "files") == 0) {
        return file(data, len);
    }

    if (strcmp(name, "serverByAddress") == 0) {
        return server(data, len, 0);
    }

    if (strcmp(name, "userServers") == 0) {
        return server(data, len, 1);
    }

    if (strcmp(name, "filePermissions") == 0) {
        rc = pserver_abi_string(data, len, &str);

        if (rc == PSERVER_OK) {
            string(&str);
        }

        return rc;
    }

    if (strcmp(name, "granteeAddressToId") == 0) {
        rc = pserver_abi_uint(data, len, &value);

        if (rc == PSERVER_OK) {
            word(&value);
        }

        return rc;
    }

    fprintf(stderr, "decode: no decoder \"%s\"\n", name);
    exit(2);
}


int
main(void)
{
    int            rc;
    char          *text;
    size_t         len;
    u_char        *data;
    static char    line[LINE_MAX_LEN];
    pserver_str_t  digits;

    while (fgets(line, sizeof(line), stdin)) {
        line[strcspn(line, "\n")] = '\0';

        text = strchr(line, ' ');
        if (text == NULL) {
            return 2;
        }

        *text++ = '\0';

        digits.data = (u_char *) text;
        digits.len = strlen(text);
        len = digits.len / 2;

        /* of its own, so that a sanitizer sees a read beyond its end */

        data = malloc(len + (len == 0));

        if (data == NULL
            || pserver_hex_decode(data, len, digits) != PSERVER_OK)
        {
            return 2;
        }

        rc = decode(line, data, len);

        puts(rc == PSERVER_OK ? ""
             : rc == PSERVER_INVALID ? "invalid"
             : rc == PSERVER_AGAIN ? "again" : "?");

        free(data);
    }

    return 0;
}
