/*
 * What an owner has: a table of objects, open addressing with linear
 * probing, and for each a list of versions in both directions.
 *
 * An object that was deleted keeps its place, with no versions, and may come
 * back; it goes when the inventory is made anew.
 */

#include "inventory.h"

#include <stdlib.h>
#include <string.h>


#define PSERVER_INVENTORY_FIRST  16


static uint32_t *pserver_inventory_slot(const pserver_inventory_t *inventory,
    const u_char *name);
static int pserver_inventory_grow(pserver_inventory_t *inventory);
static int pserver_inventory_room(void **list, uint32_t n,
    uint32_t *allocated, size_t size);
static uint32_t pserver_inventory_take(pserver_inventory_t *inventory);


int
pserver_inventory_add(pserver_inventory_t *inventory,
    const u_char name[PSERVER_NAME_LEN], const pserver_version_t *version)
{
    uint32_t            *slot, n;
    pserver_object_t    *object;
    pserver_version_t   *added;

    if (version->number == 0 || version->number > PSERVER_VERSION_MAX
        || version->size > UINT64_MAX - inventory->bytes)
    {
        return PSERVER_INVALID;
    }

    if (pserver_inventory_grow(inventory) != PSERVER_OK) {
        return PSERVER_NOMEM;
    }

    slot = pserver_inventory_slot(inventory, name);

    if (*slot == 0) {
        object = &inventory->object[inventory->nobjects++];

        memset(object, 0, sizeof(pserver_object_t));
        memcpy(object->name, name, PSERVER_NAME_LEN);

        *slot = inventory->nobjects;

    } else {
        object = &inventory->object[*slot - 1];
    }

    if (object->count
        && version->number <= inventory->version[object->latest].number)
    {
        return PSERVER_INVALID;
    }

    n = pserver_inventory_take(inventory);

    added = &inventory->version[n];

    *added = *version;
    added->older = object->latest;
    added->newer = 0;

    if (object->count) {
        inventory->version[object->latest].newer = n;

    } else {
        object->oldest = n;
        inventory->objects++;
    }

    object->latest = n;
    object->count++;

    inventory->versions++;
    inventory->bytes += version->size;

    return PSERVER_OK;
}


/* of the name, or where it would stand; there is always a free one */

static uint32_t *
pserver_inventory_slot(const pserver_inventory_t *inventory,
    const u_char *name)
{
    uint32_t  i, hash;

    memcpy(&hash, name, sizeof(hash));

    for (i = hash & (inventory->nslots - 1);
         inventory->slots[i] != 0;
         i = (i + 1) & (inventory->nslots - 1))
    {
        if (memcmp(inventory->object[inventory->slots[i] - 1].name, name,
                   PSERVER_NAME_LEN)
            == 0)
        {
            break;
        }
    }

    return &inventory->slots[i];
}


/* room for one object and one version more; at most half the slots are used */

static int
pserver_inventory_grow(pserver_inventory_t *inventory)
{
    void      *object, *version;
    uint32_t   i, n, *slots;

    object = inventory->object;
    version = inventory->version;

    if (pserver_inventory_room(&object, inventory->nobjects + 1,
                               &inventory->aobjects,
                               sizeof(pserver_object_t))
        != PSERVER_OK)
    {
        return PSERVER_NOMEM;
    }

    inventory->object = object;

    if (inventory->spare == 0
        && pserver_inventory_room(&version, inventory->nversions + 2,
                                  &inventory->aversions,
                                  sizeof(pserver_version_t))
           != PSERVER_OK)
    {
        return PSERVER_NOMEM;
    }

    inventory->version = version;

    if (2 * ((uint64_t) inventory->nobjects + 1) <= inventory->nslots) {
        return PSERVER_OK;
    }

    n = inventory->nslots ? 2 * inventory->nslots
                          : 2 * PSERVER_INVENTORY_FIRST;

    slots = n ? calloc(n, sizeof(uint32_t)) : NULL;

    if (slots == NULL) {
        return PSERVER_NOMEM;
    }

    free(inventory->slots);

    inventory->slots = slots;
    inventory->nslots = n;

    for (i = 0; i < inventory->nobjects; i++) {
        *pserver_inventory_slot(inventory, inventory->object[i].name) = i + 1;
    }

    return PSERVER_OK;
}


