/*
 * Tiles and checkpoints: what is published is the log, from whatever state
 * it goes on, and what does not fit the log is not gone on from.
 */

#include "http/ngx_http_pserver_audit_anchored.c"
#include "http/ngx_http_pserver_audit_append.c"
#include "http/ngx_http_pserver_audit_disk.c"
#include "http/ngx_http_pserver_audit_file.c"
#include "http/ngx_http_pserver_audit_publish.c"
#include "http/ngx_http_pserver_audit_state.c"
#include "http/ngx_http_pserver_audit_tiles.c"
#include "http/ngx_http_pserver_audit_view.c"

#include "audit.h"


static void
reopen(file_t *file)
{
    ngx_http_pserver_audit_file_close(file);
    CHECK_INT(ngx_http_pserver_audit_file_init(file, dir), PSERVER_OK);
}


/* a byte of a file is another one */

static void
flip(const char *path, long at)
{
    FILE  *f;
    char   name[256];
    int    c;

    snprintf(name, sizeof(name), "%s/%s", dir, path);
    f = fopen(name, "r+");
    CHECK(f != NULL);
    fseek(f, at, at < 0 ? SEEK_END : SEEK_SET);
    c = fgetc(f);
    fseek(f, at, at < 0 ? SEEK_END : SEEK_SET);
    fputc(c ^ 1, f);
    fclose(f);
}


TEST(grows)
{
    size_t   i, size;
    file_t   file;
    tiles_t  tiles;

    static const size_t  steps[] = { 1, 0, 5, 250, 1, 255, 256, 300, 1024 };

    fresh(&file, &tiles);
    size = 0;

    CHECK_INT(publish(&tiles, &file), PSERVER_OK);
    verify(0);

    for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        if (steps[i]) {
            append(&file, steps[i]);
        }

        size += steps[i];

        /* in one process, and then in another one each time */

        if (i % 2) {
            reopen(&file);
        }

        CHECK_INT(publish(&tiles, &file), PSERVER_OK);
        CHECK_INT(tiles.size, size);
        verify(size);
    }

    ngx_http_pserver_audit_file_close(&file);
}


TEST(two_levels_and_a_short_start)
{
    size_t   i;
    file_t   file;
    tiles_t  tiles;

    fresh(&file, &tiles);

    for (i = 0; i < 66; i++) {
        append(&file, 1024);

        if (i % 7 == 0) {
            CHECK_INT(publish(&tiles, &file), PSERVER_OK);
            CHECK_INT(ngx_http_pserver_audit_state_save(&file), PSERVER_OK);
        }
    }

    CHECK_INT(publish(&tiles, &file), PSERVER_OK);
    verify(66 * 1024);
    CHECK_INT(file.kept, 64 * 1024);

    /* from its state a process reads the rest only: not what is before */

    flip("log", 64 + 200);
    reopen(&file);
    append(&file, 10);
    CHECK_INT(file.kept, 64 * 1024);
    CHECK_INT(file.tree.size, 66 * 1024 + 10);
    CHECK_INT(publish(&tiles, &file), PSERVER_OK);
    verify(66 * 1024 + 10);

    /* a state that is not whole is none: it begins with the first entry */

    flip("state", 300);
    reopen(&file);
    CHECK_INT(publish(&tiles, &file), PSERVER_INVALID);
    flip("log", 64 + 200);
    reopen(&file);
    CHECK_INT(publish(&tiles, &file), PSERVER_OK);
    CHECK_INT(file.kept, 0);
    append(&file, 1);
    CHECK_INT(publish(&tiles, &file), PSERVER_OK);
    verify(66 * 1024 + 11);

    ngx_http_pserver_audit_file_close(&file);
}


/* full tiles of the entries and their hashes lie elsewhere: nobody needs them
   to go on, and the anchor is compared without them */

