/*
 * Input from elsewhere: one file after the other.
 *
 * What is under way for a file is memory of its own, which a thread may
 * outlive everything else with.  A worker brings few files at a time, and
 * none twice at the same time: each takes a few times its size of memory.
 */


#include "ngx_http_pserver_remote.h"
#include "ngx_http_pserver_chain.h"
#include "ngx_http_pserver_fetch.h"
#include "ngx_http_pserver_keys.h"
#include "ngx_http_pserver_thread.h"

#include "../core/abi.h"
#include "../core/encode.h"
#include "../core/keccak.h"
#include "../core/openpgp.h"

#include <sodium.h>


/* of a worker */
#define NGX_HTTP_PSERVER_REMOTE_AT_ONCE  2


typedef enum {
    NGX_HTTP_PSERVER_REMOTE_LOOK = 0,   /* in a thread */
    NGX_HTTP_PSERVER_REMOTE_WAIT,       /* for its turn */
    NGX_HTTP_PSERVER_REMOTE_KEY,        /* for the chain */
    NGX_HTTP_PSERVER_REMOTE_FETCH,
    NGX_HTTP_PSERVER_REMOTE_OPEN        /* in a thread */
} ngx_http_pserver_remote_state_e;


typedef struct {
    ngx_http_pserver_remote_file_t   file;       /* first: the thread's */
    ngx_http_pserver_remote_t       *remote;     /* NULL: it was cancelled */
    ngx_http_pserver_loc_conf_t     *plcf;
    ngx_queue_t                      queue;      /* from WAIT on */
    ngx_http_pserver_remote_state_e  state;
    ngx_uint_t                       turn;       /* 1: has it */
    pserver_word_t                   words[2];   /* file, server */
    ngx_http_pserver_chain_ask_t     ask;
    ngx_http_pserver_fetch_t        *fetch;
    ngx_event_t                      timer;      /* of WAIT */
    ngx_connection_t                 dummy;      /* for events */
    u_char                           url[1];
} ngx_http_pserver_remote_task_t;


struct ngx_http_pserver_remote_s {
    ngx_http_pserver_loc_conf_t          *plcf;
    ngx_http_pserver_input_t             *input;
    ngx_uint_t                            i;     /* the file under way */
    ngx_http_pserver_remote_task_t       *task;
    ngx_http_pserver_remote_handler_pt    handler;
    void                                 *data;
};


static ngx_int_t ngx_http_pserver_remote_next(
    ngx_http_pserver_remote_t *remote);
static ngx_http_pserver_remote_task_t *ngx_http_pserver_remote_task(
    ngx_http_pserver_remote_t *remote, ngx_http_pserver_input_file_t *file);
static ngx_int_t ngx_http_pserver_remote_thread(
    ngx_http_pserver_remote_task_t *task,
    ngx_http_pserver_remote_state_e state);
static void ngx_http_pserver_remote_run(void *data);
static void ngx_http_pserver_remote_done(void *data);
static void ngx_http_pserver_remote_wait(
    ngx_http_pserver_remote_task_t *task);
static void ngx_http_pserver_remote_waited(ngx_event_t *ev);
static void ngx_http_pserver_remote_turn(void);
static ngx_uint_t ngx_http_pserver_remote_same(
    ngx_http_pserver_remote_task_t *one, ngx_http_pserver_remote_task_t *two);
static void ngx_http_pserver_remote_key(
    ngx_http_pserver_remote_task_t *task);
static void ngx_http_pserver_remote_asked(void *data,
    const pserver_facts_t *facts);
static ngx_uint_t ngx_http_pserver_remote_fetch(
    ngx_http_pserver_remote_task_t *task);
static void ngx_http_pserver_remote_fetched(ngx_http_pserver_fetch_t *fetch);
static void ngx_http_pserver_remote_over(
    ngx_http_pserver_remote_task_t *task, ngx_uint_t rc);
static void ngx_http_pserver_remote_free(
    ngx_http_pserver_remote_task_t *task);
static void ngx_http_pserver_remote_log(
    ngx_http_pserver_remote_task_t *task, ngx_uint_t rc);


/* of this process: from WAIT on, in the order of their coming */

