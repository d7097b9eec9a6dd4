/*
 * The output of a container: frames of the engine, in them what pserver-run
 * says, in that the archive, in that the result.  All of it comes in pieces
 * and only the result is kept.
 */


#include "ngx_http_pserver_job.h"

#include <sodium.h>


/* pserver-run cuts it off earlier; an image of its own kind does not */
#define NGX_HTTP_PSERVER_OUTPUT_STDERR  (4 * PSERVER_PAYLOAD_STDERR_MAX)


static void ngx_http_pserver_output_payload(
    ngx_http_pserver_output_t *output, pserver_str_t *payload);
static void ngx_http_pserver_output_event(ngx_http_pserver_output_t *output,
    pserver_tar_event_t *event);
static ngx_int_t ngx_http_pserver_output_add(
    ngx_http_pserver_output_t *output, pserver_str_t *data);


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
    ngx_str_t  name = ngx_string("result.json");

    switch (event->type) {

    case PSERVER_TAR_FILE:

        output->inside = (event->name.len == name.len
                          && ngx_memcmp(event->name.data, name.data, name.len)
                             == 0);

        if (output->inside) {
            pserver_json_stream_init(&output->json);
        }

        break;

    case PSERVER_TAR_DATA:

        if (output->inside
            && ngx_http_pserver_output_add(output, &event->data) != NGX_OK)
        {
            output->broken = 1;
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
}


static ngx_int_t
ngx_http_pserver_output_add(ngx_http_pserver_output_t *output,
    pserver_str_t *data)
{
    size_t   size;
    u_char  *p;

    (void) pserver_json_stream_feed(&output->json, data->data, data->len);

    /* the archive's limit has been checked, so it fits */

    if (output->result.len + data->len > output->size) {

        size = ngx_max(2 * output->size, output->result.len + data->len);
        size = ngx_max(size, 4096);

        p = malloc(size);
        if (p == NULL) {
            return NGX_ERROR;
        }

        if (output->result.data) {
            ngx_memcpy(p, output->result.data, output->result.len);
            sodium_memzero(output->result.data, output->result.len);
            free(output->result.data);
        }

        output->result.data = p;
        output->size = size;
    }

    ngx_memcpy(output->result.data + output->result.len, data->data,
               data->len);
    output->result.len += data->len;

    return NGX_OK;
}


void
ngx_http_pserver_output_free(ngx_http_pserver_output_t *output)
{
    if (output->result.data) {
        sodium_memzero(output->result.data, output->result.len);
        free(output->result.data);
    }

    ngx_memzero(output, sizeof(ngx_http_pserver_output_t));
}