TEST(cold_tiles)
{
    size_t              i;
    char                from[256], to[256];
    file_t              file;
    tiles_t             tiles;
    const char         *what;
    pserver_merkle_t    tree;
    pserver_anchored_t  anchor, known;

    static const char  *cold[] = {
        "entries/000", "entries/001", "entries/002", "0/000", "0/001", "0/002"
    };

    fresh(&file, &tiles);
    append(&file, 900);
    CHECK_INT(publish(&tiles, &file), PSERVER_OK);

    CHECK_INT(ngx_http_pserver_audit_file_tree(&file, &tree), PSERVER_OK);
    anchor.size = 900;
    pserver_merkle_root(&tree, anchor.root);
    CHECK_INT(ngx_http_pserver_audit_anchored_write(dir, &anchor),
              PSERVER_OK);

    for (i = 0; i < 6; i++) {
        snprintf(from, sizeof(from), "%s/public/tile/%s", dir, cold[i]);
        snprintf(to, sizeof(to), "%s/cold-%zu", dir, i);
        CHECK_INT(rename(from, to), 0);
    }

    reopen(&file);
    append(&file, 300);
    CHECK_INT(publish(&tiles, &file), PSERVER_OK);
    CHECK_INT(tiles.size, 1200);

    memset(&known, 0, sizeof(known));
    CHECK_INT(ngx_http_pserver_audit_anchored_check(dir, &known, &what),
              PSERVER_OK);
    CHECK_INT(known.size, 900);

    for (i = 0; i < 6; i++) {
        snprintf(to, sizeof(to), "%s/public/tile/%s", dir, cold[i]);
        CHECK_INT(access(to, F_OK), -1);

        snprintf(from, sizeof(from), "%s/cold-%zu", dir, i);
        CHECK_INT(rename(from, to), 0);
    }

    verify(1200);

    ngx_http_pserver_audit_file_close(&file);
}


TEST(a_changed_log_stops)
{
    char     name[256];
    file_t   file;
    tiles_t  tiles;

    fresh(&file, &tiles);
    append(&file, 100);
    CHECK_INT(publish(&tiles, &file), PSERVER_OK);

    /* another log, whole in itself, in its place */

    snprintf(name, sizeof(name), "%s/log", dir);
    CHECK_INT(ngx_http_pserver_audit_file_stopped(&file), 0);

    {
        FILE    *f;
        u_char   head[64];

        f = fopen(name, "r+");
        CHECK_INT(fread(head, 1, 64, f), 64);
        fclose(f);

        CHECK_INT(unlink(name), 0);
        f = fopen(name, "w");
        fwrite(head, 1, 64, f);
        fclose(f);
    }

    reopen(&file);
    CHECK_INT(publish(&tiles, &file), PSERVER_INVALID);
    CHECK(strstr(file.what, "shorter") != NULL);

    ngx_http_pserver_audit_file_close(&file);
}


TEST(a_changed_checkpoint_stops)
{
    char     name[256];
    file_t   file;
    tiles_t  tiles;

    fresh(&file, &tiles);
    append(&file, 300);
    CHECK_INT(publish(&tiles, &file), PSERVER_OK);

    /* its signature */

    flip("public/checkpoint", -5);
    append(&file, 1);
    CHECK_INT(publish(&tiles, &file), PSERVER_INVALID);
    CHECK(strstr(tiles.what, "signed") != NULL);
    flip("public/checkpoint", -5);
    CHECK_INT(publish(&tiles, &file), PSERVER_OK);
    verify(301);

    /* its root: found when the log is read */

    flip("public/checkpoint", 30);
    reopen(&file);
    CHECK_INT(publish(&tiles, &file), PSERVER_INVALID);
    flip("public/checkpoint", 30);
    reopen(&file);
    CHECK_INT(publish(&tiles, &file), PSERVER_OK);

    /* tiles that the next ones are made from */

    flip("public/tile/1/000.part", 3);
    append(&file, 300);
    CHECK_INT(publish(&tiles, &file), PSERVER_INVALID);
    CHECK_INT(publish(&tiles, &file), PSERVER_INVALID);

    /* without a checkpoint they are made anew */

    snprintf(name, sizeof(name), "%s/public/checkpoint", dir);
    CHECK_INT(unlink(name), 0);
    CHECK_INT(publish(&tiles, &file), PSERVER_OK);
    verify(601);

    snprintf(name, sizeof(name), "%s/stopped", dir);
    fclose(fopen(name, "w"));
    CHECK_INT(publish(&tiles, &file), PSERVER_INVALID);
    CHECK_INT(unlink(name), 0);
    CHECK_INT(publish(&tiles, &file), PSERVER_OK);

    ngx_http_pserver_audit_file_close(&file);
}


