/*
 * The sweep of the stores.
 */


#include "ngx_http_pserver_sweep.h"
#include "ngx_http_pserver_audit.h"
#include "ngx_http_pserver_generation.h"
#include "ngx_http_pserver_ledger.h"
#include "ngx_http_pserver_once.h"
#include "ngx_http_pserver_reseal.h"
#include "ngx_http_pserver_rotate.h"
#include "ngx_http_pserver_thread.h"
#include "ngx_http_pserver_zone.h"

#include "../core/encode.h"

#include <sys/file.h>


#define NGX_HTTP_PSERVER_SWEEP_SOON      1000
#define NGX_HTTP_PSERVER_SWEEP_INTERVAL  60000
#define NGX_HTTP_PSERVER_SWEEP_PAUSE     20
#define NGX_HTTP_PSERVER_SWEEP_BATCH     256

/* seconds that nobody writes to a file before it is one of a crash */
#define NGX_HTTP_PSERVER_SWEEP_STALE     86400


/* the folders of an owner, in this order */

typedef enum {
    NGX_HTTP_PSERVER_SWEEP_SEEN = 0,
    NGX_HTTP_PSERVER_SWEEP_JOBS,
    NGX_HTTP_PSERVER_SWEEP_REPEATS,
    NGX_HTTP_PSERVER_SWEEP_TMP,
    NGX_HTTP_PSERVER_SWEEP_END
} ngx_http_pserver_sweep_stage_e;


/* where a pass over one store is */

typedef struct {
    ngx_uint_t                       n;          /* of the store */
    ngx_http_pserver_ledger_at_t     at;
    time_t                           valid;
    time_t                           window;
    time_t                           now;

    ngx_fd_t                         lock;
    DIR                             *owners;
    pserver_address_t                address;
    ngx_fd_t                         owner;      /* -1: none now */
    DIR                             *dir;        /* of the stage */
    ngx_uint_t                       stage;
    unsigned                         over:1;
    unsigned                         busy:1;     /* it is another nginx's */

    ngx_http_pserver_reseal_t        reseal;     /* of that owner */
    off_t                            reserve;

    ngx_uint_t                       rewrapped;  /* owners' keys */
    ngx_uint_t                       old;        /* under an older root */
} ngx_http_pserver_sweep_t;


static void ngx_http_pserver_sweep_event(ngx_event_t *ev);
static ngx_uint_t ngx_http_pserver_sweep_store(ngx_http_pserver_sweep_t *sweep,
    ngx_uint_t n);
static void ngx_http_pserver_sweep_run(void *data);
static ngx_int_t ngx_http_pserver_sweep_open(ngx_http_pserver_sweep_t *sweep);
static void ngx_http_pserver_sweep_close(ngx_http_pserver_sweep_t *sweep);
static void ngx_http_pserver_sweep_leave(ngx_http_pserver_sweep_t *sweep);
static const char *ngx_http_pserver_sweep_next(
    ngx_http_pserver_sweep_t *sweep);
static void ngx_http_pserver_sweep_keys(ngx_http_pserver_sweep_t *sweep);
static void ngx_http_pserver_sweep_generation(
    ngx_http_pserver_sweep_t *sweep);
static void ngx_http_pserver_sweep_resealed(ngx_http_pserver_sweep_t *sweep);
static ngx_int_t ngx_http_pserver_sweep_log(ngx_http_pserver_sweep_t *sweep,
    ngx_http_pserver_main_conf_t *pmcf);
static void ngx_http_pserver_sweep_logged(ngx_http_pserver_audit_wait_t *wait);
static void ngx_http_pserver_sweep_entry(ngx_http_pserver_sweep_t *sweep,
    const char *name);
static void ngx_http_pserver_sweep_job(ngx_http_pserver_sweep_t *sweep,
    const char *name);
static void ngx_http_pserver_sweep_tmp(ngx_http_pserver_sweep_t *sweep,
    const char *name);
static ngx_uint_t ngx_http_pserver_sweep_older(
    ngx_http_pserver_sweep_t *sweep, const char *name, time_t age);