/* for n elements; PSERVER_NOMEM: the list is as it was */

static int
pserver_inventory_room(void **list, uint32_t n, uint32_t *allocated,
    size_t size)
{
    void      *more;
    uint32_t   room;

    if (n <= *allocated) {
        return PSERVER_OK;
    }

    room = *allocated ? *allocated + *allocated / 2 : PSERVER_INVENTORY_FIRST;

    if (room <= *allocated) {
        return PSERVER_NOMEM;
    }

    more = realloc(*list, room * size);

    if (more == NULL) {
        return PSERVER_NOMEM;
    }

    *list = more;
    *allocated = room;

    return PSERVER_OK;
}


static uint32_t
pserver_inventory_take(pserver_inventory_t *inventory)
{
    uint32_t  n;

    n = inventory->spare;

    if (n) {
        inventory->spare = inventory->version[n].older;
        return n;
    }

    return ++inventory->nversions;
}


int
pserver_inventory_remove(pserver_inventory_t *inventory,
    const u_char name[PSERVER_NAME_LEN])
{
    uint32_t           n, *slot;
    pserver_object_t  *object;

    slot = inventory->nslots ? pserver_inventory_slot(inventory, name) : NULL;

    if (slot == NULL || *slot == 0
        || inventory->object[*slot - 1].count == 0)
    {
        return PSERVER_INVALID;
    }

    object = &inventory->object[*slot - 1];

    for (n = object->latest; n; n = inventory->version[n].older) {
        inventory->bytes -= inventory->version[n].size;
    }

    inventory->version[object->oldest].older = inventory->spare;
    inventory->spare = object->latest;

    inventory->versions -= object->count;
    inventory->objects--;

    object->count = 0;
    object->latest = 0;
    object->oldest = 0;

    return PSERVER_OK;
}


const pserver_object_t *
pserver_inventory_object(const pserver_inventory_t *inventory,
    const u_char name[PSERVER_NAME_LEN])
{
    uint32_t  n;

    n = inventory->nslots ? *pserver_inventory_slot(inventory, name) : 0;

    return (n && inventory->object[n - 1].count) ? &inventory->object[n - 1]
                                                 : NULL;
}


const pserver_object_t *
pserver_inventory_next(const pserver_inventory_t *inventory, size_t *i)
{
    const pserver_object_t  *object;

    while (*i < inventory->nobjects) {
        object = &inventory->object[(*i)++];

        if (object->count) {
            return object;
        }
    }

    return NULL;
}


const pserver_version_t *
pserver_inventory_version(const pserver_inventory_t *inventory,
    const pserver_object_t *object, uint64_t number)
{
    const pserver_version_t  *version;

    version = &inventory->version[object->latest];

    while (number && version && version->number != number) {
        version = pserver_inventory_older(inventory, version);
    }

    return version;
}


const pserver_version_t *
pserver_inventory_oldest(const pserver_inventory_t *inventory,
    const pserver_object_t *object)
{
    return &inventory->version[object->oldest];
}


const pserver_version_t *
pserver_inventory_newer(const pserver_inventory_t *inventory,
    const pserver_version_t *version)
{
    return version->newer ? &inventory->version[version->newer] : NULL;
}


const pserver_version_t *
pserver_inventory_older(const pserver_inventory_t *inventory,
    const pserver_version_t *version)
{
    return version->older ? &inventory->version[version->older] : NULL;
}


size_t
pserver_inventory_memory(const pserver_inventory_t *inventory)
{
    return inventory->aobjects * sizeof(pserver_object_t)
           + inventory->aversions * sizeof(pserver_version_t)
           + inventory->nslots * sizeof(uint32_t);
}


void
pserver_inventory_free(pserver_inventory_t *inventory)
{
    free(inventory->object);
    free(inventory->version);
    free(inventory->slots);

    memset(inventory, 0, sizeof(pserver_inventory_t));
}
