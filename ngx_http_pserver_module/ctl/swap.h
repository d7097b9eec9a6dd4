/*
 * Where this machine swaps to: what is in memory, however well it is kept
 * there, must not come to lie on a disk in the clear.
 */

#ifndef _PSERVERCTL_SWAP_H_INCLUDED_
#define _PSERVERCTL_SWAP_H_INCLUDED_


#include "ctl.h"

#include <limits.h>


typedef enum {
    PSERVERCTL_SWAP_NONE = 0,
    PSERVERCTL_SWAP_ENCRYPTED,        /* dm-crypt below it, or memory: zram */
    PSERVERCTL_SWAP_PLAIN,
    PSERVERCTL_SWAP_UNKNOWN           /* a file can't be read; see errno */
} pserverctl_swap_e;


/*
 * The worst of all areas in use, and which one that is, or the file that
 * can't be read.  host is where the machine's own file system is mounted:
 * "", unless this is a container.
 */
pserverctl_swap_e pserverctl_swap(const char *host, char area[PATH_MAX]);


#endif /* _PSERVERCTL_SWAP_H_INCLUDED_ */