static ngx_msec_t ngx_http_pserver_sweep_interval(
    ngx_http_pserver_main_conf_t *pmcf);
static void ngx_http_pserver_sweep_count(ngx_http_pserver_sweep_t *sweep,
    ngx_http_pserver_main_conf_t *pmcf);
static void ngx_http_pserver_sweep_done(void *data);


static const char  *ngx_http_pserver_sweep_stages[] = {
    "seen", "jobs", "jobs/repeats", "tmp"
};


/* of this process; a thread has the pass while it runs */

static ngx_http_pserver_sweep_t  ngx_http_pserver_sweep;

/* owners under older roots, of the stores so far; and whether these were all */

static ngx_uint_t                ngx_http_pserver_sweep_old;
static ngx_uint_t                ngx_http_pserver_sweep_part;

/* something was sealed again: whether more is to be shows another pass */

static ngx_uint_t                ngx_http_pserver_sweep_again;

/* for an entry of the log, before keys are made or destroyed */

static ngx_http_pserver_audit_wait_t  ngx_http_pserver_sweep_wait;

static ngx_event_t               ngx_http_pserver_sweep_timer;
static ngx_connection_t          ngx_http_pserver_sweep_dummy;


ngx_int_t
ngx_http_pserver_sweep_init_process(ngx_cycle_t *cycle)
{
    ngx_event_t                   *ev;
    ngx_http_pserver_main_conf_t  *pmcf;

    if ((ngx_process != NGX_PROCESS_WORKER
         && ngx_process != NGX_PROCESS_SINGLE)
        || ngx_worker != 0)
    {
        return NGX_OK;
    }

    pmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_pserver_module);

    if (pmcf->stores.nelts == 0) {
        return NGX_OK;
    }

    ngx_http_pserver_sweep.over = 1;
    ngx_http_pserver_sweep_dummy.fd = (ngx_socket_t) -1;

    ev = &ngx_http_pserver_sweep_timer;

    ev->handler = ngx_http_pserver_sweep_event;
    ev->data = &ngx_http_pserver_sweep_dummy;
    ev->log = cycle->log;
    ev->cancelable = 1;

    ngx_add_timer(ev, NGX_HTTP_PSERVER_SWEEP_SOON);

    return NGX_OK;
}


static void
ngx_http_pserver_sweep_event(ngx_event_t *ev)
{
    ngx_http_pserver_sweep_t  *sweep;

    sweep = &ngx_http_pserver_sweep;

    if (ngx_exiting) {
        ngx_http_pserver_sweep_leave(sweep);
        return;
    }

    if (sweep->over && !ngx_http_pserver_sweep_store(sweep, sweep->n)) {
        return;
    }

    if (ngx_http_pserver_thread_run(ngx_http_pserver_sweep_run,
                                    ngx_http_pserver_sweep_done, sweep)
        != NGX_OK)
    {
        ngx_add_timer(ev, NGX_HTTP_PSERVER_SWEEP_INTERVAL);
    }
}


/*
 * Begins a pass over the n-th location's store, if no earlier one has the
 * same; what one of those that have it still needs is kept.
 */

static ngx_uint_t
ngx_http_pserver_sweep_store(ngx_http_pserver_sweep_t *sweep, ngx_uint_t n)
{
    ngx_uint_t                      i;
    ngx_http_pserver_loc_conf_t   **plcf;
    ngx_http_pserver_main_conf_t   *pmcf;

    pmcf = ngx_http_cycle_get_module_main_conf(ngx_cycle,
                                               ngx_http_pserver_module);

    if (n >= pmcf->stores.nelts) {
        return 0;
    }

    plcf = pmcf->stores.elts;

    ngx_memzero(sweep, sizeof(ngx_http_pserver_sweep_t));

    sweep->n = n;
    sweep->lock = -1;
    sweep->owner = -1;
    sweep->at.root = plcf[n]->store.data;
    sweep->at.chain_id = plcf[n]->chain_id;

    for (i = 0; i < pmcf->stores.nelts; i++) {

        if (ngx_strcmp(plcf[i]->store.data, plcf[n]->store.data) != 0) {
            continue;
        }

        if (i < n) {
            sweep->over = 1;
            return 1;
        }

        sweep->valid = ngx_max(sweep->valid, plcf[i]->result_valid);
        sweep->window = ngx_max(sweep->window, plcf[i]->repeat_window);
        sweep->reserve = ngx_max(sweep->reserve, plcf[i]->store_reserve);
    }

    return 1;
}


