/*
 * URLs.
 */

#include "url.h"

#include <string.h>


int
pserverctl_url_parse(pserverctl_url_t *url, const char *text)
{
    size_t       len;
    const char  *host, *path;

    static const pserver_str_t  root = pserver_string("/");

    if (strncmp(text, "https://", 8) == 0) {
        host = text + 8;

    } else if (strncmp(text, "http://", 7) == 0) {
        host = text + 7;

    } else {
        return PSERVER_INVALID;
    }

    len = strcspn(host, "/?#");

    if (len == 0) {
        return PSERVER_INVALID;
    }

    path = host + len;

    url->origin.data = (u_char *) text;
    url->origin.len = (size_t) (path - text);

    url->path.data = (u_char *) path;
    url->path.len = strcspn(path, "?#");

    url->query.data = url->path.data + url->path.len;
    url->query.len = strcspn((char *) url->query.data, "#");

    if (url->path.len == 0) {
        url->path = root;
    }

    return PSERVER_OK;
}
