/*
 * ERC-1271, see account.h.
 */

#include <string.h>

#include "account.h"
#include "bytes.h"
#include "eip712.h"
#include "encode.h"


#define ACCOUNT_WORD   sizeof(pserver_word_t)

/* isValidSignature(bytes32,bytes): its selector, and its yes */
#define ACCOUNT_MAGIC  0x1626ba7e

/* selector, digest, offset and length of the signature */
#define ACCOUNT_HEAD   (4 + 3 * ACCOUNT_WORD)

#define account_padded(len)                                                   \
    (((len) + ACCOUNT_WORD - 1) / ACCOUNT_WORD * ACCOUNT_WORD)


/*
 * In memory: at 0 the size of the account's code, at 32 whether its answer
 * was one word, at 64 that word; from 96 on what it is called with, which
 * stands behind this code.
 */

#define ACCOUNT_CODE_LEN  60

static const u_char  account_code[ACCOUNT_CODE_LEN] = {
    0x60, 0x20,                          /* PUSH1: size of the answer */
    0x60, 0x40,                          /* PUSH1: where to */
    0x60, ACCOUNT_CODE_LEN,              /* PUSH1 */
    0x38, 0x03,                          /* CODESIZE SUB: size of the call */
    0x80,                                /* DUP1 */
    0x60, ACCOUNT_CODE_LEN,              /* PUSH1 */
    0x60, 0x60,                          /* PUSH1 */
    0x39,                                /* CODECOPY */
    0x60, 0x60,                          /* PUSH1: where the call is */
    0x73, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,  /* PUSH20: the account */
          0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0x80,                                /* DUP1 */
    0x3b,                                /* EXTCODESIZE */
    0x60, 0x00,                          /* PUSH1 */
    0x52,                                /* MSTORE */
    0x62, PSERVER_ACCOUNT_GAS >> 16,     /* PUSH3: gas */
          PSERVER_ACCOUNT_GAS >> 8 & 0xff,
          PSERVER_ACCOUNT_GAS & 0xff,
    0xfa,                                /* STATICCALL */
    0x60, 0x20,                          /* PUSH1 */
    0x3d, 0x14,                          /* RETURNDATASIZE EQ */
    0x16,                                /* AND */
    0x60, 0x20,                          /* PUSH1 */
    0x52,                                /* MSTORE */
    0x60, PSERVER_ACCOUNT_ANSWER_LEN,    /* PUSH1 */
    0x60, 0x00,                          /* PUSH1 */
    0xf3                                 /* RETURN */
};

#define ACCOUNT_PLACE     17             /* of the account in the code */


static int account_word(const u_char *word, uint64_t *value);


void
pserver_account_digest(pserver_word_t *digest, uint64_t chain_id,
    const pserver_address_t *account, pserver_str_t text)
{
    pserver_eip712_domain_t  domain;

    static const pserver_str_t  name = pserver_string("Web3Signed");
    static const pserver_str_t  version = pserver_string("1");

    domain.name = name;
    domain.version = version;
    domain.contract = *account;
    pserver_word_from_uint64(&domain.chain_id, chain_id);

    pserver_eip712_text_digest(digest, &domain, text);
}


size_t
pserver_account_signature_len(pserver_str_t text)
{
    size_t  i, len;
    u_char  c;

    if (text.len < 4
        || text.len % 2
        || text.data[0] != '0'
        || text.data[1] != 'x')
    {
        return 0;
    }

    for (i = 2; i < text.len; i++) {
        c = text.data[i] | 0x20;

        if (!((text.data[i] >= '0' && text.data[i] <= '9')
              || (c >= 'a' && c <= 'f')))
        {
            return 0;
        }
    }

    len = (text.len - 2) / 2;

    return len <= PSERVER_ACCOUNT_SIGNATURE_MAX ? len : 0;
}


size_t
pserver_account_call_len(size_t signature_len)
{
    return ACCOUNT_CODE_LEN + ACCOUNT_HEAD + account_padded(signature_len);
}


u_char *
pserver_account_call(u_char *dst, const pserver_address_t *account,
    const pserver_word_t *digest, pserver_str_t signature)
{
    size_t   len, padding;
    u_char  *p;

    len = pserver_account_signature_len(signature);
    padding = account_padded(len) - len;

    memcpy(dst, account_code, ACCOUNT_CODE_LEN);
    memcpy(dst + ACCOUNT_PLACE, account->bytes, sizeof(account->bytes));

    p = pserver_put_be(dst + ACCOUNT_CODE_LEN, ACCOUNT_MAGIC, 4);

    memcpy(p, digest->bytes, ACCOUNT_WORD);
    p += ACCOUNT_WORD;

    memset(p, 0, 2 * ACCOUNT_WORD);
    p[ACCOUNT_WORD - 1] = 2 * ACCOUNT_WORD;
    p += 2 * ACCOUNT_WORD;
    pserver_put_be(p - 8, len, 8);

    (void) pserver_hex0x_decode(p, len, signature);
    p += len;

    memset(p, 0, padding);

    return p + padding;
}


int
pserver_account_answer(const u_char *data, size_t len,
    pserver_account_answer_e *answer)
{
    uint64_t         code, one;
    pserver_word_t   magic;

    if (len != PSERVER_ACCOUNT_ANSWER_LEN
        || account_word(data, &code) != PSERVER_OK
        || account_word(data + ACCOUNT_WORD, &one) != PSERVER_OK
        || one > 1)
    {
        return PSERVER_INVALID;
    }

    memset(&magic, 0, sizeof(magic));
    pserver_put_be(magic.bytes, ACCOUNT_MAGIC, 4);

    if (code == 0) {
        *answer = PSERVER_ACCOUNT_NO_CODE;

    } else if (one
               && memcmp(data + 2 * ACCOUNT_WORD, &magic, sizeof(magic)) == 0)
    {
        *answer = PSERVER_ACCOUNT_SIGNED;

    } else {
        *answer = PSERVER_ACCOUNT_REFUSES;
    }

    return PSERVER_OK;
}


static int
account_word(const u_char *word, uint64_t *value)
{
    pserver_word_t  w;

    memcpy(&w, word, sizeof(w));

    return pserver_word_uint64(&w, value);
}