static void
ngx_http_pserver_sweep_run(void *data)
{
    ngx_http_pserver_sweep_t  *sweep = data;

    ngx_uint_t   i;
    const char  *name;

    if (sweep->over) {
        return;
    }

    if (sweep->owners == NULL) {

        switch (ngx_http_pserver_sweep_open(sweep)) {

        case NGX_OK:
            break;

        case NGX_BUSY:
            sweep->busy = 1;

            /* fall through */

        default: /* NGX_DECLINED */
            sweep->over = 1;
            return;
        }
    }

    sweep->now = time(NULL);

    for (i = 0;
         i < NGX_HTTP_PSERVER_SWEEP_BATCH && !sweep->over && !ngx_exiting;
         i++)
    {

        if (sweep->reseal.writer) {
            ngx_http_pserver_reseal_step(&sweep->reseal);

            if (sweep->reseal.writer == NULL || sweep->reseal.asks) {
                return;
            }

            continue;
        }

        name = ngx_http_pserver_sweep_next(sweep);

        if (sweep->reseal.generation && sweep->reseal.writer == NULL) {

            /* it failed, and what it has made is of this owner */

            return;
        }

        if (name) {
            ngx_http_pserver_sweep_entry(sweep, name);
        }

        if (sweep->reseal.asks) {
            return;
        }
    }

    if (sweep->over) {
        ngx_http_pserver_sweep_close(sweep);
    }
}


/* NGX_DECLINED: there is nothing yet; NGX_BUSY: another nginx is at it */

static ngx_int_t
ngx_http_pserver_sweep_open(ngx_http_pserver_sweep_t *sweep)
{
    ngx_fd_t  fd;

    fd = open((char *) sweep->at.root, O_RDONLY|O_DIRECTORY|O_CLOEXEC);

    if (fd == -1) {
        return NGX_DECLINED;
    }

    sweep->owners = ngx_http_pserver_store_dir(fd, "owners");

    if (sweep->owners) {
        sweep->lock = openat(fd, "sweep.lock",
                             O_RDWR|O_CREAT|O_NOFOLLOW|O_CLOEXEC, 0600);
    }

    (void) close(fd);

    if (sweep->owners == NULL) {
        return NGX_DECLINED;
    }

    if (sweep->lock == -1 || flock(sweep->lock, LOCK_EX|LOCK_NB) == -1) {
        ngx_http_pserver_sweep_close(sweep);
        return NGX_BUSY;
    }

    return NGX_OK;
}


static void
ngx_http_pserver_sweep_close(ngx_http_pserver_sweep_t *sweep)
{
    if (sweep->owners) {
        (void) closedir(sweep->owners);
        sweep->owners = NULL;
    }

    if (sweep->lock != -1) {
        (void) close(sweep->lock);
        sweep->lock = -1;
    }
}


/* in the middle: another process need not wait until this one is gone */

static void
ngx_http_pserver_sweep_leave(ngx_http_pserver_sweep_t *sweep)
{
    if (sweep->over) {
        return;
    }

    ngx_http_pserver_reseal_stop(&sweep->reseal);

    if (sweep->dir) {
        (void) closedir(sweep->dir);
        sweep->dir = NULL;
    }

    if (sweep->owner != -1) {
        (void) close(sweep->owner);
        sweep->owner = -1;
    }

    ngx_http_pserver_sweep_close(sweep);

    sweep->over = 1;
}


/* the next entry of the stage; NULL: one step further to it, or over */

