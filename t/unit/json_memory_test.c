/*
 * JSON where malloc() fails, at each place in turn: no crash, no tree.
 */

#include "core/json.h"
#include "test.h"


static int  left = -1;      /* calls that still succeed; -1: all */


/* a sanitizer has a malloc() of its own, which can't be replaced */

#ifndef __SANITIZE_ADDRESS__

void *__libc_malloc(size_t size);


void *
malloc(size_t size)
{
    if (left == 0) {
        return NULL;
    }

    if (left > 0) {
        left--;
    }

    return __libc_malloc(size);
}

#endif


TEST(no_memory)
{
    int                  i, rc, missing;
    pserver_json_doc_t  *doc;

    static const pserver_json_limits_t  limits = { 8, 64 };

    /* escapes, an array, and more members than are compared in pairs */

    static const char  text[] =
        "{\"a\":[\"\\u00e9x\",1,{\"b\":2}],\"q\":\"\\n\\n\",\"a1\":0,"
        "\"a2\":0,\"a3\":0,\"a4\":0,\"a5\":0,\"a6\":0,\"a7\":0,\"a8\":0,"
        "\"a9\":0,\"b1\":0,\"b2\":0,\"b3\":0,\"b4\":0,\"b5\":0,\"b6\":0}";

    rc = PSERVER_NOMEM;
    missing = 0;

    for (i = 0; i < 64 && rc == PSERVER_NOMEM; i++) {
        doc = NULL;

        left = i;
        rc = pserver_json_parse((const u_char *) text, sizeof(text) - 1,
                                &limits, &doc);
        left = -1;

        if (rc == PSERVER_NOMEM) {
            CHECK(doc == NULL);
            missing++;
        }
    }

    CHECK_INT(rc, PSERVER_OK);
    CHECK_INT(pserver_json_root(doc)->count, 17);

    pserver_json_free(doc);

#ifndef __SANITIZE_ADDRESS__
    CHECK(missing >= 8);
#else
    CHECK_INT(missing, 0);
#endif
}


TEST_MAIN
