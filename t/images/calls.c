/*
 * What a hostile command may ask of the kernel, of files that are the
 * kernel's, and of pserver-run, which is process 1 beside it.  Each is a
 * function and a process of its own, so that what one has changed, or is
 * killed for, is nothing to the next.  The result has a 1 for each that went
 * through, a 0 where there was nothing to be had.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/io_uring.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <linux/vm_sockets.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef AF_XDP
#define AF_XDP  44
#endif

#define PROGRAM  "/job/tmp/program"


static int
can_open(const char *path, int flags)
{
    return open(path, flags, 0600) != -1;
}


static int
can_read(const char *path)
{
    int   fd;
    char  byte;

    fd = open(path, O_RDONLY|O_NONBLOCK);

    return fd != -1 && read(fd, &byte, 1) == 1;
}


static int
can_write(const char *path, const char *text)
{
    int  fd;

    fd = open(path, O_WRONLY);

    return fd != -1 && write(fd, text, strlen(text)) > 0;
}


static int
can_make(const char *path, mode_t type, unsigned dev)
{
    return mknod(path, type|0666, dev) == 0;
}


/* files of the kernel */

static int sysrq(void) { return can_write("/proc/sysrq-trigger", "h"); }
static int core_pattern(void)
    { return can_write("/proc/sys/kernel/core_pattern", "|/x"); }
static int modprobe(void)
    { return can_write("/proc/sys/kernel/modprobe", "/x"); }
static int hostname(void)
    { return can_write("/proc/sys/kernel/hostname", "x"); }
static int overcommit(void)
    { return can_write("/proc/sys/vm/overcommit_memory", "1"); }
static int forward(void)
    { return can_write("/proc/sys/net/ipv4/ip_forward", "1"); }
static int binfmt(void)
    { return can_write("/proc/sys/fs/binfmt_misc/register", ":x:M::x::/x:"); }
static int uevent(void)
    { return can_write("/sys/kernel/uevent_helper", "/x"); }
static int power(void) { return can_write("/sys/power/state", "mem"); }
static int irq(void)
    { return can_write("/proc/irq/default_smp_affinity", "1"); }
static int oom_adj(void)
    { return can_write("/proc/self/oom_score_adj", "-1000"); }
static int uid_map(void) { return can_write("/proc/self/uid_map", "0 0 1"); }
static int kcore(void) { return can_read("/proc/kcore"); }
static int keys(void) { return can_read("/proc/keys"); }
static int timers(void) { return can_read("/proc/timer_list"); }
static int firmware(void) { return can_read("/sys/firmware/memmap/0/start"); }
static int tracing(void)
    { return can_read("/sys/kernel/tracing/trace")
             || can_read("/sys/kernel/debug/tracing/trace"); }
static int kmsg(void) { return can_open("/dev/kmsg", O_RDWR); }
static int mem(void) { return can_open("/dev/mem", O_RDWR); }
static int port(void) { return can_open("/dev/port", O_RDWR); }
static int kvm(void) { return can_open("/dev/kvm", O_RDWR); }
static int fuse(void) { return can_open("/dev/fuse", O_RDWR); }
static int tun(void) { return can_open("/dev/net/tun", O_RDWR); }
static int loop(void) { return can_open("/dev/loop-control", O_RDWR); }
static int disk(void)
    { return can_open("/dev/sda", O_RDONLY) || can_open("/dev/vda", O_RDONLY)
             || can_open("/dev/nvme0n1", O_RDONLY); }


/* an address of the kernel, which kallsyms has for root */

static int
kallsyms(void)
{
    FILE                *f;
    unsigned long long   address;

    f = fopen("/proc/kallsyms", "r");

    return f != NULL && fscanf(f, "%llx", &address) == 1 && address != 0;
}


/* its limits, by both versions of control groups */

static int
cgroup(void)
{
    return can_write("/sys/fs/cgroup/cgroup.procs", "1")
           || can_write("/sys/fs/cgroup/memory.max", "max")
           || can_write("/sys/fs/cgroup/pids.max", "max")
           || can_write("/sys/fs/cgroup/memory/memory.limit_in_bytes", "-1")
           || can_write("/sys/fs/cgroup/pids/pids.max", "max")
           || can_write("/sys/fs/cgroup/devices/devices.allow", "a")
           || can_write("/sys/fs/cgroup/memory/release_agent", "/x")
           || mkdir("/sys/fs/cgroup/x", 0700) == 0
           || mkdir("/sys/fs/cgroup/memory/x", 0700) == 0;
}