static const char *
ngx_http_pserver_sweep_next(ngx_http_pserver_sweep_t *sweep)
{
    struct dirent  *de;
    pserver_str_t   hex;

    if (sweep->dir) {
        de = readdir(sweep->dir);

        if (de) {
            return de->d_name;
        }

        (void) closedir(sweep->dir);
        sweep->dir = NULL;
        sweep->stage++;
    }

    if (sweep->owner != -1) {

        if (sweep->stage < NGX_HTTP_PSERVER_SWEEP_END) {

            sweep->dir = ngx_http_pserver_store_dir(sweep->owner,
                                 ngx_http_pserver_sweep_stages[sweep->stage]);

            if (sweep->dir == NULL) {
                sweep->stage++;
            }

            return NULL;
        }

        (void) close(sweep->owner);
        sweep->owner = -1;
    }

    de = readdir(sweep->owners);

    if (de == NULL) {
        sweep->over = 1;
        return NULL;
    }

    hex.data = (u_char *) de->d_name;
    hex.len = ngx_strlen(de->d_name);

    if (pserver_hex_decode(sweep->address.bytes, 20, hex) == PSERVER_OK) {

        ngx_http_pserver_sweep_keys(sweep);

        sweep->stage = NGX_HTTP_PSERVER_SWEEP_SEEN;
        sweep->owner = openat(dirfd(sweep->owners), de->d_name,
                              O_RDONLY|O_DIRECTORY|O_NOFOLLOW|O_CLOEXEC);

        ngx_http_pserver_sweep_generation(sweep);
    }

    return NULL;
}


static void
ngx_http_pserver_sweep_keys(ngx_http_pserver_sweep_t *sweep)
{
    switch (ngx_http_pserver_rotate_owner(sweep->at.root, sweep->at.chain_id,
                                          &sweep->address))
    {

    case NGX_HTTP_PSERVER_ROTATE_DONE:
        sweep->rewrapped++;
        return;

    case NGX_HTTP_PSERVER_ROTATE_LEFT:
        sweep->old++;
        return;

    default: /* NGX_HTTP_PSERVER_ROTATE_CURRENT */
        return;
    }
}


static void
ngx_http_pserver_sweep_generation(ngx_http_pserver_sweep_t *sweep)
{
    if (sweep->owner != -1
        && ngx_http_pserver_generation_wanted(sweep->owner))
    {
        ngx_http_pserver_reseal_begin(&sweep->reseal, sweep->at.root,
                                      sweep->at.chain_id, &sweep->address,
                                      sweep->reserve);
    }
}


static void
ngx_http_pserver_sweep_entry(ngx_http_pserver_sweep_t *sweep,
    const char *name)
{
    uint64_t    exp;
    ngx_uint_t  old;

    switch (sweep->stage) {

    case NGX_HTTP_PSERVER_SWEEP_JOBS:
        ngx_http_pserver_sweep_job(sweep, name);
        return;

    case NGX_HTTP_PSERVER_SWEEP_TMP:
        ngx_http_pserver_sweep_tmp(sweep, name);
        return;

    default: /* SEEN, REPEATS */
        break;
    }

    if (pserver_marker_exp(&exp, name) != PSERVER_OK) {
        return;
    }

    old = exp + PSERVER_WEB3SIGNED_SKEW + NGX_HTTP_PSERVER_ONCE_KEEP
          < (uint64_t) sweep->now;

    if (sweep->stage == NGX_HTTP_PSERVER_SWEEP_SEEN) {

        if (old) {
            (void) unlinkat(dirfd(sweep->dir), name, 0);
        }

        return;
    }

    if (exp == 0) {
        old = ngx_http_pserver_sweep_older(sweep, name, sweep->valid);
    }

    if (old) {
        (void) ngx_http_pserver_ledger_sweep_marker(&sweep->at,
                                                    &sweep->address, name);
    }
}


