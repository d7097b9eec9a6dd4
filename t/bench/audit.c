/*
 * The audit log with nothing around it.
 *
 * audit rate DIR BATCH SECONDS: entries a second that are sealed, appended
 * and durable, and the same of a bare loop of append and fdatasync() of as
 * many bytes; a batch of the one, a batch of the other.  As in a worker, the
 * next batch is sealed by another thread while one is made durable.
 *
 * audit sync DIR LEN COUNT: of so many appends of LEN bytes, each with its
 * fdatasync(), the 99th percentile, msec.
 *
 * audit fill DIR COUNT [CHAIN CONTRACT SENDER]: a log of so many entries,
 * published, whose state lacks as many of the last as one may; who anchors
 * it.
 *
 * audit start DIR: how long a process takes, msec, from nothing to the tree
 * of all that is there.
 *
 * audit proof DIR INDEX: bytes of the proof of an entry: the hashes and the
 * checkpoint.
 *
 * audit hash DIR COUNT: how many of the entries that are published a bare
 * loop reads and takes the SHA-256 of, in a second of the processor.
 */

#include "http/ngx_http_pserver_audit_append.c"
#include "http/ngx_http_pserver_audit_disk.c"
#include "http/ngx_http_pserver_audit_file.c"
#include "http/ngx_http_pserver_audit_publish.c"
#include "http/ngx_http_pserver_audit_state.c"
#include "http/ngx_http_pserver_audit_tiles.c"
#include "http/ngx_http_pserver_audit_view.c"

#include "core/eth.h"
#include "core/sha256.h"

#include <semaphore.h>


#define BATCH_MAX  1024
#define BARE       "bare"
#define STALE      15000               /* a 64th of a million, or less */


typedef ngx_http_pserver_audit_file_t   file_t;
typedef ngx_http_pserver_audit_tiles_t  tiles_t;
typedef ngx_http_pserver_audit_item_t   item_t;


typedef struct {
    size_t   n;
    item_t  *items[BATCH_MAX];
    item_t   item[BATCH_MAX];
    u_char   entry[BATCH_MAX][PSERVER_ENTRY_MAX];
    u_char   box[BATCH_MAX][2048];
} batch_t;


static sem_t  sealer_go, sealer_done;


static void
fail(const char *what)
{
    (void) fprintf(stderr, "audit: %s: %s\n", what, strerror(errno));
    exit(1);
}


static double
now_of(clockid_t id)
{
    struct timespec  ts;

    clock_gettime(id, &ts);

    return ts.tv_sec + ts.tv_nsec / 1e9;
}


static double
now(void)
{
    return now_of(CLOCK_MONOTONIC);
}


/* what an app's read of the owner's data says */

static void
statement(pserver_entry_t *e)
{
    size_t  i;

    static u_char  value[64] = "what stands in it does not matter";

    static const struct {
        u_char  id;
        size_t  len;
    } fields[] = {
        { PSERVER_FIELD_OWNER, 20 }, { PSERVER_FIELD_APP, 20 },
        { PSERVER_FIELD_PERMISSION, 32 }, { PSERVER_FIELD_SCOPE, 16 },
        { PSERVER_FIELD_IP, 12 }, { PSERVER_FIELD_USER_AGENT, 40 },
        { PSERVER_FIELD_REQUEST, 32 }, { PSERVER_FIELD_GRANT, 32 }
    };

    memset(e, 0, sizeof(pserver_entry_t));

    e->type = PSERVER_ENTRY_DATA_READ;
    e->chain_id = 1480;
    e->block = 1000000;
    e->n = sizeof(fields) / sizeof(fields[0]);

    for (i = 0; i < e->n; i++) {
        e->fields[i].id = fields[i].id;
        e->fields[i].value.data = value;
        e->fields[i].value.len = fields[i].len;
    }
}


static void
seal(batch_t *batch)
{
    size_t                i, entry_len, box_len;
    item_t               *item;
    pserver_entry_t       e;
    pserver_random_t      random;
    pserver_entry_keys_t  keys;

    statement(&e);
    pserver_entry_keys(&keys, (u_char *) "the ledger key of some owner ...");
    pserver_random_init(&random);

    (void) pserver_entry_lengths(&e, &entry_len, &box_len);

    for (i = 0; i < batch->n; i++) {
        item = &batch->item[i];
        batch->items[i] = item;

        item->entry = batch->entry[i];
        item->entry_len = entry_len;
        item->box = batch->box[i];
        item->box_len = box_len;
        item->owned = 1;
        memcpy(item->id, keys.id, 32);
        memcpy(item->tag, keys.tag, 32);

        pserver_entry_write(item->entry, item->box, item->link_key, &e,
                            keys.seal, &random);
    }
}


