/*
 * An image whose /pserver-run is not ours: it gets the input, and says on
 * stdout what it likes.  The app's parameter "mode" says what.
 */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>


#define BLOCK  512

static unsigned char  buf[8 << 20];
static size_t         used;


static void
be(unsigned char *p, uint64_t value, int len)
{
    while (len--) {
        p[len] = (unsigned char) value;
        value >>= 8;
    }
}


static void
out(const void *data, size_t len)
{
    const char  *p = data;
    ssize_t      n;

    while (len) {
        n = write(STDOUT_FILENO, p, len);

        if (n <= 0) {
            exit(1);
        }

        p += n;
        len -= n;
    }
}


static void
head(uint64_t length)
{
    unsigned char  h[24];

    memcpy(h, "PSRV-OUT", 8);
    be(h + 8, 0, 8);
    be(h + 16, length, 8);

    out(h, sizeof(h));
}


/* a header of a ustar, and its content */

static void
entry(char type, const char *name, const char *link, unsigned size,
    const char *text)
{
    size_t    i;
    unsigned  sum;
    char      h[BLOCK];

    memset(h, 0, BLOCK);
    snprintf(h, 100, "%s", name);
    snprintf(h + 100, 8, "%07o", 0444);
    snprintf(h + 108, 8, "%07o", 0);
    snprintf(h + 116, 8, "%07o", 0);
    snprintf(h + 124, 12, "%011o", size);
    snprintf(h + 136, 12, "%011o", 0);
    memset(h + 148, ' ', 8);
    h[156] = type;
    snprintf(h + 157, 100, "%s", link);
    memcpy(h + 257, "ustar\0" "00", 8);

    for (sum = 0, i = 0; i < BLOCK; i++) {
        sum += (unsigned char) h[i];
    }

    snprintf(h + 148, 8, "%06o", sum);

    memcpy(buf + used, h, BLOCK);
    used += BLOCK;

    if (text) {
        memcpy(buf + used, text, strlen(text));
        used += (strlen(text) + BLOCK - 1) / BLOCK * BLOCK;
    }
}


static void
file(const char *name, const char *text)
{
    entry('0', name, "", strlen(text), text);
}


static int
is(const char *in, const char *mode)
{
    char  text[64];

    snprintf(text, sizeof(text), "\"mode\":\"%s\"", mode);

    return strstr(in, text) != NULL;
}


int
main(void)
{
    int          i;
    char         name[32];
    ssize_t      n;
    size_t       have;
    static char  in[4 << 20];

    /* operation.json comes behind the data */

    for (have = 0; !strstr(in, "\"mode\":\"") && have < sizeof(in) - 1;
         have += n)
    {
        n = read(STDIN_FILENO, in + have, sizeof(in) - 1 - have);

        if (n <= 0) {
            return 1;
        }

        for (i = 0; i < n; i++) {
            if (in[have + i] == '\0') {
                in[have + i] = ' ';
            }
        }
    }

    if (is(in, "symlink")) {
        entry('2', "a", "/etc/passwd", 0, NULL);

    } else if (is(in, "hardlink")) {
        entry('1', "a", "result.json", 0, NULL);

    } else if (is(in, "dots")) {
        file("../a", "x");

    } else if (is(in, "inner")) {
        file("a/../../b", "x");

    } else if (is(in, "absolute")) {
        file("/etc/cron.d/a", "x");

    } else if (is(in, "device")) {
        entry('3', "a", "", 0, NULL);

    } else if (is(in, "fifo")) {
        entry('6', "a", "", 0, NULL);

    } else if (is(in, "pax")) {
        entry('x', "a", "", 0, NULL);

    } else if (is(in, "twice")) {
        file("a", "x");
        file("a", "y");

    } else if (is(in, "unsorted")) {
        file("b", "x");
        file("a", "y");

    } else if (is(in, "inside")) {
        file("a", "x");
        file("a/b", "y");

    } else if (is(in, "quote")) {
        file("a\"b", "x");

    } else if (is(in, "deep")) {
        file("1/2/3/4/5/6/7/8/9", "x");

    } else if (is(in, "many")) {

        /* a million, of which the server takes what it may */

        head((uint64_t) 1000000 * BLOCK);

        for (i = 0; i < 1000000; i++) {
            used = 0;
            snprintf(name, sizeof(name), "%07d", i);
            entry('0', name, "", 0, NULL);
            out(buf, used);
        }

        return 0;

    } else if (is(in, "entries")) {

        for (i = 0; i < 1100; i++) {
            snprintf(name, sizeof(name), "%07d", i);
            entry('0', name, "", 0, NULL);
        }

    } else if (is(in, "huge")) {
        head((uint64_t) 1 << 62);
        return 0;

    } else if (is(in, "size")) {
        entry('0', "a", "", 0x7fffffff, "x");

    } else if (is(in, "short")) {
        file("a", "x");
        file("result.json", "{}");
        head(used + 2 * BLOCK + 4096);
        out(buf, used + 2 * BLOCK);
        return 0;

    } else if (is(in, "long")) {
        file("a", "x");
        file("result.json", "{}");
        head(used + 2 * BLOCK);
        out(buf, used + 2 * BLOCK + 4096);
        sleep(60);
        return 0;

    } else if (is(in, "frames")) {

        /* what the engine would say, as what it says */

        out("\1\0\0\0\0\0\0\30PSRV-OUT\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 32);
        return 0;

    } else if (is(in, "silent")) {
        return 0;
    }

    file("result.json", "{\"got\":\"through\"}");
    used += 2 * BLOCK;

    head(used);
    out(buf, used);

    return 0;
}
