/*
 * Keccak-256.
 */

#include "keccak.h"

#include <string.h>


#define PSERVER_KECCAK_RATE    136
#define PSERVER_KECCAK_ROUNDS  24

#define pserver_rotl(x, n)  ((x) << (n) | (x) >> (64 - (n)))


static void pserver_keccak_absorb(pserver_keccak_t *keccak, u_char byte);
static void pserver_keccak_permute(uint64_t a[25]);


void
pserver_keccak_init(pserver_keccak_t *keccak)
{
    memset(keccak, 0, sizeof(pserver_keccak_t));
}


void
pserver_keccak_update(pserver_keccak_t *keccak, const void *data, size_t len)
{
    size_t         i, n;
    uint64_t       lane;
    const u_char  *p;

    p = data;

    while (len) {

        if (keccak->pos % 8 || len < 8) {
            pserver_keccak_absorb(keccak, *p++);
            keccak->pos++;
            len--;

        } else {
            n = (PSERVER_KECCAK_RATE - keccak->pos) / 8;

            if (n > len / 8) {
                n = len / 8;
            }

            for (i = 0; i < n; i++) {
                lane = (uint64_t) p[0] | (uint64_t) p[1] << 8
                       | (uint64_t) p[2] << 16 | (uint64_t) p[3] << 24
                       | (uint64_t) p[4] << 32 | (uint64_t) p[5] << 40
                       | (uint64_t) p[6] << 48 | (uint64_t) p[7] << 56;

                keccak->state[keccak->pos / 8] ^= lane;
                keccak->pos += 8;
                p += 8;
            }

            len -= n * 8;
        }

        if (keccak->pos == PSERVER_KECCAK_RATE) {
            pserver_keccak_permute(keccak->state);
            keccak->pos = 0;
        }
    }
}


void
pserver_keccak_final(pserver_keccak_t *keccak, pserver_word_t *digest)
{
    size_t  i;

    pserver_keccak_absorb(keccak, 0x01);
    keccak->pos = PSERVER_KECCAK_RATE - 1;
    pserver_keccak_absorb(keccak, 0x80);

    pserver_keccak_permute(keccak->state);

    for (i = 0; i < sizeof(digest->bytes); i++) {
        digest->bytes[i] = (u_char) (keccak->state[i / 8] >> i % 8 * 8);
    }
}


void
pserver_keccak256(pserver_word_t *digest, const void *data, size_t len)
{
    pserver_keccak_t  keccak;

    pserver_keccak_init(&keccak);
    pserver_keccak_update(&keccak, data, len);
    pserver_keccak_final(&keccak, digest);
}


static void
pserver_keccak_absorb(pserver_keccak_t *keccak, u_char byte)
{
    keccak->state[keccak->pos / 8] ^= (uint64_t) byte << keccak->pos % 8 * 8;
}


/* Keccak-f[1600], FIPS 202, section 3.3; a[x + 5 * y] is lane (x, y) */

static void
pserver_keccak_permute(uint64_t a[25])
{
    size_t    x, y, i, round;
    uint64_t  c[5], d, moved, next;

    static const uint64_t  iota[PSERVER_KECCAK_ROUNDS] = {
        0x0000000000000001, 0x0000000000008082, 0x800000000000808a,
        0x8000000080008000, 0x000000000000808b, 0x0000000080000001,
        0x8000000080008081, 0x8000000000008009, 0x000000000000008a,
        0x0000000000000088, 0x0000000080008009, 0x000000008000000a,
        0x000000008000808b, 0x800000000000008b, 0x8000000000008089,
        0x8000000000008003, 0x8000000000008002, 0x8000000000000080,
        0x000000000000800a, 0x800000008000000a, 0x8000000080008081,
        0x8000000000008080, 0x0000000080000001, 0x8000000080008008
    };

    /* where pi takes each lane from lane 1 on, and how far rho turns it */

    static const uint8_t  pi[24] = {
        10,  7, 11, 17, 18,  3,  5, 16,  8, 21, 24,  4,
        15, 23, 19, 13, 12,  2, 20, 14, 22,  9,  6,  1
    };

    static const uint8_t  rho[24] = {
         1,  3,  6, 10, 15, 21, 28, 36, 45, 55,  2, 14,
        27, 41, 56,  8, 25, 43, 62, 18, 39, 61, 20, 44
    };

    for (round = 0; round < PSERVER_KECCAK_ROUNDS; round++) {

        /* theta */

        for (x = 0; x < 5; x++) {
            c[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
        }

        for (x = 0; x < 5; x++) {
            d = c[(x + 4) % 5] ^ pserver_rotl(c[(x + 1) % 5], 1);

            for (y = 0; y < 25; y += 5) {
                a[x + y] ^= d;
            }
        }

        /* rho and pi */

        moved = a[1];

        for (i = 0; i < 24; i++) {
            next = a[pi[i]];
            a[pi[i]] = pserver_rotl(moved, rho[i]);
            moved = next;
        }

        /* chi */

        for (y = 0; y < 25; y += 5) {

            for (x = 0; x < 5; x++) {
                c[x] = a[x + y];
            }

            for (x = 0; x < 5; x++) {
                a[x + y] = c[x] ^ (~c[(x + 1) % 5] & c[(x + 2) % 5]);
            }
        }

        a[0] ^= iota[round];
    }
}
