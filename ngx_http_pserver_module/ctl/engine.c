/*
 * A Docker Engine over its UNIX socket, see engine.h.
 */

#include "engine.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>


#define PSERVERCTL_ENGINE_URL     "http://engine"
#define PSERVERCTL_ENGINE_HEAD    4096
#define PSERVERCTL_ENGINE_SECONDS 60


static int pserverctl_engine_call(pserverctl_engine_t *engine,
    const char *method, const char *path, pserver_str_t body,
    pserverctl_answer_t *answer);
static int pserverctl_engine_connect(pserverctl_engine_t *engine);
static int pserverctl_engine_upgraded(pserverctl_engine_t *engine);
static int pserverctl_engine_ready(pserverctl_engine_t *engine, short events,
    uint64_t seconds);


static const pserver_str_t  pserverctl_nothing = { 0, NULL };


int
pserverctl_engine_image(pserverctl_engine_t *engine, const char *name,
    char id[PSERVERCTL_ENGINE_IMAGE + 1])
{
    int                    rc;
    char                   path[1024];
    pserver_json_doc_t    *doc;
    pserverctl_answer_t    answer;
    const pserver_json_t  *value;

    pserverctl_path(path, sizeof(path), "/images/", name, "/json");

    if (pserverctl_engine_call(engine, "GET", path, pserverctl_nothing,
                               &answer)
        != PSERVERCTL_OK)
    {
        return PSERVERCTL_FAILED;
    }

    doc = pserverctl_answer_json(&answer);
    free(answer.body.data);

    value = doc ? pserver_json_get(pserver_json_root(doc), "Id") : NULL;

    if (value
        && value->type == PSERVER_JSON_STRING
        && value->value.len == PSERVERCTL_ENGINE_IMAGE)
    {
        memcpy(id, value->value.data, PSERVERCTL_ENGINE_IMAGE);
        id[PSERVERCTL_ENGINE_IMAGE] = '\0';
        rc = PSERVERCTL_OK;

    } else {
        pserverctl_error("%s is no Docker Engine", engine->socket);
        rc = PSERVERCTL_FAILED;
    }

    pserver_json_free(doc);

    return rc;
}


int
pserverctl_engine_create(pserverctl_engine_t *engine, const char *name,
    pserver_str_t body)
{
    int                  rc;
    char                 path[256];
    pserverctl_answer_t  answer;

    pserverctl_path(path, sizeof(path), "/containers/create?name=", name, "");

    if (pserverctl_engine_call(engine, "POST", path, body, &answer)
        != PSERVERCTL_OK)
    {
        return PSERVERCTL_FAILED;
    }

    rc = pserver_container_created(answer.body.data, answer.body.len,
                                   (u_char *) engine->id);
    free(answer.body.data);

    if (rc != PSERVER_OK) {
        engine->id[0] = '\0';
        pserverctl_error("%s is no Docker Engine", engine->socket);
        return PSERVERCTL_FAILED;
    }

    return PSERVERCTL_OK;
}


int
pserverctl_engine_attach(pserverctl_engine_t *engine)
{
    char           text[512];
    pserver_str_t  head;

    if (pserverctl_engine_connect(engine) != PSERVERCTL_OK) {
        return PSERVERCTL_FAILED;
    }

    snprintf(text, sizeof(text),
             "POST /containers/%s/attach?stream=1&stdin=1&stdout=1&stderr=1"
             " HTTP/1.1\r\n"
             "Host: engine\r\n"
             "Connection: Upgrade\r\n"
             "Upgrade: tcp\r\n"
             "Content-Length: 0\r\n\r\n", engine->id);

    head = pserverctl_str(text);

    if (pserverctl_engine_feed(engine, head) != PSERVERCTL_OK) {
        return PSERVERCTL_FAILED;
    }

    return pserverctl_engine_upgraded(engine);
}


int
pserverctl_engine_start(pserverctl_engine_t *engine)
{
    char                 path[256];
    pserverctl_answer_t  answer;

    pserverctl_path(path, sizeof(path), "/containers/", engine->id, "/start");

    if (pserverctl_engine_call(engine, "POST", path, pserverctl_nothing,
                               &answer)
        != PSERVERCTL_OK)
    {
        return PSERVERCTL_FAILED;
    }

    free(answer.body.data);

    return PSERVERCTL_OK;
}


int
pserverctl_engine_feed(pserverctl_engine_t *engine, pserver_str_t data)
{
    size_t    n, sent;
    CURLcode  rc;

    for (sent = 0; sent < data.len; sent += n) {
        n = 0;

        rc = curl_easy_send(engine->stream, data.data + sent,
                            data.len - sent, &n);

        if (rc == CURLE_AGAIN) {
            if (pserverctl_engine_ready(engine, POLLOUT,
                                        PSERVERCTL_ENGINE_SECONDS)
                != PSERVERCTL_OK)
            {
                return PSERVERCTL_FAILED;
            }

        } else if (rc != CURLE_OK) {
            pserverctl_error("the container takes no input: %s",
                             curl_easy_strerror(rc));
            return PSERVERCTL_FAILED;
        }
    }

    return PSERVERCTL_OK;
}


