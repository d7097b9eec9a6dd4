/*
 * word_count: who wrote how much, and when.
 *
 * Parameters: "top" (0 to 100, 10 if absent), how many of the most frequent
 * words to name.  Result: see README.md; by_month.csv is an artifact.
 */

#include <stdlib.h>
#include <string.h>

#include "operation.h"


typedef struct {
    char               *key;
    unsigned long long  messages;
    unsigned long long  words;
} count_t;

typedef struct {
    count_t            *slots;      /* open addressing, a power of two */
    size_t              size;
    size_t              used;
} table_t;

typedef struct {
    table_t             senders;
    table_t             months;
    table_t             words;
    unsigned long long  messages;
    unsigned long long  total;
} counts_t;


static void count_message(const message_t *message, void *data);
static unsigned long long count_words(counts_t *counts, const char *text);
static count_t *table_get(table_t *t, const char *key, size_t len);
static void table_grow(table_t *t);
static size_t table_hash(const char *key, size_t len);
static void table_sort(table_t *t, int (*compare)(const void *,
    const void *));
static int by_words(const void *a, const void *b);
static int by_key(const void *a, const void *b);
static void write_result(counts_t *counts, size_t files, size_t top);
static void write_csv(const counts_t *counts);


int
main(void)
{
    size_t       files, top;
    yajl_val     value;
    counts_t     counts;
    const char  *path[] = { "top", NULL };

    top = 10;

    value = yajl_tree_get(operation_parameters(), path, yajl_t_any);

    if (value != NULL) {
        if (!YAJL_IS_INTEGER(value)
            || YAJL_GET_INTEGER(value) < 0 || YAJL_GET_INTEGER(value) > 100)
        {
            operation_fail(OPERATION_BAD_PARAMETERS, "top is 0 to 100");
        }

        top = (size_t) YAJL_GET_INTEGER(value);
    }

    memset(&counts, 0, sizeof(counts_t));

    files = operation_messages(count_message, &counts);

    table_sort(&counts.senders, by_words);
    table_sort(&counts.months, by_key);
    table_sort(&counts.words, by_words);

    write_result(&counts, files, top);
    write_csv(&counts);

    return 0;
}


static void
count_message(const message_t *message, void *data)
{
    count_t             *c;
    counts_t            *counts = data;
    unsigned long long   words;

    words = count_words(counts, message->text);

    c = table_get(&counts->senders, message->sender,
                  strlen(message->sender));
    c->messages++;
    c->words += words;

    c = table_get(&counts->months, message->sent_at, 7);
    c->messages++;
    c->words += words;

    counts->messages++;
    counts->total += words;
}


static unsigned long long
count_words(counts_t *counts, const char *text)
{
    char                 word[OPERATION_WORD];
    size_t               len;
    unsigned long long   words;

    words = 0;

    while ((len = operation_word(&text, word)) != 0) {
        table_get(&counts->words, word, len)->words++;
        words++;
    }

    return words;
}


/* finds or adds */

static count_t *
table_get(table_t *t, const char *key, size_t len)
{
    size_t    i;
    count_t  *c;

    if (t->used * 2 >= t->size) {
        table_grow(t);
    }

    for (i = table_hash(key, len); ; i++) {
        c = &t->slots[i & (t->size - 1)];

        if (c->key == NULL) {
            break;
        }

        if (strncmp(c->key, key, len) == 0 && c->key[len] == '\0') {
            return c;
        }
    }

    c->key = strndup(key, len);

    if (c->key == NULL) {
        operation_fail(OPERATION_FAILED, "no memory");
    }

    t->used++;

    return c;
}


static void
table_grow(table_t *t)
{
    size_t   i, j, size;
    table_t  old;

    old = *t;
    size = t->size ? t->size * 2 : 64;

    t->slots = calloc(size, sizeof(count_t));
    t->size = size;

    if (t->slots == NULL) {
        operation_fail(OPERATION_FAILED, "no memory");
    }

    for (i = 0; i < old.size; i++) {
        if (old.slots[i].key == NULL) {
            continue;
        }

        j = table_hash(old.slots[i].key, strlen(old.slots[i].key));

        while (t->slots[j & (size - 1)].key) {
            j++;
        }

        t->slots[j & (size - 1)] = old.slots[i];
    }

    free(old.slots);
}


/* FNV-1a */

static size_t
table_hash(const char *key, size_t len)
{
    size_t  i, hash;

    hash = 2166136261u;

    for (i = 0; i < len; i++) {
        hash = (hash ^ (unsigned char) key[i]) * 16777619u;
    }

    return hash;
}


/* moves all to the front; nothing can be found or added after that */

static void
table_sort(table_t *t, int (*compare)(const void *, const void *))
{
    size_t  i, n;

    for (i = 0, n = 0; i < t->size; i++) {
        if (t->slots[i].key) {
            t->slots[n++] = t->slots[i];
        }
    }

    qsort(t->slots, n, sizeof(count_t), compare);
}


static int
by_words(const void *a, const void *b)
{
    const count_t  *x = a, *y = b;

    if (x->words != y->words) {
        return (x->words > y->words) ? -1 : 1;
    }

    return strcmp(x->key, y->key);
}


static int
by_key(const void *a, const void *b)
{
    const count_t  *x = a, *y = b;

    return strcmp(x->key, y->key);
}


static void
write_result(counts_t *counts, size_t files, size_t top)
{
    FILE    *f;
    size_t   i;

    f = operation_create("result.json");

    fprintf(f, "{\"operation\":\"word_count\",\"files\":%zu"
            ",\"messages\":%llu,\"words\":%llu,\"distinct_words\":%zu"
            ",\"by_sender\":[",
            files, counts->messages, counts->total, counts->words.used);

    for (i = 0; i < counts->senders.used; i++) {
        fprintf(f, "%s{\"sender\":", i ? "," : "");
        operation_string(f, counts->senders.slots[i].key,
                         strlen(counts->senders.slots[i].key));
        fprintf(f, ",\"messages\":%llu,\"words\":%llu}",
                counts->senders.slots[i].messages,
                counts->senders.slots[i].words);
    }

    fprintf(f, "],\"by_month\":[");

    for (i = 0; i < counts->months.used; i++) {
        fprintf(f, "%s{\"month\":", i ? "," : "");
        operation_string(f, counts->months.slots[i].key,
                         strlen(counts->months.slots[i].key));
        fprintf(f, ",\"messages\":%llu,\"words\":%llu}",
                counts->months.slots[i].messages,
                counts->months.slots[i].words);
    }

    fprintf(f, "],\"top_words\":[");

    for (i = 0; i < counts->words.used && i < top; i++) {
        fprintf(f, "%s{\"word\":", i ? "," : "");
        operation_string(f, counts->words.slots[i].key,
                         strlen(counts->words.slots[i].key));
        fprintf(f, ",\"count\":%llu}", counts->words.slots[i].words);
    }

    fprintf(f, "]}\n");

    operation_close(f);
}


static void
write_csv(const counts_t *counts)
{
    FILE    *f;
    size_t   i;

    f = operation_create("by_month.csv");

    fprintf(f, "month,messages,words\r\n");

    for (i = 0; i < counts->months.used; i++) {
        fprintf(f, "%s,%llu,%llu\r\n", counts->months.slots[i].key,
                counts->months.slots[i].messages,
                counts->months.slots[i].words);
    }

    operation_close(f);
}
