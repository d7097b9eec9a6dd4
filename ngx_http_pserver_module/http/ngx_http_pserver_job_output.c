/*
 * The output of a container: frames of the engine, in them what pserver-run
 * says, in that the archive, in that the result and other files.  All of it
 * comes in pieces; the files are kept, the noise is not.
 */


#include "ngx_http_pserver_job.h"

#include "../core/bytes.h"

#include <sodium.h>


/* pserver-run cuts it off earlier; an image of its own kind does not */
#define NGX_HTTP_PSERVER_OUTPUT_STDERR  (4 * PSERVER_PAYLOAD_STDERR_MAX)

/* in front of each file */
#define NGX_HTTP_PSERVER_OUTPUT_HEAD    (2 + 8)


static void ngx_http_pserver_output_payload(
    ngx_http_pserver_output_t *output, pserver_str_t *payload);
static void ngx_http_pserver_output_event(ngx_http_pserver_output_t *output,
    pserver_tar_event_t *event);
static ngx_int_t ngx_http_pserver_output_begin(
    ngx_http_pserver_output_t *output, pserver_tar_event_t *event);
static ngx_int_t ngx_http_pserver_output_add(
    ngx_http_pserver_output_text_t *text, const u_char *data, size_t len);
static void ngx_http_pserver_output_drop(
    ngx_http_pserver_output_text_t *text);


void
ngx_http_pserver_output_init(ngx_http_pserver_output_t *output, size_t limit)
{
    ngx_memzero(output, sizeof(ngx_http_pserver_output_t));

    pserver_payload_reader_init(&output->reader, limit);
}


void
ngx_http_pserver_output_take(ngx_http_pserver_output_t *output,
    const u_char *data, size_t len)
{
    int             rc;
    unsigned        stream;
    const u_char   *last;
    pserver_str_t   payload;

    last = data + len;

    while (!ngx_http_pserver_output_over(output)) {

        rc = pserver_frames_next(&output->frames, &data, last, &stream,
                                 &payload);

        if (rc == PSERVER_AGAIN) {
            return;
        }

        if (rc != PSERVER_OK) {
            output->broken = 1;
            return;
        }

        if (stream == PSERVER_FRAMES_STDOUT) {
            ngx_http_pserver_output_payload(output, &payload);
            continue;
        }

        /* for nobody: it may be the owner's data */

        output->noise += payload.len;

        if (output->noise > NGX_HTTP_PSERVER_OUTPUT_STDERR) {
            output->overflow = 1;
        }
    }
}


static void
ngx_http_pserver_output_payload(ngx_http_pserver_output_t *output,
    pserver_str_t *payload)
{
    int                   rc;
    const u_char         *pos, *last;
    pserver_tar_event_t   event;

    pos = payload->data;
    last = pos + payload->len;

    while (!ngx_http_pserver_output_over(output)) {

        rc = pserver_payload_next(&output->reader, &pos, last, &event);

        switch (rc) {

        case PSERVER_OK:
            ngx_http_pserver_output_event(output, &event);
            break;

        case PSERVER_AGAIN:
            return;

        case PSERVER_DONE:
            output->whole = 1;
            return;

        case PSERVER_NOSPACE:
            output->overflow = 1;
            return;

        default:
            output->broken = 1;
            return;
        }
    }
}


static void
ngx_http_pserver_output_event(ngx_http_pserver_output_t *output,
    pserver_tar_event_t *event)
{
    ngx_int_t  rc;
    ngx_str_t  name = ngx_string("result.json");

    rc = NGX_OK;

    switch (event->type) {

    case PSERVER_TAR_FILE:

        output->inside = (event->name.len == name.len
                          && ngx_memcmp(event->name.data, name.data, name.len)
                             == 0);

        if (output->inside) {
            pserver_json_stream_init(&output->json);

        } else {
            rc = ngx_http_pserver_output_begin(output, event);
        }

        break;

    case PSERVER_TAR_DATA:

        if (output->inside) {
            (void) pserver_json_stream_feed(&output->json, event->data.data,
                                            event->data.len);

            rc = ngx_http_pserver_output_add(&output->result,
                                             event->data.data,
                                             event->data.len);

        } else {
            rc = ngx_http_pserver_output_add(&output->files,
                                             event->data.data,
                                             event->data.len);
        }

        break;

    case PSERVER_TAR_FILE_END:

        if (output->inside) {
            output->inside = 0;
            output->valid = (pserver_json_stream_end(&output->json)
                             == PSERVER_OK);
        }

        break;

    default: /* PSERVER_TAR_DIRECTORY */
        break;
    }

    if (rc != NGX_OK) {
        output->broken = 1;
    }
}


/* the lengths of path and content, the path; the content follows */

static ngx_int_t
ngx_http_pserver_output_begin(ngx_http_pserver_output_t *output,
    pserver_tar_event_t *event)
{
    u_char  head[NGX_HTTP_PSERVER_OUTPUT_HEAD];

    (void) pserver_put_be(pserver_put_be(head, event->name.len, 2),
                          event->size, 8);

    if (ngx_http_pserver_output_add(&output->files, head, sizeof(head))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    output->artifacts++;

    return ngx_http_pserver_output_add(&output->files, event->name.data,
                                       event->name.len);
}


ngx_uint_t
ngx_http_pserver_output_file(const ngx_http_pserver_output_t *output,
    size_t *pos, pserver_str_t *path, pserver_str_t *data)
{
    u_char  *p;

    if (*pos == output->files.len) {
        return 0;
    }

    p = output->files.data + *pos;

    path->len = pserver_get_be(p, 2);
    data->len = pserver_get_be(p + 2, 8);

    path->data = p + NGX_HTTP_PSERVER_OUTPUT_HEAD;
    data->data = path->data + path->len;

    *pos += NGX_HTTP_PSERVER_OUTPUT_HEAD + path->len + data->len;

    return 1;
}


/* the archive's limit has been checked, so it fits */

static ngx_int_t
ngx_http_pserver_output_add(ngx_http_pserver_output_text_t *text,
    const u_char *data, size_t len)
{
    size_t   size;
    u_char  *p;

    if (text->len + len > text->size) {

        size = ngx_max(2 * text->size, text->len + len);
        size = ngx_max(size, 4096);

        p = malloc(size);
        if (p == NULL) {
            return NGX_ERROR;
        }

        if (text->data) {
            ngx_memcpy(p, text->data, text->len);
            sodium_memzero(text->data, text->len);
            free(text->data);
        }

        text->data = p;
        text->size = size;
    }

    ngx_memcpy(text->data + text->len, data, len);
    text->len += len;

    return NGX_OK;
}


void
ngx_http_pserver_output_free(ngx_http_pserver_output_t *output)
{
    ngx_http_pserver_output_drop(&output->result);
    ngx_http_pserver_output_drop(&output->files);

    ngx_memzero(output, sizeof(ngx_http_pserver_output_t));
}


static void
ngx_http_pserver_output_drop(ngx_http_pserver_output_text_t *text)
{
    if (text->data) {
        sodium_memzero(text->data, text->len);
        free(text->data);
    }
}
