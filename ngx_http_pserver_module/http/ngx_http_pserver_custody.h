/*
 * Owners' own keys, as long as they are unlocked.
 *
 * Every worker sees them: the shared zone has a table of boxes, each with one
 * key under a key of this boot, which is random, is made where the
 * configuration is read, lies with the other secrets (http/keys) and is
 * never on a disk.  A reload hands it on, so that what is unlocked stays so;
 * a restart and a binary upgrade don't.  A key is taken out of its box only
 * to open the owner's file of keys, in locked memory, and wiped; what was in
 * that file is not remembered either.  So locked is locked: there is nothing
 * to tell the other workers.
 *
 * From any thread.
 */

#ifndef _NGX_HTTP_PSERVER_CUSTODY_H_INCLUDED_
#define _NGX_HTTP_PSERVER_CUSTODY_H_INCLUDED_


#include "ngx_http_pserver_module.h"
#include "ngx_http_pserver_store.h"

#include "../core/custody.h"


/* where the owner's keys are that one opens */

typedef struct {
    u_char                          *root;       /* pserver_store */
    uint64_t                         chain_id;
    pserver_address_t                owner;
} ngx_http_pserver_custody_at_t;


/* "pserver_custody server|owner [max=time]" */
char *ngx_http_pserver_custody_conf(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* a store is in one custody, whichever location has it */
char *ngx_http_pserver_custody_merge(ngx_conf_t *cf,
    ngx_http_pserver_loc_conf_t *conf);

ngx_int_t ngx_http_pserver_custody_init_process(ngx_cycle_t *cycle);

/* the table for a zone of that size, or NULL: no memory */
struct ngx_http_pserver_custody_table_s *ngx_http_pserver_custody_create(
    ngx_slab_pool_t *shpool, size_t size);


/* 1 if no owner's keys in this store open without the owner's own */
ngx_uint_t ngx_http_pserver_custody_required(u_char *root);

/* 1 if they need it and it is not here, as far as can be seen without a look
   at the disk */
ngx_uint_t ngx_http_pserver_custody_locked(
    const ngx_http_pserver_custody_at_t *at);

/*
 * Unlocks for so many seconds, in place of what was there; *expires becomes
 * the time of the end.  NGX_DECLINED: there is no room.
 */
ngx_int_t ngx_http_pserver_custody_put(
    const ngx_http_pserver_custody_at_t *at,
    const u_char key[PSERVER_CUSTODY_KEY_LEN], time_t seconds,
    time_t *expires);

/* locks; it does not matter whether it was locked */
void ngx_http_pserver_custody_forget(
    const ngx_http_pserver_custody_at_t *at);

/* the time of the end, or 0: locked */
time_t ngx_http_pserver_custody_until(
    const ngx_http_pserver_custody_at_t *at);

/*
 * Opens the owner's file of keys (keys.h) with what is unlocked: OK, LOCKED,
 * or BAD.
 */
ngx_uint_t ngx_http_pserver_custody_unwrap(
    const ngx_http_pserver_custody_at_t *at, pserver_str_t file,
    pserver_keys_t *keys);

/*
 * The other way round: another file in the place of this one, with the same
 * wrap and under the same key, which is unlocked: OK, LOCKED, or BAD.
 */
ngx_uint_t ngx_http_pserver_custody_wrap(
    const ngx_http_pserver_custody_at_t *at, pserver_str_t file,
    const pserver_keys_t *keys, u_char new[PSERVER_KEYS_FILE_MAX],
    size_t *len);


#endif /* _NGX_HTTP_PSERVER_CUSTODY_H_INCLUDED_ */
