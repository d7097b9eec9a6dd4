/*
 * The header Idempotency-Key.
 */

#include "idempotency.h"

#include <string.h>


static int pserver_idempotency_string(u_char *key, size_t *len,
    pserver_str_t value);
static int pserver_idempotency_plain(u_char c);


int
pserver_idempotency_parse(u_char key[PSERVER_IDEMPOTENCY_MAX], size_t *len,
    pserver_str_t value)
{
    size_t  i;

    *len = 0;

    if (value.len && value.data[0] == '"') {
        return pserver_idempotency_string(key, len, value);
    }

    if (value.len == 0 || value.len > PSERVER_IDEMPOTENCY_MAX) {
        return PSERVER_INVALID;
    }

    for (i = 0; i < value.len; i++) {
        if (!pserver_idempotency_plain(value.data[i])) {
            return PSERVER_INVALID;
        }
    }

    memcpy(key, value.data, value.len);
    *len = value.len;

    return PSERVER_OK;
}


/* RFC 8941, section 3.3.3; "\" stands before itself and a quote alone */

static int
pserver_idempotency_string(u_char *key, size_t *len, pserver_str_t value)
{
    u_char  c;
    size_t  i, n;

    n = 0;

    for (i = 1; i < value.len; i++) {
        c = value.data[i];

        if (c == '"') {

            if (i + 1 != value.len || n == 0) {
                return PSERVER_INVALID;
            }

            *len = n;

            return PSERVER_OK;
        }

        if (c == '\\') {

            if (++i == value.len) {
                return PSERVER_INVALID;
            }

            c = value.data[i];

            if (c != '"' && c != '\\') {
                return PSERVER_INVALID;
            }
        }

        if (c < ' ' || c > '~' || n == PSERVER_IDEMPOTENCY_MAX) {
            return PSERVER_INVALID;
        }

        key[n++] = c;
    }

    return PSERVER_INVALID;
}


static int
pserver_idempotency_plain(u_char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
           || (c >= '0' && c <= '9')
           || c == '-' || c == '_' || c == '.' || c == ':' || c == '~';
}
