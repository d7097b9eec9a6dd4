/*
 * Where this machine swaps to: /proc/swaps, and what sysfs says of the block
 * devices below.
 */

#include "swap.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>


/* a crypt device on a volume on an array of partitions is four deep */

#define PSERVERCTL_SWAP_DEPTH  16


static int pserverctl_swap_is_memory(const char *area);
static int pserverctl_swap_encrypted(const char *host, const char *area);
static int pserverctl_swap_device(const char *dir, int depth);
static int pserverctl_swap_slaves(const char *dir, int depth);


pserverctl_swap_e
pserverctl_swap(const char *host, char area[PATH_MAX])
{
    FILE               *swaps;
    char                line[PATH_MAX], path[PATH_MAX];
    pserverctl_swap_e   worst;

    (void) snprintf(area, PATH_MAX, "%s/proc/swaps", host);

    swaps = fopen(area, "r");
    if (swaps == NULL) {
        return PSERVERCTL_SWAP_UNKNOWN;
    }

    worst = PSERVERCTL_SWAP_NONE;

    /* "Filename Type Size Used Priority", then a line an area */

    while (fgets(line, sizeof(line), swaps)) {

        if (line[0] != '/') {
            continue;
        }

        line[strcspn(line, " \t\n")] = '\0';

        (void) snprintf(path, sizeof(path), "%s%s", host, line);

        (void) snprintf(area, PATH_MAX, "%s", line);

        if (!pserverctl_swap_is_memory(line)
            && !pserverctl_swap_encrypted(host, path))
        {
            worst = PSERVERCTL_SWAP_PLAIN;
            break;
        }

        worst = PSERVERCTL_SWAP_ENCRYPTED;
    }

    (void) fclose(swaps);

    return worst;
}


/* pages stay in memory, compressed */

static int
pserverctl_swap_is_memory(const char *area)
{
    return strncmp(area, "/dev/zram", sizeof("/dev/zram") - 1) == 0;
}


/* a partition, or a file: then the device that it is on */

static int
pserverctl_swap_encrypted(const char *host, const char *area)
{
    dev_t        dev;
    char         dir[PATH_MAX];
    struct stat  st;

    if (stat(area, &st) == -1) {
        return 0;
    }

    dev = S_ISBLK(st.st_mode) ? st.st_rdev : st.st_dev;

    (void) snprintf(dir, sizeof(dir), "%s/sys/dev/block/%u:%u", host,
                    major(dev), minor(dev));

    return pserverctl_swap_device(dir, PSERVERCTL_SWAP_DEPTH);
}


/* device-mapper gives what cryptsetup has made a name of this kind */

static int
pserverctl_swap_device(const char *dir, int depth)
{
    FILE  *uuid;
    char   path[PATH_MAX], text[sizeof("CRYPT-")];
    int    crypt;

    if (snprintf(path, sizeof(path), "%s/dm/uuid", dir)
        >= (int) sizeof(path))
    {
        return 0;
    }

    crypt = 0;
    uuid = fopen(path, "r");

    if (uuid) {
        crypt = fgets(text, sizeof(text), uuid) != NULL
                && strcmp(text, "CRYPT-") == 0;

        (void) fclose(uuid);
    }

    return crypt || pserverctl_swap_slaves(dir, depth - 1);
}


/* a volume on encrypted devices is encrypted where all of them are */

static int
pserverctl_swap_slaves(const char *dir, int depth)
{
    DIR            *slaves;
    char            path[PATH_MAX], slave[PATH_MAX];
    int             encrypted;
    struct dirent  *entry;

    if (depth == 0
        || snprintf(path, sizeof(path), "%s/slaves", dir)
           >= (int) sizeof(path))
    {
        return 0;
    }

    slaves = opendir(path);
    if (slaves == NULL) {
        return 0;
    }

    encrypted = 0;

    while ((entry = readdir(slaves)) != NULL) {

        if (entry->d_name[0] == '.') {
            continue;
        }

        encrypted = snprintf(slave, sizeof(slave), "%s/%s", path,
                             entry->d_name)
                    < (int) sizeof(slave)
                    && pserverctl_swap_device(slave, depth);

        if (!encrypted) {
            break;
        }
    }

    (void) closedir(slaves);

    return encrypted;
}
