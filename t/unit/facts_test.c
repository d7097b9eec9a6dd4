/*
 * A set of facts as bytes: there and back, and nothing else is taken.
 */

#include "core/encode.h"
#include "core/facts.h"
#include "test.h"


#define GRANT                                                                 \
    "{\"grantee\":\"0x00112233445566778899aabbccddeeff00112233\","            \
    "\"operation\":\"x\",\"parameters\":{}}"


static pserver_str_t
str(const char *text)
{
    pserver_str_t  s;

    s.data = (u_char *) text;
    s.len = strlen(text);

    return s;
}


static void
fill(pserver_facts_t *f, const char *grant)
{
    memset(f, 0, sizeof(pserver_facts_t));

    f->chain_id = 0x0102030405060708;
    f->block = UINT64_MAX;
    memset(&f->block_hash, 0xb1, 32);
    f->observed = 1764000000000;
    memset(&f->id, 0x1d, 32);
    memset(&f->grantor, 0x60, 20);
    memset(&f->grantee_id, 0x61, 32);
    memset(&f->start_block, 0x62, 32);
    memset(&f->end_block, 0x63, 32);
    memset(&f->grantee, 0x64, 20);
    f->url = str("ipfs://grant");
    f->text = str(grant);
    f->files = 2;
    memset(&f->file[0].id, 0xf1, 32);
    memset(&f->file[0].owner, 0xf2, 20);
    f->file[0].url = str("http://o/v1/data/a.b");
    memset(&f->file[1].id, 0xf3, 32);
    memset(&f->file[1].owner, 0xf4, 20);
    f->file[1].url = str("");
}


static u_char *
pack(const pserver_facts_t *f, size_t *len)
{
    u_char  *data;

    *len = pserver_facts_len(f);
    data = malloc(*len);

    CHECK(pserver_facts_pack(data, f) == data + *len);

    return data;
}


TEST(there_and_back)
{
    size_t           len;
    u_char          *data;
    pserver_facts_t  f, g;

    fill(&f, GRANT);
    f.fetched = 1700000000001;
    f.box = str("b0c5");
    f.account = 3;
    f.trust = PSERVER_FACTS_TRUSTED;
    data = pack(&f, &len);

    CHECK_INT(pserver_facts_unpack(data, len, &g), PSERVER_OK);

    CHECK(g.chain_id == f.chain_id);
    CHECK(g.block == f.block);
    CHECK_MEM(&g.block_hash, &f.block_hash, 32);
    CHECK(g.observed == f.observed);
    CHECK(g.fetched == f.fetched);
    CHECK(g.account == f.account);
    CHECK(g.trust == f.trust);
    CHECK_MEM(&g.id, &f.id, 32);
    CHECK_MEM(&g.grantor, &f.grantor, 20);
    CHECK_MEM(&g.grantee_id, &f.grantee_id, 32);
    CHECK_MEM(&g.start_block, &f.start_block, 32);
    CHECK_MEM(&g.end_block, &f.end_block, 32);
    CHECK_MEM(&g.grantee, &f.grantee, 20);
    CHECK_STR(g.url, "ipfs://grant");
    CHECK_STR(g.text, GRANT);
    CHECK_STR(g.box, "b0c5");
    CHECK_INT(g.files, 2);
    CHECK_MEM(&g.file[0].id, &f.file[0].id, 32);
    CHECK_MEM(&g.file[0].owner, &f.file[0].owner, 20);
    CHECK_STR(g.file[0].url, "http://o/v1/data/a.b");
    CHECK_MEM(&g.file[1].id, &f.file[1].id, 32);
    CHECK_MEM(&g.file[1].owner, &f.file[1].owner, 20);
    CHECK_INT(g.file[1].url.len, 0);

    CHECK_INT(g.state, PSERVER_FACTS_GRANT);
    CHECK_STR(g.grant.operation, "x");

    pserver_facts_free(&g);
    CHECK_INT(g.state, PSERVER_FACTS_NO_GRANT);
    pserver_facts_free(&g);

    free(data);
}


