/*
 * What a log has of an owner: a log of seven entries, of which the owner has
 * every other one, and each way in which a file does not hold.
 */

#include "vector.h"
#include "core/logproof.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

TEST_MAIN


#define ENTRIES  7
#define OWNED    4        /* 0, 2, 4, 6 */


typedef struct {
    u_char                entry[ENTRIES][PSERVER_ENTRY_MAX];
    size_t                len[ENTRIES];
    u_char                box[ENTRIES][1024];
    size_t                box_len[ENTRIES];
    u_char                leaf[ENTRIES][PSERVER_MERKLE_LEN];
    pserver_entry_keys_t  keys;
    pserver_checkpoint_t  checkpoint;
    u_char                text[65536];
    size_t                text_len;
} log_t;


static int
node(void *data, u_char hash[PSERVER_MERKLE_LEN], unsigned level,
    uint64_t index)
{
    log_t  *log = data;

    pserver_merkle_list(hash, log->leaf[index << level], (size_t) 1 << level);

    return PSERVER_OK;
}


static void
make_entry(log_t *log, size_t i, u_char previous[32], uint64_t counter,
    pserver_random_t *random)
{
    u_char                  link[32];
    pserver_entry_t         statement;
    pserver_entry_place_t   place;

    static const pserver_str_t  scope = pserver_string("demo.messages");

    memset(&statement, 0, sizeof(statement));
    memset(&place, 0, sizeof(place));

    statement.type = PSERVER_ENTRY_DATA_READ;
    statement.n = 1;
    statement.fields[0].id = PSERVER_FIELD_SCOPE;
    statement.fields[0].value = scope;

    CHECK_INT(pserver_entry_lengths(&statement, &log->len[i],
                                    &log->box_len[i]), PSERVER_OK);

    pserver_entry_write(log->entry[i], log->box[i], link, &statement,
                        log->keys.seal, random);

    place.sequence = i;
    place.time = 1000 + i;
    place.counter = counter;
    memcpy(place.previous, previous, 32);

    pserver_entry_place(log->entry[i], log->len[i], log->keys.tag, link,
                        &place);

    pserver_merkle_leaf(log->leaf[i], log->entry[i], log->len[i]);

    if (counter) {
        memcpy(previous, log->leaf[i], 32);
    }
}


static void
put(log_t *log, const void *data, size_t len)
{
    memcpy(log->text + log->text_len, data, len);
    log->text_len += len;
}


/* the file, without the owner's entry "without" */

static void
make_file(log_t *log, size_t without)
{
    size_t                    i;
    u_char                    header[PSERVER_LOGPROOF_HEADER_LEN];
    u_char                    head[PSERVER_LOGPROOF_HEAD_LEN];
    pserver_logproof_t        proof;
    pserver_merkle_source_t   source;

    source.node = node;
    source.data = log;

    log->text_len = 0;

    pserver_logproof_header(header, (without < ENTRIES) ? OWNED - 1 : OWNED);
    put(log, header, sizeof(header));

    for (i = 0; i < ENTRIES; i += 2) {

        if (i == without) {
            continue;
        }

        proof.counter = i / 2 + 1;
        proof.entry.data = log->entry[i];
        proof.entry.len = log->len[i];
        proof.box.data = log->box[i];
        proof.box.len = log->box_len[i];

        CHECK_INT(pserver_merkle_inclusion(proof.proof, &proof.n, &source,
                                           ENTRIES, i), PSERVER_OK);

        pserver_logproof_head(head, &proof);

        put(log, head, sizeof(head));
        put(log, proof.entry.data, proof.entry.len);
        put(log, proof.box.data, proof.box.len);
        put(log, proof.proof, proof.n * PSERVER_MERKLE_LEN);
    }
}


static log_t *
make_log(void)
{
    size_t             i;
    log_t             *log;
    u_char             previous[32], ledger[32];
    pserver_random_t  *random;

    log = calloc(1, sizeof(log_t));
    random = calloc(1, sizeof(pserver_random_t));

    pserver_random_init(random);

    memset(ledger, 9, sizeof(ledger));
    memset(previous, 0, sizeof(previous));

    pserver_entry_keys(&log->keys, ledger);

    for (i = 0; i < ENTRIES; i++) {
        make_entry(log, i, previous, (i % 2) ? 0 : i / 2 + 1, random);
    }

    log->checkpoint.size = ENTRIES;
    pserver_merkle_list(log->checkpoint.root, log->leaf[0], ENTRIES);

    free(random);

    return log;
}


/* how many entries hold, if all do; -1: not a file, -2: not in the log, -3:
   not what follows */

static int
verify(log_t *log, size_t len)
{
    int                    n, rc;
    u_char                *copy;
    pserver_str_t          text;
    pserver_logproof_t     proof;
    pserver_logproofs_t    proofs;
    pserver_entry_view_t   view;

    copy = malloc(len + 1);
    memcpy(copy, log->text, len);

    text.data = copy;
    text.len = len;

    rc = pserver_logproofs_init(&proofs, text);

    for (n = 0; rc == PSERVER_OK; n++) {
        rc = pserver_logproofs_next(&proofs, &proof, &view);

        if (rc != PSERVER_OK) {
            break;
        }

        if (pserver_logproof_verify(&proof, &view, &log->checkpoint)
            != PSERVER_OK)
        {
            n = -2;
            break;
        }

        if (pserver_logproofs_follows(&proofs, &proof, &view, &log->keys)
            != PSERVER_OK)
        {
            n = -3;
            break;
        }
    }

    free(copy);

    return (rc == PSERVER_OK || rc == PSERVER_DONE) ? n : -1;
}


TEST(whole)
{
    log_t  *log;

    log = make_log();

    make_file(log, ENTRIES);
    CHECK_INT(verify(log, log->text_len), OWNED);

    /* one that is missing shows by the next; the last one can't */

    make_file(log, 0);
    CHECK_INT(verify(log, log->text_len), -3);
    make_file(log, 2);
    CHECK_INT(verify(log, log->text_len), -3);
    make_file(log, 6);
    CHECK_INT(verify(log, log->text_len), OWNED - 1);

    /* another log, other keys */

    make_file(log, ENTRIES);
    log->checkpoint.root[0] ^= 1;
    CHECK_INT(verify(log, log->text_len), -2);
    log->checkpoint.root[0] ^= 1;
    log->keys.seal[0] ^= 1;
    CHECK_INT(verify(log, log->text_len), -3);

    free(log);
}


TEST(changed)
{
    log_t   *log;
    size_t   i;

    log = make_log();
    make_file(log, ENTRIES);

    for (i = 0; i < log->text_len; i++) {
        log->text[i] ^= 1;
        CHECK(verify(log, log->text_len) < 0);
        log->text[i] ^= 1;

        CHECK_INT(verify(log, i), -1);
    }

    log->text[log->text_len] = 0;
    CHECK_INT(verify(log, log->text_len + 1), -1);

    free(log);
}
