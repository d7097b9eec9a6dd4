/*
 * Input from elsewhere: what is kept of it.  For threads.
 */


#include "ngx_http_pserver_remote.h"
#include "ngx_http_pserver_chain.h"
#include "ngx_http_pserver_quota.h"
#include "ngx_http_pserver_writer.h"

#include "../core/encode.h"
#include "../core/json_stream.h"

#include <dirent.h>
#include <sodium.h>


#define NGX_HTTP_PSERVER_REMOTE_NAME  (2 * PSERVER_NAME_LEN + 1)

#define NGX_HTTP_PSERVER_REMOTE_PATH                                          \
    (sizeof("inputs/") - 1 + NGX_HTTP_PSERVER_REMOTE_NAME)


/* registry ‖ file ‖ URL */

typedef struct {
    size_t                           len;
    u_char                           data[sizeof(pserver_address_t)
                                          + sizeof(pserver_word_t)
                                          + PSERVER_FACTS_URL_MAX];
} ngx_http_pserver_remote_text_t;


static void ngx_http_pserver_remote_text(ngx_http_pserver_remote_text_t *text,
    ngx_http_pserver_remote_file_t *file);
static ngx_uint_t ngx_http_pserver_remote_find(
    ngx_http_pserver_remote_file_t *file, ngx_http_pserver_owner_t *owner);
static void ngx_http_pserver_remote_name(
    char name[NGX_HTTP_PSERVER_REMOTE_NAME],
    ngx_http_pserver_remote_file_t *file);
static ngx_uint_t ngx_http_pserver_remote_holds(
    ngx_http_pserver_remote_file_t *file, ngx_http_pserver_owner_t *owner,
    ngx_http_pserver_object_t *object);
static ngx_uint_t ngx_http_pserver_remote_write(
    ngx_http_pserver_remote_file_t *file, ngx_http_pserver_writer_t *writer,
    pserver_str_t content);
static ngx_uint_t ngx_http_pserver_remote_publish(
    ngx_http_pserver_remote_file_t *file, ngx_http_pserver_writer_t *writer,
    pserver_seal_meta_t *meta);
static void ngx_http_pserver_remote_room(ngx_fd_t folder, off_t size);
static off_t ngx_http_pserver_remote_oldest(ngx_fd_t folder,
    char name[NGX_HTTP_PSERVER_REMOTE_NAME]);


void
ngx_http_pserver_remote_look(ngx_http_pserver_remote_file_t *file)
{
    ngx_uint_t                rc;
    ngx_http_pserver_owner_t  owner;

    rc = ngx_http_pserver_owner_open(&owner, file->root, file->chain_id,
                                     &file->owner, 0);

    if (rc == NGX_HTTP_PSERVER_STORE_OK) {
        rc = ngx_http_pserver_remote_find(file, &owner);
    }

    file->rc = ngx_http_pserver_input_rc(rc);
    file->err = (rc == NGX_HTTP_PSERVER_STORE_ERROR) ? owner.err : 0;

    ngx_http_pserver_owner_close(&owner);
}


/* NOT_FOUND: it is not there, or not any more */

static ngx_uint_t
ngx_http_pserver_remote_find(ngx_http_pserver_remote_file_t *file,
    ngx_http_pserver_owner_t *owner)
{
    char                             path[NGX_HTTP_PSERVER_REMOTE_PATH];
    ngx_uint_t                       rc;
    pserver_str_t                    key;
    ngx_http_pserver_object_t        object;
    ngx_http_pserver_remote_text_t   text;

    ngx_http_pserver_remote_text(&text, file);

    key.data = text.data;
    key.len = text.len;

    pserver_keys_name(file->name, &owner->keys, "input", key);

    ngx_memcpy(path, "inputs/", sizeof("inputs/"));
    ngx_http_pserver_remote_name(path + sizeof("inputs/") - 1, file);

    ngx_memzero(&object, sizeof(ngx_http_pserver_object_t));

    object.fd = ngx_http_pserver_owner_openat(owner, path, O_RDONLY);

    if (object.fd == -1) {
        return NGX_HTTP_PSERVER_STORE_NOT_FOUND;
    }

    rc = ngx_http_pserver_remote_holds(file, owner, &object);

    if (rc == NGX_HTTP_PSERVER_STORE_OK) {

        /* those that were used last go last */

        (void) futimens(object.fd, NULL);

        file->fd = object.fd;
        object.fd = -1;

    } else if (rc == NGX_HTTP_PSERVER_STORE_NOT_FOUND) {
        (void) unlinkat(owner->fd, path, 0);
    }

    ngx_http_pserver_object_close(&object);

    return rc;
}


