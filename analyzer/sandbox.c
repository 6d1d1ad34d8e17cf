/* sandbox.c - Landlock by its system calls, seccomp by libseccomp
 * source:   landlock(7), linux/landlock.h; seccomp_init(3), seccomp_rule_add(3); setresuid(2)
 * limits:   rights that the kernel's Landlock does not know yet (truncation before 6.2, TCP before
 *           6.7) are not taken away. Memory may be made executable: PCRE2 compiles expressions. */
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/sockios.h>

#if __has_include(<linux/landlock.h>)
#include <linux/landlock.h>
#endif
#ifdef RELAYWATCH_SECCOMP
#include <seccomp.h>
#endif

#include "base/panic.h"

static void add_place(struct sandbox *s, const char *path, bool write)
{
    size_t size = strlen(path) + 1;

    for (unsigned i = 0; i < s->places_count && i < SANDBOX_PLACES_MAX; i++)
        if (s->places[i].write == write && strcmp(s->places[i].path, path) == 0)
            return;
    if (s->places_count++ >= SANDBOX_PLACES_MAX)
        return; /* sandbox_enter() says so */
    s->places[s->places_count - 1].path = panic_calloc(1, size);
    memcpy(s->places[s->places_count - 1].path, path, size);
    s->places[s->places_count - 1].write = write;
}

void sandbox_may_read(struct sandbox *s, const char *path)
{
    add_place(s, path, false);
}

void sandbox_may_write(struct sandbox *s, const char *path)
{
    add_place(s, path, true);
}

void sandbox_fini(struct sandbox *s)
{
    for (unsigned i = 0; i < s->places_count && i < SANDBOX_PLACES_MAX; i++)
        free(s->places[i].path);
    *s = (struct sandbox){0};
}

bool sandbox_has_filter(void)
{
#ifdef RELAYWATCH_SECCOMP
    return true;
#else
    return false;
#endif
}

/* ---- places ---- */

#ifdef LANDLOCK_ACCESS_FS_MAKE_SYM

/* Of later versions than the header's: values of the kernel's interface, which do not change. */
enum {
    FS_REFER = 1 << 13,
    FS_TRUNCATE = 1 << 14,
    NET_BIND_TCP = 1,
    NET_CONNECT_TCP = 2,
    RULE_PORT = 2
};

struct ruleset_attr {
    uint64_t fs, net;
};

struct port_attr {
    uint64_t access, port;
};

/* What a ruleset may take away, by the version of Landlock. */
static struct ruleset_attr handled_by(int version, const struct sandbox *s)
{
    struct ruleset_attr attr = {(LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1, 0};

