/*
 * Where an https:// URL leads that somebody else has chosen: its parts, and
 * whether an address is one of the public Internet.
 */

#ifndef _PSERVER_HTTPS_H_INCLUDED_
#define _PSERVER_HTTPS_H_INCLUDED_


#include "core.h"


#define PSERVER_HTTPS_HOST_MAX  253
#define PSERVER_HTTPS_PORT      443


/* slices of the URL */

typedef struct {
    pserver_str_t         authority; /* host, with the port where it is said */
    pserver_str_t         host;
    unsigned              port;
    pserver_str_t         path;      /* with the query; empty: "/" */
} pserver_https_t;


/*
 * "https://" (lower case), a host by name (RFC 1123 labels, the last one not
 * a number: no literal address), a port, path and query of RFC 3986.
 * PSERVER_INVALID: another form; user information and fragments are.
 */
int pserver_https_parse(pserver_str_t url, pserver_https_t *https);

/*
 * 1 for an address that is globally reachable by unicast, as the registries
 * of special-purpose addresses have it (RFC 6890): ip has 4 or 16 bytes.
 */
int pserver_https_public(const u_char *ip, size_t len);


#endif /* _PSERVER_HTTPS_H_INCLUDED_ */
