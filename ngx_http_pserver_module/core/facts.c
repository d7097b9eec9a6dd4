/*
 * A set of facts and its bytes, see facts.h.
 */

#include <string.h>

#include "bytes.h"
#include "encode.h"
#include "facts.h"


/* "PSF" and the version of the layout */

#define FACTS_MAGIC     0x50534606

#define FACTS_HEAD_LEN                                                        \
    (4 + 8 * 8 + 6 * sizeof(pserver_word_t) + 2 * sizeof(pserver_address_t)   \
     + 8 + 3 * 4)

#define FACTS_FILE_LEN                                                        \
    (sizeof(pserver_word_t) + sizeof(pserver_address_t) + 4)


typedef struct {
    const u_char         *pos;
    const u_char         *last;
    int                   broken;
} facts_reader_t;


static u_char *facts_put(u_char *dst, const void *src, size_t len);
static uint64_t facts_get_uint(facts_reader_t *r, size_t len);
static void facts_get(facts_reader_t *r, void *dst, size_t len);
static void facts_get_str(facts_reader_t *r, pserver_str_t *str, uint64_t len,
    size_t max);


int
pserver_facts_none(const pserver_address_t *address)
{
    static const pserver_address_t  zero;

    return memcmp(address, &zero, sizeof(zero)) == 0;
}


pserver_facts_when_e
pserver_facts_when(const pserver_word_t *start, const pserver_word_t *end,
    uint64_t block)
{
    pserver_word_t  at;

    static const pserver_word_t  never = {{
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff
    }};

    pserver_word_from_uint64(&at, block);

    if (memcmp(start, &at, sizeof(at)) > 0) {
        return PSERVER_FACTS_BEFORE;
    }

    if (memcmp(end, &never, sizeof(never)) != 0
        && memcmp(&at, end, sizeof(at)) >= 0)
    {
        return PSERVER_FACTS_AFTER;
    }

    return PSERVER_FACTS_DURING;
}


int
pserver_facts_grant(pserver_facts_t *facts)
{
    int  rc;

    facts->state = PSERVER_FACTS_NO_GRANT;
    facts->fault = PSERVER_GRANT_VALID;

    if (facts->text.len == 0) {

        if (facts->other) {
            facts->state = PSERVER_FACTS_OTHER_GRANT;
        }

        return PSERVER_OK;
    }

    rc = pserver_grant_parse(facts->text.data, facts->text.len, &facts->grant,
                             &facts->fault);

    switch (rc) {

    case PSERVER_OK:
        facts->state = PSERVER_FACTS_GRANT;
        return PSERVER_OK;

    case PSERVER_INVALID:
        facts->state = PSERVER_FACTS_BAD_GRANT;
        return PSERVER_OK;

    default:
        return rc;
    }
}


void
pserver_facts_free(pserver_facts_t *facts)
{
    if (facts->state == PSERVER_FACTS_GRANT) {
        pserver_grant_free(&facts->grant);
    }

    facts->state = PSERVER_FACTS_NO_GRANT;
}


size_t
pserver_facts_len(const pserver_facts_t *facts)
{
    size_t  i, len;

    len = FACTS_HEAD_LEN + facts->url.len + facts->text.len
          + facts->box.len;

    for (i = 0; i < pserver_facts_read(facts); i++) {
        len += FACTS_FILE_LEN + facts->file[i].url.len;
    }

    return len;
}


u_char *
pserver_facts_pack(u_char *dst, const pserver_facts_t *facts)
{
    size_t                       i;
    u_char                      *p;
    const pserver_facts_file_t  *file;

    p = pserver_put_be(dst, FACTS_MAGIC, 4);
    p = pserver_put_be(p, facts->chain_id, 8);
    p = pserver_put_be(p, facts->block, 8);
    p = pserver_put_be(p, facts->observed, 8);
    p = pserver_put_be(p, facts->fetched, 8);
    p = pserver_put_be(p, facts->other, 8);
    p = pserver_put_be(p, facts->account, 8);
    p = pserver_put_be(p, facts->trust, 8);
    p = pserver_put_be(p, facts->anchored.size, 8);
    p = facts_put(p, facts->anchored.root, sizeof(facts->anchored.root));
    p = facts_put(p, &facts->block_hash, sizeof(facts->block_hash));
    p = facts_put(p, &facts->id, sizeof(facts->id));
    p = facts_put(p, &facts->grantor, sizeof(facts->grantor));
    p = facts_put(p, &facts->grantee_id, sizeof(facts->grantee_id));
    p = facts_put(p, &facts->start_block, sizeof(facts->start_block));
    p = facts_put(p, &facts->end_block, sizeof(facts->end_block));
    p = facts_put(p, &facts->grantee, sizeof(facts->grantee));
    p = pserver_put_be(p, facts->files, 8);
    p = pserver_put_be(p, facts->url.len, 4);
    p = pserver_put_be(p, facts->text.len, 4);
    p = pserver_put_be(p, facts->box.len, 4);
    p = facts_put(p, facts->url.data, facts->url.len);
    p = facts_put(p, facts->text.data, facts->text.len);
    p = facts_put(p, facts->box.data, facts->box.len);

    for (i = 0; i < pserver_facts_read(facts); i++) {
        file = &facts->file[i];

        p = facts_put(p, &file->id, sizeof(file->id));
        p = facts_put(p, &file->owner, sizeof(file->owner));
        p = pserver_put_be(p, file->url.len, 4);
        p = facts_put(p, file->url.data, file->url.len);
    }

    return p;
}