    if (version >= 2)
        attr.fs |= FS_REFER;
    if (version >= 3)
        attr.fs |= FS_TRUNCATE;
    if (version >= 4)
        attr.net = (s->any_port ? 0 : NET_CONNECT_TCP) | (s->listens ? 0 : NET_BIND_TCP);
    return attr;
}

/* The place itself, or for reading what there is of it. */
static int open_place(const char *path, bool nearest)
{
    char above[4096];
    int fd = open(path, O_PATH | O_CLOEXEC);
    size_t len = strlen(path);

    while (fd < 0 && nearest && errno == ENOENT && len > 0 && len < sizeof above) {
        while (len > 0 && path[len - 1] == '/')
            len--;
        while (len > 0 && path[len - 1] != '/')
            len--;
        memcpy(above, path, len);
        above[len] = '\0';
        fd = open(len == 0 ? "." : above, O_PATH | O_CLOEXEC);
    }
    return fd;
}

static bool allow_place(int ruleset, uint64_t handled, const char *path, bool write)
{
    const uint64_t file =
        LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE;
    const uint64_t reading = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
    const uint64_t writing =
        reading | file | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE;
    int fd = open_place(path, !write);
    struct landlock_path_beneath_attr rule = {(write ? writing : reading) & handled, fd};
    struct stat st;

    if (fd < 0)
        return true; /* nothing there, nothing to allow */
    if (fstat(fd, &st) == 0 && !S_ISDIR(st.st_mode))
        rule.allowed_access &= file;
    bool good = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
    (void)close(fd);
    return good;
}

static bool allow_all(int ruleset, const struct ruleset_attr *handled, const struct sandbox *s)
{
    for (unsigned i = 0; i < s->places_count; i++)
        if (!allow_place(ruleset, handled->fs, s->places[i].path, s->places[i].write))
            return false;
    for (unsigned i = 0; (handled->net & NET_CONNECT_TCP) && i < s->ports_count; i++) {
        struct port_attr rule = {NET_CONNECT_TCP, s->ports[i]};
        if (syscall(SYS_landlock_add_rule, ruleset, RULE_PORT, &rule, 0) != 0)
            return false;
    }
    return true;
}

static bool enter_landlock(const struct sandbox *s, struct error *reterr)
{
    int version =
        (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    struct ruleset_attr attr = handled_by(version, s);

    if (version < 1)
        return error_set(reterr, ERROR_CONFIG, "sandbox: this kernel has no Landlock: %s",
                         strerror(errno));
    if (s->places_count > SANDBOX_PLACES_MAX || s->ports_count > SANDBOX_PORTS_MAX)
        return error_set(reterr, ERROR_CONFIG, "sandbox: more than %d places are in use",
                         SANDBOX_PLACES_MAX);
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr,
                               version >= 4 ? sizeof attr : sizeof attr.fs, 0);
    bool good = ruleset >= 0 && allow_all(ruleset, &attr, s) &&
                syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
    int code = errno;
    if (ruleset >= 0)
        (void)close(ruleset);
    return good || error_set(reterr, ERROR_CONFIG, "sandbox: Landlock: %s", strerror(code));
}

/* Does it hold for TCP as well? Looked at before the filter, which allows no such question. */
static bool binds_ports(const struct sandbox *s)
{
    int version =
        (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

    return (handled_by(version, s).net & NET_CONNECT_TCP) != 0;
}

#else

static bool binds_ports(const struct sandbox *s)
{
    (void)s;
    return false;
}

static bool enter_landlock(const struct sandbox *s, struct error *reterr)
{
    (void)s;
    return error_set(reterr, ERROR_CONFIG, "sandbox: built where there is no Landlock");
}

#endif

/* ---- system calls ---- */

#ifdef RELAYWATCH_SECCOMP

static const char *const calls[] = {
    /* bytes */
    "read", "readv", "pread64", "write", "writev", "pwrite64", "lseek", "_llseek", "fsync",
    "fdatasync", "ftruncate", "ftruncate64", "fadvise64", "close", "dup", "fcntl", "fcntl64",
    "flock",
    /* files; Landlock says which */
    "open", "openat", "stat", "stat64", "lstat", "lstat64", "fstat", "fstat64", "newfstatat",
    "fstatat64", "statx", "statfs", "fstatfs", "access", "faccessat", "faccessat2", "readlink",
    "readlinkat", "getcwd", "getdents", "getdents64", "rename", "renameat", "renameat2", "unlink",
    "unlinkat", "fchmod", "fchown", "inotify_init1", "inotify_add_watch", "inotify_rm_watch",
    /* memory */
    "brk", "mmap", "mmap2", "mremap", "munmap", "mprotect", "madvise",
    /* waiting and time */
    "poll", "ppoll", "ppoll_time64", "select", "pselect6", "nanosleep", "clock_nanosleep",
    "clock_gettime", "clock_gettime64", "gettimeofday", "time", "futex", "restart_syscall",
    "sched_yield",
    /* collectors, the service manager */
    "connect", "send", "sendto", "sendmsg", "recv", "recvfrom", "recvmsg", "getsockopt",
    "getsockname",
    /* the process */
    "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigreturn", "sigaltstack", "exit",
    "exit_group", "getpid", "gettid", "tgkill", "getuid", "geteuid", "getgid", "getegid",
    "getrandom", "uname", "sysinfo", "rseq", "set_robust_list",
    /* examples of signatures that are read again */
    "memfd_create"};

/* What a server with a thread of its own needs besides. */
static const char *const server_calls[] = {
    "bind",           "listen",   "accept",     "accept4",       "setsockopt",        "getpeername",
    "shutdown",       "sendfile", "sendfile64", "epoll_create1", "epoll_ctl",         "epoll_wait",
    "epoll_pwait",    "eventfd2", "pipe2",      "pipe",          "sched_getaffinity", "prlimit64",
    "get_robust_list"};

static bool allow_named(scmp_filter_ctx filter, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int number = seccomp_syscall_resolve_name(names[i]);
        if (number != __NR_SCMP_ERROR && /* not of this kind of machine */
            seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0) != 0 && number >= 0)
            return false;
    }
    return true;
}

/* A call whose argument of that number, as the kernel reads it in 32 bits, has the bits of value in
 * mask. */