/* mounts and devices */

static int do_mount(void)
    { return mount("none", "/job/tmp", "tmpfs", 0, NULL) == 0; }
static int bind_mount(void)
    { return mount("/proc", "/job/tmp", NULL, MS_BIND, NULL) == 0; }
static int remount(void)
    { return mount(NULL, "/", NULL, MS_REMOUNT, NULL) == 0
             || mount(NULL, "/job", NULL, MS_REMOUNT, "size=1g") == 0; }
static int do_umount(void) { return umount2("/proc", MNT_DETACH) == 0; }
static int pivot(void)
    { return syscall(SYS_pivot_root, "/job", "/job/tmp") == 0; }
static int do_chroot(void) { return chroot("/job") == 0; }
static int tree(void)
    { return syscall(SYS_open_tree, AT_FDCWD, "/", 1) != -1; }
static int context(void) { return syscall(SYS_fsopen, "tmpfs", 0) != -1; }
static int node(void) { return can_make("/job/tmp/null", S_IFCHR, 0x103); }


/* to make the node is one thing, what is behind it another */

static int
device(void)
{
    return (can_make("/job/tmp/mem", S_IFCHR, 0x101)
            && can_open("/job/tmp/mem", O_RDONLY))
           || (can_make("/job/tmp/sda", S_IFBLK, 0x800)
               && can_open("/job/tmp/sda", O_RDONLY))
           || (can_make("/job/tmp/kmsg", S_IFCHR, 0x10b)
               && can_open("/job/tmp/kmsg", O_RDONLY));
}


/* a file by its number, past all folders: how the root was reached once */

static int
handle(void)
{
    struct {
        struct file_handle  h;
        unsigned char       bytes[8];
    } f = { { 8, 1, {} }, { 2 } };

    return syscall(SYS_open_by_handle_at, open("/", O_RDONLY), &f, O_RDONLY)
           != -1;
}


/* namespaces */

static int user_ns(void) { return unshare(CLONE_NEWUSER) == 0; }
static int net_ns(void) { return unshare(CLONE_NEWNET) == 0; }
static int mount_ns(void) { return unshare(CLONE_NEWNS) == 0; }
static int pid_ns(void) { return unshare(CLONE_NEWPID) == 0; }
static int cgroup_ns(void) { return unshare(CLONE_NEWCGROUP) == 0; }
static int set_ns(void)
    { return syscall(SYS_setns, open("/proc/1/ns/pid", O_RDONLY), 0) == 0; }


static int
clone_user(void)
{
    long  pid;

    pid = syscall(SYS_clone, CLONE_NEWUSER|SIGCHLD, 0, 0, 0, 0);

    if (pid == 0) {
        _exit(0);
    }

    return pid > 0;
}


static int
clone3_user(void)
{
    long      pid;
    uint64_t  args[8] = { CLONE_NEWUSER, 0, 0, 0, SIGCHLD };

    pid = syscall(SYS_clone3, args, sizeof(args));

    if (pid == 0) {
        _exit(0);
    }

    return pid > 0;
}


/* what it would be good for: another file system, a device */

static int
user_mount(void)
{
    return unshare(CLONE_NEWUSER|CLONE_NEWNS) == 0
           && (can_write("/proc/self/uid_map", "0 65534 1"), 1)
           && (mount("none", "/job/tmp", "proc", 0, NULL) == 0
               || mount("none", "/job/tmp", "sysfs", 0, NULL) == 0
               || mount("none", "/job/tmp", "cgroup2", 0, NULL) == 0
               || mount("none", "/job/tmp", "overlay", 0, NULL) == 0);
}


static int
user_device(void)
{
    return unshare(CLONE_NEWUSER) == 0
           && (can_write("/proc/self/uid_map", "0 65534 1"), 1)
           && device();
}


/* parts of the kernel that had many faults */

static int
ring(void)
{
    struct io_uring_params  p;

    memset(&p, 0, sizeof(p));

    return syscall(SYS_io_uring_setup, 8, &p) != -1;
}


