/*
 * Memory for yajl, which does not look whether malloc() failed and leaves
 * what it decoded behind in freed memory.  Each block is in a list: a block
 * is wiped when it is freed, and on a failure of malloc() control goes to
 * memory->failed, from where pserver_json_memory_free() frees them all.
 *
 *     pserver_json_memory_init(&memory, &alloc);
 *
 *     if (setjmp(memory.failed) != 0) {
 *         pserver_json_memory_free(&memory);
 *         return PSERVER_NOMEM;
 *     }
 *
 * and then yajl_alloc(.., &alloc, ..).  alloc points to memory.
 */

#ifndef _PSERVER_JSON_MEMORY_H_INCLUDED_
#define _PSERVER_JSON_MEMORY_H_INCLUDED_


#include "core.h"

#include <setjmp.h>
#include <yajl/yajl_common.h>


typedef struct pserver_json_block_s  pserver_json_block_t;


typedef struct {
    pserver_json_block_t   *blocks;
    jmp_buf                 failed;
} pserver_json_memory_t;


void pserver_json_memory_init(pserver_json_memory_t *memory,
    yajl_alloc_funcs *alloc);
void pserver_json_memory_free(pserver_json_memory_t *memory);


#endif /* _PSERVER_JSON_MEMORY_H_INCLUDED_ */
