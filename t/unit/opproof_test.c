/*
 * Proofs of operations: what was written reads as it was and holds, nothing
 * else does, and their size is bounded.
 */

#include "core/box.h"
#include "core/encode.h"
#include "core/opproof.h"

#include "test.h"

#include <sodium.h>


#define LEAVES  1000000


typedef struct {
    pserver_opproof_t     proof;
    u_char                entry[PSERVER_ENTRY_MAX];
    u_char                box[2048];
    u_char                plain[2048];
    u_char                note[PSERVER_NOTE_MAX];
    pserver_note_key_t    key;
    u_char                secret[64];
} made_t;


static pserver_random_t  rng;
static u_char            seal[32] = "the seal key of some owner .....";
static char              hex_id[65];


static pserver_str_t
str(const char *s)
{
    pserver_str_t  text;

    text.data = (u_char *) s;
    text.len = strlen(s);

    return text;
}


/* the nodes of a tree, most of which nobody has hashed */

static int
node(void *data, u_char hash[32], unsigned level, uint64_t index)
{
    uint64_t  at[2] = { level, index };

    if (level == 0 && index == 7) {
        memcpy(hash, data, 32);

    } else if (level == 0) {
        pserver_merkle_leaf(hash, (u_char *) at, sizeof(at));

    } else if (index == (uint64_t) 7 >> level) {
        u_char  left[32], right[32];

        (void) node(data, left, level - 1, index * 2);
        (void) node(data, right, level - 1, index * 2 + 1);
        pserver_merkle_node(hash, left, right);

    } else {
        pserver_merkle_leaf(hash, (u_char *) at, sizeof(at));
    }

    return PSERVER_OK;
}


/* entry 7 of a log of so many, all its fields shown */

static void
make(made_t *m, uint64_t size, uint64_t anchored)
{
    size_t                    i, len, box_len;
    u_char                   *end, link_key[32], leaf[32];
    pserver_entry_t           e;
    pserver_entry_view_t      view;
    pserver_checkpoint_t      checkpoint;
    pserver_entry_place_t     place;
    pserver_entry_opening_t   opening;
    pserver_merkle_source_t   source = { node, leaf };

    memset(m, 0, sizeof(made_t));
    memset(&e, 0, sizeof(e));
    memset(&place, 0, sizeof(place));
    memset(&checkpoint, 0, sizeof(checkpoint));

    memset(m->proof.id, 0xab, sizeof(m->proof.id));
    *pserver_hex_encode((u_char *) hex_id, m->proof.id, 32) = 0;

    e.type = PSERVER_ENTRY_OPERATION_ACCEPTED;
    e.n = 2;
    e.fields[0].id = PSERVER_FIELD_OPERATION;
    e.fields[0].value = str("word_count");
    e.fields[1].id = PSERVER_FIELD_OPERATION_ID;
    e.fields[1].value = str(hex_id);

    place.sequence = 7;

    CHECK_INT(pserver_entry_lengths(&e, &len, &box_len), PSERVER_OK);
    pserver_entry_write(m->entry, m->box, link_key, &e, seal, &rng);
    pserver_entry_place(m->entry, len, seal, link_key, &place);
    CHECK_INT(pserver_entry_parse(&view, m->entry, len), PSERVER_OK);
    CHECK_INT(pserver_entry_open(&opening, m->plain, &view, m->box, box_len,
                                 seal),
              PSERVER_OK);

    m->proof.entry.data = m->entry;
    m->proof.entry.len = len;
    m->proof.nfields = opening.n;

    for (i = 0; i < opening.n; i++) {
        m->proof.fields[i].id = opening.fields[i].id;
        m->proof.fields[i].value = opening.fields[i].value;
        memcpy(m->proof.fields[i].key, opening.keys[i], 32);
    }

    pserver_merkle_leaf(leaf, m->entry, len);

    CHECK_INT(pserver_merkle_inclusion(m->proof.proof, &m->proof.n, &source,
                                       size, 7),
              PSERVER_OK);
    CHECK_INT(pserver_merkle_root_of(checkpoint.root, &source, size),
              PSERVER_OK);

    if (anchored) {
        m->proof.anchor.size = anchored;
        CHECK_INT(pserver_merkle_inclusion(m->proof.anchor.proof,
                                           &m->proof.anchor.n, &source,
                                           anchored, 7),
                  PSERVER_OK);
        CHECK_INT(pserver_merkle_root_of(m->proof.anchor.root, &source,
                                         anchored),
                  PSERVER_OK);
    }

    crypto_sign_seed_keypair(leaf, m->secret, seal);
    CHECK_INT(pserver_note_key(&m->key, str("pserver/0123456789abcdef"),
                               leaf),
              PSERVER_OK);

    checkpoint.name = m->key.name;
    checkpoint.size = size;

    end = pserver_checkpoint_write(m->note, &checkpoint);
    end = pserver_note_sign(m->note, end - m->note, &m->key, m->secret);

    m->proof.checkpoint.data = m->note;
    m->proof.checkpoint.len = end - m->note;
}


/* written and read again: what then does not hold */

static pserver_opproof_fault_e
verify(made_t *m)
{
    size_t                    len;
    u_char                   *text, *end;
    pserver_json_doc_t       *doc;
    pserver_entry_view_t      view;
    pserver_checkpoint_t      checkpoint;
    pserver_opproof_fault_e   fault;

    static pserver_opproof_t            back;
    static const pserver_json_limits_t  limits = { 4, 256 };

    len = pserver_opproof_len(&m->proof);
    text = malloc(len);
    end = pserver_opproof_write(text, &m->proof);
    CHECK((size_t) (end - text) <= len);

    CHECK_INT(pserver_json_parse(text, end - text, &limits, &doc),
              PSERVER_OK);
    CHECK_INT(pserver_opproof_parse(&back, pserver_json_root(doc)),
              PSERVER_OK);
    CHECK_INT(back.entry.len, m->proof.entry.len);
    CHECK_INT(back.n, m->proof.n);
    CHECK_INT(back.anchor.size, m->proof.anchor.size);

    fault = pserver_opproof_verify(&back, &m->key, &view, &checkpoint);

    pserver_json_free(doc);
    free(text);

    return fault;
}