int
pserver_facts_unpack(const u_char *data, size_t len, pserver_facts_t *facts)
{
    size_t                 i;
    uint64_t               url, text, box;
    facts_reader_t         r;
    pserver_facts_file_t  *file;

    r.pos = data;
    r.last = data + len;
    r.broken = 0;

    memset(facts, 0, sizeof(pserver_facts_t));

    if (facts_get_uint(&r, 4) != FACTS_MAGIC) {
        return PSERVER_INVALID;
    }

    facts->chain_id = facts_get_uint(&r, 8);
    facts->block = facts_get_uint(&r, 8);
    facts->observed = facts_get_uint(&r, 8);
    facts->fetched = facts_get_uint(&r, 8);
    facts->other = facts_get_uint(&r, 8);
    facts->account = facts_get_uint(&r, 8);
    facts->trust = facts_get_uint(&r, 8);
    facts->anchored.size = facts_get_uint(&r, 8);
    facts_get(&r, facts->anchored.root, sizeof(facts->anchored.root));
    facts_get(&r, &facts->block_hash, sizeof(facts->block_hash));
    facts_get(&r, &facts->id, sizeof(facts->id));
    facts_get(&r, &facts->grantor, sizeof(facts->grantor));
    facts_get(&r, &facts->grantee_id, sizeof(facts->grantee_id));
    facts_get(&r, &facts->start_block, sizeof(facts->start_block));
    facts_get(&r, &facts->end_block, sizeof(facts->end_block));
    facts_get(&r, &facts->grantee, sizeof(facts->grantee));
    facts->files = facts_get_uint(&r, 8);
    url = facts_get_uint(&r, 4);
    text = facts_get_uint(&r, 4);
    box = facts_get_uint(&r, 4);
    facts_get_str(&r, &facts->url, url, PSERVER_FACTS_URL_MAX);
    facts_get_str(&r, &facts->text, text, PSERVER_GRANT_MAX);
    facts_get_str(&r, &facts->box, box, PSERVER_FACTS_BOX_MAX);

    for (i = 0; !r.broken && i < pserver_facts_read(facts); i++) {
        file = &facts->file[i];

        facts_get(&r, &file->id, sizeof(file->id));
        facts_get(&r, &file->owner, sizeof(file->owner));
        url = facts_get_uint(&r, 4);
        facts_get_str(&r, &file->url, url, PSERVER_FACTS_URL_MAX);
    }

    if (r.broken || r.pos != r.last) {
        return PSERVER_INVALID;
    }

    return pserver_facts_grant(facts);
}


static u_char *
facts_put(u_char *dst, const void *src, size_t len)
{
    if (len) {
        memcpy(dst, src, len);
    }

    return dst + len;
}


static uint64_t
facts_get_uint(facts_reader_t *r, size_t len)
{
    u_char  bytes[8];

    facts_get(r, bytes, len);

    return pserver_get_be(bytes, len);
}


/* what is not there is read as zeros, and breaks the reader */

static void
facts_get(facts_reader_t *r, void *dst, size_t len)
{
    if (r->broken || (size_t) (r->last - r->pos) < len) {
        r->broken = 1;
        memset(dst, 0, len);
        return;
    }

    memcpy(dst, r->pos, len);
    r->pos += len;
}


static void
facts_get_str(facts_reader_t *r, pserver_str_t *str, uint64_t len, size_t max)
{
    if (r->broken || len > max || (size_t) (r->last - r->pos) < len) {
        r->broken = 1;
        return;
    }

    str->data = (u_char *) r->pos;
    str->len = (size_t) len;
    r->pos += len;
}
