/*
 * URLs as users give them, cut into what is signed and what is not.
 */

#ifndef _PSERVERCTL_URL_H_INCLUDED_
#define _PSERVERCTL_URL_H_INCLUDED_


#include "ctl.h"


/* all of them point into the text that was parsed */

typedef struct {
    pserver_str_t         origin;    /* https://host:port */
    pserver_str_t         path;      /* at least "/" */
    pserver_str_t         query;     /* with its "?", or empty */
} pserverctl_url_t;


/* PSERVER_INVALID: not http:// or https:// and a host */
int pserverctl_url_parse(pserverctl_url_t *url, const char *text);


#endif /* _PSERVERCTL_URL_H_INCLUDED_ */
