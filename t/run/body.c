/*
 * body NAME IMAGE MEMORY WORK PIDS JOB [RUNTIME]: prints what core/container
 * asks the engine to create.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/container.h"


static pserver_str_t
str(char *s)
{
    pserver_str_t  t;

    t.data = (u_char *) s;
    t.len = strlen(s);

    return t;
}


int
main(int argc, char **argv)
{
    size_t                      len;
    u_char                      body[PSERVER_CONTAINER_BODY_MAX];
    pserver_container_t         c;
    pserver_container_labels_t  labels;

    if (argc != 7 && argc != 8) {
        return 2;
    }

    pserver_container_defaults(&c);

    c.name = str(argv[1]);
    c.image = str(argv[2]);
    c.memory = strtoull(argv[3], NULL, 10);
    c.work = strtoull(argv[4], NULL, 10);
    c.pids = (uint32_t) strtoul(argv[5], NULL, 10);

    if (argc == 8) {
        c.runtime = str(argv[7]);
    }

    labels.instance = str("run");
    labels.job = str(argv[6]);

    if (pserver_container_body(&c, &labels, body, sizeof(body), &len)
        != PSERVER_OK)
    {
        return 1;
    }

    return fwrite(body, 1, len, stdout) == len ? 0 : 1;
}
