/*
 * pserverctl: the command line of owners, apps and operators.  What its
 * files share; a command is a row of a table in its file.
 *
 * A command prints its result to stdout and nothing else; what went wrong
 * goes to stderr, with what to do about it.  It returns one of:
 */

#ifndef _PSERVERCTL_H_INCLUDED_
#define _PSERVERCTL_H_INCLUDED_


#include "../core/core.h"
#include "../core/eth.h"
#include "../core/json.h"


#define PSERVERCTL_OK      0
#define PSERVERCTL_FAILED  1        /* it could not be done, or was refused */
#define PSERVERCTL_USAGE   2        /* the command line is wrong */
#define PSERVERCTL_AGAIN   3        /* nothing is wrong that is known of: who
                                       had to be asked could not be, or it
                                       was not done in time */

#define PSERVERCTL_OPTIONS  24      /* of one command, at most */


typedef struct pserverctl_args_s  pserverctl_args_t;

typedef struct {
    const char                    *name;     /* without "--" */
    const char                    *value;    /* its name; NULL: a flag */
    const char                    *text;
} pserverctl_option_t;


typedef struct {
    const char                    *name;     /* one or two words */
    const char                    *usage;    /* what follows the name */
    const char                    *text;     /* first line: a summary */
    const pserverctl_option_t     *options;  /* the last has no name */
    int                            min;      /* arguments besides options */
    int                            max;
    int                          (*run)(pserverctl_args_t *args);
} pserverctl_command_t;


struct pserverctl_args_s {
    const pserverctl_command_t    *command;
    char                          *values[PSERVERCTL_OPTIONS];
    char                         **rest;
    int                            count;
};


/* tables of commands; the last has no name */

extern const pserverctl_command_t  pserverctl_sign_commands[];
extern const pserverctl_command_t  pserverctl_key_commands[];
extern const pserverctl_command_t  pserverctl_init_commands[];
extern const pserverctl_command_t  pserverctl_root_commands[];
extern const pserverctl_command_t  pserverctl_rotate_commands[];
extern const pserverctl_command_t  pserverctl_doctor_commands[];
extern const pserverctl_command_t  pserverctl_data_commands[];
extern const pserverctl_command_t  pserverctl_legacy_commands[];
extern const pserverctl_command_t  pserverctl_encrypt_commands[];
extern const pserverctl_command_t  pserverctl_custody_commands[];
extern const pserverctl_command_t  pserverctl_operation_commands[];
extern const pserverctl_command_t  pserverctl_try_commands[];
extern const pserverctl_command_t  pserverctl_fsck_commands[];
extern const pserverctl_command_t  pserverctl_export_commands[];
extern const pserverctl_command_t  pserverctl_import_commands[];
extern const pserverctl_command_t  pserverctl_log_commands[];
extern const pserverctl_command_t  pserverctl_audit_commands[];
extern const pserverctl_command_t  pserverctl_receipt_commands[];


/* options.c */

/*
 * Sorts argv, which begins behind the command's name, into *args; options
 * and arguments may be mixed, "--" ends options.  PSERVERCTL_USAGE: said.
 */
int pserverctl_args(pserverctl_args_t *args,
    const pserverctl_command_t *command, int argc, char **argv);

/* NULL: not given; "" for a flag.  The command must have such an option. */
char *pserverctl_option(const pserverctl_args_t *args, const char *name);

/* the same as a string; data is NULL if it is not given */
pserver_str_t pserverctl_value(const pserverctl_args_t *args,
    const char *name);

/* the same, and if it is not given says so: PSERVERCTL_USAGE */
int pserverctl_required(const pserverctl_args_t *args, const char *name,
    pserver_str_t *value);

/* a decimal number; the default where it is not given */
int pserverctl_number(const pserverctl_args_t *args, const char *name,
    uint64_t otherwise, uint64_t *value);

void pserverctl_help(const pserverctl_command_t *command);

/* a message to stderr, behind "pserverctl: " */
void pserverctl_error(const char *fmt, ...)
    __attribute__((format(printf, 1, 2)));
int pserverctl_usage_error(const pserverctl_args_t *args, const char *fmt,
    ...) __attribute__((format(printf, 2, 3)));

pserver_str_t pserverctl_str(const char *text);


/* keys.c */

#define PSERVERCTL_KEY_OPTION                                                 \
    { "key", "FILE|0x..", "private key: a file that holds it, or itself" }

#define PSERVERCTL_KEY_TEXT                                                   \
    "\n"                                                                      \
    "Without --key the key is taken from the environment, PSERVER_KEY, in\n"  \
    "the same form. A key on a command line can be seen by every user of\n"   \
    "the machine (ps) and stays in the shell's history: use a file."

/* the key of --key or PSERVER_KEY in memory of sodium_malloc(), to be freed
   with sodium_free().  Else says why, and *key is NULL */
int pserverctl_key(pserverctl_args_t *args, u_char **key);

/* a context that is randomized; ends the program if it can't */
secp256k1_context *pserverctl_secp256k1(void);

/* 32 characters of hex, at random, and a zero */
void pserverctl_nonce(char text[33]);


/* files.c */

/* all of a file ("-" is stdin) in memory of sodium_malloc() with a zero
   behind it; over max bytes it is an error.  PSERVERCTL_FAILED: said */
int pserverctl_read(const char *path, size_t max, pserver_str_t *data);

/* all of it to stdout.  PSERVERCTL_FAILED: said */
int pserverctl_print(const u_char *data, size_t len);
int pserverctl_print_line(const u_char *data, size_t len);


#endif /* _PSERVERCTL_H_INCLUDED_ */
