/*
 * The audit log against its last anchor: as the chain says it, and as it was
 * kept.  A log that does not go on from there is stopped: pserver's
 * locations answer 503 until an operator has acted, and nginx goes on.
 *
 * Each worker looks once a second for the file "stopped" and for another
 * anchor.  One asks the chain, once a minute.
 */


#include "ngx_http_pserver_audit_conf.h"
#include "ngx_http_pserver_audit_disk.h"
#include "ngx_http_pserver_error.h"
#include "ngx_http_pserver_thread.h"


#define NGX_HTTP_PSERVER_STOP_LOOK   1000
#define NGX_HTTP_PSERVER_STOP_ASK    60000
#define NGX_HTTP_PSERVER_STOP_AGAIN  5000        /* there was no answer */


static void ngx_http_pserver_audit_look_run(void *data);
static void ngx_http_pserver_audit_look_name(
    ngx_http_pserver_audit_t *audit);
static void ngx_http_pserver_audit_look_noted(
    ngx_http_pserver_audit_t *audit);
static void ngx_http_pserver_audit_look_done(void *data);
static void ngx_http_pserver_audit_look_note(ngx_http_pserver_audit_t *audit);
static void ngx_http_pserver_audit_look_written(
    ngx_http_pserver_audit_wait_t *wait);
static void ngx_http_pserver_audit_look_ask(
    ngx_http_pserver_audit_t *audit);
static void ngx_http_pserver_audit_look_heard(void *data,
    const pserver_facts_t *facts);


/* before the first request: nothing of a log that does not match is shown */

void
ngx_http_pserver_audit_look_init(ngx_http_pserver_audit_t *audit)
{
    ngx_http_pserver_audit_look_run(audit);
    ngx_http_pserver_audit_look_done(audit);

    ngx_add_timer(&audit->look.timer, 1);
}


void
ngx_http_pserver_audit_look_timer(ngx_event_t *ev)
{
    ngx_connection_t          *dummy;
    ngx_http_pserver_audit_t  *audit;

    if (ngx_exiting || ngx_terminate) {
        return;
    }

    dummy = ev->data;
    audit = dummy->data;

    ngx_add_timer(ev, NGX_HTTP_PSERVER_STOP_LOOK);

    ngx_http_pserver_audit_look_ask(audit);

    if (audit->look.running || audit->look.note.item) {
        return;
    }

    audit->look.chain = audit->look.heard;

    if (ngx_http_pserver_thread_run(ngx_http_pserver_audit_look_run,
                                    ngx_http_pserver_audit_look_done, audit)
        == NGX_OK)
    {
        audit->look.running = 1;
    }
}


/* in a thread, but for the first time */

static void
ngx_http_pserver_audit_look_run(void *data)
{
    ngx_http_pserver_audit_t *audit = data;

    int                             rc;
    char                           *dir;
    uint64_t                        size;
    const char                     *what;
    ngx_http_pserver_audit_look_t  *look;

    look = &audit->look;
    dir = (char *) audit->path.name.data;
    what = "";
    size = look->known.size;

    look->rc = PSERVER_OK;
    look->found[0] = '\0';

    if (!look->named) {
        ngx_http_pserver_audit_look_name(audit);
    }

    if (look->chain.size) {
        look->rc = ngx_http_pserver_audit_anchored_write(dir, &look->chain);
        look->err = ngx_errno;
    }

    if (ngx_http_pserver_audit_stopped(dir, look->found) == PSERVER_OK) {
        return;
    }

    rc = ngx_http_pserver_audit_anchored_check(dir, &look->known, &what);

    if (rc == PSERVER_INVALID) {
        rc = ngx_http_pserver_audit_stop(dir, &look->known, &what);
    }

    if (rc == PSERVER_INVALID) {
        ngx_cpystrn((u_char *) look->found, (u_char *) what,
                    sizeof(look->found));

    } else if (rc != PSERVER_OK) {
        look->rc = rc;
        look->err = ngx_errno;

    } else {

        if (what[0] || look->known.size != size) {
            look->accepted = (what[0] != '\0');
        }

        if (look->first) {
            ngx_http_pserver_audit_look_noted(audit);
        }
    }
}


