/*
 * answer: the passages that support an answer to a question, by BM25
 * (Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009;
 * k1 = 1.2, b = 0.75, and the inverse document frequency of Lucene, which is
 * never negative).  No model and no network: words are compared, nothing is
 * understood, and only English words are left out of a question.
 *
 * Parameters: "question", 2 to 500 bytes; "passages" (1 to 20, 3 if absent).
 * Result: see README.md.  A passage is a message, and the answer the
 * sentence of the best one whose words weigh most.
 */

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "operation.h"


#define ANSWER_TERMS     64
#define ANSWER_PASSAGES  20
#define ANSWER_TEXT      500        /* bytes of a passage that are quoted */

#define ANSWER_K1        1.2
#define ANSWER_B         0.75


/* what questions are made of, whatever they ask */

static const char *const  answer_stop_words[] = {
    "a", "about", "an", "and", "any", "are", "as", "at", "be", "been", "but",
    "by", "can", "could", "did", "do", "does", "for", "from", "had", "has",
    "have", "he", "her", "his", "how", "i", "if", "in", "is", "it", "its",
    "me", "my", "of", "on", "or", "our", "said", "say", "says", "she",
    "should", "so", "that", "the", "their", "them", "there", "they", "this",
    "to", "us", "was", "we", "were", "what", "when", "where", "which", "who",
    "whose", "why", "will", "with", "would", "you", "your", NULL
};


typedef struct {
    char           word[OPERATION_WORD];
    size_t         len;
    size_t         messages;        /* that have it */
    double         weight;          /* inverse document frequency */
} term_t;

typedef struct {
    message_t      message;         /* its texts are copies */
    double         score;
} passage_t;

typedef struct {
    const char    *question;
    term_t         terms[ANSWER_TERMS];
    size_t         count;
    passage_t      best[ANSWER_PASSAGES];
    size_t         passages;
    size_t         wanted;
    size_t         messages;
    size_t         words;           /* of all messages */
} answer_t;


static void answer_parameters(answer_t *a);
static int answer_is_stop_word(const char *word, size_t len);
static void answer_count(const message_t *message, void *data);
static void answer_score(const message_t *message, void *data);
static void answer_keep(answer_t *a, const message_t *message, double score);
static size_t answer_hits(const answer_t *a, const char *text,
    size_t hits[ANSWER_TERMS]);
static char *answer_copy(const char *text, size_t len);
static char *answer_sentence(const answer_t *a);
static size_t answer_sentence_len(const char *text);
static void answer_write(const answer_t *a, size_t files);


int
main(void)
{
    size_t    i, files;
    double    n;
    answer_t  a;

    memset(&a, 0, sizeof(answer_t));

    answer_parameters(&a);

    files = operation_messages(answer_count, &a);

    for (i = 0; i < a.count; i++) {
        n = (double) a.terms[i].messages;
        a.terms[i].weight = log(1 + ((double) a.messages - n + 0.5)
                                    / (n + 0.5));
    }

    (void) operation_messages(answer_score, &a);

    answer_write(&a, files);

    return 0;
}


static void
answer_parameters(answer_t *a)
{
    char         word[OPERATION_WORD];
    size_t       i, len;
    yajl_val     value;
    const char  *text;
    const char  *question_path[] = { "question", NULL };
    const char  *passages_path[] = { "passages", NULL };

    value = yajl_tree_get(operation_parameters(), question_path,
                          yajl_t_string);

    if (value == NULL
        || strlen(value->u.string) < 2 || strlen(value->u.string) > 500)
    {
        operation_fail(OPERATION_BAD_PARAMETERS,
                       "question is a text of 2 to 500 bytes");
    }

    a->question = value->u.string;
    a->wanted = 3;

    value = yajl_tree_get(operation_parameters(), passages_path, yajl_t_any);

    if (value) {
        if (!YAJL_IS_INTEGER(value) || YAJL_GET_INTEGER(value) < 1
            || YAJL_GET_INTEGER(value) > ANSWER_PASSAGES)
        {
            operation_fail(OPERATION_BAD_PARAMETERS, "passages is 1 to 20");
        }

        a->wanted = (size_t) YAJL_GET_INTEGER(value);
    }

    /* each word of the question that says something, once */

    text = a->question;

    while (a->count < ANSWER_TERMS
           && (len = operation_word(&text, word)) != 0)
    {
        if (answer_is_stop_word(word, len)) {
            continue;
        }

        for (i = 0; i < a->count; i++) {
            if (a->terms[i].len == len
                && memcmp(a->terms[i].word, word, len) == 0)
            {
                break;
            }
        }

        if (i == a->count) {
            memcpy(a->terms[i].word, word, len);
            a->terms[i].len = len;
            a->count++;
        }
    }
}


