/*
 * Files below a URL or a folder, and what a chain node says.
 */

#include "rpc.h"

#include "../core/encode.h"
#include "../core/jsonrpc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>


#define PSERVERCTL_BODY_MAX  (16 * 1024 * 1024)


static int pserverctl_get_file(pserverctl_place_t *place, const char *path);
static int pserverctl_place_perform(pserverctl_place_t *place,
    const char *url, const char *body, long *status);
static size_t pserverctl_place_receive(char *data, size_t size, size_t n,
    void *ctx);
static int pserverctl_place_room(pserverctl_place_t *place, size_t len);
static int pserverctl_place_error(pserverctl_place_t *place,
    const char *text);


int
pserverctl_place_init(pserverctl_place_t *place, const char *base,
    const char *cacert)
{
    memset(place, 0, sizeof(pserverctl_place_t));

    place->base = base;
    place->cacert = cacert;

    if (strncmp(base, "http://", 7) != 0 && strncmp(base, "https://", 8) != 0)
    {
        return PSERVERCTL_OK;
    }

    place->curl = curl_easy_init();

    if (place->curl == NULL) {
        pserverctl_error("libcurl could not be initialized");
        return PSERVERCTL_FAILED;
    }

    return PSERVERCTL_OK;
}


void
pserverctl_place_done(pserverctl_place_t *place)
{
    if (place->curl) {
        curl_easy_cleanup(place->curl);
    }

    free(place->body.data);
}


int
pserverctl_get(pserverctl_place_t *place, const char *path)
{
    int     rc;
    char    url[4096];
    long    status;
    size_t  len;

    place->body.len = 0;

    if (place->curl == NULL) {
        return pserverctl_get_file(place, path);
    }

    len = strlen(place->base);

    if (len && place->base[len - 1] == '/') {
        len--;
    }

    if (snprintf(url, sizeof(url), "%.*s/%s", (int) len, place->base, path)
        >= (int) sizeof(url))
    {
        return pserverctl_place_error(place, "the URL is too long");
    }

    rc = pserverctl_place_perform(place, url, NULL, &status);

    if (rc != PSERVER_OK) {
        return rc;
    }

    if (status == 404) {
        return PSERVER_DONE;
    }

    if (status != 200) {
        snprintf(place->error, sizeof(place->error), "%s: status %ld", path,
                 status);
        return PSERVER_ERROR;
    }

    return PSERVER_OK;
}


int
pserverctl_rpc(pserverctl_place_t *node, const char *method,
    const char *params, pserver_json_doc_t **doc,
    const pserver_json_t **result)
{
    int                    rc, n;
    char                   body[4096], *p;
    long                   status;
    pserver_str_t          text;
    const pserver_json_t  *error, *message;

    static const pserver_json_limits_t  limits = { 16, 100000 };

    *doc = NULL;
    node->body.len = 0;

    n = snprintf(body, sizeof(body), "{\"jsonrpc\":\"2.0\",\"id\":1,"
                 "\"method\":\"%s\",\"params\":%s}", method, params);

    if (n >= (int) sizeof(body) || node->curl == NULL) {
        return pserverctl_place_error(node, "no question to a node");
    }

    rc = pserverctl_place_perform(node, node->base, body, &status);

    if (rc != PSERVER_OK) {
        return rc;
    }

    /* one that is asked too much may say so in its own way */

    if (status == 429
        || status >= 500
        || pserver_json_parse(node->body.data, node->body.len, &limits, doc)
           != PSERVER_OK)
    {
        snprintf(node->error, sizeof(node->error),
                 "%s: status %ld, and no answer", method, status);
        return PSERVER_ERROR;
    }

    *result = pserver_json_get(pserver_json_root(*doc), "result");

    if (*result) {
        return PSERVER_OK;
    }

    error = pserver_json_get(pserver_json_root(*doc), "error");
    message = pserver_json_get(error, "message");

    text = (message && message->type == PSERVER_JSON_STRING)
           ? message->value : pserverctl_str("an answer of another form");

    snprintf(node->error, sizeof(node->error), "%s: %.*s", method,
             (int) text.len, (char *) text.data);

    for (p = node->error; *p; p++) {
        if (*p < ' ' || *p > '~') {
            *p = '?';
        }
    }

    pserver_json_free(*doc);
    *doc = NULL;

    return error ? PSERVER_INVALID : PSERVER_ERROR;
}


int
pserverctl_rpc_quantity(pserverctl_place_t *node, const char *method,
    const char *params, uint64_t *value)
{
    int                    rc;
    pserver_json_doc_t    *doc;
    const pserver_json_t  *result;

    rc = pserverctl_rpc(node, method, params, &doc, &result);

    if (rc == PSERVER_OK
        && pserver_jsonrpc_quantity(result, value) != PSERVER_OK)
    {
        rc = pserverctl_place_error(node, "the node's number is none");
    }

    if (doc) {
        pserver_json_free(doc);
    }

    return rc;
}


