/*
 * Requests to a server, over libcurl.
 */

#include "http.h"
#include "url.h"

#include <curl/curl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>


#define PSERVERCTL_ANSWER_MAX   (1024 * 1024 * 1024)
#define PSERVERCTL_CONNECT      10L      /* seconds */
#define PSERVERCTL_STALLED      60L
#define PSERVERCTL_HEADER_MAX   16384


static int pserverctl_headers(const pserverctl_request_t *request,
    const pserverctl_url_t *url, struct curl_slist **headers);
static int pserverctl_add_header(struct curl_slist **headers,
    const char *name, const char *value, size_t len);
static int pserverctl_perform(CURL *curl, const pserverctl_request_t *request,
    pserverctl_answer_t *answer);
static size_t pserverctl_receive(char *data, size_t size, size_t n,
    void *ctx);
static pserver_str_t pserverctl_said(const pserver_json_t *root,
    pserver_str_t *code);


int
pserverctl_request_init(pserverctl_request_t *request,
    pserverctl_args_t *args, int sign)
{
    int               rc;
    u_char           *key;
    pserverctl_url_t  url;

    memset(request, 0, sizeof(pserverctl_request_t));

    request->server = args->rest[0];
    request->cacert = pserverctl_option(args, "cacert");

    if (pserverctl_url_parse(&url, request->server) != PSERVER_OK
        || url.path.len != 1
        || url.query.len != 0)
    {
        return pserverctl_usage_error(args, "SERVER is an origin, as "
                                      "https://me.example.org; \"%s\" is "
                                      "not", request->server);
    }

    if (!sign) {
        return PSERVERCTL_OK;
    }

    request->aud = pserverctl_value(args, "aud");

    if (pserverctl_issuer(args, &request->issuer) != PSERVERCTL_OK) {
        return PSERVERCTL_USAGE;
    }

    rc = pserverctl_key(args, &key);

    request->key = key;

    return rc;
}


void
pserverctl_request_done(pserverctl_request_t *request)
{
    sodium_free((void *) request->key);

    request->key = NULL;
}


int
pserverctl_send(const pserverctl_request_t *request,
    pserverctl_answer_t *answer)
{
    int                 rc;
    char                text[4096];
    CURL               *curl;
    pserverctl_url_t    url;
    struct curl_slist  *headers;

    memset(answer, 0, sizeof(pserverctl_answer_t));

    (void) pserverctl_url_parse(&url, request->server);

    if (snprintf(text, sizeof(text), "%.*s%s", (int) url.origin.len,
                 (char *) url.origin.data, request->path)
        >= (int) sizeof(text)
        || pserverctl_url_parse(&url, text) != PSERVER_OK)
    {
        pserverctl_error("the URL is too long");
        return PSERVERCTL_FAILED;
    }

    headers = NULL;

    rc = pserverctl_headers(request, &url, &headers);

    if (rc != PSERVERCTL_OK) {
        curl_slist_free_all(headers);
        return rc;
    }

    curl = curl_easy_init();

    if (curl == NULL) {
        curl_slist_free_all(headers);
        pserverctl_error("libcurl could not be initialized");
        return PSERVERCTL_FAILED;
    }

    curl_easy_setopt(curl, CURLOPT_URL, text);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);

    rc = pserverctl_perform(curl, request, answer);

    curl_easy_cleanup(curl);
    curl_slist_free_all(headers);

    return rc;
}


int
pserverctl_send_ok(const pserverctl_request_t *request,
    pserverctl_answer_t *answer)
{
    int  rc;

    rc = pserverctl_send(request, answer);

    if (rc != PSERVERCTL_OK || answer->status / 100 == 2) {
        return rc;
    }

    pserverctl_refused(request, answer);

    free(answer->body.data);
    memset(answer, 0, sizeof(pserverctl_answer_t));

    return PSERVERCTL_FAILED;
}