TEST(holds)
{
    made_t  *m = malloc(sizeof(made_t));

    make(m, 8, 0);
    CHECK_INT(verify(m), PSERVER_OPPROOF_OK);

    make(m, 1000, 9);
    CHECK_INT(verify(m), PSERVER_OPPROOF_OK);

    /* not every field need be shown */

    m->proof.fields[0] = m->proof.fields[1];
    m->proof.nfields = 1;
    CHECK_INT(verify(m), PSERVER_OPPROOF_OK);

    free(m);
}


TEST(nothing_else_does)
{
    made_t  *m = malloc(sizeof(made_t));

    make(m, 1000, 9);
    m->entry[0] ^= 1;
    CHECK_INT(verify(m), PSERVER_OPPROOF_ENTRY);

    make(m, 1000, 9);
    m->proof.fields[0].key[0] ^= 1;
    CHECK_INT(verify(m), PSERVER_OPPROOF_OPENING);

    make(m, 1000, 9);
    m->proof.fields[0].id = PSERVER_FIELD_SCOPE;
    CHECK_INT(verify(m), PSERVER_OPPROOF_OPENING);

    make(m, 1000, 9);
    m->proof.id[31] ^= 1;
    CHECK_INT(verify(m), PSERVER_OPPROOF_OPERATION);

    make(m, 1000, 9);
    m->proof.nfields = 1;
    CHECK_INT(verify(m), PSERVER_OPPROOF_OPERATION);

    make(m, 1000, 9);
    m->note[30] ^= 1;
    CHECK_INT(verify(m), PSERVER_OPPROOF_CHECKPOINT);

    make(m, 1000, 9);
    m->key.key[0] ^= 1;
    CHECK_INT(verify(m), PSERVER_OPPROOF_CHECKPOINT);

    make(m, 1000, 9);
    m->entry[m->proof.entry.len - 1] ^= 1;
    CHECK_INT(verify(m), PSERVER_OPPROOF_PATH);

    make(m, 1000, 9);
    m->proof.n--;
    CHECK_INT(verify(m), PSERVER_OPPROOF_PATH);

    make(m, 1000, 9);
    m->proof.anchor.root[0] ^= 1;
    CHECK_INT(verify(m), PSERVER_OPPROOF_ANCHOR);

    make(m, 1000, 9);
    m->proof.anchor.size = 7;
    CHECK_INT(verify(m), PSERVER_OPPROOF_ANCHOR);

    free(m);
}


/* of a million entries: a KiB for the way to the root */

TEST(size)
{
    made_t  *m = malloc(sizeof(made_t));

    make(m, LEAVES, 0);
    CHECK_INT(verify(m), PSERVER_OPPROOF_OK);
    CHECK_INT(m->proof.n, 20);
    CHECK(4 * (m->proof.n * 32 + 2) / 3 < 1024);

    free(m);
}


TEST(form)
{
    size_t               i;
    pserver_json_doc_t  *doc;
    pserver_opproof_t   *proof = malloc(sizeof(pserver_opproof_t));

    static const pserver_json_limits_t  limits = { 4, 256 };

#define ID    "\"id\":\"00000000000000000000000000000000"                      \
              "00000000000000000000000000000000\""
#define KIND  "{\"kind\":\"OperationProof\","
#define HEAD  KIND ID ",\"entry\":\"AA==\",\"checkpoint\":\"\","

    static const char  *texts[] = {
        HEAD "\"proof\":\"\",\"openings\":[],\"anchor\":null}",
        "[]",
        "{\"kind\":\"OperationStatus\"," ID "}",
        KIND "\"id\":\"00\",\"entry\":\"\",\"checkpoint\":\"\","
            "\"proof\":\"\",\"openings\":[],\"anchor\":null}",
        HEAD "\"proof\":\"AA==\",\"openings\":[],\"anchor\":null}",
        HEAD "\"proof\":\"!\",\"openings\":[],\"anchor\":null}",
        HEAD "\"proof\":\"\",\"openings\":{},\"anchor\":null}",
        HEAD "\"proof\":\"\",\"openings\":[{}],\"anchor\":null}",
        HEAD "\"proof\":\"\",\"openings\":[{\"field\":256,\"key\":\"\","
            "\"value\":\"\"}],\"anchor\":null}",
        HEAD "\"proof\":\"\",\"openings\":[{\"field\":2,\"key\":\"AA==\","
            "\"value\":\"\"}],\"anchor\":null}",
        HEAD "\"proof\":\"\",\"openings\":[]}",
        HEAD "\"proof\":\"\",\"openings\":[],\"anchor\":{\"size\":0}}",
        HEAD "\"proof\":\"\",\"openings\":[],\"anchor\":{\"size\":1,"
            "\"root\":\"AA==\",\"proof\":\"\"}}",
        HEAD "\"proof\":7,\"openings\":[],\"anchor\":null}"
    };

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        CHECK_INT(pserver_json_parse((u_char *) texts[i], strlen(texts[i]),
                                     &limits, &doc),
                  PSERVER_OK);
        CHECK_INT(pserver_opproof_parse(proof, pserver_json_root(doc)),
                  i ? PSERVER_INVALID : PSERVER_OK);
        pserver_json_free(doc);
    }

    free(proof);
}


TEST_MAIN
