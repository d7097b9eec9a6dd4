/*
 * Files of IPFS: one block, and CARs as an importer wrote them (file cut into
 * parts of 40 and of 20 bytes, two links a node), whole and broken.
 */

#include <stdlib.h>

#include <sodium.h>

#include "core/encode.h"
#include "core/ipfs.h"
#include "test.h"


#define RAW  "bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yeq"
#define V0   "QmWfVY9y3xjsixTgbd9AorQxH7VtMpzfx2HaWtsoUYecaX"

/* the same text, with leaves that are raw, and with nodes as leaves */

#define CAR_V1  "bafybeieqyybgwpcqdhgiza3k2zcvjyl6pmgivohgas54c4bd4phmmgxmze"
#define CAR_V0  "QmdFLhM34RxFtu59BLUXddApGUMmy4QDMGivui9FKMgVFV"

#define TEXT                                                                  \
    "{\"grantee\":\"0x0000000000000000000000000000000000000001\","            \
    "\"operation\":\"word_count\"}"

static const char  car_v1[] =
    "3aa265726f6f747381d82a5825000170122090c6026b3c5019cc8c836ad64554e17e"
    "7b0c8ab8e604bbc17023e3cec61aecc96776657273696f6e014c015512206a562e10"
    "d835075955f90eb522da94b3f2fdd42d6912dc605a50324599f7149a7b226772616e"
    "746565223a2230783030303030303030303030303030303030303030303030303030"
    "4c01551220c62b393f785cd85644a9c8663aae47ac4e2496f59074f9d16d0364255c"
    "f03a753030303030303030303030303031222c226f7065726174696f6e223a22776f"
    "72645f636f756e74222501551220d10b36aa74a59bcf4a88185837f658afaf3646ef"
    "f2bb16c3928d0e9335e945d27d860101551220693bb3c1592fc3b0b2df16ff94b580"
    "0be459f4ab0ef3af795722ee73e69e73ea122a0a24015512206a562e10d835075955"
    "f90eb522da94b3f2fdd42d6912dc605a50324599f7149a12001828122a0a24015512"
    "20c62b393f785cd85644a9c8663aae47ac4e2496f59074f9d16d0364255cf03a7512"
    "0018280a0808021850202820285801551220005495fbd1f6546e550c0cd8caccbf0e"
    "3e5cdc22c2c1279618fba8620117adfc122a0a2401551220d10b36aa74a59bcf4a88"
    "185837f658afaf3646eff2bb16c3928d0e9335e945d2120018010a06080218012001"
    "87010155122090c6026b3c5019cc8c836ad64554e17e7b0c8ab8e604bbc17023e3ce"
    "c61aecc9122b0a2401701220693bb3c1592fc3b0b2df16ff94b5800be459f4ab0ef3"
    "af795722ee73e69e73ea120018b201122a0a2401701220005495fbd1f6546e550c0c"
    "d8caccbf0e3e5cdc22c2c1279618fba8620117adfc120018350a0808021851205020"
    "01";

static const char  car_v0[] =
    "38a265726f6f747381d82a5823001220dd830848d6838443285a0061af1ccb007164"
    "84565cb4a59ddc5e193bbdfd22506776657273696f6e0140015512208e5a915e1706"
    "58abef3b1e8f753a97deddd2de8ef8e1707181006fdc9d0ee86b0a1a080212147b22"
    "6772616e746565223a2230783030303030301814400155122029156f3cb1b86cb4f8"
    "73f7ccb048447df2ecf7cc451191058d1f6fec8664006d0a1a080212143030303030"
    "30303030303030303030303030303018144001551220c8f3e50f518f623c00152012"
    "7a95c10dcf6a03b9c8454691d780343b43dba5b00a1a080212143030303030303030"
    "303030303031222c226f706518144001551220a515e64b8af9ad015f44bb5c4c8b09"
    "906d2dcead8ed3519fed90ddcba317df970a1a08021214726174696f6e223a22776f"
    "72645f636f756e742218142d0155122017a93895188772eead36f6b0237a426f6cd3"
    "7bfe210a94a249ec3d119e466ead0a07080212017d1801820101551220c32a481c1c"
    "97988d86cafbb3e7b492b7aef1d8c9a9437472bd0b6681617daa0112280a2212208e"
    "5a915e170658abef3b1e8f753a97deddd2de8ef8e1707181006fdc9d0ee86b120018"
    "1c12280a22122029156f3cb1b86cb4f873f7ccb048447df2ecf7cc451191058d1f6f"
    "ec8664006d1200181c0a0808021828201420148201015512204c7b39415bc9a35dae"
    "aa69bc780227d279969b017ee2e22fea084a9427c1441b12280a221220c8f3e50f51"
    "8f623c001520127a95c10dcf6a03b9c8454691d780343b43dba5b01200181c12280a"
    "221220a515e64b8af9ad015f44bb5c4c8b09906d2dcead8ed3519fed90ddcba317df"
    "971200181c0a0808021828201420145601551220114c354b9fe00822e29e3659bd69"
    "16224a0853ad099983782405974d0f21f9ae12280a22122017a93895188772eead36"
    "f6b0237a426f6cd37bfe210a94a249ec3d119e466ead120018090a06080218012001"
    "8401015512202e4256188f5c514191903b9f2c808cd596c901a18141ce9b20273a60"
    "fafff2a512290a221220c32a481c1c97988d86cafbb3e7b492b7aef1d8c9a9437472"
    "bd0b6681617daa01120018960112290a2212204c7b39415bc9a35daeaa69bc780227"
    "d279969b017ee2e22fea084a9427c1441b12001896010a0808021850202820285601"
    "5512207f733921e91531296b24cc1f3815ec10680da4f4626dc79b32e59d9cab3c9b"
    "5612280a221220114c354b9fe00822e29e3659bd6916224a0853ad09998378240597"
    "4d0f21f9ae1200183b0a06080218012001830101551220dd830848d6838443285a00"
    "61af1ccb00716484565cb4a59ddc5e193bbdfd225012290a2212202e4256188f5c51"
    "4191903b9f2c808cd596c901a18141ce9b20273a60fafff2a51200188c0312280a22"
    "12207f733921e91531296b24cc1f3815ec10680da4f4626dc79b32e59d9cab3c9b56"
    "1200186d0a080802185120502001";