static int
bpf_map(void)
{
    union bpf_attr  a;

    memset(&a, 0, sizeof(a));
    a.map_type = BPF_MAP_TYPE_ARRAY;
    a.key_size = 4;
    a.value_size = 4;
    a.max_entries = 1;

    return syscall(SYS_bpf, BPF_MAP_CREATE, &a, sizeof(a)) != -1;
}


static int
bpf_program(void)
{
    union bpf_attr   a;
    struct bpf_insn  code[2] = {
        { BPF_ALU64|BPF_MOV|BPF_K, 0, 0, 0, 0 }, { BPF_JMP|BPF_EXIT, 0, 0, 0, 0 }
    };

    memset(&a, 0, sizeof(a));
    a.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
    a.insns = (uintptr_t) code;
    a.insn_cnt = 2;
    a.license = (uintptr_t) "GPL";

    return syscall(SYS_bpf, BPF_PROG_LOAD, &a, sizeof(a)) != -1;
}


static int
perf(void)
{
    struct perf_event_attr  a;

    memset(&a, 0, sizeof(a));
    a.type = PERF_TYPE_SOFTWARE;
    a.size = sizeof(a);
    a.exclude_kernel = 1;

    return syscall(SYS_perf_event_open, &a, 0, -1, -1, 0) != -1;
}


/* 1: of faults in user space only, which needs no privilege */

static int fault(void)
    { return syscall(SYS_userfaultfd, 1) != -1
             || can_open("/dev/userfaultfd", O_RDWR); }
static int key_ring(void)
    { return syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID,
                     KEY_SPEC_SESSION_KEYRING, 1) != -1; }
static int key_add(void)
    { return syscall(SYS_add_key, "user", "x", "x", 1,
                     KEY_SPEC_PROCESS_KEYRING) != -1; }
static int key_request(void)
    { return syscall(SYS_request_key, "user", "x", "x",
                     KEY_SPEC_PROCESS_KEYRING) != -1 || errno == ENOKEY; }
static int notify(void) { return syscall(SYS_fanotify_init, 0, 0) != -1; }
static int module(void)
    { return syscall(SYS_init_module, NULL, 0, "") == 0 || errno == EFAULT
             || errno == ENOEXEC; }
static int unload(void)
    { return syscall(SYS_delete_module, "x", 0) == 0 || errno == ENOENT; }
static int kexec(void)
    { return syscall(SYS_kexec_load, 0, 0, NULL, 0) == 0; }
static int swap(void)
    { return syscall(SYS_swapon, "/job/tmp/x", 0) == 0 || errno == ENOENT; }
static int account(void) { return acct(NULL) == 0; }
static int quota(void)
    { return syscall(SYS_quotactl, 0x800001, NULL, 0, NULL) == 0; }
static int kernel_log(void)
    { return syscall(SYS_syslog, 3, (char [64]) { 0 }, 64) > 0; }
static int do_reboot(void) { return reboot(RB_DISABLE_CAD) == 0; }
static int set_hostname(void) { return sethostname("x", 1) == 0; }


/* devices without a driver */

static int
io_ports(void)
{
#if defined(__x86_64__)
    return ioperm(0x80, 1, 1) == 0 || iopl(3) == 0;
#else
    return 0;
#endif
}


/* by the door of 32 bits, where a call has another number: getpid() */

static int
old_door(void)
{
    long  rc = -1;

#if defined(__x86_64__)
    __asm__ volatile ("int $0x80" : "=a" (rc) : "a" (20) : "memory");
#endif

    return rc > 0;
}


static int
set_time(void)
{
    struct timespec  ts = { 1, 0 };
    struct timex     tx = { .modes = ADJ_TICK, .tick = 10001 };

    return clock_settime(CLOCK_REALTIME, &ts) == 0 || adjtimex(&tx) != -1;
}


/* other rights than it has */

static int set_uid(void) { return setuid(0) == 0 || seteuid(0) == 0; }
static int set_gid(void) { return setgid(0) == 0; }
static int set_groups(void)
    { return syscall(SYS_setgroups, 1, (gid_t [1]) { 0 }) == 0; }
