/*
 * Tiles (C2SP tlog-tiles): the hashes of the tree, and the entries, in
 * files of 256, which never change once they are full.
 *
 *     tile/<level>/<index>            hashes of the nodes of tree level
 *                                     8 * level, 32 bytes each
 *     tile/entries/<index>            the entries, each length[2] ‖ bytes
 *     .. .p/<width>                   the first ones of a tile that was not
 *                                     full yet: 1 to 255
 *
 * An index is written in groups of three digits, all but the last with an
 * "x" before and a "/" behind: x001/x234/067.
 */

#ifndef _PSERVER_TILE_H_INCLUDED_
#define _PSERVER_TILE_H_INCLUDED_


#include "merkle.h"


#define PSERVER_TILE_WIDTH     256
#define PSERVER_TILE_LEN       (PSERVER_TILE_WIDTH * PSERVER_MERKLE_LEN)
#define PSERVER_TILE_LEVELS    8
#define PSERVER_TILE_ENTRIES   PSERVER_TILE_LEVELS   /* in a level's place */
#define PSERVER_TILE_PATH_MAX  64


typedef struct {
    unsigned              level;     /* or PSERVER_TILE_ENTRIES */
    uint64_t              index;
    unsigned              width;     /* 1 to PSERVER_TILE_WIDTH */
} pserver_tile_t;


/* PSERVER_INVALID: not the one form of the path of a tile */
int pserver_tile_parse(pserver_tile_t *tile, pserver_str_t path);

/* writes at most PSERVER_TILE_PATH_MAX characters; returns the end */
u_char *pserver_tile_path(u_char *dst, const pserver_tile_t *tile);

/* the width that the tile has in a tree of this size; 0: it has none */
unsigned pserver_tile_width(const pserver_tile_t *tile, uint64_t size);

/*
 * Where the node of a level of the tree, at this index, is to be had: the
 * root of *count hashes of *tile, from *first on.  The width of the tile is
 * the least that will do.
 */
void pserver_tile_of_node(pserver_tile_t *tile, unsigned *first,
    unsigned *count, unsigned level, uint64_t index);


/*
 * The next entry of a bundle; *p goes behind it.  PSERVER_DONE: *p is at
 * the end; PSERVER_INVALID: the end comes too early.
 */
int pserver_bundle_next(pserver_str_t *entry, const u_char **p,
    const u_char *end);

/* the length of the first n entries; 0: there are not so many */
size_t pserver_bundle_len(const u_char *bundle, size_t len, unsigned n);


#endif /* _PSERVER_TILE_H_INCLUDED_ */