TEST(keys)
{
    file_t   file;
    u_char   old[256], new[256];
    size_t   old_len, new_len;
    tiles_t  tiles;

    pserver_root_t  both[2] = { roots[1], roots[0] };

    fresh(&file, &tiles);
    append(&file, 1);
    CHECK_INT(ngx_http_pserver_audit_tiles_publish(&tiles, &file, NULL, 0),
              PSERVER_INVALID);
    CHECK_INT(publish(&tiles, &file), PSERVER_OK);

    (void) ngx_http_pserver_audit_disk_read(dir, "public/key", old, 256,
                                            &old_len);

    /* another root alone does not open it, with the old one it is sealed
       again; the key stays the same */

    append(&file, 1);
    CHECK_INT(ngx_http_pserver_audit_tiles_publish(&tiles, &file, both, 1),
              PSERVER_INVALID);
    CHECK_INT(ngx_http_pserver_audit_tiles_publish(&tiles, &file, both, 2),
              PSERVER_OK);
    append(&file, 1);
    CHECK_INT(ngx_http_pserver_audit_tiles_publish(&tiles, &file, both, 1),
              PSERVER_OK);
    verify(3);

    (void) ngx_http_pserver_audit_disk_read(dir, "public/key", new, 256,
                                            &new_len);
    CHECK_INT(new_len, old_len);
    CHECK_MEM(new, old, old_len);

    ngx_http_pserver_audit_file_close(&file);
}


TEST(epochs)
{
    u_char                buf[PSERVER_NOTE_MAX];
    file_t                file;
    tiles_t               tiles;
    pserver_str_t         note, text;
    pserver_note_epoch_t  anchor;
    pserver_checkpoint_t  checkpoint;

    memset(&anchor, 0, sizeof(anchor));
    anchor.chain_id = 1480;

    fresh(&file, &tiles);
    append(&file, 3);
    CHECK_INT(publish(&tiles, &file), PSERVER_OK);
    tiles.anchor = &anchor;
    CHECK_INT(publish(&tiles, &file), PSERVER_OK);
    append(&file, 4);
    CHECK_INT(publish(&tiles, &file), PSERVER_OK);
    anchor.sender.bytes[0] = 9;
    CHECK_INT(publish(&tiles, &file), PSERVER_OK);
    tiles.anchor = NULL;
    append(&file, 1);
    CHECK_INT(publish(&tiles, &file), PSERVER_OK);
    verify(8);

    (void) ngx_http_pserver_audit_tiles_checkpoint(dir, buf, &note.len);
    note.data = buf;

    CHECK_INT(pserver_note_text(&text, note), PSERVER_OK);
    CHECK_INT(pserver_checkpoint_parse(&checkpoint, text), PSERVER_OK);
    CHECK_INT(checkpoint.n, 2);
    CHECK_INT(checkpoint.epochs[0].size, 3);
    CHECK_INT(checkpoint.epochs[1].size, 7);
    CHECK_INT(checkpoint.epochs[1].sender.bytes[0], 9);

    ngx_http_pserver_audit_file_close(&file);
}


/* what is kept in a file of the folder */

static void
keep(const char *name, const char *text)
{
    CHECK_INT(ngx_http_pserver_audit_disk_write(dir, name,
                                                (const u_char *) text,
                                                strlen(text)),
              PSERVER_OK);
}


