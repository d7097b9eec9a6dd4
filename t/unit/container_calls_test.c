/*
 * core/container_calls: the profile is one that an engine can read, has what
 * programs need, and nothing that leads out of a container.
 */

#include <stdio.h>

#include "test.h"
#include "core/container_calls.h"
#include "core/json.h"


#define PROFILE_MAX  16384


/* as the engine sees it: without the escapes of the string */

static size_t
profile(u_char *dst)
{
    size_t  i, n, len;
    u_char  text[PROFILE_MAX];

    CHECK_INT(pserver_container_calls(text, sizeof(text), &len), PSERVER_OK);

    for (i = 0, n = 0; i < len; i++) {
        i += text[i] == '\\';
        dst[n++] = text[i];
    }

    return n;
}


static size_t
rules_of(const u_char *text, size_t len, const char *name)
{
    char           quoted[64];
    size_t         n, count;
    const u_char  *p;

    n = (size_t) snprintf(quoted, sizeof(quoted), "\"%s\"", name);
    count = 0;

    for (p = text; (p = memmem(p, len - (p - text), quoted, n)); p += n) {
        count++;
    }

    return count;
}


TEST(names)
{
    size_t  i, len;
    u_char  text[PROFILE_MAX];

    /* what pserver-run and the C libraries can't do without */

    static const char *const  needed[] = {
        "read", "write", "openat", "newfstatat", "statx", "mmap", "execve",
        "wait4", "futex", "rt_sigreturn", "exit_group", "prctl", "signalfd4",
        "pipe2", "getdents64", "kill", "set_robust_list", "rseq", "getrandom"
    };

    static const char *const  refused[] = {
        "io_uring_setup", "io_uring_enter", "io_uring_register", "bpf",
        "userfaultfd", "perf_event_open", "keyctl", "add_key", "request_key",
        "ptrace", "process_vm_readv", "process_vm_writev", "pidfd_getfd",
        "kcmp", "process_madvise", "mount", "umount2", "pivot_root",
        "chroot", "fsopen", "fsconfig", "fsmount", "fspick", "open_tree",
        "move_mount", "mount_setattr", "unshare", "setns",
        "name_to_handle_at", "open_by_handle_at", "fanotify_init",
        "init_module", "finit_module", "delete_module", "kexec_load",
        "kexec_file_load", "reboot", "swapon", "swapoff", "acct", "quotactl",
        "syslog", "sethostname", "setdomainname", "settimeofday",
        "clock_settime", "clock_adjtime", "adjtimex", "iopl", "ioperm",
        "modify_ldt", "vmsplice", "remap_file_pages", "move_pages", "mbind",
        "migrate_pages", "set_mempolicy", "lookup_dcookie", "nfsservctl",
        "io_setup", "io_submit", "socketcall", "ipc", "vhangup"
    };

    len = profile(text);

    for (i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
        CHECK_INT(rules_of(text, len, needed[i]), 1);
    }

    for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        CHECK_INT(rules_of(text, len, refused[i]), 0);
    }
}


/* those that pass with some arguments only, and everything after them */

TEST(rules)
{
    size_t         len;
    u_char         text[PROFILE_MAX];
    const u_char  *p;

    static const char  first[] =
        "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":"
        "[{\"action\":\"SCMP_ACT_ALLOW\",\"names\":[\"brk\",";

#define RULE(name, args)                                                      \
    ",{\"names\":[\"" name "\"],\"action\":\"SCMP_ACT_ALLOW\""            \
    ",\"args\":[" args "]}"

#define EQ(index, value)                                                      \
    "{\"index\":" index ",\"value\":" value ",\"op\":\"SCMP_CMP_EQ\"}"

    static const char  last[] =
        ",\"shutdown\"]}"
        RULE("socket", EQ("0", "1"))
        RULE("socket", EQ("0", "2"))
        RULE("socket", EQ("0", "10"))
        RULE("socket", EQ("0", "16") "," EQ("2", "0"))
        RULE("socketpair", EQ("0", "1"))
        RULE("prlimit64", EQ("0", "0"))
        RULE("clone", "{\"index\":0,\"value\":2114060288,\"valueTwo\":0"
                      ",\"op\":\"SCMP_CMP_MASKED_EQ\"}")
        RULE("personality", EQ("0", "0"))
        RULE("personality", EQ("0", "4294967295"))
        ",{\"names\":[\"clone3\"],\"action\":\"SCMP_ACT_ERRNO\""
        ",\"errnoRet\":38}]}";

    len = profile(text);

    CHECK(len > sizeof(first) + sizeof(last));
    CHECK_MEM(text, first, sizeof(first) - 1);

    p = text + len - (sizeof(last) - 1);
    CHECK_MEM(p, last, sizeof(last) - 1);
}


TEST(json)
{
    size_t                 len;
    u_char                 text[PROFILE_MAX];
    pserver_json_doc_t    *doc;
    pserver_json_limits_t  limits = { .depth = 8, .nodes = 1000 };

    len = profile(text);

    CHECK_INT(pserver_json_parse(text, len, &limits, &doc), PSERVER_OK);
    pserver_json_free(doc);
}


TEST(space)
{
    size_t  len, all, cap;
    u_char  text[PROFILE_MAX];

    CHECK_INT(pserver_container_calls(text, sizeof(text), &all), PSERVER_OK);

    /* two bytes are room for any character */

    for (cap = 0; cap < all; cap++) {
        text[cap] = 0xaa;
        CHECK_INT(pserver_container_calls(text, cap, &len), PSERVER_NOSPACE);
        CHECK_INT(text[cap], 0xaa);
    }
}