static ngx_queue_t  ngx_http_pserver_remote_tasks;
static ngx_uint_t   ngx_http_pserver_remote_turns;


ngx_uint_t
ngx_http_pserver_remote_takes(ngx_http_pserver_loc_conf_t *plcf,
    pserver_str_t url)
{
    return plcf->inputs && ngx_http_pserver_fetch_takes(plcf, url);
}


ngx_http_pserver_remote_t *
ngx_http_pserver_remote_bring(ngx_http_pserver_loc_conf_t *plcf,
    ngx_http_pserver_input_t *input,
    ngx_http_pserver_remote_handler_pt handler, void *data)
{
    ngx_http_pserver_remote_t  *remote;

    if (ngx_http_pserver_remote_tasks.next == NULL) {
        ngx_queue_init(&ngx_http_pserver_remote_tasks);
    }

    remote = ngx_calloc(sizeof(ngx_http_pserver_remote_t), ngx_cycle->log);
    if (remote == NULL) {
        return NULL;
    }

    remote->plcf = plcf;
    remote->input = input;
    remote->handler = handler;
    remote->data = data;

    if (ngx_http_pserver_remote_next(remote) != NGX_AGAIN) {
        ngx_free(remote);
        return NULL;
    }

    return remote;
}


void
ngx_http_pserver_remote_cancel(ngx_http_pserver_remote_t *remote)
{
    ngx_http_pserver_remote_task_t  *task;

    task = remote->task;
    task->remote = NULL;

    ngx_free(remote);

    switch (task->state) {

    case NGX_HTTP_PSERVER_REMOTE_WAIT:
        ngx_del_timer(&task->timer);
        break;

    case NGX_HTTP_PSERVER_REMOTE_KEY:
        ngx_http_pserver_chain_cancel(&task->ask);
        break;

    case NGX_HTTP_PSERVER_REMOTE_FETCH:
        ngx_http_pserver_fetch_cancel(task->fetch);
        break;

    default: /* LOOK, OPEN: it is the thread's */
        return;
    }

    ngx_http_pserver_remote_free(task);
}


/* NGX_AGAIN: the next one is under way; NGX_OK: there is none; NGX_ERROR */

static ngx_int_t
ngx_http_pserver_remote_next(ngx_http_pserver_remote_t *remote)
{
    ngx_http_pserver_input_file_t  *file;

    for ( ; remote->i < remote->input->nfiles; remote->i++) {
        file = &remote->input->files[remote->i];

        if (file->url.len == 0 || file->fd != -1) {
            continue;
        }

        remote->task = ngx_http_pserver_remote_task(remote, file);

        if (remote->task == NULL) {
            return NGX_ERROR;
        }

        if (ngx_http_pserver_remote_thread(remote->task,
                                           NGX_HTTP_PSERVER_REMOTE_LOOK)
            != NGX_OK)
        {
            ngx_free(remote->task);
            return NGX_ERROR;
        }

        return NGX_AGAIN;
    }

    return NGX_OK;
}


static ngx_http_pserver_remote_task_t *
ngx_http_pserver_remote_task(ngx_http_pserver_remote_t *remote,
    ngx_http_pserver_input_file_t *input_file)
{
    pserver_str_t                    text;
    pserver_cid_t                    cid;
    ngx_http_pserver_loc_conf_t     *plcf;
    ngx_http_pserver_remote_task_t  *task;
    ngx_http_pserver_remote_file_t  *file;

    task = ngx_calloc(sizeof(ngx_http_pserver_remote_task_t)
                      + input_file->url.len, ngx_cycle->log);
    if (task == NULL) {
        return NULL;
    }

    plcf = remote->plcf;

    task->remote = remote;
    task->plcf = plcf;

    file = &task->file;

    file->root = plcf->store.data;
    file->chain_id = plcf->chain_id;
    file->owner = remote->input->owner;
    file->registry = plcf->contracts->registry;
    file->id = input_file->word;
    file->url.len = input_file->url.len;
    file->url.data = task->url;
    file->limit = ngx_min(plcf->inputs->file, remote->input->limit);
    file->size = plcf->inputs->size;
    file->reserve = plcf->store_reserve;
    file->fd = -1;

    ngx_memcpy(task->url, input_file->url.data, input_file->url.len);

    if (pserver_cid_url(file->url, &text, &cid) != PSERVER_OK) {
        file->valid = plcf->inputs->valid;
    }

    task->dummy.fd = (ngx_socket_t) -1;
    task->dummy.data = task;

    task->timer.handler = ngx_http_pserver_remote_waited;
    task->timer.data = &task->dummy;
    task->timer.log = ngx_cycle->log;

    return task;
}


