/*
 * A unit test is one program: it includes this file, defines its tests, and
 * main() is here.
 *
 *   TEST(name) { ... }           a test; all of them run, in this order
 *   CHECK(expr)                  fails the test with file:line and goes on
 *   CHECK_INT(value, expected)   the same, with both values printed
 *   CHECK_MEM(a, b, len)         two pieces of memory of the same length
 *   CHECK_STR(str, "text")       a pserver_str_t against a literal
 *   test_file(path, &len)        malloc'd contents, with a zero after them;
 *                                the path is relative to the repository's
 *                                root, where the programs are run
 *
 * A program prints one line and exits with 1 if a test failed.  With
 * arguments it runs only the tests so named.
 */

#ifndef _PSERVER_TEST_H_INCLUDED_
#define _PSERVER_TEST_H_INCLUDED_


#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>


#define TEST_MAX  256


typedef struct {
    const char  *name;
    void       (*run)(void);
} test_t;


static test_t    test_list[TEST_MAX];
static unsigned  test_count;
static unsigned  test_faults;


#define TEST_MAIN

#define TEST(name)                                                            \
    static void test_##name(void);                                            \
                                                                              \
    static void __attribute__((constructor)) test_add_##name(void)            \
    {                                                                         \
        test_add(#name, test_##name);                                         \
    }                                                                         \
                                                                              \
    static void test_##name(void)

#define CHECK(expr)                                                           \
    test_check((expr) ? 1 : 0, __FILE__, __LINE__, #expr)

#define CHECK_INT(value, expected)                                            \
    test_check_int((long long) (value), (long long) (expected),               \
                   __FILE__, __LINE__, #value)

#define CHECK_MEM(a, b, len)                                                  \
    test_check_mem((a), (b), (len), __FILE__, __LINE__, #a)

#define CHECK_STR(str, text)                                                  \
    test_check_str((str).data, (str).len, (text), __FILE__, __LINE__, #str)


static inline void
test_add(const char *name, void (*run)(void))
{
    if (test_count == TEST_MAX) {
        fprintf(stderr, "more than %d tests in one program\n", TEST_MAX);
        abort();
    }

    test_list[test_count].name = name;
    test_list[test_count].run = run;
    test_count++;
}


static inline int
test_check(int ok, const char *file, int line, const char *what)
{
    if (!ok) {
        test_faults++;
        fprintf(stderr, "%s:%d: failed: %s\n", file, line, what);
    }

    return ok;
}


static inline int
test_check_int(long long value, long long expected, const char *file,
    int line, const char *what)
{
    if (value != expected) {
        test_faults++;
        fprintf(stderr, "%s:%d: failed: %s is %lld, expected %lld\n",
                file, line, what, value, expected);
        return 0;
    }

    return 1;
}


static inline void
test_hex(const char *label, const void *data, size_t len)
{
    size_t                n;
    const unsigned char  *p;

    fprintf(stderr, "    %s", label);

    for (p = data, n = 0; n < len && n < 64; n++) {
        fprintf(stderr, "%02x", p[n]);
    }

    fprintf(stderr, "%s (%zu)\n", (n < len) ? ".." : "", len);
}


static inline int
test_check_mem(const void *a, const void *b, size_t len, const char *file,
    int line, const char *what)
{
    if (len == 0 || (a != NULL && b != NULL && memcmp(a, b, len) == 0)) {
        return 1;
    }

    test_check(0, file, line, what);

    if (a != NULL && b != NULL) {
        test_hex("found    ", a, len);
        test_hex("expected ", b, len);
    }

    return 0;
}


static inline int
test_check_str(const void *data, size_t len, const char *text,
    const char *file, int line, const char *what)
{
    if (len == strlen(text) && (len == 0 || memcmp(data, text, len) == 0)) {
        return 1;
    }

    test_check(0, file, line, what);
    fprintf(stderr, "    found    \"%.*s\" (%zu)\n    expected \"%s\" (%zu)\n",
            (int) len, data ? (const char *) data : "", len,
            text, strlen(text));

    return 0;
}


static inline char *
test_file(const char *path, size_t *len)
{
    long   size;
    char  *data;
    FILE  *f;

    f = fopen(path, "rb");
    if (f == NULL) {
        perror(path);
        exit(2);
    }

    if (fseek(f, 0, SEEK_END) != 0
        || (size = ftell(f)) < 0
        || fseek(f, 0, SEEK_SET) != 0
        || (data = malloc((size_t) size + 1)) == NULL
        || fread(data, 1, (size_t) size, f) != (size_t) size)
    {
        perror(path);
        exit(2);
    }

    fclose(f);

    data[size] = '\0';
    *len = (size_t) size;

    return data;
}


int
main(int argc, char **argv)
{
    int          n;
    unsigned     i, run, before, passed, failed;
    const char  *name;

    passed = 0;
    failed = 0;

    for (i = 0; i < test_count; i++) {

        run = (argc == 1);

        for (n = 1; n < argc; n++) {
            if (strcmp(argv[n], test_list[i].name) == 0) {
                run = 1;
            }
        }

        if (!run) {
            continue;
        }

        before = test_faults;

        test_list[i].run();

        if (test_faults == before) {
            passed++;
            continue;
        }

        failed++;
        fprintf(stderr, "    in the test \"%s\"\n", test_list[i].name);
    }

    name = strrchr(argv[0], '/');

    printf("%s: %u passed, %u failed\n", name ? name + 1 : argv[0],
           passed, failed);

    return (failed || passed == 0) ? 1 : 0;
}


#endif /* _PSERVER_TEST_H_INCLUDED_ */