static u_char  dst[1024];


static pserver_str_t
str(const char *text)
{
    pserver_str_t  s;

    s.data = (u_char *) text;
    s.len = strlen(text);

    return s;
}


static int
file(const char *text, const void *data, size_t len, size_t cap, size_t *n)
{
    pserver_cid_t  cid;

    CHECK_INT(pserver_cid_parse(str(text), &cid), PSERVER_OK);

    return pserver_ipfs_file(&cid, data, len, dst, cap, n);
}


static size_t
unhex(u_char *bytes, const char *hex)
{
    CHECK_INT(pserver_hex_decode(bytes, strlen(hex) / 2, str(hex)),
              PSERVER_OK);

    return strlen(hex) / 2;
}


TEST(block)
{
    size_t               n;
    static const u_char  node[] =
                         "\x0a\x0b\x08\x02\x12\x05hello\x18\x05";

    CHECK_INT(file(RAW, "hello", 5, sizeof(dst), &n), PSERVER_OK);
    CHECK_INT(n, 5);
    CHECK_MEM(dst, "hello", 5);

    CHECK_INT(file(RAW, "hello", 5, 5, &n), PSERVER_OK);
    CHECK_INT(file(RAW, "hello", 5, 4, &n), PSERVER_NOSPACE);
    CHECK_INT(n, 0);

    CHECK_INT(file(RAW, "hellp", 5, sizeof(dst), &n), PSERVER_INVALID);
    CHECK_INT(file(RAW, "hello", 4, sizeof(dst), &n), PSERVER_INVALID);
    CHECK_INT(file(RAW, "", 0, sizeof(dst), &n), PSERVER_INVALID);
    CHECK_INT(file(RAW, node, sizeof(node) - 1, sizeof(dst), &n),
              PSERVER_INVALID);

    CHECK_INT(file(V0, node, sizeof(node) - 1, sizeof(dst), &n), PSERVER_OK);
    CHECK_INT(n, 5);
    CHECK_MEM(dst, "hello", 5);

    CHECK_INT(file(V0, "hello", 5, sizeof(dst), &n), PSERVER_INVALID);
}


TEST(car)
{
    size_t       i, len, n;
    u_char      *bytes;
    const char  *cid, *hex;

    for (i = 0; i < 2; i++) {

        cid = i ? CAR_V0 : CAR_V1;
        hex = i ? car_v0 : car_v1;

        bytes = malloc(strlen(hex) / 2);
        len = unhex(bytes, hex);

        CHECK_INT(file(cid, bytes, len, sizeof(dst), &n), PSERVER_OK);
        CHECK_INT(n, sizeof(TEXT) - 1);
        CHECK_MEM(dst, TEXT, sizeof(TEXT) - 1);

        CHECK_INT(file(cid, bytes, len, sizeof(TEXT) - 2, &n),
                  PSERVER_NOSPACE);

        /* of another file */

        CHECK_INT(file(i ? CAR_V1 : CAR_V0, bytes, len, sizeof(dst), &n),
                  PSERVER_INVALID);

        free(bytes);
    }
}


/* no bit of a block can change, no block can be left out, no cut is a file */

TEST(broken_car)
{
    size_t   i, j, len, n, good;
    u_char  *bytes, *cut;

    bytes = malloc(sizeof(car_v1) / 2);
    len = unhex(bytes, car_v1);

    good = 0;

    for (i = 0; i < len; i++) {

        for (j = 0; j < 8; j++) {
            bytes[i] ^= 1 << j;

            if (file(CAR_V1, bytes, len, sizeof(dst), &n) == PSERVER_OK) {
                CHECK_INT(n, sizeof(TEXT) - 1);
                CHECK_MEM(dst, TEXT, sizeof(TEXT) - 1);
                good++;
            }

            bytes[i] ^= 1 << j;
        }

        /* memory of that length, so that a sanitizer sees a step beyond */

        cut = malloc(i ? i : 1);
        memcpy(cut, bytes, i);

        CHECK_INT(file(CAR_V1, cut, i, sizeof(dst), &n), PSERVER_INVALID);

        free(cut);
    }

    /* 58 bytes of the header, and the hash in the CIDs of 6 blocks, are not
       looked at, codec and hash function only for their form */

    CHECK(good > 8 * (58 + 6 * 32));
    CHECK(good < 8 * (58 + 6 * 36));

    free(bytes);
}