static ngx_int_t
ngx_http_pserver_remote_thread(ngx_http_pserver_remote_task_t *task,
    ngx_http_pserver_remote_state_e state)
{
    task->state = state;

    return ngx_http_pserver_thread_run(ngx_http_pserver_remote_run,
                                       ngx_http_pserver_remote_done, task);
}


static void
ngx_http_pserver_remote_run(void *data)
{
    ngx_http_pserver_remote_task_t  *task = data;

    if (task->state == NGX_HTTP_PSERVER_REMOTE_LOOK) {
        ngx_http_pserver_remote_look(&task->file);

    } else {
        ngx_http_pserver_remote_open(&task->file);
    }
}


static void
ngx_http_pserver_remote_done(void *data)
{
    ngx_http_pserver_remote_task_t  *task = data;

    if (task->remote == NULL) {
        ngx_http_pserver_remote_free(task);
        return;
    }

    if (task->state == NGX_HTTP_PSERVER_REMOTE_OPEN
        || task->file.rc != NGX_HTTP_PSERVER_INPUT_NOT_FOUND)
    {
        ngx_http_pserver_remote_over(task, task->file.rc);
        return;
    }

    if (task->turn) {
        ngx_http_pserver_remote_key(task);

    } else {
        ngx_http_pserver_remote_wait(task);
    }
}


static void
ngx_http_pserver_remote_wait(ngx_http_pserver_remote_task_t *task)
{
    task->state = NGX_HTTP_PSERVER_REMOTE_WAIT;

    ngx_queue_insert_tail(&ngx_http_pserver_remote_tasks, &task->queue);
    ngx_add_timer(&task->timer, task->plcf->inputs->timeout);

    ngx_http_pserver_remote_turn();
}


static void
ngx_http_pserver_remote_waited(ngx_event_t *ev)
{
    ngx_connection_t  *dummy;

    dummy = ev->data;

    ngx_http_pserver_remote_over(dummy->data, NGX_HTTP_PSERVER_INPUT_AWAY);
}


/* whose turn is it?  While it waited, another may have brought the same */

static void
ngx_http_pserver_remote_turn(void)
{
    ngx_queue_t                     *q, *p, *next;
    ngx_http_pserver_remote_task_t  *task, *other;

    for (q = ngx_queue_head(&ngx_http_pserver_remote_tasks);
         q != ngx_queue_sentinel(&ngx_http_pserver_remote_tasks)
         && ngx_http_pserver_remote_turns < NGX_HTTP_PSERVER_REMOTE_AT_ONCE;
         q = next)
    {
        next = ngx_queue_next(q);
        task = ngx_queue_data(q, ngx_http_pserver_remote_task_t, queue);

        if (task->turn) {
            continue;
        }

        for (p = ngx_queue_head(&ngx_http_pserver_remote_tasks);
             p != ngx_queue_sentinel(&ngx_http_pserver_remote_tasks);
             p = ngx_queue_next(p))
        {
            other = ngx_queue_data(p, ngx_http_pserver_remote_task_t, queue);

            if (other->turn && ngx_http_pserver_remote_same(task, other)) {
                break;
            }
        }

        if (p != ngx_queue_sentinel(&ngx_http_pserver_remote_tasks)) {
            continue;
        }

        ngx_del_timer(&task->timer);

        task->turn = 1;
        ngx_http_pserver_remote_turns++;

        if (ngx_http_pserver_remote_thread(task, NGX_HTTP_PSERVER_REMOTE_LOOK)
            != NGX_OK)
        {
            task->state = NGX_HTTP_PSERVER_REMOTE_WAIT;
            ngx_add_timer(&task->timer, 1);
        }
    }
}


