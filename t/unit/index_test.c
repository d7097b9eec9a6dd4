/*
 * The table of derivation indexes: two owners that meet, on a disk.
 */

#include "http/ngx_http_pserver_index.c"

#include "core/identity.h"
#include "test.h"

#include <stdlib.h>
#include <sys/wait.h>


/* of as many addresses two meet more often than not four times over */
#define CROWD  131072

#define PATH   128


typedef struct {
    uint32_t           index;
    pserver_address_t  address;
} met_t;


static char  store[] = "/tmp/pserver-index-XXXXXX";
static met_t  crowd[CROWD];


static int
by_index(const void *one, const void *two)
{
    const met_t  *a = one, *b = two;

    return (a->index > b->index) - (a->index < b->index);
}


/* two of the crowd whose index is the same: the first of them */

static met_t *
grind(void)
{
    size_t  i;

    for (i = 0; i < CROWD; i++) {
        memset(&crowd[i].address, 0x11, sizeof(pserver_address_t));
        memcpy(crowd[i].address.bytes, &i, sizeof(i));
        crowd[i].index = pserver_identity_index(&crowd[i].address);
    }

    qsort(crowd, CROWD, sizeof(met_t), by_index);

    for (i = 1; i < CROWD; i++) {
        if (crowd[i].index == crowd[i - 1].index) {
            return &crowd[i - 1];
        }
    }

    return NULL;
}


static void
path(char to[PATH], const char *name)
{
    (void) snprintf(to, PATH, "%s/%s", store, name);
}


TEST(one_owner_an_index)
{
    char    name[PATH], entry[16], text[41], expected[41];
    met_t  *met;

    CHECK(mkdtemp(store) != NULL);

    met = grind();
    CHECK(met != NULL);
    CHECK_INT(met[0].index, met[1].index);
    CHECK(memcmp(&met[0].address, &met[1].address, 20) != 0);

    /* to look is not to take */

    CHECK_INT(ngx_http_pserver_index_find(store, met[0].index,
                                          &met[0].address),
              NGX_HTTP_PSERVER_INDEX_FREE);
    CHECK_INT(ngx_http_pserver_index_find(store, met[1].index,
                                          &met[1].address),
              NGX_HTTP_PSERVER_INDEX_FREE);

    CHECK_INT(ngx_http_pserver_index_take(store, met[1].index,
                                          &met[1].address),
              NGX_HTTP_PSERVER_INDEX_OWN);
    CHECK_INT(ngx_http_pserver_index_take(store, met[0].index,
                                          &met[0].address),
              NGX_HTTP_PSERVER_INDEX_TAKEN);
    CHECK_INT(ngx_http_pserver_index_find(store, met[0].index,
                                          &met[0].address),
              NGX_HTTP_PSERVER_INDEX_TAKEN);

    /* it stays so */

    CHECK_INT(ngx_http_pserver_index_take(store, met[1].index,
                                          &met[1].address),
              NGX_HTTP_PSERVER_INDEX_OWN);
    CHECK_INT(ngx_http_pserver_index_find(store, met[1].index,
                                          &met[1].address),
              NGX_HTTP_PSERVER_INDEX_OWN);

    /* as docs/sealed-format.md has it */

    (void) snprintf(entry, sizeof(entry), "index/%08x", met[1].index);
    path(name, entry);
    *pserver_hex_encode((u_char *) expected, met[1].address.bytes, 20) = '\0';

    memset(text, 0, sizeof(text));
    CHECK_INT(readlink(name, text, sizeof(text) - 1), 40);
    CHECK(strcmp(text, expected) == 0);
}


/* many processes at once: one of two gets it, whoever comes when */

TEST(at_once)
{
    int                       i, status, got[2];
    pid_t                     pid[16];
    met_t                     two[2];
    ngx_http_pserver_index_e  rc;

    memset(two, 0, sizeof(two));
    memset(&two[1].address, 0xff, 20);

    for (i = 0; i < 16; i++) {
        pid[i] = fork();

        if (pid[i] == 0) {
            rc = ngx_http_pserver_index_take(store, 7, &two[i % 2].address);
            _exit(rc == NGX_HTTP_PSERVER_INDEX_OWN     ? 1
                  : rc == NGX_HTTP_PSERVER_INDEX_TAKEN ? 2 : 3);
        }
    }

    got[0] = 0;
    got[1] = 0;

    for (i = 0; i < 16; i++) {
        CHECK(waitpid(pid[i], &status, 0) == pid[i]);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) < 3);
        got[i % 2] += (WEXITSTATUS(status) == 1);
    }

    CHECK_INT(got[0] + got[1], 8);
    CHECK(got[0] == 0 || got[1] == 0);
}


TEST(what_is_no_table)
{
    char               name[PATH], text[PATH];
    pserver_address_t  owner;

    memset(&owner, 0x22, sizeof(owner));

    /* no address: nobody's */

    path(name, "index/00000009");
    CHECK_INT(symlink("../owners/../../etc", name), 0);

    CHECK_INT(ngx_http_pserver_index_find(store, 9, &owner),
              NGX_HTTP_PSERVER_INDEX_ERROR);
    CHECK_INT(ngx_http_pserver_index_take(store, 9, &owner),
              NGX_HTTP_PSERVER_INDEX_ERROR);

    /* one character too many */

    memset(text, '2', 41);
    text[41] = '\0';
    path(name, "index/0000000a");
    CHECK_INT(symlink(text, name), 0);
    CHECK_INT(ngx_http_pserver_index_take(store, 10, &owner),
              NGX_HTTP_PSERVER_INDEX_ERROR);

    /* no link */

    path(name, "index/0000000b");
    CHECK_INT(mkdir(name, 0700), 0);
    CHECK_INT(ngx_http_pserver_index_take(store, 11, &owner),
              NGX_HTTP_PSERVER_INDEX_ERROR);

    /* a folder elsewhere */

    path(name, "index");
    path(text, "other");
    CHECK_INT(rename(name, text), 0);
    CHECK_INT(symlink("other", name), 0);
    CHECK_INT(ngx_http_pserver_index_take(store, 12, &owner),
              NGX_HTTP_PSERVER_INDEX_ERROR);

    /* no store */

    CHECK_INT(ngx_http_pserver_index_take("/nonexistent", 12, &owner),
              NGX_HTTP_PSERVER_INDEX_ERROR);

    (void) snprintf(text, PATH, "rm -r %s", store);
    CHECK_INT(system(text), 0);
}
