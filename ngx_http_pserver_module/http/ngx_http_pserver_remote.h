/*
 * Input from elsewhere: files that a permission names, whose owner has left
 * them encrypted behind an ipfs:// or a listed https:// URL, and their key on
 * chain, in a box for the server's key of this owner.
 *
 *   LOOK (is it kept?) ──► WAIT ──► LOOK ──► KEY ──► FETCH ──► OPEN ──► kept
 *
 * Kept is the plaintext, sealed under the owner's keys like an object, in
 *
 *   inputs/<keyed hash of registry ‖ file ‖ URL>
 *
 * of the owner's folder.  It may go at any time, to make room for another:
 * who uses a file has it open.  What an ipfs:// URL names does not change;
 * what came from an https:// host is fetched again after a while, and needs
 * no pin, since without the file's passphrase nobody can make another.
 */

#ifndef _NGX_HTTP_PSERVER_REMOTE_H_INCLUDED_
#define _NGX_HTTP_PSERVER_REMOTE_H_INCLUDED_


#include "ngx_http_pserver_module.h"
#include "ngx_http_pserver_input.h"


/* "pserver_inputs" */

#define NGX_HTTP_PSERVER_INPUTS_FILE_MAX  (256 * 1024 * 1024)

struct ngx_http_pserver_inputs_s {
    off_t                            size;       /* kept of an owner */
    size_t                           file;       /* one file, opened */
    time_t                           valid;      /* one from https:// */
    ngx_msec_t                       timeout;    /* of a fetch */
};


typedef struct ngx_http_pserver_remote_s  ngx_http_pserver_remote_t;

typedef void (*ngx_http_pserver_remote_handler_pt)(void *data);


/* 1 if this location takes files from there */
ngx_uint_t ngx_http_pserver_remote_takes(ngx_http_pserver_loc_conf_t *plcf,
    pserver_str_t url);

/*
 * Brings the files of the input that are elsewhere, one after the other.
 * handler is called once, from the event loop and never from inside: each of
 * them is open, or input->rc says why not.  There must be such files (see
 * ngx_http_pserver_input_remote()).  NULL: no memory, the handler is not
 * called.
 */
ngx_http_pserver_remote_t *ngx_http_pserver_remote_bring(
    ngx_http_pserver_loc_conf_t *plcf, ngx_http_pserver_input_t *input,
    ngx_http_pserver_remote_handler_pt handler, void *data);

/* before the handler was called; it will not be, and input can go */
void ngx_http_pserver_remote_cancel(ngx_http_pserver_remote_t *remote);


/* between the files of http/remote: a file for a thread, which knows nothing
   but this */

typedef struct {
    u_char                          *root;       /* pserver_store */
    uint64_t                         chain_id;
    pserver_address_t                owner;
    pserver_address_t                registry;
    pserver_word_t                   id;
    pserver_str_t                    url;
    size_t                           limit;      /* of the file, opened */
    off_t                            size;       /* of all that is kept */
    off_t                            reserve;
    time_t                           valid;      /* 0: for ever */

    pserver_str_t                    box;        /* of the key, in hex */
    pserver_str_t                    message;    /* what was fetched; malloc'd,
                                                    open() frees it */
    ngx_fd_t                         fd;         /* the file, sealed; or -1 */
    u_char                           name[PSERVER_NAME_LEN];

    ngx_uint_t                       rc;         /* of an input */
    const char                      *why;        /* it is BAD or AWAY */
    ngx_err_t                        err;
} ngx_http_pserver_remote_file_t;


/* of each file that is kept, as of an object's version */
#define NGX_HTTP_PSERVER_REMOTE_NUMBER  1

/* rc: OK, NOT_FOUND: it is not kept (any more), TOO_LARGE, ERROR */
void ngx_http_pserver_remote_look(ngx_http_pserver_remote_file_t *file);

/* rc: OK, AWAY, BAD, TOO_LARGE, ERROR */
void ngx_http_pserver_remote_open(ngx_http_pserver_remote_file_t *file);

/* http/remote_cache: seals it and keeps it, open as file->fd */
void ngx_http_pserver_remote_keep(ngx_http_pserver_remote_file_t *file,
    pserver_str_t content);


/* the directive, and its default */
char *ngx_http_pserver_inputs(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
extern ngx_http_pserver_inputs_t  ngx_http_pserver_inputs_default;


#endif /* _NGX_HTTP_PSERVER_REMOTE_H_INCLUDED_ */
