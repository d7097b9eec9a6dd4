/*
 * Hex, base64url and words.  base64url answers are those of RFC 4648,
 * section 10, without padding.
 */

#include "core/encode.h"
#include "test.h"


static pserver_str_t
str(const char *text)
{
    pserver_str_t  s;

    s.data = (u_char *) text;
    s.len = strlen(text);

    return s;
}


TEST(hex_plain)
{
    u_char         out[8], back[8];
    pserver_str_t  s;

    s.data = out;
    s.len = (size_t) (pserver_hex_encode(out, (u_char *) "\x00\x9f\xfe", 3)
                      - out);
    CHECK_STR(s, "009ffe");

    CHECK_INT(pserver_hex_decode(back, 3, str("009FfE")), PSERVER_OK);
    CHECK_MEM(back, "\x00\x9f\xfe", 3);

    CHECK_INT(pserver_hex_decode(back, 0, str("")), PSERVER_OK);
    CHECK_INT(pserver_hex_decode(back, 3, str("009ff")), PSERVER_INVALID);
    CHECK_INT(pserver_hex_decode(back, 3, str("009ff")), PSERVER_INVALID);
    CHECK_INT(pserver_hex_decode(back, 3, str("009ffe0")), PSERVER_INVALID);
    CHECK_INT(pserver_hex_decode(back, 2, str("00g0")), PSERVER_INVALID);
    CHECK_INT(pserver_hex_decode(back, 2, str("00 0")), PSERVER_INVALID);
    CHECK_INT(pserver_hex_decode(back, 2, str("00@0")), PSERVER_INVALID);
}


TEST(hex_is_whole_or_not_at_all)
{
    u_char  back[3] = { 7, 7, 7 };

    CHECK_INT(pserver_hex_decode(back, 3, str("0102x3")), PSERVER_INVALID);
    CHECK_MEM(back, "\7\7\7", 3);
}


TEST(hex_with_0x)
{
    u_char  back[2];

    CHECK_INT(pserver_hex0x_decode(back, 2, str("0x01aB")), PSERVER_OK);
    CHECK_MEM(back, "\x01\xab", 2);

    CHECK_INT(pserver_hex0x_decode(back, 2, str("0X01ab")), PSERVER_INVALID);
    CHECK_INT(pserver_hex0x_decode(back, 2, str("01ab")), PSERVER_INVALID);
    CHECK_INT(pserver_hex0x_decode(back, 2, str("0x01a")), PSERVER_INVALID);
    CHECK_INT(pserver_hex0x_decode(back, 2, str("0")), PSERVER_INVALID);
    CHECK_INT(pserver_hex0x_decode(back, 2, str("")), PSERVER_INVALID);
    CHECK_INT(pserver_hex0x_decode(back, 0, str("0x")), PSERVER_OK);
}


TEST(base64url_answers)
{
    size_t         i, len;
    u_char         out[16], back[16];
    pserver_str_t  s;

    static const struct {
        const char  *plain;
        const char  *text;
    } cases[] = {
        { "", "" },
        { "f", "Zg" },
        { "fo", "Zm8" },
        { "foo", "Zm9v" },
        { "foob", "Zm9vYg" },
        { "fooba", "Zm9vYmE" },
        { "foobar", "Zm9vYmFy" },
        { "\xfb\xff\xbf", "-_-_" }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        len = strlen(cases[i].plain);

        s.data = out;
        s.len = (size_t) (pserver_base64url_encode(out,
                              (u_char *) cases[i].plain, len) - out);

        CHECK_STR(s, cases[i].text);
        CHECK_INT(s.len, pserver_base64url_len(len));

        CHECK_INT(pserver_base64url_decode(back, len, &len, s), PSERVER_OK);
        CHECK_INT(len, strlen(cases[i].plain));
        CHECK_MEM(back, cases[i].plain, len);
    }
}


TEST(base64url_refused)
{
    size_t  i, len;
    u_char  back[16];

    static const char *const  cases[] = {
        "Zg==", "Zm8=", "Z", "Zm9vY", "Zh", "Zm9", "Zm9vYh", "Zm+/",
        "Zm 9", "Zm9v\n", "Zm9v.", "\xc3\xa9\xc3\xa9"
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (!CHECK_INT(pserver_base64url_decode(back, 16, &len,
                                                str(cases[i])),
                       PSERVER_INVALID))
        {
            fprintf(stderr, "    text \"%s\"\n", cases[i]);
        }
    }

    CHECK_INT(pserver_base64url_decode(back, 2, &len, str("Zm9v")),
              PSERVER_NOSPACE);
    CHECK_INT(pserver_base64url_decode(back, 3, &len, str("Zm9vYg")),
              PSERVER_NOSPACE);
    CHECK_INT(pserver_base64url_decode(back, 4, &len, str("Zm9vYg")),
              PSERVER_OK);
}


#define MAX_DEC                                                               \
    "1157920892373161954235709850086879078532699846656405640394575840079131"  \
    "29639935"


TEST(word_answers)
{
    size_t          i;
    u_char          out[PSERVER_WORD_DEC_LEN];
    uint64_t        n;
    pserver_str_t   s;
    pserver_word_t  word;

    static const struct {
        const char  *text;
        const char  *decimal;
        uint64_t     value;
        int          rc;
    } cases[] = {
        { "0", "0", 0, PSERVER_OK },
        { "0x0", "0", 0, PSERVER_OK },
        { "0x00ff", "255", 255, PSERVER_OK },
        { "0xfF", "255", 255, PSERVER_OK },
        { "1024", "1024", 1024, PSERVER_OK },
        { "18446744073709551615", "18446744073709551615", UINT64_MAX,
          PSERVER_OK },
        { "0x10000000000000000", "18446744073709551616", 0,
          PSERVER_INVALID },
        { MAX_DEC, MAX_DEC, 0, PSERVER_INVALID }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CHECK_INT(pserver_word_parse(&word, str(cases[i].text)), PSERVER_OK);

        s.data = out;
        s.len = (size_t) (pserver_word_decimal(out, &word) - out);
        CHECK_STR(s, cases[i].decimal);

        n = 0;
        CHECK_INT(pserver_word_uint64(&word, &n), cases[i].rc);
        CHECK(n == cases[i].value);
    }

    memset(&word, 0xff, sizeof(word));
    pserver_word_from_uint64(&word, 0x0102030405060708);
    CHECK_MEM(word.bytes, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
                          "\1\2\3\4\5\6\7\10", 32);
}


TEST(word_refused)
{
    size_t          i;
    pserver_word_t  word;

    static const char *const  cases[] = {
        "", "0x", "x", "-1", "+1", "1.0", "1e3", " 1", "1 ", "01", "00",
        "1a", "0X1", "0xg",
        "11579208923731619542357098500868790785326998466564056403945758400791"
        "3129639936",
        "99999999999999999999999999999999999999999999999999999999999999999999"
        "99999999999",
        "0x00000000000000000000000000000000000000000000000000000000000000001"
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (!CHECK_INT(pserver_word_parse(&word, str(cases[i])),
                       PSERVER_INVALID))
        {
            fprintf(stderr, "    text \"%s\"\n", cases[i]);
        }
    }
}


TEST_MAIN
