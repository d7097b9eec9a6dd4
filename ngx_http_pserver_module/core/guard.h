/*
 * What may pass to a Docker Engine: the calls by which a job runs, on the
 * containers of jobs and no others, and a create body only if it is, byte
 * for byte, what core/container builds for an operation of the
 * configuration.  Whoever holds the engine's socket is root on its host;
 * whoever holds the socket of a guard can run what is offered, and nothing
 * else.
 *
 * A container belongs to a job if it has the name of one: no call that
 * passes gives such a name to another container.  What an instance has left
 * behind is found by its label, and nothing else can be listed.
 */

#ifndef _PSERVER_GUARD_H_INCLUDED_
#define _PSERVER_GUARD_H_INCLUDED_


#include "container.h"


typedef struct {
    pserver_str_t         method;
    pserver_str_t         uri;       /* as it was sent, with the query */
    pserver_str_t         upgrade;   /* the header; empty: there is none */
    pserver_str_t         body;
} pserver_guard_call_t;


typedef enum {
    PSERVER_GUARD_PASS = 0,
    PSERVER_GUARD_CALL,              /* not one of the calls */
    PSERVER_GUARD_UPGRADE,           /* of another call than attach, or none */
    PSERVER_GUARD_BODY               /* not the body of that call */
} pserver_guard_verdict_e;


/* 1 if the call is for create: its body has to be looked at */
int pserver_guard_creates(const pserver_guard_call_t *call);

/* operations: n pointers to what is offered, each of which is valid */
pserver_guard_verdict_e pserver_guard_check(const pserver_guard_call_t *call,
    const pserver_container_t *const *operations, size_t n);


#endif /* _PSERVER_GUARD_H_INCLUDED_ */
