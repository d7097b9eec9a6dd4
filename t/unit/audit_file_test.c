/*
 * The file of the audit log: what was acknowledged is there after anything
 * that can happen, what was not is cut off, and several processes write one
 * sequence.
 */

#include <errno.h>
#include <unistd.h>


/* the disk, as it is or not as it should be */

static int       disk_syncs;
static int       disk_error;

static int
disk_sync(int fd)
{
    disk_syncs++;

    if (disk_error) {
        errno = disk_error;
        return -1;
    }

    return fdatasync(fd);
}


#define fdatasync  disk_sync

#include "http/ngx_http_pserver_audit_file.c"
#include "http/ngx_http_pserver_audit_append.c"
#include "http/ngx_http_pserver_audit_disk.c"
#include "http/ngx_http_pserver_audit_state.c"
#include "http/ngx_http_pserver_audit_view.c"

#undef fdatasync

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "core/box.h"

#include "test.h"


#define OWNERS  2
#define BATCH   3


typedef ngx_http_pserver_audit_file_t  file_t;
typedef ngx_http_pserver_audit_item_t  item_t;


static pserver_random_t  rng;

static char    dir[] = "/tmp/pserver-audit-XXXXXX";
static char    log_name[sizeof(dir) + 4];

static u_char  ledgers[OWNERS][32] = {
    "the ledger key of the first one", "the ledger key of the other one"
};


/* a folder with nothing in it */

static void
fresh(void)
{
    char  name[sizeof(dir) + 8];

    if (log_name[0] == '\0') {
        if (mkdtemp(dir) == NULL) {
            abort();
        }

        snprintf(log_name, sizeof(log_name), "%s/log", dir);
    }

    snprintf(name, sizeof(name), "%s/lock", dir);
    (void) unlink(name);
    (void) unlink(log_name);
}


static void
done(void)
{
    fresh();
    (void) rmdir(dir);
}


/* owner -1: none */

static item_t *
item(int owner)
{
    item_t                *it;
    pserver_entry_t        e;
    pserver_entry_keys_t   keys;

    memset(&e, 0, sizeof(e));
    e.type = PSERVER_ENTRY_DATA_READ;
    e.fields[0].id = PSERVER_FIELD_SCOPE;
    e.fields[0].value.data = (u_char *) "plainly.visible";
    e.fields[0].value.len = 15;
    e.n = 1;

    it = calloc(1, sizeof(item_t));

    if (pserver_entry_lengths(&e, &it->entry_len, &it->box_len)
        != PSERVER_OK)
    {
        abort();
    }

    it->entry = malloc(it->entry_len);
    it->box = malloc(it->box_len);

    pserver_entry_keys(&keys, ledgers[owner < 0 ? 0 : owner]);
    pserver_entry_write(it->entry, it->box, it->link_key, &e, keys.seal, &rng);

    if (owner < 0) {
        it->root = 7;

    } else {
        it->owned = 1;
        memcpy(it->id, keys.id, 32);
        memcpy(it->tag, keys.tag, 32);
    }

    return it;
}


static void
drop(item_t *it)
{
    free(it->entry);
    free(it->box);
    free(it);
}


/* a batch of the first owner, no owner, the other owner, .. */

static int
append(file_t *file, unsigned n, uint64_t *last)
{
    int       rc;
    item_t   *items[64];
    unsigned  i;

    for (i = 0; i < n; i++) {
        items[i] = item((i % 3 == 0) ? 0 : (i % 3 == 1) ? -1 : 1);
    }

    rc = ngx_http_pserver_audit_file_append(file, items, n);

    if (last) {
        *last = items[n - 1]->sequence;
    }

    for (i = 0; i < n; i++) {
        drop(items[i]);
    }

    return rc;
}


static off_t
length(void)
{
    struct stat  st;

    return (stat(log_name, &st) == 0) ? st.st_size : -1;
}


static u_char *
contents(size_t *len)
{
    return (u_char *) test_file(log_name, len);
}


static void
replace(const u_char *data, size_t len)
{
    FILE  *f;

    f = fopen(log_name, "wb");

    if (f == NULL || fwrite(data, 1, len, f) != len || fclose(f) != 0) {
        abort();
    }
}


/*
 * From the bytes alone: one sequence, time that does not go back, each
 * owner's chain by tags, links and openings.  Returns the number of entries.
 */

