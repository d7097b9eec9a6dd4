/*
 * What goes into a container: the owner's data that a permission names, and
 * the operation with its parameters, as the archive that pserver-run
 * unpacks.
 */

#ifndef _NGX_HTTP_PSERVER_INPUT_H_INCLUDED_
#define _NGX_HTTP_PSERVER_INPUT_H_INCLUDED_


#include "ngx_http_pserver_module.h"
#include "ngx_http_pserver_operation.h"
#include "ngx_http_pserver_store.h"

#include "../core/encode.h"
#include "../core/facts.h"


typedef enum {
    NGX_HTTP_PSERVER_INPUT_OK = 0,
    NGX_HTTP_PSERVER_INPUT_NOT_FOUND,   /* a file is not here */
    NGX_HTTP_PSERVER_INPUT_BAD,         /* a file does not open */
    NGX_HTTP_PSERVER_INPUT_FILTERS,     /* filters that can't be applied */
    NGX_HTTP_PSERVER_INPUT_TOO_LARGE,
    NGX_HTTP_PSERVER_INPUT_NO_KEY,      /* a file has none for this server */
    NGX_HTTP_PSERVER_INPUT_AWAY,        /* a file can't be fetched now */
    NGX_HTTP_PSERVER_INPUT_UNKNOWN,     /* the chain can't be asked now */
    NGX_HTTP_PSERVER_INPUT_LOCKED,      /* the owner's keys are */
    NGX_HTTP_PSERVER_INPUT_ERROR        /* not the data's fault */
} ngx_http_pserver_input_rc_e;


typedef struct {
    u_char                           id[PSERVER_WORD_DEC_LEN];
    size_t                           id_len;
    pserver_word_t                   word;       /* the same */
    pserver_str_t                    scope;
    uint64_t                         version;    /* 0: the latest */
    pserver_str_t                    filter;     /* empty: all of it */

    /* of http/remote: a file that is elsewhere, which has no scope */
    pserver_str_t                    url;
    ngx_fd_t                         fd;         /* sealed, as an object of
                                                    this name; -1: not yet */
    u_char                           name[PSERVER_NAME_LEN];
} ngx_http_pserver_input_file_t;


typedef struct {
    u_char                          *root;
    uint64_t                         chain_id;
    pserver_address_t                owner;
    pserver_str_t                    operation;
    pserver_str_t                    parameters; /* a JSON object */
    size_t                           limit;
    uint64_t                         output;     /* limit of the result */
    ngx_uint_t                       nfiles;
    ngx_http_pserver_input_file_t   *files;

    ngx_uint_t                       rc;
    ngx_str_t                        payload;    /* malloc'd; of load() */
    pserver_str_t                    manifest;   /* the same; core/receipt */
} ngx_http_pserver_input_t;


/*
 * From facts that a decision was made of, which it copies into the pool:
 * rc is set where one of the files can't be here.  parameters are those of
 * the request, or NULL.  NGX_ERROR: no memory.
 */
ngx_int_t ngx_http_pserver_input_init(ngx_http_pserver_input_t *input,
    ngx_pool_t *pool, ngx_http_pserver_loc_conf_t *plcf,
    ngx_http_pserver_operation_t *op, const pserver_facts_t *facts,
    const pserver_json_t *parameters);

/* 1: files of it are elsewhere, and have to be brought first */
ngx_uint_t ngx_http_pserver_input_remote(
    const ngx_http_pserver_input_t *input);

/* in a thread: does all of it open and fit?  rc */
void ngx_http_pserver_input_check(void *data);

/* in a thread: rc and, where it is OK, the payload */
void ngx_http_pserver_input_load(void *data);

/* wipes the payload, closes what was brought and not used; more than once */
void ngx_http_pserver_input_free(ngx_http_pserver_input_t *input);


/* between the files of http/input: the owner's folder and the files, open */

typedef struct {
    ngx_http_pserver_object_t        object;
    ngx_str_t                        cut;        /* what the filter left;
                                                    malloc'd */
} ngx_http_pserver_input_part_t;

typedef struct {
    ngx_http_pserver_owner_t         owner;
    ngx_http_pserver_input_part_t   *parts;      /* one a file */
    uint64_t                         total;      /* bytes that go in */
} ngx_http_pserver_input_open_t;


/* the payload of files that are open; rc */
void ngx_http_pserver_input_archive(ngx_http_pserver_input_t *input,
    ngx_http_pserver_input_open_t *open);

/* the rc of an input for one of the store */
ngx_uint_t ngx_http_pserver_input_rc(ngx_uint_t rc);


#endif /* _NGX_HTTP_PSERVER_INPUT_H_INCLUDED_ */
