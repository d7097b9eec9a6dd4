/*
 * Memory for yajl that is wiped, and whose lack does not end in a crash.
 */

#include "json_memory.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>


struct pserver_json_block_s {
    pserver_json_block_t    *next;
    pserver_json_block_t   **link;       /* what points to this block */
    size_t                   size;
    max_align_t              data[];
};


static void *pserver_json_memory_malloc(void *ctx, size_t size);
static void *pserver_json_memory_realloc(void *ctx, void *data, size_t size);
static void pserver_json_memory_release(void *ctx, void *data);
static pserver_json_block_t *pserver_json_memory_block(void *data);


void
pserver_json_memory_init(pserver_json_memory_t *memory,
    yajl_alloc_funcs *alloc)
{
    memory->blocks = NULL;

    alloc->malloc = pserver_json_memory_malloc;
    alloc->realloc = pserver_json_memory_realloc;
    alloc->free = pserver_json_memory_release;
    alloc->ctx = memory;
}


void
pserver_json_memory_free(pserver_json_memory_t *memory)
{
    while (memory->blocks) {
        pserver_json_memory_release(memory, memory->blocks->data);
    }
}


static void *
pserver_json_memory_malloc(void *ctx, size_t size)
{
    pserver_json_block_t   *block;
    pserver_json_memory_t  *memory = ctx;

    block = NULL;

    if (size < SIZE_MAX - sizeof(pserver_json_block_t)) {
        block = malloc(sizeof(pserver_json_block_t) + size);
    }

    if (block == NULL) {
        longjmp(memory->failed, 1);
    }

    block->size = size;
    block->next = memory->blocks;
    block->link = &memory->blocks;

    if (block->next) {
        block->next->link = &block->next;
    }

    memory->blocks = block;

    return block->data;
}


static void *
pserver_json_memory_realloc(void *ctx, void *data, size_t size)
{
    void    *moved;
    size_t   old;

    moved = pserver_json_memory_malloc(ctx, size);

    if (data) {
        old = pserver_json_memory_block(data)->size;
        memcpy(moved, data, (old < size) ? old : size);
        pserver_json_memory_release(ctx, data);
    }

    return moved;
}


static void
pserver_json_memory_release(void *ctx, void *data)
{
    pserver_json_block_t  *block;

    (void) ctx;

    if (data == NULL) {
        return;
    }

    block = pserver_json_memory_block(data);

    *block->link = block->next;

    if (block->next) {
        block->next->link = block->link;
    }

    sodium_memzero(block, sizeof(pserver_json_block_t) + block->size);
    free(block);
}


static pserver_json_block_t *
pserver_json_memory_block(void *data)
{
    return (pserver_json_block_t *)
               ((u_char *) data - offsetof(pserver_json_block_t, data));
}
