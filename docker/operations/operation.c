/*
 * The input and the output of the example operations, see operation.h.
 */

#include <stdlib.h>
#include <string.h>

#include "operation.h"


static yajl_val operation_document(void);
static yajl_val read_json(const char *name);
static yajl_val member(yajl_val object, const char *name, yajl_type type);
static void file_messages(yajl_val root, message_pt call, void *data);


yajl_val
operation_parameters(void)
{
    return member(operation_document(), "parameters", yajl_t_object);
}


size_t
operation_messages(message_pt call, void *data)
{
    size_t    i;
    yajl_val  files, path, root;

    files = member(operation_document(), "files", yajl_t_array);

    if (files == NULL) {
        operation_fail(OPERATION_BAD_DATA, "no files");
    }

    for (i = 0; i < YAJL_GET_ARRAY(files)->len; i++) {
        path = member(YAJL_GET_ARRAY(files)->values[i], "path",
                      yajl_t_string);

        root = path ? read_json(path->u.string) : NULL;

        if (root == NULL) {
            operation_fail(OPERATION_BAD_DATA, "a file is not JSON");
        }

        file_messages(root, call, data);
        yajl_tree_free(root);
    }

    return i;
}


size_t
operation_word(const char **text, char word[OPERATION_WORD])
{
    size_t         len;
    const char    *p;
    unsigned char  ch;

    len = 0;

    for (p = *text; *p; p++) {
        ch = (unsigned char) *p;

        if (ch >= 'A' && ch <= 'Z') {
            ch |= 0x20;
        }

        if ((ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9')
            || ch >= 0x80
            || (ch == '\'' && len
                && ((p[1] | 0x20) >= 'a' && (p[1] | 0x20) <= 'z')))
        {
            if (len < OPERATION_WORD) {
                word[len++] = (char) ch;
            }

        } else if (len) {
            break;
        }
    }

    *text = p;

    return len;
}


FILE *
operation_create(const char *name)
{
    char   path[256];
    FILE  *f;

    (void) snprintf(path, sizeof(path), OPERATION_OUT "/%s", name);

    f = fopen(path, "w");

    if (f == NULL) {
        operation_fail(OPERATION_FAILED, "the output can't be created");
    }

    return f;
}


void
operation_close(FILE *f)
{
    if (ferror(f) || fclose(f) != 0) {
        operation_fail(OPERATION_FAILED, "the output can't be written");
    }
}


void
operation_string(FILE *f, const char *text, size_t len)
{
    size_t         i;
    unsigned char  ch;

    /* a cut may have gone through a character of several bytes */

    while (len && ((unsigned char) text[0] & 0xc0) == 0x80) {
        text++;
        len--;
    }

    for (i = len; i && ((unsigned char) text[i - 1] & 0xc0) == 0x80; i--) {
        /* void */
    }

    if (i) {
        ch = (unsigned char) text[i - 1];

        if (len - (i - 1) < (size_t) (ch >= 0xf0 ? 4 : ch >= 0xe0 ? 3
                                      : ch >= 0xc0 ? 2 : 1))
        {
            len = i - 1;
        }
    }

    fputc('"', f);

    for (i = 0; i < len; i++) {
        ch = (unsigned char) text[i];

        if (ch == '"' || ch == '\\') {
            fputc('\\', f);
            fputc(ch, f);

        } else if (ch < 0x20) {
            fprintf(f, "\\u%04x", ch);

        } else {
            fputc(ch, f);
        }
    }

    fputc('"', f);
}


void
operation_fail(int status, const char *what)
{
    fprintf(stderr, "%s\n", what);
    exit(status);
}


static yajl_val
operation_document(void)
{
    static yajl_val  document;

    if (document == NULL) {
        document = read_json("operation.json");

        if (document == NULL) {
            operation_fail(OPERATION_BAD_DATA, "no operation.json");
        }
    }

    return document;
}


static yajl_val
read_json(const char *name)
{
    char      path[512], *text;
    FILE     *f;
    long      size;
    yajl_val  value;

    value = NULL;
    text = NULL;

    (void) snprintf(path, sizeof(path), OPERATION_IN "/%s", name);

    f = fopen(path, "r");

    if (f == NULL) {
        return NULL;
    }

    if (fseek(f, 0, SEEK_END) == 0
        && (size = ftell(f)) >= 0
        && fseek(f, 0, SEEK_SET) == 0
        && (text = malloc((size_t) size + 1)) != NULL
        && fread(text, 1, (size_t) size, f) == (size_t) size)
    {
        text[size] = '\0';
        value = yajl_tree_parse(text, NULL, 0);
    }

    free(text);
    fclose(f);

    return value;
}


static yajl_val
member(yajl_val object, const char *name, yajl_type type)
{
    const char  *path[2] = { name, NULL };

    return yajl_tree_get(object, path, type);
}


/* {"conversations":[{"title","messages":[{"sender","sent_at","text"}]}]} */

static void
file_messages(yajl_val root, message_pt call, void *data)
{
    size_t      i, j;
    yajl_val    conversations, title, messages, sender, sent_at, text;
    message_t   m;

    conversations = member(root, "conversations", yajl_t_array);

    if (conversations == NULL) {
        operation_fail(OPERATION_BAD_DATA, "a file is not an export");
    }

    for (i = 0; i < YAJL_GET_ARRAY(conversations)->len; i++) {
        title = member(YAJL_GET_ARRAY(conversations)->values[i], "title",
                       yajl_t_string);
        messages = member(YAJL_GET_ARRAY(conversations)->values[i],
                          "messages", yajl_t_array);

        if (title == NULL || messages == NULL) {
            operation_fail(OPERATION_BAD_DATA, "a bad conversation");
        }

        m.conversation = title->u.string;

        for (j = 0; j < YAJL_GET_ARRAY(messages)->len; j++) {
            sender = member(YAJL_GET_ARRAY(messages)->values[j], "sender",
                            yajl_t_string);
            sent_at = member(YAJL_GET_ARRAY(messages)->values[j], "sent_at",
                             yajl_t_string);
            text = member(YAJL_GET_ARRAY(messages)->values[j], "text",
                          yajl_t_string);

            if (sender == NULL || sent_at == NULL || text == NULL
                || strlen(sent_at->u.string) < 7)
            {
                operation_fail(OPERATION_BAD_DATA, "a bad message");
            }

            m.sender = sender->u.string;
            m.sent_at = sent_at->u.string;
            m.text = text->u.string;

            call(&m, data);
        }
    }
}
