/*
 * UnixFS, see unixfs.h.
 */

#include "protobuf.h"
#include "unixfs.h"


/* PBNode, PBLink */

#define NODE_DATA       PSERVER_PB(1, PSERVER_PB_BYTES)
#define NODE_LINK       PSERVER_PB(2, PSERVER_PB_BYTES)

#define LINK_HASH       PSERVER_PB(1, PSERVER_PB_BYTES)
#define LINK_NAME       PSERVER_PB(2, PSERVER_PB_BYTES)
#define LINK_SIZE       PSERVER_PB(3, PSERVER_PB_VARINT)

/* Data of UnixFS; the sizes of the parts add up to its size, which is
   checked, and mode and time of a file mean nothing here */

#define FILE_TYPE       PSERVER_PB(1, PSERVER_PB_VARINT)
#define FILE_DATA       PSERVER_PB(2, PSERVER_PB_BYTES)
#define FILE_SIZE       PSERVER_PB(3, PSERVER_PB_VARINT)
#define FILE_PART       PSERVER_PB(4, PSERVER_PB_VARINT)
#define FILE_PARTS      PSERVER_PB(4, PSERVER_PB_BYTES)
#define FILE_MODE       PSERVER_PB(7, PSERVER_PB_VARINT)
#define FILE_TIME       PSERVER_PB(8, PSERVER_PB_BYTES)

#define TYPE_RAW        0
#define TYPE_FILE       2


static int unixfs_data(pserver_str_t node, pserver_unixfs_t *file);


int
pserver_unixfs_parse(const u_char *block, size_t len, pserver_unixfs_t *file)
{
    int             found;
    uint64_t        key, value;
    pserver_str_t   bytes, node;
    const u_char   *pos, *last;

    pos = block;
    last = block + len;
    found = 0;

    while (pos != last) {

        if (pserver_pb_field(&pos, last, &key, &value, &bytes)
            != PSERVER_OK)
        {
            return PSERVER_INVALID;
        }

        switch (key) {

        case NODE_DATA:
            if (found) {
                return PSERVER_INVALID;
            }

            found = 1;
            node = bytes;
            break;

        case NODE_LINK:
            break;

        default:
            return PSERVER_INVALID;
        }
    }

    if (!found) {
        return PSERVER_INVALID;
    }

    file->pos = block;
    file->last = last;

    return unixfs_data(node, file);
}


static int
unixfs_data(pserver_str_t node, pserver_unixfs_t *file)
{
    uint64_t        key, value, type;
    pserver_str_t   bytes;
    const u_char   *pos, *last;

    file->data.data = node.data;
    file->data.len = 0;
    file->size = UINT64_MAX;

    type = UINT64_MAX;

    pos = node.data;
    last = node.data + node.len;

    while (pos != last) {

        if (pserver_pb_field(&pos, last, &key, &value, &bytes)
            != PSERVER_OK)
        {
            return PSERVER_INVALID;
        }

        switch (key) {

        case FILE_TYPE:
            type = value;
            break;

        case FILE_DATA:
            file->data = bytes;
            break;

        case FILE_SIZE:
            file->size = value;
            break;

        case FILE_PART:
        case FILE_PARTS:
        case FILE_MODE:
        case FILE_TIME:
            break;

        default:
            return PSERVER_INVALID;
        }
    }

    return (type == TYPE_RAW || type == TYPE_FILE) ? PSERVER_OK
                                                   : PSERVER_INVALID;
}


int
pserver_unixfs_link(pserver_unixfs_t *file, pserver_cid_t *cid)
{
    int             found;
    uint64_t        key, value;
    pserver_str_t   link, bytes;
    const u_char   *pos, *last;

    do {
        if (file->pos == file->last) {
            return PSERVER_DONE;
        }

        if (pserver_pb_field(&file->pos, file->last, &key, &value, &link)
            != PSERVER_OK)
        {
            return PSERVER_INVALID;
        }

    } while (key != NODE_LINK);

    pos = link.data;
    last = link.data + link.len;
    found = 0;

    while (pos != last) {

        if (pserver_pb_field(&pos, last, &key, &value, &bytes)
            != PSERVER_OK)
        {
            return PSERVER_INVALID;
        }

        switch (key) {

        case LINK_HASH:
            if (found || pserver_cid_binary(bytes, cid) != PSERVER_OK) {
                return PSERVER_INVALID;
            }

            found = 1;
            break;

        case LINK_NAME:
        case LINK_SIZE:
            break;

        default:
            return PSERVER_INVALID;
        }
    }

    return found ? PSERVER_OK : PSERVER_INVALID;
}