void
pserverctl_refused(const pserverctl_request_t *request,
    const pserverctl_answer_t *answer)
{
    pserver_str_t        code, text;
    pserver_json_doc_t  *doc;

    static const pserver_json_limits_t  limits = { 8, 256 };

    fprintf(stderr, "pserverctl: %s answered %ld", request->server,
            answer->status);

    if (pserver_json_parse(answer->body.data, answer->body.len, &limits,
                           &doc)
        == PSERVER_OK)
    {
        text = pserverctl_said(pserver_json_root(doc), &code);

        if (code.len) {
            fputc(' ', stderr);
            pserverctl_print_text(stderr, code);
        }

        if (text.len) {
            fprintf(stderr, ": ");
            pserverctl_print_text(stderr, text);
        }

        pserver_json_free(doc);
    }

    fputc('\n', stderr);
}


pserver_json_doc_t *
pserverctl_answer_json(const pserverctl_answer_t *answer)
{
    pserver_json_doc_t  *doc;

    static const pserver_json_limits_t  limits = { 64, 1000000 };

    if (pserver_json_parse(answer->body.data, answer->body.len, &limits,
                           &doc)
        != PSERVER_OK)
    {
        pserverctl_error("the answer is not JSON; is this a Personal "
                         "Server?");
        return NULL;
    }

    if (pserver_json_root(doc)->type != PSERVER_JSON_OBJECT) {
        pserverctl_error("the answer is not a JSON object; is this a "
                         "Personal Server?");
        pserver_json_free(doc);
        return NULL;
    }

    return doc;
}


void
pserverctl_path(char *dst, size_t size, const char *start,
    const char *segment, const char *end)
{
    int    n;
    char  *escaped;

    escaped = curl_easy_escape(NULL, segment, 0);

    n = escaped ? snprintf(dst, size, "%s%s%s", start, escaped, end) : -1;

    curl_free(escaped);

    if (n < 0 || (size_t) n >= size) {
        pserverctl_error("\"%s\" is too long", segment);
        exit(PSERVERCTL_USAGE);
    }
}


void
pserverctl_query(char *dst, size_t size, const char *name, const char *value)
{
    char    start[64];
    size_t  len;

    if (value == NULL) {
        return;
    }

    len = strlen(dst);

    snprintf(start, sizeof(start), "%c%s=", strchr(dst, '?') ? '&' : '?',
             name);

    pserverctl_path(dst + len, size - len, start, value, "");
}


void
pserverctl_print_text(FILE *out, pserver_str_t text)
{
    int     c;
    size_t  i;

    for (i = 0; i < text.len; i++) {
        c = text.data[i];
        fputc((c < 0x20 || c >= 0x7f) ? '?' : c, out);
    }
}


static int
pserverctl_headers(const pserverctl_request_t *request,
    const pserverctl_url_t *url, struct curl_slist **headers)
{
    int                   rc;
    char                  nonce[33];
    pserver_str_t         value;
    pserver_web3signed_t  claims;

    /* not "100-continue", which only costs a round trip */

    if (pserverctl_add_header(headers, "Expect", "", 0) != PSERVERCTL_OK
        || pserverctl_add_header(headers, "Content-Type",
                                 request->type ? request->type : "",
                                 request->type ? strlen(request->type) : 0)
           != PSERVERCTL_OK)
    {
        return PSERVERCTL_FAILED;
    }

    if (request->filename
        && pserverctl_add_header(headers, "X-Filename", request->filename,
                                 strlen(request->filename))
           != PSERVERCTL_OK)
    {
        return PSERVERCTL_FAILED;
    }

    if (request->key == NULL) {
        return PSERVERCTL_OK;
    }

    memset(&claims, 0, sizeof(pserver_web3signed_t));

    claims.aud = request->aud.data ? request->aud : url->origin;
    claims.method = pserverctl_str(request->method);
    claims.uri = url->path;
    claims.grant_id = request->grant_id;
    claims.iss = request->issuer.iss;
    claims.chain_id = request->issuer.chain_id;
    claims.iat = (uint64_t) time(NULL);
    claims.exp = claims.iat + PSERVERCTL_TTL;

    /* a command that is given twice is meant twice */

    if (strcmp(request->method, "GET") != 0) {
        pserverctl_nonce(nonce);
        claims.nonce = pserverctl_str(nonce);
    }

    rc = pserverctl_sign_request(request->key, &claims, request->body,
                                 &value);

    if (rc == PSERVERCTL_OK) {
        rc = pserverctl_add_header(headers, "Authorization",
                                   (char *) value.data, value.len);
        free(value.data);
    }

    return rc;
}


