/*
 * The input of an operation that is tried, see try.h.
 */

#include "try.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


#define PSERVERCTL_TRY_FILE_MAX  (1024 * 1024 * 1024)

#define pserverctl_try_json(path)                                             \
    (strlen(path) > 5 && strcmp(path + strlen(path) - 5, ".json") == 0)


static int pserverctl_try_files(const pserverctl_try_t *try, FILE *out);
static int pserverctl_try_document(const pserverctl_try_t *try, FILE *out);
static void pserverctl_try_name(char name[64], size_t id, const char *path);
static int pserverctl_try_entry(FILE *out, const char *name,
    pserver_str_t content);


int
pserverctl_try_input(const pserverctl_try_t *try, pserver_str_t *payload)
{
    int                       rc;
    FILE                     *out;
    char                     *data;
    size_t                    size;
    pserver_payload_input_t   in;

    static const u_char  end[PSERVER_TAR_END_LEN];
    static const u_char  head[PSERVER_PAYLOAD_HEAD_LEN];

    out = open_memstream(&data, &size);

    if (out == NULL) {
        pserverctl_error("not enough memory");
        return PSERVERCTL_FAILED;
    }

    fwrite(head, 1, sizeof(head), out);

    rc = pserverctl_try_files(try, out);

    if (rc == PSERVERCTL_OK) {
        rc = pserverctl_try_document(try, out);
    }

    fwrite(end, 1, sizeof(end), out);

    if (fclose(out) != 0) {
        pserverctl_error("not enough memory");
        return PSERVERCTL_FAILED;
    }

    in.length = size - PSERVER_PAYLOAD_HEAD_LEN;
    in.limit = try->limit;

    pserver_payload_input_encode((u_char *) data, &in);

    payload->data = (u_char *) data;
    payload->len = size;

    if (rc != PSERVERCTL_OK) {
        free(data);
    }

    return rc;
}


static int
pserverctl_try_files(const pserverctl_try_t *try, FILE *out)
{
    int            rc;
    char           name[64];
    size_t         i;
    pserver_str_t  content;

    for (i = 0; i < try->count; i++) {
        rc = pserverctl_read(try->files[i], PSERVERCTL_TRY_FILE_MAX,
                             &content);

        if (rc != PSERVERCTL_OK) {
            return rc;
        }

        pserverctl_try_name(name, i + 1, try->files[i]);

        rc = pserverctl_try_entry(out, name, content);

        sodium_free(content.data);

        if (rc != PSERVERCTL_OK) {
            return rc;
        }
    }

    return PSERVERCTL_OK;
}


/* docker/operations/README.md says what is in it */

static int
pserverctl_try_document(const pserverctl_try_t *try, FILE *out)
{
    int             rc;
    char            name[64], *text;
    FILE           *f;
    size_t          i, len;
    pserver_str_t   content;

    f = open_memstream(&text, &len);

    if (f == NULL) {
        pserverctl_error("not enough memory");
        return PSERVERCTL_FAILED;
    }

    fprintf(f, "{\"operation\":\"%.*s\",\"parameters\":%.*s,\"files\":[",
            (int) try->operation.len, (char *) try->operation.data,
            (int) try->parameters.len, (char *) try->parameters.data);

    for (i = 0; i < try->count; i++) {
        pserverctl_try_name(name, i + 1, try->files[i]);

        fprintf(f, "%s{\"id\":\"%zu\",\"path\":\"%s\",\"mime\":\"%s\"}",
                i ? "," : "", i + 1, name,
                pserverctl_try_json(try->files[i])
                ? "application/json" : "application/octet-stream");
    }

    fprintf(f, "]}");

    if (fclose(f) != 0) {
        pserverctl_error("not enough memory");
        return PSERVERCTL_FAILED;
    }

    content.data = (u_char *) text;
    content.len = len;

    rc = pserverctl_try_entry(out, "operation.json", content);

    free(text);

    return rc;
}


static void
pserverctl_try_name(char name[64], size_t id, const char *path)
{
    snprintf(name, 64, "data/%zu.%s", id,
             pserverctl_try_json(path) ? "json" : "bin");
}


static int
pserverctl_try_entry(FILE *out, const char *name, pserver_str_t content)
{
    u_char  block[PSERVER_TAR_BLOCK];

    static const u_char  zeros[PSERVER_TAR_BLOCK];

    if (pserver_tar_header(block, pserverctl_str(name), content.len)
        != PSERVER_OK)
    {
        pserverctl_error("%s is too large", name);
        return PSERVERCTL_FAILED;
    }

    fwrite(block, 1, sizeof(block), out);
    fwrite(content.data, 1, content.len, out);
    fwrite(zeros, 1, pserver_tar_padding(content.len), out);

    return PSERVERCTL_OK;
}