static int do_chown(void) { return chown("/job/out", 0, 0) == 0; }
static int priority(void) { return setpriority(PRIO_PROCESS, 0, -10) == 0; }
static int personal(void)
    { return syscall(SYS_personality, 0x0100000) != -1; }


static int
real_time(void)
{
    struct sched_param  p = { .sched_priority = 1 };

    return syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &p) == 0;
}


static int
raise_limit(void)
{
    struct rlimit  r = { 1 << 20, 1 << 20 };

    return setrlimit(RLIMIT_NOFILE, &r) == 0
           || setrlimit(RLIMIT_CORE, &r) == 0;
}


/* all of them, of which the kernel takes what one has */

static int
capabilities(void)
{
    uint32_t  head[2] = { 0x20080522, 0 }, data[6];

    memset(data, 0xff, sizeof(data));

    return syscall(SYS_capset, head, data) == 0;
}


/* a program of its own: from its folder, as it is and as memory */

static int
program(void)
{
    int          fd;
    struct stat  st;
    static char  text[1 << 20];

    fd = open("/operation", O_RDONLY);

    if (fd == -1 || fstat(fd, &st) == -1
        || read(fd, text, sizeof(text)) != st.st_size)
    {
        return 1;
    }

    fd = open(PROGRAM, O_RDWR|O_CREAT, 0755);

    if (fd == -1 || write(fd, text, st.st_size) != st.st_size) {
        return 1;
    }

    if (mmap(NULL, 4096, PROT_READ|PROT_EXEC, MAP_PRIVATE, fd, 0)
        != MAP_FAILED)
    {
        return 1;
    }

    (void) close(fd);
    (void) execl(PROGRAM, PROGRAM, "runs", NULL);

    return 0;
}


/* sockets beyond those of a network */

static int raw(void)
    { return socket(AF_INET, SOCK_RAW, 1) != -1
             || socket(AF_INET6, SOCK_RAW, 58) != -1; }
static int packet(void) { return socket(AF_PACKET, SOCK_RAW, 0) != -1; }
static int xdp(void) { return socket(AF_XDP, SOCK_RAW, 0) != -1; }
static int ipsec(void) { return socket(AF_KEY, SOCK_RAW, 2) != -1; }
static int alg(void) { return socket(AF_ALG, SOCK_SEQPACKET, 0) != -1; }
static int vsock(void) { return socket(AF_VSOCK, SOCK_STREAM, 0) != -1; }
static int bluetooth(void) { return socket(AF_BLUETOOTH, SOCK_RAW, 1) != -1; }
static int can_bus(void) { return socket(AF_CAN, SOCK_RAW, 1) != -1; }
static int tipc(void) { return socket(AF_TIPC, SOCK_STREAM, 0) != -1; }
static int rds(void) { return socket(AF_RDS, SOCK_SEQPACKET, 0) != -1; }


/* a socket without a network to it, of the machine that has this one */

static int
vsock_host(void)
{
    int                 fd;
    struct sockaddr_vm  s;

    fd = socket(AF_VSOCK, SOCK_STREAM, 0);

    memset(&s, 0, sizeof(s));
    s.svm_family = AF_VSOCK;
    s.svm_cid = VMADDR_CID_HOST;
    s.svm_port = 1;

    /* an answer, if only that there is nobody */

    return fd != -1 && (connect(fd, (struct sockaddr *) &s, sizeof(s)) == 0
                        || errno == ECONNREFUSED || errno == ECONNRESET);
}


/* pserver-run */

static int run_write(void) { return can_open("/pserver-run", O_WRONLY); }
static int run_unlink(void) { return unlink("/pserver-run") == 0; }
static int run_rename(void)
    { return rename("/operation", "/pserver-run") == 0; }
static int run_chmod(void) { return chmod("/pserver-run", 0777) == 0; }
static int root_file(void) { return can_open("/planted", O_CREAT|O_WRONLY); }
static int trace(void)
    { return ptrace(PTRACE_ATTACH, 1, 0, 0) == 0
             || ptrace(PTRACE_SEIZE, 1, 0, 0) == 0; }
