/*
 * A Docker Engine, spoken to directly: one container, from create to
 * removal.  For whoever develops an image, on a machine of their own; a
 * server reaches its engine through nginx.
 */

#ifndef _PSERVERCTL_ENGINE_H_INCLUDED_
#define _PSERVERCTL_ENGINE_H_INCLUDED_


#include "http.h"
#include "../core/container.h"

#include <curl/curl.h>


#define PSERVERCTL_ENGINE_SOCKET  "/var/run/docker.sock"
#define PSERVERCTL_ENGINE_IMAGE   71         /* "sha256:" and 64 digits */


/* zeroed but for its socket before the first call */

typedef struct {
    const char           *socket;        /* path of a UNIX socket */
    CURL                 *stream;        /* attached to the container */
    char                  id[PSERVER_CONTAINER_ID_LEN + 1];
} pserverctl_engine_t;


/*
 * Each returns PSERVERCTL_OK, or says why not.
 *
 * image: the id of an image by its name.
 * create: a container of the body (core/container.h) under this name.
 * attach: its streams; before start, so that nothing is missed.
 */
int pserverctl_engine_image(pserverctl_engine_t *engine, const char *name,
    char id[PSERVERCTL_ENGINE_IMAGE + 1]);
int pserverctl_engine_create(pserverctl_engine_t *engine, const char *name,
    pserver_str_t body);
int pserverctl_engine_attach(pserverctl_engine_t *engine);
int pserverctl_engine_start(pserverctl_engine_t *engine);

/* all of it to the container's stdin */
int pserverctl_engine_feed(pserverctl_engine_t *engine, pserver_str_t data);

/*
 * What has come, as frames (core/frames.h): waits for at least a byte.
 * *len is 0 at the end of the stream.  "seconds" without a byte: given up.
 */
int pserverctl_engine_receive(pserverctl_engine_t *engine, u_char *buf,
    size_t cap, size_t *len, uint64_t seconds);

/* whatever state it is in; says what could not be removed */
void pserverctl_engine_remove(pserverctl_engine_t *engine);


#endif /* _PSERVERCTL_ENGINE_H_INCLUDED_ */
