/*
 * Scopes: names of an owner's data, "instagram.profile", and the URL by
 * which a file on chain points to data that this server holds.
 */

#ifndef _PSERVER_SCOPE_H_INCLUDED_
#define _PSERVER_SCOPE_H_INCLUDED_


#include "core.h"
#include "origin.h"


#define PSERVER_SCOPE_MAX  255


/*
 * 1 if text is a scope: 2 or 3 segments joined by dots, the first
 * [a-z0-9][a-z0-9_]*, the others [a-zA-Z0-9][a-zA-Z0-9_]*, at most
 * PSERVER_SCOPE_MAX bytes in all.
 */
int pserver_scope_valid(pserver_str_t text);

/*
 * 1 if a grant for "pattern" covers the (valid) scope: "*" covers all,
 * "a.b.*" what starts with "a.b.", any other what is equal.
 */
int pserver_scope_covers(pserver_str_t pattern, pserver_str_t scope);


typedef struct {
    pserver_origin_t      origin;    /* whether it is ours is not looked at */
    pserver_str_t         scope;
    pserver_str_t         file_id;   /* empty: the latest version */
} pserver_scope_url_t;

/*
 * Reads <origin>/v1/data/<scope>[?fileId=<id>], id being 1 to 78 of
 * [0-9A-Za-z_-].  Bytes are taken as they stand: no escapes, no dots, no
 * other case, no port that is the scheme's own, nothing behind.  out points
 * into url.  PSERVER_INVALID: any other URL.
 */
int pserver_scope_url(pserver_str_t url, pserver_scope_url_t *out);


#endif /* _PSERVER_SCOPE_H_INCLUDED_ */