/*
 * An anchor that the log goes on from is an entry of its own, once there are
 * others behind it: of an anchor of all there is there is nothing to say,
 * and a log that rests is not anchored again for it.
 */

static void
ngx_http_pserver_audit_look_noted(ngx_http_pserver_audit_t *audit)
{
    int                             rc;
    char                           *dir;
    ngx_http_pserver_audit_look_t  *look;

    look = &audit->look;
    dir = (char *) audit->path.name.data;

    look->behind = 0;

    if (!look->found_note) {
        rc = ngx_http_pserver_audit_anchored_noted(dir, &look->noted);

        if (rc == PSERVER_ERROR) {
            look->rc = rc;
            look->err = ngx_errno;
            return;
        }

        look->found_note = 1;
    }

    if (look->keep) {
        rc = ngx_http_pserver_audit_anchored_note(dir, &look->noted);

        if (rc != PSERVER_OK) {
            look->rc = rc;
            look->err = ngx_errno;
            return;
        }

        look->keep = 0;
    }

    if (look->known.size > look->noted.size) {
        look->behind = ngx_http_pserver_audit_anchored_behind(dir,
                                                              &look->known);
    }
}


/* the log has its key once it was published first */

static void
ngx_http_pserver_audit_look_name(ngx_http_pserver_audit_t *audit)
{
    u_char               buf[PSERVER_NOTE_KEY_MAX + 1];
    pserver_str_t        text;
    pserver_note_key_t   key;

    text.data = buf;

    if (ngx_http_pserver_audit_disk_read((char *) audit->path.name.data,
                                         "public/key", buf, sizeof(buf),
                                         &text.len)
        != PSERVER_OK
        || text.len == 0)
    {
        return;
    }

    text.len--;

    if (pserver_note_key_parse(&key, text) == PSERVER_OK) {
        ngx_memcpy(audit->look.id, key.id, sizeof(key.id));
        audit->look.named = 1;
    }
}


static void
ngx_http_pserver_audit_look_done(void *data)
{
    ngx_http_pserver_audit_t *audit = data;

    ngx_http_pserver_audit_look_t  *look;

    look = &audit->look;

    look->running = 0;

    if (look->rc != PSERVER_OK) {
        ngx_log_error(NGX_LOG_CRIT, ngx_cycle->log, look->err,
                      "audit log \"%V\" can't be compared with its anchor",
                      &audit->path.name);
    }

    if (look->behind && look->found[0] == '\0') {
        ngx_http_pserver_audit_look_note(audit);
    }

    if (ngx_strcmp(look->found, look->reason) == 0) {
        return;
    }

    ngx_memcpy(look->reason, look->found, sizeof(look->reason));

    if (look->reason[0]) {
        ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, 0,
                      "audit log \"%V\" is stopped: %s", &audit->path.name,
                      look->reason);
    } else {
        ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                      "audit log \"%V\" goes on", &audit->path.name);
    }
}


static void
ngx_http_pserver_audit_look_note(ngx_http_pserver_audit_t *audit)
{
    u_char                           count[NGX_INT64_LEN];
    ngx_http_pserver_audit_look_t   *look;
    ngx_http_pserver_audit_entry_t   entry;

    look = &audit->look;

    if (look->note.item) {
        return;
    }

    ngx_memzero(&entry, sizeof(ngx_http_pserver_audit_entry_t));

    entry.type = PSERVER_ENTRY_ANCHORED;
    entry.count.data = count;
    entry.count.len = ngx_sprintf(count, "%uL", look->known.size) - count;

    if (look->accepted) {
        ngx_str_set(&entry.reason, "accepted");
    }

    if (look->heard.size == look->known.size) {
        entry.block = look->block;
    }

    look->note.handler = ngx_http_pserver_audit_look_written;
    look->note.data = audit;
    look->noting = look->known;

    (void) ngx_http_pserver_audit_add(audit, look->plcf, &entry, &look->note);
}


/* else it is tried again with the next look */

static void
ngx_http_pserver_audit_look_written(ngx_http_pserver_audit_wait_t *wait)
{
    ngx_http_pserver_audit_t *audit = wait->data;

    if (wait->rc == NGX_OK) {
        audit->look.noted = audit->look.noting;
        audit->look.keep = 1;
    }
}