TEST(grant_file)
{
    size_t           len;
    u_char          *data;
    pserver_facts_t  f, g;

    fill(&f, "");
    data = pack(&f, &len);
    CHECK_INT(pserver_facts_unpack(data, len, &g), PSERVER_OK);
    CHECK_INT(g.state, PSERVER_FACTS_NO_GRANT);
    pserver_facts_free(&g);
    free(data);

    fill(&f, "");
    f.other = 1;
    data = pack(&f, &len);
    CHECK_INT(pserver_facts_unpack(data, len, &g), PSERVER_OK);
    CHECK_INT(g.state, PSERVER_FACTS_OTHER_GRANT);
    pserver_facts_free(&g);
    free(data);

    fill(&f, "{}");
    data = pack(&f, &len);
    CHECK_INT(pserver_facts_unpack(data, len, &g), PSERVER_OK);
    CHECK_INT(g.state, PSERVER_FACTS_BAD_GRANT);
    CHECK_INT(g.fault, PSERVER_GRANT_GRANTEE);
    pserver_facts_free(&g);
    free(data);
}


TEST(number_of_files)
{
    size_t           len;
    u_char          *data;
    pserver_facts_t  f, g;

    fill(&f, GRANT);
    f.files = PSERVER_FACTS_FILES;
    data = pack(&f, &len);
    CHECK_INT(pserver_facts_unpack(data, len, &g), PSERVER_OK);
    CHECK_INT(pserver_facts_read(&g), PSERVER_FACTS_FILES);
    pserver_facts_free(&g);
    free(data);

    /* more than are read: their number only */

    f.files = PSERVER_FACTS_FILES + 1;
    data = pack(&f, &len);
    CHECK_INT(pserver_facts_unpack(data, len, &g), PSERVER_OK);
    CHECK_INT(g.files, PSERVER_FACTS_FILES + 1);
    CHECK_INT(pserver_facts_read(&g), 0);
    pserver_facts_free(&g);
    free(data);
}


TEST(other_bytes)
{
    size_t           i, len;
    u_char          *data, *copy;
    pserver_facts_t  f, g;

    fill(&f, GRANT);
    data = pack(&f, &len);

    for (i = 0; i < len; i++) {
        copy = malloc(i ? i : 1);
        memcpy(copy, data, i);
        CHECK_INT(pserver_facts_unpack(copy, i, &g), PSERVER_INVALID);
        free(copy);
    }

    copy = malloc(len + 1);
    memcpy(copy, data, len);
    copy[len] = 0;
    CHECK_INT(pserver_facts_unpack(copy, len + 1, &g), PSERVER_INVALID);

    copy[3] ^= 1;
    CHECK_INT(pserver_facts_unpack(copy, len, &g), PSERVER_INVALID);

    free(copy);
    free(data);
}


TEST(nobody)
{
    size_t             i;
    pserver_address_t  a;

    memset(&a, 0, sizeof(a));
    CHECK(pserver_facts_none(&a));

    for (i = 0; i < 20; i++) {
        a.bytes[i] = 1;
        CHECK(!pserver_facts_none(&a));
        a.bytes[i] = 0;
    }
}


TEST_MAIN


/* where a life that the chain gives by two blocks has begun and not ended */

TEST(when)
{
    pserver_word_t  five, nine, never;

    pserver_word_from_uint64(&five, 5);
    pserver_word_from_uint64(&nine, 9);
    memset(&never, 0xff, sizeof(never));

    CHECK_INT(pserver_facts_when(&five, &nine, 4), PSERVER_FACTS_BEFORE);
    CHECK_INT(pserver_facts_when(&five, &nine, 5), PSERVER_FACTS_DURING);
    CHECK_INT(pserver_facts_when(&five, &nine, 8), PSERVER_FACTS_DURING);
    CHECK_INT(pserver_facts_when(&five, &nine, 9), PSERVER_FACTS_AFTER);
    CHECK_INT(pserver_facts_when(&five, &never, UINT64_MAX),
              PSERVER_FACTS_DURING);
    CHECK_INT(pserver_facts_when(&never, &never, UINT64_MAX),
              PSERVER_FACTS_BEFORE);
}


/* the fuzzer begins where there is something to read */

TEST(seeds)
{
    size_t            i, len;
    char             *data;
    pserver_facts_t   f;

    static const char *const  names[] = {
        "t/fuzz/corpus/facts/many", "t/fuzz/corpus/facts/none",
        "t/fuzz/corpus/facts/read", "t/fuzz/corpus/facts/run"
    };

    for (i = 0; i < 4; i++) {
        data = test_file(names[i], &len);
        CHECK_INT(pserver_facts_unpack((u_char *) data, len, &f), PSERVER_OK);
        pserver_facts_free(&f);
        free(data);
    }
}
