/*
 * What the example operations share: their input, a walk over the messages
 * of an export, and JSON text for the result.  An operation of your own
 * needs none of it: see README.md for the contract, in any language.
 */

#ifndef _OPERATION_H_INCLUDED_
#define _OPERATION_H_INCLUDED_


#include <stdio.h>
#include <stddef.h>
#include <yajl/yajl_tree.h>


#define OPERATION_IN   "/job/in"
#define OPERATION_OUT  "/job/out"

#define OPERATION_WORD 64

/* how an operation says that it can't use its input */
#define OPERATION_BAD_PARAMETERS  2
#define OPERATION_BAD_DATA        3
#define OPERATION_FAILED          4


typedef struct {
    const char  *conversation;
    const char  *sender;
    const char  *sent_at;       /* RFC 3339, UTC */
    const char  *text;
} message_t;

typedef void (*message_pt)(const message_t *message, void *data);


/* of /job/in/operation.json; NULL where there is none */
yajl_val operation_parameters(void);

/*
 * Calls for each message of each file of the operation, in order, and
 * returns the number of files.  What is not as expected ends the program.
 */
size_t operation_messages(message_pt call, void *data);

/*
 * The next word of a text, in lower case and without an end: its length, or
 * 0 where there is none.  *text is moved behind it.  A word is a run of
 * ASCII letters, digits, apostrophes inside, and all bytes beyond ASCII; of
 * a longer one the beginning counts.
 */
size_t operation_word(const char **text, char word[OPERATION_WORD]);

/* opens a file in /job/out for writing, or ends the program */
FILE *operation_create(const char *name);
void operation_close(FILE *f);

/* a JSON string of len bytes; what is not UTF-8 at its ends is left out */
void operation_string(FILE *f, const char *text, size_t len);

void operation_fail(int status, const char *what) __attribute__((noreturn));


#endif /* _OPERATION_H_INCLUDED_ */