static uint64_t
verify(uint64_t counters[OWNERS], u_char root[32])
{
    int                      owner;
    size_t                   len, used, at;
    u_char                  *data, *plain;
    u_char                   leaf[32], previous[OWNERS][32];
    uint64_t                 n, last;
    pserver_merkle_t         tree;
    pserver_record_t         record;
    pserver_entry_keys_t     keys[OWNERS];
    pserver_entry_view_t     view;
    pserver_entry_opening_t  opening;

    memset(previous, 0, sizeof(previous));
    pserver_merkle_init(&tree);

    for (owner = 0; owner < OWNERS; owner++) {
        pserver_entry_keys(&keys[owner], ledgers[owner]);
        counters[owner] = 0;
    }

    data = contents(&len);
    last = 0;
    n = 0;

    for (at = 64; at < len; at += used, n++) {

        if (!CHECK_INT(pserver_record_parse(&record, leaf, &used, data + at,
                                            len - at), PSERVER_OK)
            || !CHECK_INT(pserver_entry_parse(&view, record.entry.data,
                                              record.entry.len), PSERVER_OK))
        {
            break;
        }

        CHECK_INT(view.sequence, n);
        CHECK(view.time >= last && view.time > 1600000000000);
        CHECK(record.batch <= at);
        last = view.time;

        pserver_merkle_add(&tree, leaf);

        if (record.counter == 0) {
            CHECK(sodium_is_zero(view.tag, 64));
            CHECK(sodium_is_zero(record.id, 32));
            CHECK_INT(record.root, 7);
            continue;
        }

        owner = memcmp(record.id, keys[0].id, 32) == 0 ? 0 : 1;
        CHECK_MEM(record.id, keys[owner].id, 32);
        CHECK_INT(record.root, 0);
        CHECK_INT(record.counter, ++counters[owner]);

        plain = malloc(record.box.len);
        CHECK_INT(pserver_entry_open(&opening, plain, &view, record.box.data,
                                     record.box.len, keys[owner].seal),
                  PSERVER_OK);
        CHECK_INT(pserver_entry_follows(&view, keys[owner].tag,
                                        opening.link_key, counters[owner],
                                        previous[owner]),
                  PSERVER_OK);
        free(plain);

        memcpy(previous[owner], leaf, 32);
    }

    free(data);

    pserver_merkle_root(&tree, root);

    return n;
}


TEST(append_and_open_again)
{
    file_t            file;
    u_char            root[32], known[32], leaf[32];
    u_char            buf[NGX_HTTP_PSERVER_AUDIT_RECORD_MAX];
    uint64_t          n, last, counters[OWNERS], counter, at, next;
    unsigned          i;
    pserver_merkle_t  tree;
    pserver_record_t  record;
    pserver_entry_keys_t  keys;
    pserver_entry_view_t  view;

    fresh();

    CHECK_INT(ngx_http_pserver_audit_file_init(&file, dir), PSERVER_OK);
    CHECK_INT(ngx_http_pserver_audit_file_find(&file, 0, &at, &n),
              PSERVER_DONE);

    for (i = 0; i < 200; i++) {
        CHECK_INT(append(&file, BATCH, &last), PSERVER_OK);
        CHECK_INT(last, i * BATCH + 2);
    }

    n = verify(counters, root);

    CHECK_INT(n, 600);
    CHECK_INT(counters[0], 200);
    CHECK_INT(counters[1], 200);

    for (i = 0; i < 2; i++) {
        CHECK_INT(ngx_http_pserver_audit_file_tree(&file, &tree),
                  PSERVER_OK);
        CHECK_INT(tree.size, 600);
        pserver_merkle_root(&tree, known);
        CHECK_MEM(root, known, 32);

        /* one in the middle, the last, and the one after it */

        CHECK_INT(ngx_http_pserver_audit_file_find(&file, 299, &at, &n),
                  PSERVER_OK);
        CHECK_INT(ngx_http_pserver_audit_file_read(&file, at, buf, &record,
                                                   leaf, &next),
                  PSERVER_OK);
        CHECK_INT(pserver_entry_parse(&view, record.entry.data,
                                      record.entry.len), PSERVER_OK);
        CHECK_INT(view.sequence, 299);
        CHECK_INT(n, 301);

        CHECK_INT(ngx_http_pserver_audit_file_find(&file, 599, &at, &n),
                  PSERVER_OK);
        CHECK_INT(ngx_http_pserver_audit_file_read(&file, at, buf, &record,
                                                   leaf, &next),
                  PSERVER_OK);
        CHECK_INT(n, 1);
        CHECK_INT(next, length());
        CHECK_INT(ngx_http_pserver_audit_file_find(&file, 600, &at, &n),
                  PSERVER_DONE);

        /* the other owner's chain, from its end back to its beginning */

        pserver_entry_keys(&keys, ledgers[1]);
        CHECK_INT(ngx_http_pserver_audit_file_owner(&file, keys.id, &at,
                                                    &counter), PSERVER_OK);
        CHECK_INT(counter, 200);

        while (at) {
            CHECK_INT(ngx_http_pserver_audit_file_head(&file, at, &record,
                                                       &next), PSERVER_OK);
            CHECK_INT(record.counter, counter--);
            at = record.previous;
        }

        CHECK_INT(counter, 0);
        CHECK_INT(ngx_http_pserver_audit_file_owner(&file, keys.seal, &at,
                                                    &counter),
                  PSERVER_DONE);

        /* the second time round with a view that starts from nothing */

        ngx_http_pserver_audit_file_close(&file);
        CHECK_INT(ngx_http_pserver_audit_file_init(&file, dir), PSERVER_OK);
    }

    ngx_http_pserver_audit_file_close(&file);
}


