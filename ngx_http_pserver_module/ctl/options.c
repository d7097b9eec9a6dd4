/*
 * The command line, its errors and its help.
 */

#include "ctl.h"
#include "../core/encode.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>


static int pserverctl_find_option(const pserverctl_command_t *command,
    const char *name, size_t len);


int
pserverctl_args(pserverctl_args_t *args, const pserverctl_command_t *command,
    int argc, char **argv)
{
    int     i, n, only_rest;
    char   *name, *value;
    size_t  len;

    memset(args, 0, sizeof(pserverctl_args_t));

    args->command = command;
    args->rest = argv;

    only_rest = 0;

    for (i = 0; i < argc; i++) {

        if (only_rest || strncmp(argv[i], "--", 2) != 0) {
            args->rest[args->count++] = argv[i];
            continue;
        }

        name = argv[i] + 2;

        if (*name == '\0') {
            only_rest = 1;
            continue;
        }

        len = strcspn(name, "=");
        value = (name[len] == '=') ? name + len + 1 : NULL;

        n = pserverctl_find_option(command, name, len);

        if (n == -1) {
            return pserverctl_usage_error(args, "there is no option --%.*s",
                                          (int) len, name);
        }

        if (args->values[n]) {
            return pserverctl_usage_error(args, "--%.*s is given twice",
                                          (int) len, name);
        }

        if (command->options[n].value == NULL) {

            if (value) {
                return pserverctl_usage_error(args, "--%.*s takes no value",
                                              (int) len, name);
            }

            args->values[n] = "";
            continue;
        }

        if (value == NULL) {

            if (i + 1 == argc) {
                return pserverctl_usage_error(args, "--%s needs a value: %s",
                                              name,
                                              command->options[n].value);
            }

            value = argv[++i];
        }

        args->values[n] = value;
    }

    if (args->count < command->min) {
        return pserverctl_usage_error(args, "there is something missing");
    }

    if (args->count > command->max) {
        return pserverctl_usage_error(args, "\"%s\" is too much",
                                      args->rest[command->max]);
    }

    return PSERVERCTL_OK;
}


char *
pserverctl_option(const pserverctl_args_t *args, const char *name)
{
    int  n;

    n = pserverctl_find_option(args->command, name, strlen(name));

    return (n == -1) ? NULL : args->values[n];
}


pserver_str_t
pserverctl_value(const pserverctl_args_t *args, const char *name)
{
    char  *text;

    static const pserver_str_t  none = { 0, NULL };

    text = pserverctl_option(args, name);

    return text ? pserverctl_str(text) : none;
}


int
pserverctl_required(const pserverctl_args_t *args, const char *name,
    pserver_str_t *value)
{
    *value = pserverctl_value(args, name);

    if (value->data == NULL) {
        return pserverctl_usage_error(args, "--%s is missing", name);
    }

    return PSERVERCTL_OK;
}


int
pserverctl_number(const pserverctl_args_t *args, const char *name,
    uint64_t otherwise, uint64_t *value)
{
    char            *text;
    pserver_word_t   word;

    text = pserverctl_option(args, name);

    if (text == NULL) {
        *value = otherwise;
        return PSERVERCTL_OK;
    }

    if (pserver_word_parse(&word, pserverctl_str(text)) != PSERVER_OK
        || pserver_word_uint64(&word, value) != PSERVER_OK
        || *value >= 1ULL << 53)
    {
        return pserverctl_usage_error(args, "--%s: \"%s\" is no number below "
                                      "2^53", name, text);
    }

    return PSERVERCTL_OK;
}


void
pserverctl_help(const pserverctl_command_t *command)
{
    char                        name[64];
    const pserverctl_option_t  *option;

    printf("usage: pserverctl %s %s\n\n%s\n", command->name, command->usage,
           command->text);

    for (option = command->options; option->name; option++) {

        if (option == command->options) {
            printf("\n");
        }

        snprintf(name, sizeof(name), "--%s %s", option->name,
                 option->value ? option->value : "");
        printf("  %-24s %s\n", name, option->text);
    }
}


void
pserverctl_error(const char *fmt, ...)
{
    va_list  args;

    fprintf(stderr, "pserverctl: ");

    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);

    fprintf(stderr, "\n");
}


int
pserverctl_usage_error(const pserverctl_args_t *args, const char *fmt, ...)
{
    va_list  list;

    fprintf(stderr, "pserverctl: ");

    va_start(list, fmt);
    vfprintf(stderr, fmt, list);
    va_end(list);

    fprintf(stderr, "\nusage: pserverctl %s %s\n", args->command->name,
            args->command->usage);

    return PSERVERCTL_USAGE;
}


pserver_str_t
pserverctl_str(const char *text)
{
    pserver_str_t  str;

    str.data = (u_char *) text;
    str.len = strlen(text);

    return str;
}


static int
pserverctl_find_option(const pserverctl_command_t *command, const char *name,
    size_t len)
{
    int  i;

    for (i = 0; command->options[i].name; i++) {
        if (strlen(command->options[i].name) == len
            && memcmp(command->options[i].name, name, len) == 0)
        {
            return i;
        }
    }

    return -1;
}
