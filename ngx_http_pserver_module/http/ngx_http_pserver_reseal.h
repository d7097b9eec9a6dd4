/*
 * After an owner has got a new data key (http/generation): what is sealed
 * under older ones is sealed again, a version at a time, and when nothing is
 * left the older keys are destroyed.
 *
 * A version keeps its name, number, id, metadata and place in the manifest;
 * all that is random in it is new.  The new file takes the place of the old
 * one in one step; after a crash one of them is there, whole, and its key is
 * too, since keys go only after a pass that has found nothing under them.
 * What does not open is left, and with it the keys.  That a key is made, and
 * that older ones are destroyed, is in the log first: reseal->asks.
 *
 * For one thread at a time, which http/sweep has.
 */

#ifndef _NGX_HTTP_PSERVER_RESEAL_H_INCLUDED_
#define _NGX_HTTP_PSERVER_RESEAL_H_INCLUDED_


#include "ngx_http_pserver_writer.h"


/* a pass over an owner; starts zeroed */

typedef struct {
    ngx_http_pserver_writer_t       *writer;     /* NULL: there is no pass */
    off_t                            reserve;
    uint32_t                         generation;

    ngx_uint_t                       folder;     /* which one of the owner's */
    DIR                             *dir;
    DIR                             *files;

    off_t                            done;       /* bytes that were sealed */
    ngx_uint_t                       sealed;     /* versions */
    ngx_uint_t                       left;

    ngx_uint_t                       asks;       /* for this entry of the log,
                                                    before the next step */
    unsigned                         logged:1;   /* it is there */
} ngx_http_pserver_reseal_t;


/*
 * Begins, if something is demanded of this owner and the owner's keys are to
 * be had: then reseal->writer is set.
 */
void ngx_http_pserver_reseal_begin(ngx_http_pserver_reseal_t *reseal,
    u_char *root, uint64_t chain_id, const pserver_address_t *owner,
    off_t reserve);

/*
 * The next file, or what was asked for, if it is logged; ends the pass after
 * the last one, when much was done, or when the owner's own key is not here
 * any more.
 */
void ngx_http_pserver_reseal_step(ngx_http_pserver_reseal_t *reseal);

/* ends it now, if there is one: another one does the rest */
void ngx_http_pserver_reseal_stop(ngx_http_pserver_reseal_t *reseal);


#endif /* _NGX_HTTP_PSERVER_RESEAL_H_INCLUDED_ */