TEST(many_processes)
{
    int       status;
    pid_t     pids[4];
    file_t    file;
    u_char    root[32];
    uint64_t  counters[OWNERS], last, before;
    unsigned  i, j;

    fresh();

    for (i = 0; i < 4; i++) {
        pids[i] = fork();

        if (pids[i] == 0) {
            (void) ngx_http_pserver_audit_file_init(&file, dir);
            before = 0;

            for (j = 0; j < 50; j++) {
                if (append(&file, BATCH, &last) != PSERVER_OK
                    || (j && last <= before))
                {
                    _exit(1);
                }

                before = last;
            }

            _exit(0);
        }
    }

    for (i = 0; i < 4; i++) {
        CHECK_INT(waitpid(pids[i], &status, 0), pids[i]);
        CHECK_INT(status, 0);
    }

    CHECK_INT(verify(counters, root), 600);
    CHECK_INT(counters[0], 200);
    CHECK_INT(counters[1], 200);
}


/* kill -9 at any moment: whatever was told to be durable is there */

TEST(killed_while_appending)
{
    int       fds[2], round;
    pid_t     pid;
    file_t    file;
    u_char    root[32];
    ssize_t   n;
    uint64_t  counters[OWNERS], last, told;

    fresh();
    told = 0;

    for (round = 0; round < 20; round++) {

        if (pipe(fds) == -1) {
            abort();
        }

        pid = fork();

        if (pid == 0) {
            (void) ngx_http_pserver_audit_file_init(&file, dir);

            while (append(&file, BATCH, &last) == PSERVER_OK) {
                if (write(fds[1], &last, sizeof(last)) != sizeof(last)) {
                    break;
                }
            }

            _exit(1);
        }

        (void) close(fds[1]);

        for (n = 0; n <= round; n++) {
            CHECK_INT(read(fds[0], &told, sizeof(told)), sizeof(told));
        }

        (void) usleep(round * 37);
        (void) kill(pid, SIGKILL);
        (void) waitpid(pid, NULL, 0);

        while (read(fds[0], &last, sizeof(last)) == sizeof(last)) {
            told = last;
        }

        (void) close(fds[0]);

        CHECK_INT(ngx_http_pserver_audit_file_init(&file, dir), PSERVER_OK);
        CHECK_INT(append(&file, BATCH, &last), PSERVER_OK);
        CHECK(last > told);
        CHECK_INT(verify(counters, root), last + 1);
        ngx_http_pserver_audit_file_close(&file);
    }
}