static bool allow_where(scmp_filter_ctx filter, int number, unsigned argument, uint32_t mask,
                        uint32_t value)
{
    const struct scmp_arg_cmp only = {
        .arg = argument, .op = SCMP_CMP_MASKED_EQ, .datum_a = mask, .datum_b = value};

    return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, number, 1, &only) == 0;
}

/* Threads, no processes. The arguments of clone3 cannot be looked at: the C library takes clone
 * where there is none. */
static bool allow_threads(scmp_filter_ctx filter)
{
    return seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0) == 0 &&
           allow_where(filter, SCMP_SYS(clone), 0, CLONE_THREAD, CLONE_THREAD) &&
           allow_named(filter, server_calls, sizeof server_calls / sizeof server_calls[0]);
}

static bool allow_calls(scmp_filter_ctx filter)
{
    static const uint32_t families[] = {AF_UNIX, AF_INET, AF_INET6};
    static const uint32_t controls[] = {TIOCGWINSZ, 0x5401 /* TCGETS */, SIOCOUTQ, FIONREAD};

    if (!allow_named(filter, calls, sizeof calls / sizeof calls[0]))
        return false;
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++)
        if (!allow_where(filter, SCMP_SYS(socket), 0, UINT32_MAX, families[i]))
            return false;
    for (size_t i = 0; i < sizeof controls / sizeof controls[0]; i++)
        if (!allow_where(filter, SCMP_SYS(ioctl), 1, UINT32_MAX, controls[i]))
            return false;
    return true;
}

static bool enter_filter(const struct sandbox *s, struct error *reterr)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    bool good = filter != NULL && allow_calls(filter) && (!s->listens || allow_threads(filter)) &&
                seccomp_load(filter) == 0;

    if (filter != NULL)
        seccomp_release(filter);
    return good || error_set(reterr, ERROR_CONFIG, "sandbox: this kernel takes no seccomp filter");
}

#else

static bool enter_filter(const struct sandbox *s, struct error *reterr)
{
    (void)s;
    (void)reterr;
    return true;
}

#endif

/* As the sandbox itself: of the process, and for good. */
static struct {
    bool holds, ports_bound;
    unsigned ports[SANDBOX_PORTS_MAX];
    unsigned ports_count;
} entered;

static void note_entered(const struct sandbox *s)
{
    entered.holds = true;
    entered.ports_bound = binds_ports(s);
    entered.ports_count = s->ports_count;
    memcpy(entered.ports, s->ports, sizeof entered.ports);
}

bool sandbox_holds(void)
{
    return entered.holds;
}

bool sandbox_refuses_port(unsigned port)
{
    for (unsigned i = 0; i < entered.ports_count; i++)
        if (entered.ports[i] == port)
            return false;
    return entered.ports_bound;
}

bool sandbox_enter(const struct sandbox *s, struct error *reterr)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return error_set(reterr, ERROR_CONFIG, "sandbox: %s", strerror(errno));
    if (!enter_landlock(s, reterr))
        return false;
    note_entered(s);
    return enter_filter(s, reterr);
}

/* ---- another user ---- */

static void give(const char *path, const struct passwd *to)
{
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat st;

    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 1 &&
        st.st_uid == 0 && fchown(fd, to->pw_uid, (gid_t)-1) != 0)
        errno = 0; /* then it cannot be opened again later, which is told */
    if (fd >= 0)
        (void)close(fd);
}

bool sandbox_become(const char *user, const char *const *paths, unsigned paths_count,
                    struct error *reterr)
{
    const struct passwd *who = getpwnam(user);

    if (who == NULL)
        return error_set(reterr, ERROR_CONFIG, "user: there is no \"%s\" here", user);
    if (geteuid() == who->pw_uid && geteuid() != 0)
        return true;
    if (geteuid() != 0)
        return error_set(reterr, ERROR_CONFIG, "user: only root can become \"%s\"", user);
    for (unsigned i = 0; i < paths_count; i++)
        give(paths[i], who);
    if (initgroups(user, who->pw_gid) != 0 ||
        setresgid(who->pw_gid, who->pw_gid, who->pw_gid) != 0 ||
        setresuid(who->pw_uid, who->pw_uid, who->pw_uid) != 0)
        return error_set(reterr, ERROR_CONFIG, "user: cannot become \"%s\": %s", user,
                         strerror(errno));
    if (who->pw_uid != 0 && setuid(0) == 0)
        return error_set(reterr, ERROR_CONFIG, "user: root could come back");
    /* also without a sandbox: no program run from here may gain rights */
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ||
           error_set(reterr, ERROR_CONFIG, "user: %s", strerror(errno));
}