static void *
sealer(void *data)
{
    batch_t  *batches = data;
    size_t    i;

    for (i = 0; /* void */ ; i ^= 1) {
        (void) sem_wait(&sealer_go);
        seal(&batches[i]);
        (void) sem_post(&sealer_done);
    }

    return NULL;
}


static void
append(file_t *file, batch_t *batch)
{
    if (ngx_http_pserver_audit_file_append(file, batch->items, batch->n)
        != PSERVER_OK)
    {
        fail(file->what);
    }
}


static int
bare_open(const char *dir)
{
    int   fd;
    char  name[PATH_MAX];

    (void) snprintf(name, sizeof(name), "%s/%s", dir, BARE);

    fd = open(name, O_WRONLY|O_CREAT|O_TRUNC|O_APPEND, 0600);

    if (fd == -1) {
        fail(name);
    }

    return fd;
}


static void
bare_append(int fd, size_t len)
{
    static u_char  data[BATCH_MAX * 2048];

    if (write(fd, data, len) != (ssize_t) len || fdatasync(fd) == -1) {
        fail(BARE);
    }
}


static void
open_log(file_t *file, const char *dir)
{
    (void) mkdir(dir, 0700);

    if (ngx_http_pserver_audit_file_init(file, dir) != PSERVER_OK) {
        fail(dir);
    }
}


static int
rate(char **argv)
{
    int              fd;
    size_t           n, entry_len, box_len;
    double           t, end, ours, bare;
    pthread_t        tid;
    unsigned long    k;
    file_t           file;
    pserver_entry_t  e;

    static batch_t  batches[2];

    n = strtoul(argv[1], NULL, 10);

    if (n < 1 || n > BATCH_MAX) {
        return 2;
    }

    statement(&e);
    (void) pserver_entry_lengths(&e, &entry_len, &box_len);

    open_log(&file, argv[0]);
    fd = bare_open(argv[0]);

    batches[0].n = n;
    batches[1].n = n;

    if (sem_init(&sealer_go, 0, 1) == -1
        || sem_init(&sealer_done, 0, 0) == -1
        || pthread_create(&tid, NULL, sealer, batches) != 0)
    {
        fail("thread");
    }

    (void) sem_wait(&sealer_done);

    ours = bare = 0;
    end = now() + atof(argv[2]);

    for (k = 0; k == 0 || now() < end; k++) {
        t = now();
        (void) sem_post(&sealer_go);
        append(&file, &batches[k % 2]);
        (void) sem_wait(&sealer_done);
        ours += now() - t;

        t = now();
        bare_append(fd, n * pserver_record_len(entry_len, box_len));
        bare += now() - t;
    }

    printf("%.0f %.0f\n", n * k / ours, n * k / bare);

    return 0;
}


static int
ascending(const void *a, const void *b)
{
    double  x = *(const double *) a, y = *(const double *) b;

    return (x > y) - (x < y);
}


static int
sync_times(char **argv)
{
    int      fd;
    double   t, *times;
    size_t   i, len, n;

    len = strtoul(argv[1], NULL, 10);
    n = strtoul(argv[2], NULL, 10);

    times = calloc(n, sizeof(double));

    if (times == NULL || len > BATCH_MAX * 2048) {
        return 2;
    }

    fd = bare_open(argv[0]);

    for (i = 0; i < n; i++) {
        t = now();
        bare_append(fd, len);
        times[i] = (now() - t) * 1000;
    }

    qsort(times, n, sizeof(double), ascending);
    printf("%.3f\n", times[n * 99 / 100]);

    return 0;
}


static pserver_str_t
str(char *s)
{
    pserver_str_t  t;

    t.data = (u_char *) s;
    t.len = strlen(s);

    return t;
}