/* a chain of nodes, each of which links to the next one, and at its end
   "hello": as deep as is taken, and one deeper; and a node that links the
   same block again and again: more bytes than were sent */

static size_t
put_block(u_char *p, const u_char *block, size_t len, u_char sha256[32])
{
    u_char  *start = p;

    crypto_hash_sha256(sha256, block, len);

    *p++ = (u_char) (34 + len);
    *p++ = 0x12;
    *p++ = 0x20;
    memcpy(p, sha256, 32);
    p += 32;
    memcpy(p, block, len);

    return p + len - start;
}


static size_t
put_node(u_char *node, const u_char sha256[32], size_t links)
{
    u_char  *p = node;

    while (links--) {
        memcpy(p, "\x12\x24\x0a\x22\x12\x20", 6);
        memcpy(p + 6, sha256, 32);
        p += 38;
    }

    memcpy(p, "\x0a\x02\x08\x02", 4);

    return p + 4 - node;
}


TEST(limits)
{
    size_t         i, depth, len, n;
    u_char         car[8192], node[128];
    pserver_cid_t  cid;

    cid.codec = PSERVER_CID_DAG_PB;

    for (depth = PSERVER_IPFS_DEPTH; depth <= PSERVER_IPFS_DEPTH + 1;
         depth++)
    {
        car[0] = 1;
        len = 2;

        len += put_block(car + len,
                         (u_char *) "\x0a\x09\x08\x02\x12\x05hello", 11,
                         cid.sha256);

        for (i = 1; i < depth; i++) {
            n = put_node(node, cid.sha256, 1);
            len += put_block(car + len, node, n, cid.sha256);
        }

        CHECK_INT(pserver_ipfs_file(&cid, car, len, dst, sizeof(dst), &n),
                  depth > PSERVER_IPFS_DEPTH ? PSERVER_NOSPACE : PSERVER_OK);
        CHECK_INT(n, depth > PSERVER_IPFS_DEPTH ? 0 : 5);
    }

    /* two links a node */

    car[0] = 1;
    len = 2;

    len += put_block(car + len,
                     (u_char *) "\x0a\x09\x08\x02\x12\x05hello", 11,
                     cid.sha256);

    for (i = 1; i < PSERVER_IPFS_DEPTH; i++) {
        n = put_node(node, cid.sha256, 2);
        len += put_block(car + len, node, n, cid.sha256);
    }

    CHECK_INT(pserver_ipfs_file(&cid, car, len, dst, 5 * 128, &n),
              PSERVER_OK);
    CHECK_INT(n, 5 * 128);
    CHECK_INT(pserver_ipfs_file(&cid, car, len, dst, 5 * 128 - 1, &n),
              PSERVER_NOSPACE);
}


/* blocks whose hash is right and that are not one whole file */

TEST(not_a_file)
{
    size_t  i, len, n;
    u_char  bytes[64];

    static const struct {
        const char  *cid;
        const char  *block;
    } rows[] = {

        /* a directory */
        { "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn",
          "0a020801" },

        /* a link besides the data */
        { "QmYL1WEvd5jAuzhnNmT8upZVbAZPzfdNLfFKPHk7YjBYR6",
          "12000a0b0802120568656c6c6f1805" },
        { "QmWu6DLJuhQEcR5Wory2ThGe9ET45BNQp1A3VHvsumGnPk",
          "0a0b0802120568656c6c6f18051200" },

        /* a size of more than there is */
        { "QmQmFYrMWgETGK8STgPCGA9be8Q4HMX9fX8gs2DDGgaJ1E",
          "0a0b0802120568656c6c6f1806" },

        /* a length over the end */
        { "Qmaz7uLTJuVN3rpVT1ZF8zG17GmovLi1Eohf279YeU9xjA",
          "0a0c0802120568656c6c6f1805" },

        /* no type */
        { "QmRYfyfgA7KwpquoSHc1M9zVhJvxwtv8AkntsZNBY7gqMh",
          "0a07120568656c6c6f" },

        /* a number without end */
        { "QmVPZ8puLxEYEf1X7kaqihz41RN3KajoQwBhaZnK9D2we4",
          "0affffffffffffffffffff01" }
    };

    for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {

        len = unhex(bytes, rows[i].block);

        if (!CHECK_INT(file(rows[i].cid, bytes, len, sizeof(dst), &n),
                       PSERVER_INVALID))
        {
            fprintf(stderr, "    %s\n", rows[i].block);
        }
    }
}


TEST_MAIN