TEST(torn_tail_is_cut)
{
    off_t             good;
    file_t            file;
    size_t            len, cut;
    u_char           *data;
    u_char            root[32];
    uint64_t          counters[OWNERS], last, whole;
    pserver_merkle_t  tree;

    fresh();

    CHECK_INT(ngx_http_pserver_audit_file_init(&file, dir), PSERVER_OK);
    CHECK_INT(append(&file, 5, NULL), PSERVER_OK);
    good = length();
    CHECK_INT(append(&file, 5, NULL), PSERVER_OK);
    ngx_http_pserver_audit_file_close(&file);

    data = contents(&len);
    pserver_merkle_init(&tree);

    for (cut = good; cut < len; cut += 11) {
        replace(data, cut);
        CHECK_INT(ngx_http_pserver_audit_file_init(&file, dir), PSERVER_OK);

        /* who only reads leaves it alone */

        CHECK_INT(ngx_http_pserver_audit_file_tree(&file, &tree),
                  PSERVER_OK);
        whole = tree.size;
        CHECK(whole >= 5 && whole < 10);
        CHECK_INT(length(), cut);

        CHECK_INT(append(&file, 1, &last), PSERVER_OK);
        CHECK_INT(last, whole);
        CHECK_INT(verify(counters, root), whole + 1);
        ngx_http_pserver_audit_file_close(&file);
    }

    /* the length had arrived, but not the first bytes of the batch */

    memset(data + good, 0, 900);
    replace(data, len);
    CHECK_INT(ngx_http_pserver_audit_file_init(&file, dir), PSERVER_OK);
    CHECK_INT(append(&file, 1, &last), PSERVER_OK);
    CHECK_INT(last, 5);
    CHECK_INT(verify(counters, root), 6);
    ngx_http_pserver_audit_file_close(&file);

    free(data);
}


/* anything before the last batch was acknowledged: it is never cut */

TEST(damage_is_not_cut)
{
    off_t     good;
    file_t    file;
    size_t    len, at;
    u_char   *data;

    fresh();

    CHECK_INT(ngx_http_pserver_audit_file_init(&file, dir), PSERVER_OK);
    CHECK_INT(append(&file, 5, NULL), PSERVER_OK);
    good = length();
    CHECK_INT(append(&file, 5, NULL), PSERVER_OK);
    ngx_http_pserver_audit_file_close(&file);

    data = contents(&len);

    for (at = 64; at < (size_t) good; at += 13) {
        data[at] ^= 1;
        replace(data, len);
        CHECK_INT(ngx_http_pserver_audit_file_init(&file, dir), PSERVER_OK);
        CHECK_INT(append(&file, 1, NULL), PSERVER_INVALID);
        CHECK_INT(append(&file, 1, NULL), PSERVER_INVALID);
        CHECK_INT(length(), len);
        ngx_http_pserver_audit_file_close(&file);
        data[at] ^= 1;
    }

    /* whole records taken out of the middle, and the file of another kind */

    replace(data, good);
    CHECK_INT(ngx_http_pserver_audit_file_init(&file, dir), PSERVER_OK);
    CHECK_INT(append(&file, 1, NULL), PSERVER_OK);
    ngx_http_pserver_audit_file_close(&file);

    memmove(data + 64, data + good, len - good);
    replace(data, 64 + len - good);
    CHECK_INT(ngx_http_pserver_audit_file_init(&file, dir), PSERVER_OK);
    CHECK_INT(append(&file, 1, NULL), PSERVER_INVALID);
    ngx_http_pserver_audit_file_close(&file);

    data[0] = 'P';
    replace(data, len);
    CHECK_INT(ngx_http_pserver_audit_file_init(&file, dir), PSERVER_OK);
    CHECK_INT(append(&file, 1, NULL), PSERVER_INVALID);
    CHECK_INT(length(), len);
    ngx_http_pserver_audit_file_close(&file);

    free(data);
}


TEST(changed_behind_our_back)
{
    file_t  file;

    fresh();

    CHECK_INT(ngx_http_pserver_audit_file_init(&file, dir), PSERVER_OK);
    CHECK_INT(append(&file, 5, NULL), PSERVER_OK);
    CHECK_INT(truncate(log_name, length() - 1), 0);
    CHECK_INT(append(&file, 1, NULL), PSERVER_INVALID);
    CHECK(strcmp(file.what, "was cut back") == 0);

    CHECK_INT(unlink(log_name), 0);
    CHECK_INT(append(&file, 1, NULL), PSERVER_INVALID);
    CHECK(strcmp(file.what, "was removed") == 0);
    ngx_http_pserver_audit_file_close(&file);
}


/* the batch that did not fit leaves no trace, neither here nor on disk */

