/*
 * Known answers: a JSON file, and hex in it.
 */

#ifndef _PSERVER_VECTOR_H_INCLUDED_
#define _PSERVER_VECTOR_H_INCLUDED_


#include "test.h"
#include "core/json.h"
#include "core/encode.h"


static inline pserver_json_doc_t *
vector_open(const char *path)
{
    char                                *data;
    size_t                               len;
    pserver_json_doc_t                  *doc;
    static const pserver_json_limits_t   limits = { 16, 1000000 };

    data = test_file(path, &len);

    if (pserver_json_parse((u_char *) data, len, &limits, &doc)
        != PSERVER_OK)
    {
        fprintf(stderr, "%s: not JSON\n", path);
        exit(2);
    }

    free(data);

    return doc;
}


/* a member that is there; else the program ends */

static inline const pserver_json_t *
vector_get(const pserver_json_t *object, const char *name)
{
    const pserver_json_t  *value;

    value = pserver_json_get(object, name);

    if (value == NULL) {
        fprintf(stderr, "no member \"%s\"\n", name);
        exit(2);
    }

    return value;
}


/* bytes of a member in hex, in malloc'd memory of exactly that size */

static inline pserver_str_t
vector_hex(const pserver_json_t *object, const char *name)
{
    pserver_str_t          bytes;
    const pserver_json_t  *value;

    value = vector_get(object, name);

    bytes.len = value->value.len / 2;
    bytes.data = malloc(bytes.len ? bytes.len : 1);

    if (bytes.data == NULL
        || pserver_hex_decode(bytes.data, bytes.len, value->value)
           != PSERVER_OK)
    {
        fprintf(stderr, "member \"%s\" is not hex\n", name);
        exit(2);
    }

    return bytes;
}


/* a member that is a string */

static inline pserver_str_t
vector_str(const pserver_json_t *object, const char *name)
{
    return vector_get(object, name)->value;
}


/* a member in hex of exactly len bytes, with or without 0x; returns dst */

static inline u_char *
vector_bytes(u_char *dst, size_t len, const pserver_json_t *object,
    const char *name)
{
    pserver_str_t  text;

    text = vector_str(object, name);

    if (pserver_hex0x_decode(dst, len, text) != PSERVER_OK
        && pserver_hex_decode(dst, len, text) != PSERVER_OK)
    {
        fprintf(stderr, "member \"%s\" is not %zu bytes of hex\n", name,
                len);
        exit(2);
    }

    return dst;
}


static inline int
vector_same(pserver_str_t a, pserver_str_t b)
{
    return a.len == b.len
           && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}


static inline uint64_t
vector_uint(const pserver_json_t *object, const char *name)
{
    uint64_t  n;

    if (pserver_json_uint(vector_get(object, name), UINT64_MAX, &n)
        != PSERVER_OK)
    {
        fprintf(stderr, "member \"%s\" is not a number\n", name);
        exit(2);
    }

    return n;
}


#endif /* _PSERVER_VECTOR_H_INCLUDED_ */