static void
ngx_http_pserver_remote_name(char name[NGX_HTTP_PSERVER_REMOTE_NAME],
    ngx_http_pserver_remote_file_t *file)
{
    *pserver_hex_encode((u_char *) name, file->name, PSERVER_NAME_LEN) = '\0';
}


static void
ngx_http_pserver_remote_text(ngx_http_pserver_remote_text_t *text,
    ngx_http_pserver_remote_file_t *file)
{
    u_char  *p;

    p = ngx_cpymem(text->data, &file->registry, sizeof(file->registry));
    p = ngx_cpymem(p, &file->id, sizeof(file->id));
    p = ngx_cpymem(p, file->url.data, file->url.len);

    text->len = p - text->data;
}


/*
 * OK: it opens, all of it, and is young enough.  NOT_FOUND: it is of no
 * value, there is another where it came from.  TOO_LARGE, for this use.
 */

static ngx_uint_t
ngx_http_pserver_remote_holds(ngx_http_pserver_remote_file_t *file,
    ngx_http_pserver_owner_t *owner, ngx_http_pserver_object_t *object)
{
    size_t                 len;
    u_char                 block[PSERVER_SEAL_BLOCK];
    uint64_t               i, age, now;
    pserver_seal_place_t   place;

    place.owner = owner->address;
    ngx_memcpy(place.name, file->name, PSERVER_NAME_LEN);

    if (ngx_http_pserver_object_open_fd(owner, object, &place,
                                        NGX_HTTP_PSERVER_REMOTE_NUMBER)
        != NGX_HTTP_PSERVER_STORE_OK)
    {
        return NGX_HTTP_PSERVER_STORE_NOT_FOUND;
    }

    now = ngx_http_pserver_chain_now();
    age = now - object->open.meta.collected_at;

    if (file->valid && age > (uint64_t) file->valid * 1000) {
        return NGX_HTTP_PSERVER_STORE_NOT_FOUND;
    }

    if (object->open.meta.length > file->limit) {
        return NGX_HTTP_PSERVER_STORE_TOO_LARGE;
    }

    for (i = 0; i < object->open.chunks; i++) {

        if (ngx_http_pserver_object_read(object, block, i, 1, &len)
            != NGX_HTTP_PSERVER_STORE_OK)
        {
            return NGX_HTTP_PSERVER_STORE_NOT_FOUND;
        }

        sodium_memzero(block, len);
    }

    return NGX_HTTP_PSERVER_STORE_OK;
}


void
ngx_http_pserver_remote_keep(ngx_http_pserver_remote_file_t *file,
    pserver_str_t content)
{
    ngx_uint_t                  rc;
    ngx_http_pserver_writer_t  *writer;

    writer = ngx_http_pserver_writer_create();

    if (writer == NULL) {
        file->rc = NGX_HTTP_PSERVER_INPUT_ERROR;
        return;
    }

    rc = ngx_http_pserver_writer_open(writer, file->root, file->chain_id,
                                      &file->owner);

    if (rc == NGX_HTTP_PSERVER_STORE_OK) {
        rc = ngx_http_pserver_remote_write(file, writer, content);
    }

    file->rc = ngx_http_pserver_input_rc(rc);
    file->err = (rc == NGX_HTTP_PSERVER_STORE_OK) ? 0 : writer->owner.err;

    ngx_http_pserver_writer_destroy(writer);
}