void
ngx_http_pserver_audit_chain(ngx_http_pserver_loc_conf_t *plcf)
{
    if (plcf->audit->anchor.chain_id
        && plcf->audit->anchor.chain_id == plcf->chain_id)
    {
        plcf->audit->look.plcf = plcf;
    }
}


/* one worker asks for all: the file "anchored" tells the others */

static void
ngx_http_pserver_audit_look_ask(ngx_http_pserver_audit_t *audit)
{
    u_char                         *p;
    ngx_http_pserver_chain_ask_t   *ask;
    ngx_http_pserver_audit_look_t  *look;

    look = &audit->look;
    ask = &look->ask;

    if (look->plcf == NULL
        || look->running
        || look->asking
        || !look->named
        || (ngx_process == NGX_PROCESS_WORKER && ngx_worker != 0)
        || (look->asked
            && (ngx_msec_int_t) (look->next - ngx_current_msec) > 0))
    {
        return;
    }

    /* latest(address,bytes32) */

    p = ngx_cpymem(look->call, &audit->anchor.contract, 20);
    p = ngx_cpymem(p, "\x68\x20\x5b\xc3", 4);
    ngx_memzero(p, 12);
    p = ngx_cpymem(p + 12, &audit->anchor.sender, 20);
    ngx_memcpy(p, look->id, sizeof(look->id));

    ngx_memzero(ask, sizeof(ngx_http_pserver_chain_ask_t));

    ask->plcf = look->plcf;
    ask->kind = NGX_HTTP_PSERVER_CHAIN_ANCHOR;
    ngx_memcpy(&ask->word, look->id, sizeof(look->id));
    ask->call.data = look->call;
    ask->call.len = sizeof(look->call);
    ask->not_before = ngx_http_pserver_chain_moment();
    ask->handler = ngx_http_pserver_audit_look_heard;
    ask->data = audit;

    look->asked = 1;
    look->asking = 1;

    ngx_http_pserver_chain_ask(ask);
}


static void
ngx_http_pserver_audit_look_heard(void *data, const pserver_facts_t *facts)
{
    ngx_http_pserver_audit_t *audit = data;

    ngx_http_pserver_audit_look_t  *look;

    look = &audit->look;

    look->asking = 0;
    look->next = ngx_current_msec + (facts ? NGX_HTTP_PSERVER_STOP_ASK
                                           : NGX_HTTP_PSERVER_STOP_AGAIN);

    /* an anchor that a reorganisation takes back is ours all the same */

    if (facts && facts->anchored.size > look->heard.size) {
        look->heard = facts->anchored;
        look->block = facts->block;

        if (look->timer.timer_set) {
            ngx_del_timer(&look->timer);
            ngx_add_timer(&look->timer, 1);
        }
    }
}


ngx_int_t
ngx_http_pserver_audit_open(ngx_http_request_t *r)
{
    u_char                       *text;
    size_t                        len;
    ngx_http_pserver_ctx_t       *ctx;
    ngx_http_pserver_loc_conf_t  *plcf;

    plcf = ngx_http_get_module_loc_conf(r, ngx_http_pserver_module);

    if (plcf->audit == NULL || plcf->audit->look.reason[0] == '\0') {
        return NGX_OK;
    }

    /* the reason may change before the answer is made of it */

    len = sizeof("the audit log is stopped: ")
          + sizeof(plcf->audit->look.reason);

    text = ngx_pnalloc(r->pool, len);
    ctx = ngx_http_pserver_get_ctx(r);

    if (text == NULL || ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    (void) ngx_sprintf(text, "the audit log is stopped: %s%Z",
                       plcf->audit->look.reason);

    return (plcf->api == NGX_HTTP_PSERVER_COMPUTE)
           ? ngx_http_pserver_error_compute(r, NGX_HTTP_SERVICE_UNAVAILABLE,
                                            "INTERNAL_SERVER_ERROR",
                                            (char *) text, NULL)
           : ngx_http_pserver_error_content(r, NGX_HTTP_SERVICE_UNAVAILABLE,
                                            "LOG_STOPPED", (char *) text);
}