int
pserverctl_rpc_bytes(pserverctl_place_t *node, const char *method,
    const char *params, u_char *data, size_t len)
{
    int                    rc;
    pserver_json_doc_t    *doc;
    const pserver_json_t  *result;

    rc = pserverctl_rpc(node, method, params, &doc, &result);

    if (rc == PSERVER_OK
        && (result->type != PSERVER_JSON_STRING
            || pserver_hex0x_decode(data, len, result->value) != PSERVER_OK))
    {
        rc = pserverctl_place_error(node, "the node's answer has another "
                                    "form; is the contract there?");
    }

    if (doc) {
        pserver_json_free(doc);
    }

    return rc;
}


static int
pserverctl_get_file(pserverctl_place_t *place, const char *path)
{
    int          fd;
    char         name[4096];
    size_t       len;
    ssize_t      n;
    const char  *part;
    struct stat  st;

    if (snprintf(name, sizeof(name), "%s/%s", place->base, path)
        >= (int) sizeof(name))
    {
        return pserverctl_place_error(place, "the path is too long");
    }

    fd = open(name, O_RDONLY|O_CLOEXEC);

    if (fd == -1) {

        /* a node itself keeps the last tiles under another name */

        part = strstr(path, ".p/");

        if (part) {
            len = strlen(place->base) + 1 + (size_t) (part - path);

            if (snprintf(name + len, sizeof(name) - len, ".part")
                >= (int) (sizeof(name) - len))
            {
                return pserverctl_place_error(place, "the path is too long");
            }

            fd = open(name, O_RDONLY|O_CLOEXEC);
        }
    }

    if (fd == -1) {
        return (errno == ENOENT || errno == ENOTDIR)
               ? PSERVER_DONE : pserverctl_place_error(place, strerror(errno));
    }

    if (fstat(fd, &st) == -1
        || pserverctl_place_room(place, (size_t) st.st_size) != PSERVER_OK)
    {
        (void) close(fd);
        return pserverctl_place_error(place, "a file is too large");
    }

    n = read(fd, place->body.data, (size_t) st.st_size);

    (void) close(fd);

    if (n != st.st_size) {
        return pserverctl_place_error(place, "a file could not be read");
    }

    place->body.len = (size_t) n;

    return PSERVER_OK;
}


static int
pserverctl_place_perform(pserverctl_place_t *place, const char *url,
    const char *body, long *status)
{
    CURL               *curl;
    CURLcode            rc;
    struct curl_slist  *headers;

    curl = place->curl;
    headers = NULL;

    /* keeps the connection */

    curl_easy_reset(curl);

    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 10L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 60L);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "pserverctl");
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, pserverctl_place_receive);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, place);

    if (place->cacert) {
        curl_easy_setopt(curl, CURLOPT_CAINFO, place->cacert);
    }

    if (body) {
        headers = curl_slist_append(NULL, "Content-Type: application/json");
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
    }

    rc = curl_easy_perform(curl);

    curl_slist_free_all(headers);

    if (rc != CURLE_OK) {
        return pserverctl_place_error(place, curl_easy_strerror(rc));
    }

    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, status);

    return PSERVER_OK;
}


static size_t
pserverctl_place_receive(char *data, size_t size, size_t n, void *ctx)
{
    pserverctl_place_t  *place = ctx;

    n *= size;

    if (pserverctl_place_room(place, place->body.len + n) != PSERVER_OK) {
        return 0;
    }

    memcpy(place->body.data + place->body.len, data, n);
    place->body.len += n;

    return n;
}


static int
pserverctl_place_room(pserverctl_place_t *place, size_t len)
{
    u_char  *data;

    if (len <= place->allocated) {
        return PSERVER_OK;
    }

    if (len > PSERVERCTL_BODY_MAX) {
        return PSERVER_NOSPACE;
    }

    /* the kernel copies twice as fast to where a line of the cache begins */

    data = aligned_alloc(64, (2 * len + 63) & ~(size_t) 63);

    if (data == NULL) {
        return PSERVER_NOMEM;
    }

    if (place->body.len) {
        memcpy(data, place->body.data, place->body.len);
    }

    free(place->body.data);

    place->body.data = data;
    place->allocated = 2 * len;

    return PSERVER_OK;
}


static int
pserverctl_place_error(pserverctl_place_t *place, const char *text)
{
    snprintf(place->error, sizeof(place->error), "%s", text);

    return PSERVER_ERROR;
}
