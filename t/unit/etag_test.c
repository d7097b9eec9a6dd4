/*
 * core/etag: lists of entity tags, and what they name.
 */

#include "core/etag.h"
#include "test.h"


#define ID   "00112233445566778899aabbccddeeff"
#define TAG  "\"" ID "-e\""


static pserver_str_t
str(const char *text)
{
    pserver_str_t  s;

    s.data = (u_char *) text;
    s.len = strlen(text);

    return s;
}


TEST(names)
{
    size_t  i;

    static const u_char  id[PSERVER_ETAG_ID_LEN] = {
        0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
        0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff
    };

    static const struct {
        const char  *header;
        int          strong;
        int          weak;
    } rows[] = {
        { "*", 1, 1 },
        { TAG, 1, 1 },
        { "\"" ID "-r\"", 1, 1 },
        { "W/" TAG, 0, 1 },
        { "\"x\", " TAG, 1, 1 },
        { " ,, \"\" ,\t" TAG " ,", 1, 1 },
        { "\"" ID "\"", 0, 0 },
        { "\"" ID "-ee\"", 0, 0 },
        { "\"" ID "ee\"", 0, 0 },
        { "\"10112233445566778899aabbccddeeff-e\"", 0, 0 },
        { "\"00112233445566778899AABBCCDDEEFF-e\"", 0, 0 },
        { "\"*\"", 0, 0 }
    };

    for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {

        if (!CHECK_INT(pserver_etag_valid(str(rows[i].header)), PSERVER_OK)
            || !CHECK_INT(pserver_etag_names(str(rows[i].header), id, 1),
                          rows[i].strong)
            || !CHECK_INT(pserver_etag_names(str(rows[i].header), id, 0),
                          rows[i].weak))
        {
            fprintf(stderr, "    %s\n", rows[i].header);
        }

        CHECK_INT(pserver_etag_names(str(rows[i].header), NULL, 0), 0);
    }
}


TEST(not_valid)
{
    size_t  i;

    static const char  *bad[] = {
        "", " ", ",", "**", "* ", "*, " TAG, ID, "\"", "\"" ID, TAG TAG,
        TAG " " TAG, "w/" TAG, "W/ " TAG, "W/", "\"a b\"", "\"a\x7f\"",
        "\"a\tb\"", TAG ";", TAG ", x"
    };

    for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        if (!CHECK_INT(pserver_etag_valid(str(bad[i])), PSERVER_INVALID)) {
            fprintf(stderr, "    %s\n", bad[i]);
        }
    }
}


TEST_MAIN