TEST(no_space)
{
    off_t          good;
    file_t         file;
    u_char         root[32];
    uint64_t       counters[OWNERS], last;
    struct rlimit  limit, old;

    fresh();
    (void) signal(SIGXFSZ, SIG_IGN);
    (void) getrlimit(RLIMIT_FSIZE, &old);

    CHECK_INT(ngx_http_pserver_audit_file_init(&file, dir), PSERVER_OK);
    CHECK_INT(append(&file, 3, NULL), PSERVER_OK);
    good = length();

    limit = old;
    limit.rlim_cur = good + 700;
    CHECK_INT(setrlimit(RLIMIT_FSIZE, &limit), 0);

    CHECK_INT(append(&file, 6, NULL), PSERVER_ERROR);
    CHECK(strcmp(file.what, "pwrite()") == 0);
    CHECK_INT(file.err, EFBIG);
    CHECK_INT(length(), good);

    CHECK_INT(append(&file, 1, &last), PSERVER_OK);
    CHECK_INT(last, 3);

    CHECK_INT(setrlimit(RLIMIT_FSIZE, &old), 0);

    CHECK_INT(append(&file, 6, &last), PSERVER_OK);
    CHECK_INT(last, 9);
    CHECK_INT(verify(counters, root), 10);
    ngx_http_pserver_audit_file_close(&file);
}


/* nothing is acknowledged before the disk has it */

TEST(synced_before_it_counts)
{
    off_t             good;
    file_t            file, other;
    u_char            root[32];
    uint64_t          counters[OWNERS], last;
    pserver_merkle_t  tree;

    fresh();
    pserver_merkle_init(&tree);

    CHECK_INT(ngx_http_pserver_audit_file_init(&file, dir), PSERVER_OK);
    disk_syncs = 0;
    CHECK_INT(append(&file, 3, NULL), PSERVER_OK);
    CHECK_INT(disk_syncs, 1);
    CHECK_INT(append(&file, 1, NULL), PSERVER_OK);
    CHECK_INT(disk_syncs, 2);
    good = length();

    disk_error = EIO;
    CHECK_INT(append(&file, 3, NULL), PSERVER_ERROR);
    CHECK(strcmp(file.what, "fdatasync()") == 0);
    CHECK_INT(file.err, EIO);
    CHECK_INT(length(), good);

    /* who shows what a dead writer left makes it durable first */

    CHECK_INT(ngx_http_pserver_audit_file_init(&other, dir), PSERVER_OK);
    CHECK_INT(ngx_http_pserver_audit_file_tree(&other, &tree),
              PSERVER_ERROR);
    CHECK_INT(ngx_http_pserver_audit_file_tree(&other, &tree),
              PSERVER_ERROR);
    disk_error = 0;
    disk_syncs = 0;
    CHECK_INT(ngx_http_pserver_audit_file_tree(&other, &tree), PSERVER_OK);
    CHECK_INT(tree.size, 4);
    CHECK_INT(ngx_http_pserver_audit_file_tree(&other, &tree), PSERVER_OK);
    CHECK_INT(disk_syncs, 1);
    ngx_http_pserver_audit_file_close(&other);

    CHECK_INT(append(&file, 3, &last), PSERVER_OK);
    CHECK_INT(last, 6);
    CHECK_INT(verify(counters, root), 7);
    ngx_http_pserver_audit_file_close(&file);
}


TEST(no_folder)
{
    file_t  file;

    CHECK_INT(ngx_http_pserver_audit_file_init(&file, "/nonexistent/log"),
              PSERVER_OK);
    CHECK_INT(append(&file, 1, NULL), PSERVER_ERROR);
    CHECK_INT(file.err, ENOENT);
    ngx_http_pserver_audit_file_close(&file);
}


TEST(private)
{
    file_t       file;
    size_t       len;
    u_char      *data;
    struct stat  st;

    fresh();

    CHECK_INT(ngx_http_pserver_audit_file_init(&file, dir), PSERVER_OK);
    CHECK_INT(append(&file, 3, NULL), PSERVER_OK);
    ngx_http_pserver_audit_file_close(&file);

    CHECK_INT(stat(log_name, &st), 0);
    CHECK_INT(st.st_mode & 0777, 0600);

    data = contents(&len);
    CHECK(memmem(data, len, "plainly", 7) == NULL);
    free(data);

    done();
}


TEST_MAIN
