/*
 * The two secrets of a server, the identity phrase and the storage root, and
 * a third one that it makes for itself: the key of this boot.
 *
 * The master reads them while it reads the configuration, into guarded
 * memory that is kept out of core dumps, and keeps them, since it forks
 * another worker when one dies.  A worker makes a copy in guarded memory of
 * its own (the lock of the master's pages is not inherited), wipes what it
 * inherited, and makes itself undumpable, so that /proc/PID/mem does not
 * open for others of its user.  Helper processes only wipe.  When a cycle
 * ends, in the master after a reload, in a worker when it quits, a cleanup
 * of its pool wipes its copy.
 */

#ifndef _NGX_HTTP_PSERVER_KEYS_H_INCLUDED_
#define _NGX_HTTP_PSERVER_KEYS_H_INCLUDED_


#include "ngx_http_pserver_module.h"

#include "../core/identity.h"
#include "../core/keys.h"


struct ngx_http_pserver_keys_s {
    pserver_node_t                   identity;   /* m/44'/60'/0'/0 of the
                                                    phrase */
    size_t                           nroots;     /* 0: there is none */
    pserver_root_t                   roots[PSERVER_ROOTS_MAX];
    u_char                           boot[PSERVER_KEY_LEN];  /* random, never
                                                    on a disk: http/custody */
};


/* reads pmcf->identity_file and pmcf->root_file, where set */
char *ngx_http_pserver_keys_init_conf(ngx_conf_t *cf,
    ngx_http_pserver_main_conf_t *pmcf);

ngx_int_t ngx_http_pserver_keys_init_process(ngx_cycle_t *cycle);

/* of this process, from any of its threads; read only */
const ngx_http_pserver_keys_t *ngx_http_pserver_keys(void);

/* the server's key for an owner; from any thread; the caller wipes it */
ngx_int_t ngx_http_pserver_keys_server(const pserver_address_t *owner,
    pserver_server_key_t *key);

/* its address; zeros: there is none, chance 2^-127 */
void ngx_http_pserver_keys_address(const pserver_address_t *owner,
    pserver_address_t *address);


#endif /* _NGX_HTTP_PSERVER_KEYS_H_INCLUDED_ */