static int
fill(int argc, char **argv)
{
    size_t                n;
    file_t                file;
    tiles_t               tiles;
    pserver_root_t        root = { 1, "storage root of the bench" };
    pserver_note_epoch_t  epoch;

    static batch_t  batch;

    open_log(&file, argv[0]);

    memset(&tiles, 0, sizeof(tiles));
    memset(&epoch, 0, sizeof(epoch));
    tiles.dir = argv[0];

    if (argc == 5) {
        epoch.chain_id = strtoull(argv[2], NULL, 10);
        tiles.anchor = &epoch;

        if (pserver_address_parse(&epoch.contract, str(argv[3])) != PSERVER_OK
            || pserver_address_parse(&epoch.sender, str(argv[4]))
               != PSERVER_OK)
        {
            return 2;
        }
    }

    for (n = strtoul(argv[1], NULL, 10); n; n -= batch.n) {
        batch.n = n < BATCH_MAX ? n : BATCH_MAX;

        if (n > STALE && n - batch.n < STALE) {
            batch.n = n - STALE;
        }

        seal(&batch);
        append(&file, &batch);

        if (n - batch.n == STALE
            && ngx_http_pserver_audit_state_save(&file) != PSERVER_OK)
        {
            fail("state");
        }
    }

    if (ngx_http_pserver_audit_tiles_publish(&tiles, &file, &root, 1)
        != PSERVER_OK)
    {
        fail(tiles.what);
    }

    return 0;
}


static int
start(char **argv)
{
    double            t;
    file_t            file;
    pserver_merkle_t  tree;

    t = now();
    open_log(&file, argv[0]);

    if (ngx_http_pserver_audit_file_tree(&file, &tree) != PSERVER_OK) {
        fail(file.what);
    }

    printf("%.3f\n", (now() - t) * 1000);

    return 0;
}


static int
proof(char **argv)
{
    size_t                n;
    u_char                hashes[PSERVER_MERKLE_DEPTH][PSERVER_MERKLE_LEN];
    u_char                note[PSERVER_NOTE_MAX];
    pserver_str_t         str, text;
    pserver_checkpoint_t  checkpoint;

    pserver_merkle_source_t  source = {
        ngx_http_pserver_audit_tiles_node, argv[0]
    };

    str.data = note;

    if (ngx_http_pserver_audit_tiles_checkpoint(argv[0], note, &str.len)
        != PSERVER_OK
        || pserver_note_text(&text, str) != PSERVER_OK
        || pserver_checkpoint_parse(&checkpoint, text) != PSERVER_OK
        || pserver_merkle_inclusion(hashes, &n, &source, checkpoint.size,
                                    strtoul(argv[1], NULL, 10))
           != PSERVER_OK)
    {
        fail("proof");
    }

    printf("%zu\n", n * PSERVER_MERKLE_LEN + str.len);

    return 0;
}


static int
hash(char **argv)
{
    int             fd;
    double          t;
    size_t          n, len;
    const u_char   *p, *end;
    pserver_str_t   entry;
    pserver_tile_t  tile;

    static u_char  bundle[NGX_HTTP_PSERVER_AUDIT_ENTRIES], out[32];

    n = strtoul(argv[1], NULL, 10);

    tile.level = PSERVER_TILE_ENTRIES;
    tile.width = PSERVER_TILE_WIDTH;

    t = now_of(CLOCK_PROCESS_CPUTIME_ID);

    for (tile.index = 0; tile.index < n / PSERVER_TILE_WIDTH; tile.index++) {

        fd = ngx_http_pserver_audit_tiles_open(argv[0], &tile, &len);

        if (fd == -1
            || ngx_http_pserver_audit_disk_pread(fd, bundle, len, 0)
               != PSERVER_OK)
        {
            fail("reading a bundle");
        }

        (void) close(fd);

        p = bundle;
        end = p + len;

        while (pserver_bundle_next(&entry, &p, end) == PSERVER_OK) {
            pserver_sha256_t  sha;

            pserver_sha256_init(&sha);
            pserver_sha256_update(&sha, entry.data, entry.len);
            pserver_sha256_final(&sha, out);
        }
    }

    printf("%.0f\n", n / (now_of(CLOCK_PROCESS_CPUTIME_ID) - t));

    return 0;
}


int
main(int argc, char **argv)
{
    const char  *what;

    if (sodium_init() == -1) {
        return 1;
    }

    what = argc > 1 ? argv[1] : "";

    argc -= 2;
    argv += 2;

    if (strcmp(what, "rate") == 0 && argc == 3) {
        return rate(argv);
    }

    if (strcmp(what, "sync") == 0 && argc == 3) {
        return sync_times(argv);
    }

    if (strcmp(what, "fill") == 0 && (argc == 2 || argc == 5)) {
        return fill(argc, argv);
    }

    if (strcmp(what, "start") == 0 && argc == 1) {
        return start(argv);
    }

    if (strcmp(what, "proof") == 0 && argc == 2) {
        return proof(argv);
    }

    if (strcmp(what, "hash") == 0 && argc == 2) {
        return hash(argv);
    }

    return 2;
}
