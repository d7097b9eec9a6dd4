/*
 * What an owner has: objects by their name on disk, and of each the versions
 * that there are.  Names are keyed hashes, so any bytes of them spread well
 * and nobody can choose them.
 *
 * An inventory starts zeroed.  It takes about 50 bytes a version and 70 an
 * object, of malloc()'d memory; nothing in it is a secret.  What is
 * returned by pointer is valid until the next change.
 */

#ifndef _PSERVER_INVENTORY_H_INCLUDED_
#define _PSERVER_INVENTORY_H_INCLUDED_


#include "core.h"
#include "keys.h"
#include "seal.h"


/* of 8 digits */


typedef struct {
    uint64_t              size;          /* of the sealed file */
    u_char                id[PSERVER_SEAL_ID_LEN];
    uint32_t              number;        /* 1 to PSERVER_VERSION_MAX */
    uint32_t              older;         /* private */
    uint32_t              newer;
} pserver_version_t;


typedef struct {
    u_char                name[PSERVER_NAME_LEN];
    uint32_t              count;         /* of versions; 0: deleted */
    uint32_t              latest;        /* private */
    uint32_t              oldest;
} pserver_object_t;


typedef struct {
    uint64_t              objects;
    uint64_t              versions;
    uint64_t              bytes;         /* the sum of their sizes */

    /* private */
    pserver_object_t     *object;
    pserver_version_t    *version;       /* the first one is not used */
    uint32_t             *slots;         /* indexes of objects + 1; 0: free */
    uint32_t              nobjects;
    uint32_t              nversions;
    uint32_t              nslots;        /* a power of two */
    uint32_t              aobjects;      /* allocated */
    uint32_t              aversions;
    uint32_t              spare;         /* a list of versions */
} pserver_inventory_t;


/*
 * Adds a version, the latest of its object.  PSERVER_INVALID: its number is
 * not higher than those that are there, 0 or over the limit, or the sum of
 * sizes would overflow; PSERVER_NOMEM.
 */
int pserver_inventory_add(pserver_inventory_t *inventory,
    const u_char name[PSERVER_NAME_LEN], const pserver_version_t *version);

/* all versions of an object; PSERVER_INVALID: there is none */
int pserver_inventory_remove(pserver_inventory_t *inventory,
    const u_char name[PSERVER_NAME_LEN]);

/* NULL: there is none */
const pserver_object_t *pserver_inventory_object(
    const pserver_inventory_t *inventory,
    const u_char name[PSERVER_NAME_LEN]);

/* one after the other, *i is 0 at first; NULL: there are no more */
const pserver_object_t *pserver_inventory_next(
    const pserver_inventory_t *inventory, size_t *i);

/* that version, or with 0 the latest; NULL: there is none */
const pserver_version_t *pserver_inventory_version(
    const pserver_inventory_t *inventory, const pserver_object_t *object,
    uint64_t number);

/* from the oldest to the latest and back; NULL: it was the last one */
const pserver_version_t *pserver_inventory_oldest(
    const pserver_inventory_t *inventory, const pserver_object_t *object);
const pserver_version_t *pserver_inventory_newer(
    const pserver_inventory_t *inventory, const pserver_version_t *version);
const pserver_version_t *pserver_inventory_older(
    const pserver_inventory_t *inventory, const pserver_version_t *version);

/* bytes of memory that it takes */
size_t pserver_inventory_memory(const pserver_inventory_t *inventory);

/* frees all and zeroes it */
void pserver_inventory_free(pserver_inventory_t *inventory);


#endif /* _PSERVER_INVENTORY_H_INCLUDED_ */