static int run_memory(void) { return can_open("/proc/1/mem", O_RDWR); }
static int run_maps(void) { return can_read("/proc/1/maps"); }
static int run_stdout(void) { return can_open("/proc/1/fd/1", O_WRONLY); }
static int run_stdin(void) { return can_open("/proc/1/fd/0", O_RDONLY); }
static int run_environ(void) { return can_read("/proc/1/environ"); }
static int run_exe(void) { return can_open("/proc/1/exe", O_RDONLY); }
static int run_root(void) { return can_open("/proc/1/root/", O_RDONLY); }
static int run_oom(void)
    { return can_write("/proc/1/oom_score_adj", "1000"); }


static int
run_peek(void)
{
    char          byte;
    struct iovec  local = { &byte, 1 };
    struct iovec  there = { (void *) 0x400000, 1 };

    return process_vm_readv(1, &local, 1, &there, 1, 0) == 1
           || errno == EFAULT
           || process_vm_writev(1, &local, 1, &there, 1, 0) == 1
           || errno == EFAULT;
}


/* its stdout, without /proc */

static int
run_fd(void)
{
    long  fd;

    fd = syscall(SYS_pidfd_open, 1, 0);

    return fd != -1 && syscall(SYS_pidfd_getfd, fd, 1, 0) != -1;
}


/* of others by its user: an end to its time, no more files */

static int
run_limits(void)
{
    struct rlimit  r = { 0, 0 };

    return prlimit(1, RLIMIT_CPU, &r, NULL) == 0;
}


#define A(name)  { #name, name }

static const struct {
    const char  *name;
    int        (*attack)(void);
} attacks[] = {
    A(sysrq), A(core_pattern), A(modprobe), A(hostname), A(overcommit),
    A(forward), A(binfmt), A(uevent), A(power), A(irq), A(oom_adj),
    A(uid_map), A(kcore), A(keys), A(timers), A(firmware), A(tracing),
    A(kallsyms), A(cgroup),

    A(kmsg), A(mem), A(port), A(kvm), A(fuse), A(tun), A(loop), A(disk),
    A(node), A(device), A(handle),

    A(do_mount), A(bind_mount), A(remount), A(do_umount), A(pivot),
    A(do_chroot), A(tree), A(context),

    A(user_ns), A(net_ns), A(mount_ns), A(pid_ns), A(cgroup_ns), A(set_ns),
    A(clone_user), A(clone3_user), A(user_mount), A(user_device),

    A(ring), A(bpf_map), A(bpf_program), A(perf), A(fault), A(key_ring),
    A(key_add), A(key_request), A(notify), A(module), A(unload), A(kexec),
    A(swap), A(account), A(quota), A(kernel_log), A(do_reboot),
    A(set_hostname), A(io_ports), A(old_door), A(set_time),

    A(set_uid), A(set_gid), A(set_groups), A(do_chown), A(priority),
    A(personal), A(real_time), A(raise_limit), A(capabilities), A(program),

    A(raw), A(packet), A(xdp), A(ipsec), A(alg), A(vsock), A(vsock_host),
    A(bluetooth), A(can_bus), A(tipc), A(rds),

    A(run_write), A(run_unlink), A(run_rename), A(run_chmod), A(root_file),
    A(trace), A(run_memory), A(run_maps), A(run_stdout), A(run_stdin),
    A(run_environ), A(run_exe), A(run_root), A(run_oom), A(run_peek),
    A(run_fd), A(run_limits),
};


/* killed for it, or without an end, is nothing got */

static int
got(int (*attack)(void))
{
    int    status;
    pid_t  pid;

    pid = fork();

    if (pid == 0) {
        (void) alarm(2);
        _exit(attack() ? 1 : 0);
    }

    return pid == -1 || waitpid(pid, &status, 0) != pid
           || (WIFEXITED(status) && WEXITSTATUS(status) != 0);
}


int
main(int argc, char **argv)
{
    size_t  i;
    FILE   *result;

    (void) argv;

    /* the program that must not run */

    if (argc > 1) {
        return 1;
    }

    result = fopen("/job/out/result.json", "w");

    if (result == NULL) {
        return 9;
    }

    for (i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++) {
        fprintf(result, "%s\"%s\":%d", i ? "," : "{", attacks[i].name,
                got(attacks[i].attack));
        fflush(result);
    }

    fprintf(result, ",\"over\":1}\n");

    return fclose(result) == 0 ? 0 : 9;
}