static ngx_uint_t
ngx_http_pserver_remote_same(ngx_http_pserver_remote_task_t *one,
    ngx_http_pserver_remote_task_t *two)
{
    return ngx_memcmp(&one->file.owner, &two->file.owner,
                      sizeof(pserver_address_t))
           == 0
           && ngx_memcmp(&one->file.id, &two->file.id,
                         sizeof(pserver_word_t))
              == 0
           && ngx_strcmp(one->file.root, two->file.root) == 0;
}


/* filePermissions(file, address of the server's key for the owner) */

static void
ngx_http_pserver_remote_key(ngx_http_pserver_remote_task_t *task)
{
    ngx_int_t                      rc;
    pserver_server_key_t           key;
    ngx_http_pserver_chain_ask_t  *ask;

    rc = ngx_http_pserver_keys_server(&task->file.owner, &key);

    task->words[0] = task->file.id;
    pserver_abi_address(&task->words[1], &key.address);

    sodium_memzero(&key, sizeof(pserver_server_key_t));

    if (rc != NGX_OK) {
        ngx_http_pserver_remote_over(task, NGX_HTTP_PSERVER_INPUT_ERROR);
        return;
    }

    task->state = NGX_HTTP_PSERVER_REMOTE_KEY;

    ask = &task->ask;

    ask->plcf = task->plcf;
    ask->kind = NGX_HTTP_PSERVER_CHAIN_FILE_KEY;
    ask->call.data = (u_char *) task->words;
    ask->call.len = sizeof(task->words);
    ask->not_before = 0;
    ask->handler = ngx_http_pserver_remote_asked;
    ask->data = task;

    pserver_keccak256(&ask->word, ask->call.data, ask->call.len);

    ngx_http_pserver_chain_ask(ask);
}


static void
ngx_http_pserver_remote_asked(void *data, const pserver_facts_t *facts)
{
    ngx_uint_t                       rc;
    pserver_str_t                   *box;
    ngx_http_pserver_remote_task_t  *task = data;

    box = &task->file.box;

    if (facts == NULL) {
        rc = NGX_HTTP_PSERVER_INPUT_UNKNOWN;

    } else if (facts->box.len == 0) {
        rc = NGX_HTTP_PSERVER_INPUT_NO_KEY;

    } else {
        rc = NGX_HTTP_PSERVER_INPUT_ERROR;

        box->data = ngx_alloc(facts->box.len, ngx_cycle->log);

        if (box->data) {
            ngx_memcpy(box->data, facts->box.data, facts->box.len);
            box->len = facts->box.len;

            rc = ngx_http_pserver_remote_fetch(task);
        }
    }

    if (rc != NGX_HTTP_PSERVER_INPUT_OK) {
        ngx_http_pserver_remote_over(task, rc);
    }
}


static ngx_uint_t
ngx_http_pserver_remote_fetch(ngx_http_pserver_remote_task_t *task)
{
    ngx_http_pserver_fetch_t  *fetch;

    fetch = ngx_http_pserver_fetch_create();
    if (fetch == NULL) {
        return NGX_HTTP_PSERVER_INPUT_ERROR;
    }

    task->state = NGX_HTTP_PSERVER_REMOTE_FETCH;
    task->fetch = fetch;

    fetch->plcf = task->plcf;
    fetch->url = task->file.url;
    fetch->limit = pserver_openpgp_max(task->file.limit);
    fetch->unverified = 1;
    fetch->timeout = task->plcf->inputs->timeout;
    fetch->handler = ngx_http_pserver_remote_fetched;
    fetch->data = task;

    ngx_http_pserver_fetch_start(fetch);

    return NGX_HTTP_PSERVER_INPUT_OK;
}


