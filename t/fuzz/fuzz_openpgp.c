/*
 * OpenPGP messages: as they come, and, since no fuzzer finds a hash, what is
 * inside one.  The first byte says which.
 */

#include "core/openpgp.h"
#include "../unit/openpgp_make.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


#define LIMIT  4096


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t                     len;
    u_char                    *message;
    pserver_str_t              content;
    pserver_openpgp_reason_e   reason;

    static pserver_str_t  passphrase = pserver_string(MAKE_PASSPHRASE);

    if (size == 0) {
        return 0;
    }

    if (data[0] & 1) {
        message = make_message(data + 1, size - 1, &len);

    } else {
        len = size - 1;
        message = malloc(len + 1);
        memcpy(message, data + 1, len);
    }

    reason = pserver_openpgp_open(message, len, passphrase, LIMIT, &content);

    if ((reason == PSERVER_OPENPGP_OK) != (content.data != NULL)
        || content.len > LIMIT)
    {
        abort();
    }

    free(content.data);
    free(message);

    return 0;
}
