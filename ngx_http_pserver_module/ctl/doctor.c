/*
 * pserverctl doctor: what nginx -t can't see, since it is not in nginx's
 * configuration.
 */

#include "http.h"
#include "swap.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>


static int pserverctl_doctor(pserverctl_args_t *args);
static void pserverctl_doctor_swap(const char *host);
static void pserverctl_doctor_secrets(const char *dir, const char *store);
static void pserverctl_doctor_secret(const char *dir, const char *name);
static void pserverctl_doctor_folder(const char *dir);
static int pserverctl_doctor_stat(const char *path, struct stat *st,
    mode_t type);
static void pserverctl_doctor_workers(const char *file);
static void pserverctl_doctor_worker(const char *pid, long master,
    unsigned *workers);
static void pserverctl_doctor_engine(const char *socket);
static int pserverctl_doctor_confined(const pserverctl_answer_t *answer);
static void pserverctl_doctor_good(const char *fmt, ...)
    __attribute__((format(printf, 1, 2)));
static void pserverctl_doctor_bad(const char *fmt, ...)
    __attribute__((format(printf, 1, 2)));


static const pserverctl_option_t  pserverctl_doctor_options[] = {
    { "secrets", "DIR", "where identity and root are" },
    { "store", "DIR", "pserver_store" },
    { "log", "DIR", "pserver_audit" },
    { "engine", "SOCKET", "what workers reach: the guard's, or the engine's" },
    { "pid", "FILE", "nginx's pid file: its workers are looked at" },
    { "host", "DIR", "in a container: where the machine's / is mounted" },
    { NULL, NULL, NULL }
};


const pserverctl_command_t  pserverctl_doctor_commands[] = {
    {
        "doctor", "",
        "looks for what makes a server less safe than it could be\n"
        "\n"
        "Swap that is not encrypted; secrets and folders that others than\n"
        "their owner may read; secrets on the same file system as the store;\n"
        "workers whose memory other processes of their user may read; an\n"
        "engine that is root on this machine and has no guard before it.\n"
        "What is not named is not looked at, but for swap. A line for each\n"
        "check; the status is 1 if one of them fails. As root: what an\n"
        "ordinary user can't look at fails, too.",
        pserverctl_doctor_options, 0, 0, pserverctl_doctor
    },
    { NULL, NULL, NULL, NULL, 0, 0, NULL }
};


static unsigned  pserverctl_doctor_faults;


static int
pserverctl_doctor(pserverctl_args_t *args)
{
    const char  *host, *secrets, *store, *log, *engine, *pid;

    host = pserverctl_option(args, "host");
    secrets = pserverctl_option(args, "secrets");
    store = pserverctl_option(args, "store");
    log = pserverctl_option(args, "log");
    engine = pserverctl_option(args, "engine");
    pid = pserverctl_option(args, "pid");

    pserverctl_doctor_swap(host ? host : "");

    if (secrets) {
        pserverctl_doctor_secrets(secrets, store);
    }

    if (store) {
        pserverctl_doctor_folder(store);
    }

    if (log) {
        pserverctl_doctor_folder(log);
    }

    if (pid) {
        pserverctl_doctor_workers(pid);
    }

    if (engine) {
        pserverctl_doctor_engine(engine);
    }

    return pserverctl_doctor_faults ? PSERVERCTL_FAILED : PSERVERCTL_OK;
}


static void
pserverctl_doctor_swap(const char *host)
{
    char  area[PATH_MAX];

    switch (pserverctl_swap(host, area)) {

    case PSERVERCTL_SWAP_NONE:
        pserverctl_doctor_good("there is no swap");
        break;

    case PSERVERCTL_SWAP_ENCRYPTED:
        pserverctl_doctor_good("swap is encrypted, or memory");
        break;

    case PSERVERCTL_SWAP_PLAIN:
        pserverctl_doctor_bad("%s is swap, and not encrypted: data in "
                              "processing may come to lie there; swapoff, or "
                              "dm-crypt with a random key", area);
        break;

    case PSERVERCTL_SWAP_UNKNOWN:
        pserverctl_doctor_bad("%s: %s", area, strerror(errno));
        break;
    }
}


static void
pserverctl_doctor_secrets(const char *dir, const char *store)
{
    struct stat  one, two;

    pserverctl_doctor_folder(dir);
    pserverctl_doctor_secret(dir, "identity");
    pserverctl_doctor_secret(dir, "root");

    if (store == NULL || stat(dir, &one) == -1 || stat(store, &two) == -1) {
        return;
    }

    if (one.st_dev == two.st_dev) {
        pserverctl_doctor_bad("%s and %s are on one file system: who takes "
                              "the disk, or its backup, has both", dir,
                              store);
    } else {
        pserverctl_doctor_good("%s is not on the file system of %s", dir,
                               store);
    }
}


static void
pserverctl_doctor_secret(const char *dir, const char *name)
{
    char         path[PATH_MAX];
    struct stat  st;

    (void) snprintf(path, sizeof(path), "%s/%s", dir, name);

    if (!pserverctl_doctor_stat(path, &st, S_IFREG)) {
        return;
    }

    if (st.st_mode & (S_IRWXG|S_IRWXO)) {
        pserverctl_doctor_bad("%s holds a secret, and others than its owner "
                              "have rights (mode %04o): chmod 600", path,
                              st.st_mode & 07777);

    } else if (st.st_uid != 0 && st.st_uid != geteuid()) {
        pserverctl_doctor_bad("%s is of user %u: only root, which starts "
                              "nginx, needs it", path,
                              (unsigned) st.st_uid);
    } else {
        pserverctl_doctor_good("%s is its owner's alone", path);
    }
}


