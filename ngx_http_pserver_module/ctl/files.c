/*
 * Files, stdin and stdout.
 */

#include "ctl.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>


#define PSERVERCTL_FIRST  65536


static int pserverctl_read_all(int fd, const char *name, size_t max,
    pserver_str_t *data);


int
pserverctl_read(const char *path, size_t max, pserver_str_t *data)
{
    int  fd, rc;

    if (strcmp(path, "-") == 0) {
        return pserverctl_read_all(STDIN_FILENO, "stdin", max, data);
    }

    fd = open(path, O_RDONLY|O_CLOEXEC);

    if (fd == -1) {
        pserverctl_error("%s: %s", path, strerror(errno));
        return PSERVERCTL_FAILED;
    }

    rc = pserverctl_read_all(fd, path, max, data);

    close(fd);

    return rc;
}


int
pserverctl_print(const u_char *data, size_t len)
{
    if (fwrite(data, 1, len, stdout) != len) {
        pserverctl_error("stdout could not be written: %s", strerror(errno));
        return PSERVERCTL_FAILED;
    }

    return PSERVERCTL_OK;
}


int
pserverctl_print_line(const u_char *data, size_t len)
{
    if (pserverctl_print(data, len) != PSERVERCTL_OK) {
        return PSERVERCTL_FAILED;
    }

    return pserverctl_print((u_char *) "\n", 1);
}


static int
pserverctl_read_all(int fd, const char *name, size_t max, pserver_str_t *data)
{
    size_t    size;
    u_char   *more;
    ssize_t   n;

    size = PSERVERCTL_FIRST;
    data->len = 0;
    data->data = sodium_malloc(size + 1);

    while (data->data) {

        n = read(fd, data->data + data->len, size - data->len);

        if (n == 0) {
            data->data[data->len] = '\0';
            return PSERVERCTL_OK;
        }

        if (n == -1) {
            pserverctl_error("%s: %s", name, strerror(errno));
            break;
        }

        data->len += (size_t) n;

        if (data->len > max) {
            pserverctl_error("%s: more than %zu bytes", name, max);
            break;
        }

        if (data->len < size) {
            continue;
        }

        more = sodium_malloc(2 * size + 1);

        if (more) {
            memcpy(more, data->data, data->len);
        }

        sodium_free(data->data);

        size *= 2;
        data->data = more;
    }

    if (data->data == NULL) {
        pserverctl_error("%s: not enough memory", name);
    }

    sodium_free(data->data);

    data->data = NULL;
    data->len = 0;

    return PSERVERCTL_FAILED;
}
