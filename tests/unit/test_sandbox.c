/* test_sandbox.c - what can still be done in the sandbox, and what cannot; each try in a child */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "sandbox.h"

static char folder[64], inside[96], outside[96];
static bool missing; /* this kernel has none */

/* Results of a child: bit n is what try n gave. */
static int in_sandbox(unsigned (*tries)(void))
{
    int status = 0;

    fflush(stdout);
    fflush(stderr);
    pid_t child = fork();
    if (child == 0) {
        struct sandbox s = {0};
        struct error error = {0};
        sandbox_may_read(&s, "/etc");
        sandbox_may_write(&s, inside);
        s.ports[s.ports_count++] = 9;
        if (!sandbox_enter(&s, &error))
            _exit(77);
        sandbox_fini(&s);
        _exit((int)tries());
    }
    return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool can_make(const char *place, const char *name)
{
    char path[160];
    snprintf(path, sizeof path, "%s/%s", place, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    bool good = fd >= 0 && write(fd, "x", 1) == 1;
    if (fd >= 0)
        close(fd);
    return good;
}

static bool can_read(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char byte;
    bool good = fd >= 0 && read(fd, &byte, 1) >= 0;
    if (fd >= 0)
        close(fd);
    return good;
}

static unsigned try_files(void)
{
    char from[160], to[160];
    unsigned bits = can_make(inside, "new") ? 1 : 0;

    snprintf(from, sizeof from, "%s/new", inside);
    snprintf(to, sizeof to, "%s/newer", inside);
    bits |= rename(from, to) == 0 && unlink(to) == 0 ? 2 : 0;
    bits |= can_read("/etc/passwd") ? 4 : 0;
    bits |= can_make(outside, "new") ? 8 : 0;
    bits |= can_make("/etc", "relaywatch-test") ? 16 : 0;
    bits |= can_read("/proc/self/status") ? 32 : 0;
    snprintf(to, sizeof to, "%s/kept", outside);
    bits |= unlink(to) == 0 ? 64 : 0;
    return bits;
}

static void test_files(void)
{
    int bits = in_sandbox(try_files);
    if (bits == 77) {
        missing = true;
        return;
    }
    CHECK_INT(bits, 1 | 2 | 4);
}

static int connect_errno(unsigned port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return connect(fd, (const struct sockaddr *)&to, sizeof to) == 0 ? 0 : errno;
}

static unsigned try_calls(void)
{
    char *const argv[] = {folder, NULL};
    unsigned bits = 0;

    bits |= connect_errno(9) != EACCES ? 1 : 0; /* refused by nobody being there */
    bits |= connect_errno(10) != EACCES ? 2 : 0;
    bits |= socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0) >= 0 ? 4 : 0;
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    bits |= child >= 0 ? 8 : 0;
    bits |= execv("/bin/true", argv) == 0 ? 16 : 0;
    return bits;
}

static void test_calls(void)
{
    if (missing)
        return;
    int bits = in_sandbox(try_calls);
    CHECK(bits >= 0);
    CHECK_INT(bits & 1, 1);
    CHECK_INT(bits & 16, 0);
    if (sandbox_has_filter())
        CHECK_INT(bits & (4 | 8), 0);
}

/* PCRE2 makes its memory executable. */
static unsigned try_jit(void)
{
    int code = 0;
    size_t at = 0;
    pcre2_code *re =
        pcre2_compile((PCRE2_SPTR) "^a+b$", PCRE2_ZERO_TERMINATED, 0, &code, &at, NULL);
    uint32_t jit = 0;

    pcre2_config(PCRE2_CONFIG_JIT, &jit);
    unsigned bits = re != NULL && (jit == 0 || pcre2_jit_compile(re, PCRE2_JIT_COMPLETE) == 0);
    pcre2_match_data *found = pcre2_match_data_create(1, NULL);
    bits |= pcre2_match(re, (PCRE2_SPTR) "aaab", 4, 0, 0, found, NULL) == 1 ? 2 : 0;
    pcre2_match_data_free(found);
    pcre2_code_free(re);
    return bits;
}

static void test_jit(void)
{
    if (!missing)
        CHECK_INT(in_sandbox(try_jit), 3);
}

static void test_user(void)
{
    struct error error = {0};

    CHECK(!sandbox_become("no-such-user-here", NULL, 0, &error));
    CHECK_INT(error.code, ERROR_CONFIG);
    if (geteuid() != 0)
        return;
    char path[160];
    snprintf(path, sizeof path, "%s/given", inside);
    const char *const paths[] = {path};
    int status = 1;
    CHECK(can_make(inside, "given"));
    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        _exit(sandbox_become("nobody", paths, 1, NULL) && geteuid() != 0 && getuid() != 0 &&
                      setuid(0) != 0
                  ? 0
                  : 1);
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    struct stat st;
    CHECK(stat(path, &st) == 0 && st.st_uid != 0);
    unlink(path);
}

static void set_up(void)
{
    snprintf(folder, sizeof folder, "sandbox-test-XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
    snprintf(inside, sizeof inside, "%s/inside", folder);
    snprintf(outside, sizeof outside, "%s/outside", folder);
    CHECK(mkdir(inside, 0700) == 0 && mkdir(outside, 0700) == 0);
    CHECK(can_make(outside, "kept"));
}

static void tear_down(void)
{
    char path[160];

    snprintf(path, sizeof path, "%s/kept", outside);
    CHECK(unlink(path) == 0);
    CHECK(rmdir(inside) == 0 && rmdir(outside) == 0 && rmdir(folder) == 0);
    if (missing)
        printf("# this kernel has no Landlock: nothing was tried\n");
}

static const struct test_case cases[] = {
    {"folders of its own are made", set_up},
    {"files can be made and read in the places named, and nowhere else", test_files},
    {"no other program, no other port, no other kind of socket", test_calls},
    {"expressions are compiled to machine code in it", test_jit},
    {"root becomes another user and cannot come back", test_user},
    {"the folders are empty at the end", tear_down},
};

TEST_MAIN(cases)