/* an empty value keeps libcurl from sending its own */

static int
pserverctl_add_header(struct curl_slist **headers, const char *name,
    const char *value, size_t len)
{
    char                text[PSERVERCTL_HEADER_MAX];
    struct curl_slist  *list;

    if (memchr(value, '\n', len) || memchr(value, '\r', len)
        || snprintf(text, sizeof(text), "%s:%s%.*s", name, len ? " " : "",
                    (int) len, value)
           >= (int) sizeof(text))
    {
        pserverctl_error("what goes into the header %s is too long, or of "
                         "more than a line", name);
        return PSERVERCTL_FAILED;
    }

    list = curl_slist_append(*headers, text);

    if (list == NULL) {
        pserverctl_error("not enough memory");
        return PSERVERCTL_FAILED;
    }

    *headers = list;

    return PSERVERCTL_OK;
}


static int
pserverctl_perform(CURL *curl, const pserverctl_request_t *request,
    pserverctl_answer_t *answer)
{
    char      error[CURL_ERROR_SIZE];
    CURLcode  rc;

    error[0] = '\0';

    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, PSERVERCTL_CONNECT);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, PSERVERCTL_STALLED);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "pserverctl");
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, pserverctl_receive);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);

    if (request->cacert) {
        curl_easy_setopt(curl, CURLOPT_CAINFO, request->cacert);
    }

    if (request->socket) {
        curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, request->socket);
    }

    if (strcmp(request->method, "POST") == 0 || request->body.len) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
                         (curl_off_t) request->body.len);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS,
                         request->body.data ? (char *) request->body.data
                                            : "");
    }

    rc = curl_easy_perform(curl);

    if (rc != CURLE_OK) {
        pserverctl_error("%s: %s", request->socket ? request->socket
                                                   : request->server,
                         error[0] ? error : curl_easy_strerror(rc));

        free(answer->body.data);
        memset(answer, 0, sizeof(pserverctl_answer_t));

        return PSERVERCTL_FAILED;
    }

    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer->status);

    return PSERVERCTL_OK;
}


static size_t
pserverctl_receive(char *data, size_t size, size_t n, void *ctx)
{
    u_char               *more;
    pserverctl_answer_t  *answer = ctx;

    n *= size;

    if (n == 0 || answer->body.len + n > PSERVERCTL_ANSWER_MAX) {
        return 0;
    }

    more = realloc(answer->body.data, answer->body.len + n);
    if (more == NULL) {
        return 0;
    }

    memcpy(more + answer->body.len, data, n);

    answer->body.data = more;
    answer->body.len += n;

    return n;
}


/* the text and the code of an error, in each of the forms that servers use:
   {"detail":{"detail","error_code"}}, {"detail":[{"msg"}]}, {"detail"},
   {"error":{"message","errorCode","details":{"reason"}}},
   {"error","message"} */

static pserver_str_t
pserverctl_said(const pserver_json_t *root, pserver_str_t *code)
{
    const pserver_json_t  *error, *text, *name;

    static const pserver_str_t  none = { 0, NULL };

    error = pserver_json_get(root, "detail");

    if (error == NULL) {
        error = pserver_json_get(root, "error");
    }

    text = pserver_json_get(root, "message");
    name = NULL;

    if (error == NULL) {
        error = root;

    } else if (error->type == PSERVER_JSON_ARRAY) {
        text = pserver_json_get(error->child, "msg");
        name = pserver_json_get(error->child, "type");

    } else if (error->type == PSERVER_JSON_STRING) {
        name = text ? error : NULL;
        text = text ? text : error;

    } else {
        name = pserver_json_get(error, "error_code");
        text = pserver_json_get(error, "detail");

        if (name == NULL) {
            name = pserver_json_get(error, "errorCode");
            text = pserver_json_get(pserver_json_get(error, "details"),
                                    "reason");
        }

        if (text == NULL) {
            text = pserver_json_get(error, "message");
        }
    }

    *code = (name && name->type == PSERVER_JSON_STRING) ? name->value : none;

    return (text && text->type == PSERVER_JSON_STRING) ? text->value : none;
}