static void
ngx_http_pserver_sweep_job(ngx_http_pserver_sweep_t *sweep, const char *name)
{
    pserver_str_t                 hex;
    ngx_http_pserver_row_place_t  place;

    hex.data = (u_char *) name;
    hex.len = 2 * PSERVER_LEDGER_NAME_LEN;

    if (ngx_strlen(name) < hex.len
        || pserver_hex_decode(place.name, PSERVER_LEDGER_NAME_LEN, hex)
           != PSERVER_OK)
    {
        return;
    }

    place.owner = sweep->address;
    name += hex.len;

    if (*name == '\0') {

        /* written last when it ended: younger, and it need not be read */

        if (ngx_http_pserver_sweep_older(sweep, (char *) hex.data,
                                         sweep->valid))
        {
            (void) ngx_http_pserver_ledger_sweep(&sweep->at, &place,
                                                 sweep->now, sweep->valid,
                                                 sweep->window);
        }

        return;
    }

    if (ngx_strcmp(name, ".new") == 0
        && ngx_http_pserver_sweep_older(sweep, (char *) hex.data,
                                        NGX_HTTP_PSERVER_SWEEP_STALE))
    {
        (void) unlinkat(dirfd(sweep->dir), (char *) hex.data, 0);
    }
}


static void
ngx_http_pserver_sweep_tmp(ngx_http_pserver_sweep_t *sweep, const char *name)
{
    if (name[0] != '.') {
        ngx_http_pserver_store_empty(dirfd(sweep->dir), name);

    } else if (ngx_http_pserver_sweep_older(sweep, name,
                                            NGX_HTTP_PSERVER_SWEEP_STALE))
    {
        (void) unlinkat(dirfd(sweep->dir), name, 0);
    }
}


/* by the disk's clock */

static ngx_uint_t
ngx_http_pserver_sweep_older(ngx_http_pserver_sweep_t *sweep,
    const char *name, time_t age)
{
    struct stat  st;

    return fstatat(dirfd(sweep->dir), name, &st, AT_SYMLINK_NOFOLLOW) == 0
           && st.st_mtime + age <= sweep->now;
}


/* where results live shortly they are looked for more often */

static ngx_msec_t
ngx_http_pserver_sweep_interval(ngx_http_pserver_main_conf_t *pmcf)
{
    ngx_uint_t                     i;
    ngx_msec_t                     interval;
    ngx_http_pserver_loc_conf_t  **plcf;

    plcf = pmcf->stores.elts;
    interval = NGX_HTTP_PSERVER_SWEEP_INTERVAL;

    for (i = 0; i < pmcf->stores.nelts; i++) {
        interval = ngx_min(interval,
                           (ngx_msec_t) plcf[i]->result_valid * 1000);
    }

    return ngx_max(interval, NGX_HTTP_PSERVER_SWEEP_SOON);
}


/* of a store that is through; a rotation is in its log */

static void
ngx_http_pserver_sweep_count(ngx_http_pserver_sweep_t *sweep,
    ngx_http_pserver_main_conf_t *pmcf)
{
    u_char                          count[NGX_INT_T_LEN];
    ngx_http_pserver_loc_conf_t   **plcf;
    ngx_http_pserver_audit_entry_t  entry;

    ngx_http_pserver_sweep_old += sweep->old;
    ngx_http_pserver_sweep_part |= sweep->busy;

    if (sweep->rewrapped == 0) {
        return;
    }

    ngx_http_pserver_count(keys_rewrapped, sweep->rewrapped);

    ngx_memzero(&entry, sizeof(ngx_http_pserver_audit_entry_t));

    entry.type = PSERVER_ENTRY_KEY_ROTATED;
    entry.count.data = count;
    entry.count.len = ngx_sprintf(count, "%ui", sweep->rewrapped) - count;

    plcf = pmcf->stores.elts;

    (void) ngx_http_pserver_audit_append(plcf[sweep->n], &entry, NULL);

    ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                  "pserver: the keys of %ui owners are under the first root "
                  "now, those of %ui are not", sweep->rewrapped, sweep->old);

    sweep->rewrapped = 0;
}


/* of an owner who is through for this time */