static ngx_uint_t
ngx_http_pserver_remote_write(ngx_http_pserver_remote_file_t *file,
    ngx_http_pserver_writer_t *writer, pserver_str_t content)
{
    ngx_uint_t                      rc;
    pserver_str_t                   key;
    pserver_seal_meta_t             meta;
    pserver_json_stream_t           json;
    ngx_http_pserver_remote_text_t  text;

    rc = ngx_http_pserver_quota_reserve(&writer->owner, file->reserve,
                                        content.len);

    if (rc != NGX_HTTP_PSERVER_STORE_OK) {
        return rc;
    }

    ngx_http_pserver_remote_text(&text, file);

    key.data = text.data;
    key.len = text.len;

    rc = ngx_http_pserver_writer_begin(writer, "input", key);

    if (rc == NGX_HTTP_PSERVER_STORE_OK) {
        rc = ngx_http_pserver_writer_write(writer, content.data, content.len,
                                           1);
    }

    if (rc != NGX_HTTP_PSERVER_STORE_OK) {
        return rc;
    }

    ngx_memzero(&meta, sizeof(pserver_seal_meta_t));

    meta.collected_at = ngx_http_pserver_chain_now();

    pserver_json_stream_init(&json);

    if (pserver_json_stream_feed(&json, content.data, content.len)
        == PSERVER_OK
        && pserver_json_stream_end(&json) == PSERVER_OK)
    {
        meta.kind = PSERVER_SEAL_JSON;

    } else {
        meta.kind = PSERVER_SEAL_BINARY;
        meta.type.data = (u_char *) "application/octet-stream";
        meta.type.len = sizeof("application/octet-stream") - 1;
    }

    return ngx_http_pserver_remote_publish(file, writer, &meta);
}


/* the file is in use from here on, whether or not its name stays */

static ngx_uint_t
ngx_http_pserver_remote_publish(ngx_http_pserver_remote_file_t *file,
    ngx_http_pserver_writer_t *writer, pserver_seal_meta_t *meta)
{
    char        name[NGX_HTTP_PSERVER_REMOTE_NAME];
    ngx_fd_t    folder;
    ngx_uint_t  rc;

    ngx_memcpy(file->name, writer->place.name, PSERVER_NAME_LEN);
    ngx_http_pserver_remote_name(name, file);

    folder = ngx_http_pserver_owner_folder(&writer->owner, "inputs");
    if (folder == -1) {
        return NGX_HTTP_PSERVER_STORE_ERROR;
    }

    /* NOT_FOUND: another process has just brought the same */

    (void) unlinkat(folder, name, 0);

    rc = ngx_http_pserver_writer_link_name(writer, meta, folder, name,
                                           NGX_HTTP_PSERVER_REMOTE_NUMBER);

    if (rc == NGX_HTTP_PSERVER_STORE_OK
        || rc == NGX_HTTP_PSERVER_STORE_NOT_FOUND)
    {
        file->fd = fcntl(writer->temp.fd, F_DUPFD_CLOEXEC, 0);
        writer->owner.err = ngx_errno;

        rc = (file->fd == -1) ? NGX_HTTP_PSERVER_STORE_ERROR
                              : NGX_HTTP_PSERVER_STORE_OK;

        ngx_http_pserver_remote_room(folder, file->size);
    }

    (void) close(folder);

    return rc;
}


/* what was used longest ago goes, until the rest fits */

static void
ngx_http_pserver_remote_room(ngx_fd_t folder, off_t size)
{
    char  name[NGX_HTTP_PSERVER_REMOTE_NAME];

    while (ngx_http_pserver_remote_oldest(folder, name) > size) {

        if (unlinkat(folder, name, 0) == -1 && ngx_errno != NGX_ENOENT) {
            break;
        }
    }
}


/* how much there is, and the name of the oldest */

static off_t
ngx_http_pserver_remote_oldest(ngx_fd_t folder,
    char name[NGX_HTTP_PSERVER_REMOTE_NAME])
{
    DIR              *dir;
    off_t             total;
    struct stat       st;
    struct dirent    *de;
    struct timespec   oldest;

    dir = ngx_http_pserver_store_dir(folder, ".");
    if (dir == NULL) {
        return 0;
    }

    total = 0;
    oldest.tv_sec = 0;
    oldest.tv_nsec = 0;

    while ((de = readdir(dir)) != NULL) {

        if (ngx_strlen(de->d_name) != NGX_HTTP_PSERVER_REMOTE_NAME - 1
            || fstatat(folder, de->d_name, &st, AT_SYMLINK_NOFOLLOW) == -1)
        {
            continue;
        }

        if (total == 0
            || st.st_mtim.tv_sec < oldest.tv_sec
            || (st.st_mtim.tv_sec == oldest.tv_sec
                && st.st_mtim.tv_nsec < oldest.tv_nsec))
        {
            oldest = st.st_mtim;
            ngx_memcpy(name, de->d_name, NGX_HTTP_PSERVER_REMOTE_NAME);
        }

        total += st.st_size;
    }

    (void) closedir(dir);

    return total;
}
