/*
 * A file encrypted with a passphrase, see openpgp.h.
 */

#include "openpgp.h"

#include <stdlib.h>
#include <string.h>
#include <openssl/evp.h>
#include <sodium.h>

#include "inflate.h"
#include "openpgp_key.h"
#include "openpgp_packet.h"


/* what SEIPD has in front: a block at random, and its last two bytes again */
#define OPENPGP_PREFIX_LEN  (16 + 2)

/* and at the end: the head of a packet, and a SHA-1 */
#define OPENPGP_MDC_LEN     (2 + 20)


static pserver_openpgp_reason_e openpgp_outside(u_char *pos, u_char *end,
    pserver_openpgp_packet_t *skesk, pserver_openpgp_packet_t *seipd);
static pserver_openpgp_reason_e openpgp_verify(pserver_str_t *body,
    const pserver_openpgp_key_t *key);
static pserver_openpgp_reason_e openpgp_inside(u_char *pos, u_char *end,
    size_t limit, pserver_str_t *content);
static pserver_openpgp_reason_e openpgp_compressed(pserver_str_t body,
    size_t limit, pserver_str_t *content);
static int openpgp_only(pserver_openpgp_packet_t *packet, u_char *pos,
    u_char *end);
static pserver_openpgp_reason_e openpgp_literal(pserver_str_t body,
    size_t limit, pserver_str_t *content);


pserver_openpgp_reason_e
pserver_openpgp_open(u_char *message, size_t len, pserver_str_t passphrase,
    size_t limit, pserver_str_t *content)
{
    pserver_openpgp_key_t      key;
    pserver_openpgp_packet_t   skesk, seipd;
    pserver_openpgp_reason_e   reason;

    content->data = NULL;
    content->len = 0;

    reason = openpgp_outside(message, message + len, &skesk, &seipd);

    if (reason != PSERVER_OPENPGP_OK) {
        return reason;
    }

    reason = pserver_openpgp_key(&key, skesk.body, passphrase);

    if (reason == PSERVER_OPENPGP_OK) {
        reason = openpgp_verify(&seipd.body, &key);
    }

    sodium_memzero(&key, sizeof(key));

    if (reason != PSERVER_OPENPGP_OK) {
        return reason;
    }

    return openpgp_inside(seipd.body.data, seipd.body.data + seipd.body.len,
                          limit, content);
}


const char *
pserver_openpgp_reason(pserver_openpgp_reason_e reason)
{
    switch (reason) {

    case PSERVER_OPENPGP_OK:
        return "it is well";

    case PSERVER_OPENPGP_FORM:
        return "it is no OpenPGP message for one passphrase";

    case PSERVER_OPENPGP_UNPROTECTED:
        return "it is an OpenPGP message without integrity protection";

    case PSERVER_OPENPGP_ALGORITHM:
        return "it is an OpenPGP message of a version or with an algorithm "
               "that is not taken";

    case PSERVER_OPENPGP_CHANGED:
        return "it is an OpenPGP message of another passphrase, or was changed";

    case PSERVER_OPENPGP_CONTENT:
        return "it is an OpenPGP message with something else in it than one "
               "file";

    case PSERVER_OPENPGP_TOO_LARGE:
        return "it is an OpenPGP message with a file in it that is too large";

    default: /* PSERVER_OPENPGP_ERROR */
        return "it is an OpenPGP message for which there was no memory";
    }
}


/* the two packets of a message, and no third */

static pserver_openpgp_reason_e
openpgp_outside(u_char *pos, u_char *end, pserver_openpgp_packet_t *skesk,
    pserver_openpgp_packet_t *seipd)
{
    pserver_openpgp_packet_t  more;

    if (pserver_openpgp_packet(skesk, &pos, end) != PSERVER_OK) {
        return PSERVER_OPENPGP_FORM;
    }

    if (skesk->tag == PSERVER_OPENPGP_SED) {
        return PSERVER_OPENPGP_UNPROTECTED;
    }

    if (skesk->tag != PSERVER_OPENPGP_SKESK
        || pserver_openpgp_packet(seipd, &pos, end) != PSERVER_OK)
    {
        return PSERVER_OPENPGP_FORM;
    }

    if (seipd->tag == PSERVER_OPENPGP_SED) {
        return PSERVER_OPENPGP_UNPROTECTED;
    }

    if (seipd->tag == PSERVER_OPENPGP_AED) {
        return PSERVER_OPENPGP_ALGORITHM;
    }

    if (seipd->tag != PSERVER_OPENPGP_SEIPD
        || pserver_openpgp_packet(&more, &pos, end) != PSERVER_DONE)
    {
        return PSERVER_OPENPGP_FORM;
    }

    return PSERVER_OPENPGP_OK;
}


