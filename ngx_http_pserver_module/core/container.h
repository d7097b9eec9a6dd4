/*
 * The container of an operation: what the Docker Engine (API 1.41 and
 * later) is asked to create, and what its answers mean.
 *
 * The create body is a pure function of the operation's configuration and
 * the labels: the same input gives the same bytes.  Nothing of a client's
 * request is in it, and whoever stands between a worker and the engine can
 * build the body again and compare.
 *
 * A container has no network (unless one is named), no capability, no way
 * to gain privileges, of system calls those of container_calls.h, a
 * read-only root, no volume, no log, and one writable place: a tmpfs at
 * /job, whose pages count against its memory.  Its entry
 * point is pserver-run (payload.h), which the image brings: so the engine
 * may be on another host, and the body has no mount that somebody could
 * widen.  It is process 1, not a child of the engine's init: it reaps, no
 * signal from inside can end or stop it, and when it ends the kernel ends
 * all others.
 */

#ifndef _PSERVER_CONTAINER_H_INCLUDED_
#define _PSERVER_CONTAINER_H_INCLUDED_


#include "core.h"


#define PSERVER_CONTAINER_ENTRYPOINT  "/pserver-run"
#define PSERVER_CONTAINER_COMMAND     "/operation"

#define PSERVER_CONTAINER_ID_LEN      64

/* a container's name: this and the job, 64 hex digits */
#define PSERVER_CONTAINER_PREFIX      "pserver-"
#define PSERVER_CONTAINER_JOB_LEN     64

/* the call, below /containers/, that lists the containers of an instance:
   around its name, filters={"label":["org.pserver.instance=.."]} */
#define PSERVER_CONTAINER_LIST                                                \
    "json?all=1&filters=%7B%22label%22%3A%5B%22org.pserver.instance%3D"
#define PSERVER_CONTAINER_LIST_END    "%22%5D%7D"

/* the create body is never longer */
#define PSERVER_CONTAINER_BODY_MAX    16384


/* configuration of an operation: each member with its limits */

typedef struct {
    pserver_str_t         name;      /* 1 to 64 of a-z A-Z 0-9 _ . - */
    pserver_str_t         image;     /* "sha256:" and 64 lower-case digits */
    pserver_str_t        *argv;      /* the command; empty: "/operation" */
    size_t                argc;      /* at most 32, 2048 bytes in all, each
                                        printable ASCII; argv[0] absolute */
    pserver_str_t         runtime;   /* empty: the engine's; else a name.
                                        gVisor's own processes count: it
                                        needs some 256 MiB and 64 pids */
    pserver_str_t         network;   /* empty: none; else the name of one
                                        that the engine has, not its host's */
    uint64_t              memory;    /* bytes, 8 MiB to 1 TiB; no swap */
    uint64_t              work;      /* bytes of /job, 1 MiB to memory */
    uint32_t              cpus;      /* thousandths, 10 to 1024000 */
    uint32_t              pids;      /* 2 to 32768, pserver-run is one */
    uint32_t              nofile;    /* open files, 16 to 20000 */
} pserver_container_t;

/* what a configuration should start from: image and name are empty */
void pserver_container_defaults(pserver_container_t *c);

/*
 * PSERVER_OK, or PSERVER_INVALID and *what is the name of the first member
 * that is out of its limits ("image", "memory", ..), in static memory.
 */
int pserver_container_check(const pserver_container_t *c, const char **what);


/* labels: 1 to 64 of a-z A-Z 0-9 _ . - each */

typedef struct {
    pserver_str_t         instance;  /* org.pserver.instance */
    pserver_str_t         job;       /* org.pserver.job */
} pserver_container_labels_t;

/*
 * Writes the JSON body of POST /containers/create and its length.
 * PSERVER_INVALID: a configuration that does not pass the check, or a bad
 * label; PSERVER_NOSPACE: cap is too small.  The label org.pserver.operation
 * is the operation's name.
 */
int pserver_container_body(const pserver_container_t *c,
    const pserver_container_labels_t *labels, u_char *dst, size_t cap,
    size_t *len);


/*
 * The engine's answers.  PSERVER_INVALID: not what the API describes;
 * PSERVER_NOMEM.
 */

/* 201 of create: 64 lower-case digits, not terminated */
int pserver_container_created(const u_char *body, size_t len,
    u_char id[PSERVER_CONTAINER_ID_LEN]);

/* 200 of wait: the exit status; PSERVER_ERROR: the engine reports an error */
int pserver_container_waited(const u_char *body, size_t len,
    uint32_t *status);


typedef struct {
    uint32_t              status;    /* exit status, if not running */
    unsigned              running:1;
    unsigned              oom:1;     /* a process was killed for memory */
    unsigned              volumes:1; /* the image brought a volume: what is
                                        written there would be on a disk, so
                                        such a container must not start */
} pserver_container_state_t;

/* 200 of GET /containers/ID/json */
int pserver_container_inspected(const u_char *body, size_t len,
    pserver_container_state_t *state);


typedef struct {
    u_char                job[PSERVER_CONTAINER_JOB_LEN];  /* of the name */
    uint64_t              created;   /* seconds since 1970 */
    unsigned              running:1;
} pserver_container_entry_t;

/*
 * 200 of GET /containers/json?all=1&filters=..: at most max entries, *count
 * is their number.  Containers of another instance are left out, whatever
 * the engine made of the filter, and so are those that have the label but
 * not the name of one of ours.
 */
int pserver_container_listed(const u_char *body, size_t len,
    pserver_str_t instance, pserver_container_entry_t *entries, size_t max,
    size_t *count);

/*
 * The message of an error for a log: from {"message":".."} or, where the
 * body is something else, from its text; at most cap bytes, everything but
 * printable ASCII becomes '?'.  Returns its length.
 */
size_t pserver_container_message(const u_char *body, size_t len, u_char *dst,
    size_t cap);


#endif /* _PSERVER_CONTAINER_H_INCLUDED_ */