static void
pserverctl_doctor_folder(const char *dir)
{
    struct stat  st;

    if (!pserverctl_doctor_stat(dir, &st, S_IFDIR)) {
        return;
    }

    if (st.st_mode & (S_IRWXG|S_IRWXO)) {
        pserverctl_doctor_bad("others than its owner have rights in %s "
                              "(mode %04o): chmod 700", dir,
                              st.st_mode & 07777);
    } else {
        pserverctl_doctor_good("%s is its owner's alone", dir);
    }
}


/* 0: it was said that there is no such thing */

static int
pserverctl_doctor_stat(const char *path, struct stat *st, mode_t type)
{
    if (lstat(path, st) == -1) {
        pserverctl_doctor_bad("%s: %s", path, strerror(errno));
        return 0;
    }

    if ((st->st_mode & S_IFMT) != type) {
        pserverctl_doctor_bad("%s is no %s", path,
                              type == S_IFDIR ? "folder" : "file");
        return 0;
    }

    return 1;
}


static void
pserverctl_doctor_workers(const char *file)
{
    DIR            *proc;
    FILE           *pid;
    long            master;
    unsigned        workers;
    struct dirent  *entry;

    master = 0;
    pid = fopen(file, "r");

    if (pid) {
        if (fscanf(pid, "%ld", &master) != 1) {
            master = 0;
        }

        (void) fclose(pid);
    }

    proc = master > 0 ? opendir("/proc") : NULL;

    if (proc == NULL) {
        pserverctl_doctor_bad("%s has no process id", file);
        return;
    }

    workers = 0;

    while ((entry = readdir(proc)) != NULL) {
        if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9') {
            pserverctl_doctor_worker(entry->d_name, master, &workers);
        }
    }

    (void) closedir(proc);

    if (workers == 0) {
        pserverctl_doctor_bad("process %ld of %s has no workers", master,
                              file);
    }
}


/* the kernel gives /proc/PID of a process that can't be dumped to root */

static void
pserverctl_doctor_worker(const char *pid, long master, unsigned *workers)
{
    FILE         *file;
    char          path[64], line[256];
    long          parent, uid;
    struct stat   st;

    parent = 0;
    uid = 0;

    (void) snprintf(path, sizeof(path), "/proc/%.20s/status", pid);

    file = fopen(path, "r");
    if (file == NULL) {
        return;
    }

    while (fgets(line, sizeof(line), file)) {
        (void) sscanf(line, "PPid: %ld", &parent);
        (void) sscanf(line, "Uid: %ld", &uid);
    }

    (void) fclose(file);

    (void) snprintf(path, sizeof(path), "/proc/%.20s/mem", pid);

    if (parent != master || stat(path, &st) == -1) {
        return;
    }

    (*workers)++;

    if (uid == 0) {
        pserverctl_doctor_bad("worker %s runs as root: \"user\" in "
                              "nginx.conf", pid);

    } else if (st.st_uid != 0) {
        pserverctl_doctor_bad("the memory of worker %s can be read by any "
                              "process of its user: is the module loaded?",
                              pid);
    } else {
        pserverctl_doctor_good("the memory of worker %s is its own", pid);
    }
}


/* a guard has no such route */

static void
pserverctl_doctor_engine(const char *socket)
{
    pserverctl_answer_t   answer;
    pserverctl_request_t  request;

    memset(&request, 0, sizeof(pserverctl_request_t));

    request.server = "http://engine";
    request.socket = socket;
    request.method = "GET";
    request.path = "/info";

    if (pserverctl_send(&request, &answer) != PSERVERCTL_OK) {
        pserverctl_doctor_bad("%s does not answer", socket);
        return;
    }

    if (answer.status != 200) {
        pserverctl_doctor_good("%s is no engine: it does not say what it is",
                               socket);

    } else if (pserverctl_doctor_confined(&answer)) {
        pserverctl_doctor_good("the engine of %s is not root on this machine",
                               socket);
    } else {
        pserverctl_doctor_bad("%s is an engine without a guard: who takes "
                              "over a worker is root on this machine "
                              "(docs/operations.md, \"The engine's "
                              "socket\")", socket);
    }

    free(answer.body.data);
}


/* rootless, or root of containers is nobody outside */

static int
pserverctl_doctor_confined(const pserverctl_answer_t *answer)
{
    int                    confined;
    pserver_json_doc_t    *doc;
    const pserver_json_t  *option, *options;

    doc = pserverctl_answer_json(answer);
    if (doc == NULL) {
        return 0;
    }

    confined = 0;
    options = pserver_json_get(pserver_json_root(doc), "SecurityOptions");

    if (options && options->type == PSERVER_JSON_ARRAY) {
        for (option = options->child; option; option = option->next) {
            confined |= pserver_json_is(option, "name=rootless")
                        || pserver_json_is(option, "name=userns");
        }
    }

    pserver_json_free(doc);

    return confined;
}


static void
pserverctl_doctor_good(const char *fmt, ...)
{
    va_list  args;

    printf("ok    ");

    va_start(args, fmt);
    (void) vprintf(fmt, args);
    va_end(args);

    putchar('\n');
}


static void
pserverctl_doctor_bad(const char *fmt, ...)
{
    va_list  args;

    pserverctl_doctor_faults++;

    printf("FAULT ");

    va_start(args, fmt);
    (void) vprintf(fmt, args);
    va_end(args);

    putchar('\n');
}
