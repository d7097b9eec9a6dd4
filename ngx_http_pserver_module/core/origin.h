/*
 * Origins (RFC 6454, ASCII serialization): scheme, host and port, by which
 * a server is named in what clients sign.
 */

#ifndef _PSERVER_ORIGIN_H_INCLUDED_
#define _PSERVER_ORIGIN_H_INCLUDED_


#include "core.h"


typedef struct {
    pserver_str_t         text;          /* as clients sign it: no slash at
                                            its end, no port that is the
                                            scheme's own */
    pserver_str_t         host;          /* with brackets where it is an
                                            address of IPv6 */
    unsigned              port;          /* 0: the scheme's own */
} pserver_origin_t;


/* the origins of one server: each is an audience */

typedef struct {
    const pserver_str_t  *elts;
    size_t                n;
} pserver_origins_t;


/*
 * Reads "http" or "https", "://", a host in lower case (a name in ASCII
 * without a dot at its end, or an address), optionally ":" and a port,
 * optionally "/".  Nothing else, no other case: PSERVER_INVALID.  *origin
 * points into text.
 */
int pserver_origin_parse(pserver_origin_t *origin, pserver_str_t text);

/* 1 if text is one of them, by bytes */
int pserver_origins_have(const pserver_origins_t *origins,
    pserver_str_t text);


#endif /* _PSERVER_ORIGIN_H_INCLUDED_ */