static int
answer_is_stop_word(const char *word, size_t len)
{
    size_t  i;

    for (i = 0; answer_stop_words[i]; i++) {
        if (strlen(answer_stop_words[i]) == len
            && memcmp(answer_stop_words[i], word, len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


static void
answer_count(const message_t *message, void *data)
{
    size_t     i, hits[ANSWER_TERMS];
    answer_t  *a = data;

    a->messages++;
    a->words += answer_hits(a, message->text, hits);

    for (i = 0; i < a->count; i++) {
        a->terms[i].messages += (hits[i] != 0);
    }
}


static void
answer_score(const message_t *message, void *data)
{
    double     score, length;
    size_t     i, words, hits[ANSWER_TERMS];
    answer_t  *a = data;

    words = answer_hits(a, message->text, hits);

    length = (double) words * (double) a->messages / (double) a->words;
    score = 0;

    for (i = 0; i < a->count; i++) {
        if (hits[i]) {
            score += a->terms[i].weight * (double) hits[i] * (ANSWER_K1 + 1)
                     / ((double) hits[i]
                        + ANSWER_K1 * (1 - ANSWER_B + ANSWER_B * length));
        }
    }

    if (score > 0) {
        answer_keep(a, message, score);
    }
}


/* the best come first; of two that are as good the one that was first */

static void
answer_keep(answer_t *a, const message_t *message, double score)
{
    size_t      i;
    passage_t  *p;

    for (i = a->passages; i && a->best[i - 1].score < score; i--) {
        /* void */
    }

    if (i == a->wanted) {
        return;
    }

    if (a->passages == a->wanted) {
        p = &a->best[--a->passages];
        free((char *) p->message.conversation);
        free((char *) p->message.sender);
        free((char *) p->message.sent_at);
        free((char *) p->message.text);
    }

    memmove(&a->best[i + 1], &a->best[i],
            (a->passages - i) * sizeof(passage_t));
    a->passages++;

    p = &a->best[i];
    p->score = score;
    p->message.conversation = answer_copy(message->conversation, (size_t) -1);
    p->message.sender = answer_copy(message->sender, (size_t) -1);
    p->message.sent_at = answer_copy(message->sent_at, (size_t) -1);
    p->message.text = answer_copy(message->text, ANSWER_TEXT);
}


/* how often each term stands in the text; returns the number of words */

static size_t
answer_hits(const answer_t *a, const char *text, size_t hits[ANSWER_TERMS])
{
    char    word[OPERATION_WORD];
    size_t  i, len, words;

    memset(hits, 0, ANSWER_TERMS * sizeof(size_t));

    words = 0;

    while ((len = operation_word(&text, word)) != 0) {
        words++;

        for (i = 0; i < a->count; i++) {
            if (a->terms[i].len == len
                && memcmp(a->terms[i].word, word, len) == 0)
            {
                hits[i]++;
                break;
            }
        }
    }

    return words;
}


static char *
answer_copy(const char *text, size_t len)
{
    char  *copy;

    copy = strndup(text, len);

    if (copy == NULL) {
        operation_fail(OPERATION_FAILED, "no memory");
    }

    return copy;
}


/* of the best passage, a copy */

static char *
answer_sentence(const answer_t *a)
{
    char        *sentence, *found;
    double       weight, best;
    size_t       i, len, hits[ANSWER_TERMS];
    const char  *text;

    found = NULL;
    best = -1;

    for (text = a->best[0].message.text; *text; text += len) {
        text += strspn(text, " ");
        len = answer_sentence_len(text);
        sentence = answer_copy(text, len);

        (void) answer_hits(a, sentence, hits);

        weight = 0;

        for (i = 0; i < a->count; i++) {
            weight += hits[i] ? a->terms[i].weight : 0;
        }

        if (weight > best) {
            free(found);
            found = sentence;
            best = weight;

        } else {
            free(sentence);
        }
    }

    return found;
}


/* up to a full stop, question or exclamation mark before a blank */

static size_t
answer_sentence_len(const char *text)
{
    size_t  i;

    for (i = 0; text[i]; i++) {
        if (strchr(".?!", text[i]) && text[i + 1] == ' ') {
            return i + 1;
        }
    }

    return i;
}


static void
answer_write(const answer_t *a, size_t files)
{
    FILE             *f;
    char             *sentence;
    size_t            i;
    const message_t  *m;

    f = operation_create("result.json");

    fprintf(f, "{\"operation\":\"answer\",\"files\":%zu,\"messages\":%zu"
            ",\"question\":", files, a->messages);
    operation_string(f, a->question, strlen(a->question));
    fprintf(f, ",\"answer\":");

    if (a->passages) {
        sentence = answer_sentence(a);
        operation_string(f, sentence, strlen(sentence));
        free(sentence);

    } else {
        fprintf(f, "null");
    }

    fprintf(f, ",\"passages\":[");

    for (i = 0; i < a->passages; i++) {
        m = &a->best[i].message;

        fprintf(f, "%s{\"conversation\":", i ? "," : "");
        operation_string(f, m->conversation, strlen(m->conversation));
        fprintf(f, ",\"sender\":");
        operation_string(f, m->sender, strlen(m->sender));
        fprintf(f, ",\"sent_at\":");
        operation_string(f, m->sent_at, strlen(m->sent_at));
        fprintf(f, ",\"text\":");
        operation_string(f, m->text, strlen(m->text));
        fprintf(f, ",\"score\":%.3f}", a->best[i].score);
    }

    fprintf(f, "]}\n");

    operation_close(f);
}
