/*
 * The output: from /job/out to stdout, see run.h.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "run.h"


#define PACK_OPEN  (O_RDONLY|O_NOFOLLOW|O_CLOEXEC|O_NONBLOCK)


typedef struct {
    char                  name[PSERVER_TAR_NAME_MAX + 1];
    uint64_t              size;
} pack_file_t;


static int pack_walk(int fd, size_t prefix, unsigned depth);
static int pack_entry(int fd, const char *entry, size_t prefix,
    unsigned depth);
static int pack_file(int root, int fd, const pack_file_t *file);
static int pack_zeros(int fd, size_t len);
static int pack_compare(const void *a, const void *b);
static pserver_str_t pack_name(const pack_file_t *file);


static pack_file_t  pack_files[PSERVER_PAYLOAD_ENTRIES];
static size_t       pack_count;
static size_t       pack_seen;    /* files and directories */
static char         pack_path[PSERVER_TAR_NAME_MAX + 1];


pserver_payload_outcome_e
run_list(uint64_t limit, uint64_t *length, int *error)
{
    int     rc, root;
    size_t  i;

    errno = 0;

    rc = PSERVER_ERROR;
    root = open(RUN_OUT, PACK_OPEN|O_DIRECTORY);

    if (root != -1) {
        rc = pack_walk(root, 0, 1);
    }

    if (rc != PSERVER_OK) {
        *error = errno;
        return PSERVER_PAYLOAD_OUTPUT;
    }

    qsort(pack_files, pack_count, sizeof(pack_file_t), pack_compare);

    *length = PSERVER_TAR_END_LEN;

    for (i = 0; i < pack_count; i++) {
        if (pack_files[i].size > limit
            || pack_files[i].size > PSERVER_TAR_FILE_MAX)
        {
            return PSERVER_PAYLOAD_LIMIT;
        }

        *length += pserver_tar_entry_len(pack_files[i].size);
    }

    return (*length > limit) ? PSERVER_PAYLOAD_LIMIT : PSERVER_PAYLOAD_RAN;
}


int
run_pack(int fd)
{
    int     root;
    size_t  i;

    root = -1;

    if (pack_count) {
        root = open(RUN_OUT, PACK_OPEN|O_DIRECTORY);

        if (root == -1) {
            return PSERVER_ERROR;
        }
    }

    for (i = 0; i < pack_count; i++) {
        if (pack_file(root, fd, &pack_files[i]) != PSERVER_OK) {
            return PSERVER_ERROR;
        }
    }

    return pack_zeros(fd, PSERVER_TAR_END_LEN);
}


/* fd is closed; the first "prefix" bytes of pack_path name it */

static int
pack_walk(int fd, size_t prefix, unsigned depth)
{
    int             rc;
    DIR            *dir;
    struct dirent  *entry;

    dir = fdopendir(fd);

    if (dir == NULL) {
        (void) close(fd);
        return PSERVER_ERROR;
    }

    rc = PSERVER_OK;

    while (rc == PSERVER_OK && (entry = readdir(dir)) != NULL) {

        if (strcmp(entry->d_name, ".") == 0
            || strcmp(entry->d_name, "..") == 0)
        {
            continue;
        }

        rc = pack_entry(fd, entry->d_name, prefix, depth);
    }

    (void) closedir(dir);

    return rc;
}


static int
pack_entry(int fd, const char *entry, size_t prefix, unsigned depth)
{
    int            dir;
    size_t         len;
    pack_file_t   *file;
    struct stat    st;

    len = strlen(entry);

    if (len > PSERVER_TAR_NAME_MAX - prefix
        || depth > PSERVER_PAYLOAD_DEPTH
        || pack_seen++ == PSERVER_PAYLOAD_ENTRIES)
    {
        return PSERVER_INVALID;
    }

    if (fstatat(fd, entry, &st, AT_SYMLINK_NOFOLLOW) == -1) {
        return PSERVER_ERROR;
    }

    memcpy(pack_path + prefix, entry, len + 1);
    len += prefix;

    if (S_ISDIR(st.st_mode)) {

        dir = openat(fd, entry, PACK_OPEN|O_DIRECTORY);

        if (dir == -1 || len == PSERVER_TAR_NAME_MAX) {
            return PSERVER_ERROR;
        }

        pack_path[len] = '/';

        return pack_walk(dir, len + 1, depth + 1);
    }

    if (!S_ISREG(st.st_mode)) {
        return PSERVER_INVALID;
    }

    /* found out before the head has promised it */

    if (faccessat(fd, entry, R_OK, 0) == -1) {
        return PSERVER_ERROR;
    }

    file = &pack_files[pack_count];

    memcpy(file->name, pack_path, len + 1);
    file->size = (uint64_t) st.st_size;

    if (pserver_tar_name(pack_name(file)) != PSERVER_OK) {
        return PSERVER_INVALID;
    }

    pack_count++;

    return PSERVER_OK;
}


static int
pack_file(int root, int fd, const pack_file_t *file)
{
    int       in;
    size_t    len;
    u_char    block[PSERVER_TAR_BLOCK];
    ssize_t   n;
    uint64_t  left;

    in = openat(root, file->name, PACK_OPEN);

    if (in == -1) {
        return PSERVER_ERROR;
    }

    if (pserver_tar_header(block, pack_name(file), file->size) != PSERVER_OK
        || run_write(fd, block, sizeof(block)) != PSERVER_OK)
    {
        return PSERVER_ERROR;
    }

    for (left = file->size; left; left -= (uint64_t) n) {
        len = (left < RUN_BUF_LEN) ? (size_t) left : RUN_BUF_LEN;
        n = read(in, run_buf, len);

        if (n <= 0 || run_write(fd, run_buf, (size_t) n) != PSERVER_OK) {
            return PSERVER_ERROR;
        }
    }

    (void) close(in);

    return pack_zeros(fd, pserver_tar_padding(file->size));
}


static int
pack_zeros(int fd, size_t len)
{
    static const u_char  zeros[PSERVER_TAR_END_LEN];

    return run_write(fd, zeros, len);
}


static int
pack_compare(const void *a, const void *b)
{
    return pserver_tar_compare(pack_name(a), pack_name(b));
}


static pserver_str_t
pack_name(const pack_file_t *file)
{
    pserver_str_t  name;

    name.data = (u_char *) file->name;
    name.len = strlen(file->name);

    return name;
}