int
pserverctl_engine_receive(pserverctl_engine_t *engine, u_char *buf,
    size_t cap, size_t *len, uint64_t seconds)
{
    CURLcode  rc;

    for ( ;; ) {
        rc = curl_easy_recv(engine->stream, buf, cap, len);

        if (rc == CURLE_OK) {
            return PSERVERCTL_OK;
        }

        if (rc != CURLE_AGAIN) {
            pserverctl_error("the container's output broke off: %s",
                             curl_easy_strerror(rc));
            return PSERVERCTL_FAILED;
        }

        if (pserverctl_engine_ready(engine, POLLIN, seconds)
            != PSERVERCTL_OK)
        {
            return PSERVERCTL_FAILED;
        }
    }
}


void
pserverctl_engine_remove(pserverctl_engine_t *engine)
{
    char                 path[256];
    pserverctl_answer_t  answer;

    curl_easy_cleanup(engine->stream);
    engine->stream = NULL;

    if (engine->id[0] == '\0') {
        return;
    }

    pserverctl_path(path, sizeof(path), "/containers/", engine->id,
                    "?force=1&v=1");

    if (pserverctl_engine_call(engine, "DELETE", path, pserverctl_nothing,
                               &answer)
        == PSERVERCTL_OK)
    {
        free(answer.body.data);

    } else {
        pserverctl_error("remove it by hand: docker rm -f %.12s",
                         engine->id);
    }
}


/* PSERVERCTL_OK: 2xx; else it was said */

static int
pserverctl_engine_call(pserverctl_engine_t *engine, const char *method,
    const char *path, pserver_str_t body, pserverctl_answer_t *answer)
{
    u_char                text[512];
    size_t                len;
    pserverctl_request_t  request;

    memset(&request, 0, sizeof(pserverctl_request_t));

    request.server = PSERVERCTL_ENGINE_URL;
    request.socket = engine->socket;
    request.method = method;
    request.path = path;
    request.body = body;
    request.type = body.len ? "application/json" : NULL;

    if (pserverctl_send(&request, answer) != PSERVERCTL_OK) {
        return PSERVERCTL_FAILED;
    }

    if (answer->status / 100 == 2) {
        return PSERVERCTL_OK;
    }

    len = pserver_container_message(answer->body.data, answer->body.len,
                                    text, sizeof(text));

    pserverctl_error("the engine answered %ld: %.*s", answer->status,
                     (int) len, (char *) text);

    free(answer->body.data);

    return PSERVERCTL_FAILED;
}


/* a connection of its own: libcurl's transfers can't be upgraded */

static int
pserverctl_engine_connect(pserverctl_engine_t *engine)
{
    CURLcode  rc;

    engine->stream = curl_easy_init();

    if (engine->stream == NULL) {
        pserverctl_error("libcurl could not be initialized");
        return PSERVERCTL_FAILED;
    }

    curl_easy_setopt(engine->stream, CURLOPT_URL, PSERVERCTL_ENGINE_URL);
    curl_easy_setopt(engine->stream, CURLOPT_UNIX_SOCKET_PATH,
                     engine->socket);
    curl_easy_setopt(engine->stream, CURLOPT_CONNECT_ONLY, 1L);
    curl_easy_setopt(engine->stream, CURLOPT_NOSIGNAL, 1L);

    rc = curl_easy_perform(engine->stream);

    if (rc != CURLE_OK) {
        pserverctl_error("%s: %s", engine->socket, curl_easy_strerror(rc));
        return PSERVERCTL_FAILED;
    }

    return PSERVERCTL_OK;
}


/* a byte at a time: what follows the head are frames already */

static int
pserverctl_engine_upgraded(pserverctl_engine_t *engine)
{
    char    head[PSERVERCTL_ENGINE_HEAD + 1];
    size_t  len, n;

    for (len = 0; len < PSERVERCTL_ENGINE_HEAD; len += n) {

        if (pserverctl_engine_receive(engine, (u_char *) head + len, 1, &n,
                                      PSERVERCTL_ENGINE_SECONDS)
            != PSERVERCTL_OK)
        {
            return PSERVERCTL_FAILED;
        }

        if (n == 0) {
            break;
        }

        head[len + n] = '\0';

        if (len >= 3 && strcmp(head + len - 3, "\r\n\r\n") == 0) {

            if (strncmp(head, "HTTP/1.1 101 ", 13) == 0) {
                return PSERVERCTL_OK;
            }

            break;
        }
    }

    pserverctl_error("the engine does not attach to the container");

    return PSERVERCTL_FAILED;
}


static int
pserverctl_engine_ready(pserverctl_engine_t *engine, short events,
    uint64_t seconds)
{
    int            n;
    curl_socket_t  fd;
    struct pollfd  p;

    if (curl_easy_getinfo(engine->stream, CURLINFO_ACTIVESOCKET, &fd)
        != CURLE_OK)
    {
        fd = CURL_SOCKET_BAD;
    }

    p.fd = fd;
    p.events = events;

    n = poll(&p, 1, (int) seconds * 1000);

    if (n > 0) {
        return PSERVERCTL_OK;
    }

    pserverctl_error("nothing came for %llu s", (unsigned long long) seconds);

    return PSERVERCTL_FAILED;
}