/*
 * RFC 9580, section 5.13.1.  The prefix is not looked at by itself, since
 * that would tell an attacker something about what was changed; the hash
 * covers it.  Afterwards body is the plaintext alone.
 */

static pserver_openpgp_reason_e
openpgp_verify(pserver_str_t *body, const pserver_openpgp_key_t *key)
{
    size_t   len;
    u_char  *p, *mdc, digest[EVP_MAX_MD_SIZE];

    if (body->len < 1 + OPENPGP_PREFIX_LEN + OPENPGP_MDC_LEN) {
        return PSERVER_OPENPGP_FORM;
    }

    if (body->data[0] != 1) {
        return PSERVER_OPENPGP_ALGORITHM;
    }

    p = body->data + 1;
    len = body->len - 1;

    if (pserver_openpgp_cfb(key, p, len, 0) != PSERVER_OK) {
        return PSERVER_OPENPGP_ERROR;
    }

    mdc = p + len - OPENPGP_MDC_LEN;

    if (!EVP_Digest(p, len - 20, digest, NULL, EVP_sha1(), NULL)) {
        return PSERVER_OPENPGP_ERROR;
    }

    if (mdc[0] != 0xd3 || mdc[1] != 20
        || sodium_memcmp(digest, mdc + 2, 20) != 0)
    {
        return PSERVER_OPENPGP_CHANGED;
    }

    body->data = p + OPENPGP_PREFIX_LEN;
    body->len = mdc - body->data;

    return PSERVER_OPENPGP_OK;
}


static pserver_openpgp_reason_e
openpgp_inside(u_char *pos, u_char *end, size_t limit,
    pserver_str_t *content)
{
    pserver_openpgp_packet_t  packet;

    if (!openpgp_only(&packet, pos, end)) {
        return PSERVER_OPENPGP_CONTENT;
    }

    switch (packet.tag) {

    case PSERVER_OPENPGP_LITERAL:
        return openpgp_literal(packet.body, limit, content);

    case PSERVER_OPENPGP_COMPRESSED:
        return openpgp_compressed(packet.body, limit, content);

    default:
        return PSERVER_OPENPGP_CONTENT;
    }
}


static pserver_openpgp_reason_e
openpgp_compressed(pserver_str_t body, size_t limit, pserver_str_t *content)
{
    int                       rc;
    pserver_str_t             in, out;
    pserver_inflate_form_e    form;
    pserver_openpgp_packet_t  packet;
    pserver_openpgp_reason_e  reason;

    if (body.len == 0) {
        return PSERVER_OPENPGP_CONTENT;
    }

    switch (body.data[0]) {

    case 1:
        form = PSERVER_INFLATE_RAW;
        break;

    case 2:
        form = PSERVER_INFLATE_ZLIB;
        break;

    default:
        return PSERVER_OPENPGP_ALGORITHM;
    }

    in.data = body.data + 1;
    in.len = body.len - 1;

    rc = pserver_inflate(&out, in, form, pserver_openpgp_max(limit));

    if (rc != PSERVER_OK) {
        return (rc == PSERVER_NOSPACE) ? PSERVER_OPENPGP_TOO_LARGE
               : (rc == PSERVER_INVALID) ? PSERVER_OPENPGP_CONTENT
                                         : PSERVER_OPENPGP_ERROR;
    }

    reason = PSERVER_OPENPGP_CONTENT;

    if (openpgp_only(&packet, out.data, out.data + out.len)
        && packet.tag == PSERVER_OPENPGP_LITERAL)
    {
        reason = openpgp_literal(packet.body, limit, content);
    }

    sodium_memzero(out.data, out.len);
    free(out.data);

    return reason;
}


/* 1: these bytes are one packet */

static int
openpgp_only(pserver_openpgp_packet_t *packet, u_char *pos, u_char *end)
{
    pserver_openpgp_packet_t  more;

    return pserver_openpgp_packet(packet, &pos, end) == PSERVER_OK
           && pserver_openpgp_packet(&more, &pos, end) == PSERVER_DONE;
}


/* format, name, date, and the file; all but the file are of no use here */

static pserver_openpgp_reason_e
openpgp_literal(pserver_str_t body, size_t limit, pserver_str_t *content)
{
    size_t  head;

    if (body.len < 2) {
        return PSERVER_OPENPGP_CONTENT;
    }

    head = 2 + body.data[1] + 4;

    if (body.len < head) {
        return PSERVER_OPENPGP_CONTENT;
    }

    if (body.len - head > limit) {
        return PSERVER_OPENPGP_TOO_LARGE;
    }

    content->data = malloc(body.len - head + 1);
    if (content->data == NULL) {
        return PSERVER_OPENPGP_ERROR;
    }

    content->len = body.len - head;
    memcpy(content->data, body.data + head, content->len);

    return PSERVER_OPENPGP_OK;
}