static void
ngx_http_pserver_sweep_resealed(ngx_http_pserver_sweep_t *sweep)
{
    ngx_http_pserver_reseal_t  *reseal;

    reseal = &sweep->reseal;

    if (reseal->generation == 0 || reseal->writer) {
        return;
    }

    ngx_http_pserver_count(versions_resealed, reseal->sealed);

    ngx_http_pserver_sweep_again |= (reseal->sealed != 0);

    if (reseal->left) {
        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                      "pserver: %ui versions of an owner could not be sealed "
                      "under the owner's new key, and the older keys stay",
                      reseal->left);
    }

    ngx_memzero(reseal, sizeof(ngx_http_pserver_reseal_t));
}


/* NGX_AGAIN: it is on its way */

static ngx_int_t
ngx_http_pserver_sweep_log(ngx_http_pserver_sweep_t *sweep,
    ngx_http_pserver_main_conf_t *pmcf)
{
    u_char                          count[NGX_INT_T_LEN];
    ngx_int_t                       rc;
    ngx_http_pserver_reseal_t      *reseal;
    ngx_http_pserver_loc_conf_t   **plcf;
    ngx_http_pserver_audit_wait_t  *wait;
    ngx_http_pserver_audit_entry_t  entry;

    reseal = &sweep->reseal;
    wait = &ngx_http_pserver_sweep_wait;

    ngx_memzero(&entry, sizeof(ngx_http_pserver_audit_entry_t));
    ngx_memzero(wait, sizeof(ngx_http_pserver_audit_wait_t));

    entry.type = reseal->asks;
    entry.owner = &sweep->address;
    entry.count.data = count;
    entry.count.len = ngx_sprintf(count, "%uD", reseal->generation) - count;

    wait->handler = ngx_http_pserver_sweep_logged;
    wait->data = sweep;

    plcf = pmcf->stores.elts;

    rc = ngx_http_pserver_audit_append(plcf[sweep->n], &entry, wait);

    reseal->logged = (rc == NGX_OK);

    return rc;
}


static void
ngx_http_pserver_sweep_logged(ngx_http_pserver_audit_wait_t *wait)
{
    ngx_http_pserver_sweep_t  *sweep = wait->data;

    sweep->reseal.logged = (wait->rc == NGX_OK);

    if (!ngx_exiting) {
        ngx_add_timer(&ngx_http_pserver_sweep_timer,
                      NGX_HTTP_PSERVER_SWEEP_PAUSE);
    }
}


static void
ngx_http_pserver_sweep_done(void *data)
{
    ngx_http_pserver_sweep_t  *sweep = data;

    ngx_msec_t                     interval;
    ngx_http_pserver_main_conf_t  *pmcf;

    interval = NGX_HTTP_PSERVER_SWEEP_PAUSE;

    pmcf = ngx_http_cycle_get_module_main_conf(ngx_cycle,
                                               ngx_http_pserver_module);

    if (sweep->reseal.asks
        && ngx_http_pserver_sweep_log(sweep, pmcf) == NGX_AGAIN)
    {
        return;
    }

    ngx_http_pserver_sweep_resealed(sweep);

    if (sweep->over) {
        ngx_http_pserver_sweep_count(sweep, pmcf);

        if (++sweep->n >= pmcf->stores.nelts) {
            if (!ngx_http_pserver_sweep_part) {
                ngx_http_pserver_zone(NULL)->counters.keys_old
                                                 = ngx_http_pserver_sweep_old;
            }

            ngx_http_pserver_sweep_old = 0;
            ngx_http_pserver_sweep_part = 0;

            sweep->n = 0;
            interval = ngx_http_pserver_sweep_again
                       ? NGX_HTTP_PSERVER_SWEEP_SOON
                       : ngx_http_pserver_sweep_interval(pmcf);

            ngx_http_pserver_sweep_again = 0;
        }
    }

    if (ngx_exiting) {
        ngx_http_pserver_sweep_leave(sweep);
        return;
    }

    ngx_add_timer(&ngx_http_pserver_sweep_timer, interval);
}
