/*
 * pserverctl: finds the command and runs it.
 */

#include "ctl.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>


static int pserverctl_run(int argc, char **argv);
static const pserverctl_command_t *pserverctl_find(int argc, char **argv,
    int *words);
static int pserverctl_matches(const char *name, int argc, char **argv);
static int pserverctl_wants_help(int argc, char **argv);
static void pserverctl_overview(FILE *out);


static const pserverctl_command_t *const  pserverctl_commands[] = {
    pserverctl_init_commands,
    pserverctl_root_commands,
    pserverctl_rotate_commands,
    pserverctl_doctor_commands,
    pserverctl_key_commands,
    pserverctl_sign_commands,
    pserverctl_data_commands,
    pserverctl_legacy_commands,
    pserverctl_encrypt_commands,
    pserverctl_custody_commands,
    pserverctl_operation_commands,
    pserverctl_try_commands,
    pserverctl_fsck_commands,
    pserverctl_export_commands,
    pserverctl_import_commands,
    pserverctl_log_commands,
    pserverctl_audit_commands,
    pserverctl_receipt_commands
};


int
main(int argc, char **argv)
{
    int  rc;

    if (sodium_init() == -1) {
        pserverctl_error("libsodium could not be initialized");
        return PSERVERCTL_FAILED;
    }

    rc = pserverctl_run(argc - 1, argv + 1);

    if (fflush(stdout) != 0 || ferror(stdout)) {
        pserverctl_error("stdout could not be written");
        return PSERVERCTL_FAILED;
    }

    return rc;
}


static int
pserverctl_run(int argc, char **argv)
{
    int                          words;
    pserverctl_args_t            args;
    const pserverctl_command_t  *command;

    if (argc == 0) {
        pserverctl_overview(stderr);
        return PSERVERCTL_USAGE;
    }

    command = pserverctl_find(argc, argv, &words);

    if (command == NULL) {

        if (pserverctl_wants_help(argc, argv)) {
            pserverctl_overview(stdout);
            return PSERVERCTL_OK;
        }

        pserverctl_error("there is no command \"%s%s%s\"; "
                         "\"pserverctl --help\" lists them", argv[0],
                         (argc > 1 && argv[1][0] != '-') ? " " : "",
                         (argc > 1 && argv[1][0] != '-') ? argv[1] : "");
        return PSERVERCTL_USAGE;
    }

    if (pserverctl_wants_help(argc - words, argv + words)) {
        pserverctl_help(command);
        return PSERVERCTL_OK;
    }

    if (pserverctl_args(&args, command, argc - words, argv + words)
        != PSERVERCTL_OK)
    {
        return PSERVERCTL_USAGE;
    }

    return command->run(&args);
}


static const pserverctl_command_t *
pserverctl_find(int argc, char **argv, int *words)
{
    size_t                       i, n;
    const pserverctl_command_t  *command;

    n = sizeof(pserverctl_commands) / sizeof(pserverctl_commands[0]);

    for (i = 0; i < n; i++) {
        for (command = pserverctl_commands[i]; command->name; command++) {
            *words = pserverctl_matches(command->name, argc, argv);

            if (*words) {
                return command;
            }
        }
    }

    return NULL;
}


/* the number of words of the name, if argv begins with them, else 0 */

static int
pserverctl_matches(const char *name, int argc, char **argv)
{
    size_t       len;
    const char  *blank;

    blank = strchr(name, ' ');

    if (blank == NULL) {
        return argc > 0 && strcmp(argv[0], name) == 0;
    }

    len = (size_t) (blank - name);

    if (argc > 1
        && strlen(argv[0]) == len
        && memcmp(argv[0], name, len) == 0
        && strcmp(argv[1], blank + 1) == 0)
    {
        return 2;
    }

    return 0;
}


static int
pserverctl_wants_help(int argc, char **argv)
{
    int  i;

    for (i = 0; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            return 1;
        }
    }

    return 0;
}


static void
pserverctl_overview(FILE *out)
{
    size_t                       i, n;
    const pserverctl_command_t  *command;

    fprintf(out, "usage: pserverctl COMMAND [OPTION...] [ARGUMENT...]\n\n");

    n = sizeof(pserverctl_commands) / sizeof(pserverctl_commands[0]);

    for (i = 0; i < n; i++) {
        for (command = pserverctl_commands[i]; command->name; command++) {
            fprintf(out, "  %-18s %.*s\n", command->name,
                    (int) strcspn(command->text, "\n"), command->text);
        }
    }

    fprintf(out, "\n\"pserverctl COMMAND --help\" says more. Status: 0 done, "
            "1 failed or refused,\n2 the command line is wrong.\n");
}