TEST(last_anchor)
{
    char                 text[PSERVER_ANCHORED_MAX + 1];
    char                 reason[NGX_HTTP_PSERVER_AUDIT_REASON];
    file_t               file;
    tiles_t              tiles;
    const char          *what;
    pserver_merkle_t     tree;
    pserver_anchored_t   anchor, known, none;

#define check(expected)                                                       \
    what = "";                                                                \
    known = none;                                                             \
    CHECK_INT(ngx_http_pserver_audit_anchored_check(dir, &known, &what),      \
              expected)

    memset(&none, 0, sizeof(none));

    fresh(&file, &tiles);
    check(PSERVER_OK);

    append(&file, 300);
    CHECK_INT(publish(&tiles, &file), PSERVER_OK);
    CHECK_INT(ngx_http_pserver_audit_file_tree(&file, &tree), PSERVER_OK);

    anchor.size = tree.size;
    pserver_merkle_root(&tree, anchor.root);
    CHECK_INT(ngx_http_pserver_audit_anchored_write(dir, &anchor),
              PSERVER_OK);
    check(PSERVER_OK);
    CHECK_INT(known.size, 300);

    /* it grows */

    append(&file, 300);
    CHECK_INT(publish(&tiles, &file), PSERVER_OK);
    check(PSERVER_OK);

    /* another root, which then an operator accepts, and no other */

    anchor.root[7] ^= 1;
    *pserver_anchored_write((u_char *) text, &anchor) = '\0';
    keep("anchored", text);
    check(PSERVER_INVALID);
    CHECK(strcmp(what, "it does not match its anchor") == 0);

    keep("accepted", text);
    check(PSERVER_OK);

    anchor.size = 601;
    CHECK_INT(ngx_http_pserver_audit_anchored_write(dir, &anchor),
              PSERVER_OK);
    check(PSERVER_INVALID);
    CHECK(strcmp(what, "it was cut back behind its anchor") == 0);

    keep("anchored", "rubbish\n");
    check(PSERVER_INVALID);
    CHECK(strcmp(what, "its last anchor can't be read") == 0);

    /* tiles that were taken away */

    anchor.size = 300;
    CHECK_INT(ngx_http_pserver_audit_anchored_write(dir, &anchor),
              PSERVER_OK);
    ngx_http_pserver_audit_disk_unlink(dir, "accepted");
    ngx_http_pserver_audit_disk_unlink(dir, "public/tile/0/001");
    check(PSERVER_INVALID);
    CHECK(strcmp(what, "the tiles up to its anchor are not there") == 0);

    /* a reason is printable, and the first one stays */

    CHECK_INT(ngx_http_pserver_audit_stopped(dir, reason), PSERVER_DONE);
    known = none;
    CHECK_INT(ngx_http_pserver_audit_stop(dir, &known, &what),
              PSERVER_INVALID);
    CHECK_INT(ngx_http_pserver_audit_stopped(dir, reason), PSERVER_OK);
    CHECK(strcmp(reason, "the tiles up to its anchor are not there") == 0);

    keep("anchored", "rubbish\n");
    CHECK_INT(ngx_http_pserver_audit_stop(dir, &known, &what),
              PSERVER_INVALID);
    CHECK_INT(ngx_http_pserver_audit_stopped(dir, reason), PSERVER_OK);
    CHECK(strcmp(reason, "the tiles up to its anchor are not there") == 0);

    /* once it is accepted, nobody stops it */

    *pserver_anchored_write((u_char *) text, &anchor) = '\0';
    keep("anchored", text);
    keep("accepted", text);
    ngx_http_pserver_audit_disk_unlink(dir, "stopped");
    CHECK_INT(ngx_http_pserver_audit_stop(dir, &known, &what), PSERVER_OK);
    CHECK_INT(ngx_http_pserver_audit_stopped(dir, reason), PSERVER_DONE);

    keep("stopped", "a \"b\\c\"\001 d\n");
    CHECK_INT(ngx_http_pserver_audit_stopped(dir, reason), PSERVER_OK);
    CHECK(strcmp(reason, "a 'b'c'") == 0);

    keep("stopped", "");
    CHECK_INT(ngx_http_pserver_audit_stopped(dir, reason), PSERVER_OK);
    CHECK(strcmp(reason, "an operator has stopped it") == 0);

#undef check

    ngx_http_pserver_audit_file_close(&file);
}


TEST_MAIN