static void
ngx_http_pserver_remote_fetched(ngx_http_pserver_fetch_t *fetch)
{
    ngx_str_t                        message;
    ngx_http_pserver_remote_task_t  *task;

    task = fetch->data;
    task->fetch = NULL;

    if (fetch->rc != NGX_OK) {
        ngx_http_pserver_remote_over(task, fetch->too_large
                                          ? NGX_HTTP_PSERVER_INPUT_TOO_LARGE
                                          : NGX_HTTP_PSERVER_INPUT_AWAY);
        return;
    }

    if (ngx_http_pserver_fetch_take(fetch, &message) != NGX_OK) {
        ngx_http_pserver_remote_over(task, NGX_HTTP_PSERVER_INPUT_ERROR);
        return;
    }

    task->file.message.data = message.data;
    task->file.message.len = message.len;

    if (ngx_http_pserver_remote_thread(task, NGX_HTTP_PSERVER_REMOTE_OPEN)
        != NGX_OK)
    {
        ngx_http_pserver_remote_over(task, NGX_HTTP_PSERVER_INPUT_ERROR);
    }
}


/* it is open, or can't be; the others of the input may still be to come */

static void
ngx_http_pserver_remote_over(ngx_http_pserver_remote_task_t *task,
    ngx_uint_t rc)
{
    ngx_int_t                       next;
    ngx_http_pserver_remote_t      *remote;
    ngx_http_pserver_input_file_t  *file;

    remote = task->remote;

    if (rc == NGX_HTTP_PSERVER_INPUT_OK) {
        file = &remote->input->files[remote->i];

        file->fd = task->file.fd;
        ngx_memcpy(file->name, task->file.name, PSERVER_NAME_LEN);

        task->file.fd = -1;

    } else {
        ngx_http_pserver_remote_log(task, rc);
    }

    ngx_http_pserver_remote_free(task);

    if (rc == NGX_HTTP_PSERVER_INPUT_OK) {
        next = ngx_http_pserver_remote_next(remote);

        if (next == NGX_AGAIN) {
            return;
        }

        if (next == NGX_ERROR) {
            rc = NGX_HTTP_PSERVER_INPUT_ERROR;
        }
    }

    remote->input->rc = rc;
    remote->handler(remote->data);

    ngx_free(remote);
}


static void
ngx_http_pserver_remote_free(ngx_http_pserver_remote_task_t *task)
{
    ngx_uint_t  turn;

    turn = task->turn;

    if (task->timer.timer_set) {
        ngx_del_timer(&task->timer);
    }

    if (task->queue.next) {
        ngx_queue_remove(&task->queue);
    }

    if (task->file.fd != -1) {
        (void) close(task->file.fd);
    }

    if (task->file.message.data) {
        ngx_free(task->file.message.data);
    }

    if (task->file.box.data) {
        ngx_free(task->file.box.data);
    }

    ngx_free(task);

    if (turn) {
        ngx_http_pserver_remote_turns--;
        ngx_http_pserver_remote_turn();
    }
}


/* what its owner, or the operator, can do something about */

static void
ngx_http_pserver_remote_log(ngx_http_pserver_remote_task_t *task,
    ngx_uint_t rc)
{
    u_char       id[PSERVER_WORD_DEC_LEN];
    size_t       len;
    ngx_uint_t   level;
    const char  *why;

    level = NGX_LOG_ERR;

    switch (rc) {

    case NGX_HTTP_PSERVER_INPUT_LOCKED:
        return;

    case NGX_HTTP_PSERVER_INPUT_BAD:
        why = task->file.why ? task->file.why
                             : "its owner's folder does not open";
        break;

    case NGX_HTTP_PSERVER_INPUT_AWAY:
        why = task->file.why ? task->file.why : "it could not be fetched";
        break;

    case NGX_HTTP_PSERVER_INPUT_NO_KEY:
        why = "it has no key on chain for the server of its owner";
        break;

    case NGX_HTTP_PSERVER_INPUT_TOO_LARGE:
        why = "it is too large";
        break;

    case NGX_HTTP_PSERVER_INPUT_UNKNOWN:
        why = "the chain could not be asked for its key";
        break;

    default: /* NGX_HTTP_PSERVER_INPUT_ERROR */
        level = task->file.err ? NGX_LOG_CRIT : NGX_LOG_ERR;
        why = "the server failed";
    }

    len = pserver_word_decimal(id, &task->file.id) - id;

    ngx_log_error(level, ngx_cycle->log, task->file.err,
                  "pserver: the file %*s from elsewhere was not taken: %s",
                  len, id, why);
}
