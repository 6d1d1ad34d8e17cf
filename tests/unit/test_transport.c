/* test_transport.c - append-only output: whole lines, closed pipes, full disks, rotation */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "output/transport.h"

static char folder[64];

static const char *path_of(const char *name, char *buf, size_t size)
{
    snprintf(buf, size, "%s/%s", folder, name);
    return buf;
}

/* The content of a file, cut to size - 1. */
static slice read_file(const char *path, char *buf, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, buf, size - 1);
    if (fd >= 0)
        close(fd);
    return n < 0 ? SLICE_NONE : (slice){buf, (size_t)n};
}

static void test_append(void)
{
    char path[128], text[64];
    struct error error = {ERROR_NONE, ""};
    struct stat status;
    path_of("append", path, sizeof(path));
    for (int i = 0; i < 2; i++) {
        struct transport *t = transport_open(path, &error);
        CHECK(t != NULL);
        CHECK(transport_write(t, SLICE_LIT("one\n")));
        CHECK(transport_write(t, SLICE_NONE));
        CHECK(transport_close(&t));
        CHECK(t == NULL);
    }
    CHECK_SLICE(read_file(path, text, sizeof(text)), "one\none\n");
    CHECK(stat(path, &status) == 0 && (status.st_mode & 0777) == 0640);
    unlink(path);
}

/* Each document in the place of the one before; who has the old one open keeps it. */
static void test_whole(void)
{
    char path[128], beside[160], text[64];
    struct error error = {ERROR_NONE, ""};
    struct stat status;
    path_of("whole", path, sizeof(path));
    snprintf(beside, sizeof(beside), "%s.new", path);
    struct transport *t = transport_open_whole(path, &error);
    CHECK(t != NULL);
    CHECK(stat(path, &status) != 0); /* nothing before the first document */
    CHECK(transport_write(t, SLICE_LIT("first and longer\n")));
    CHECK(chmod(path, 0644) == 0);
    CHECK(transport_write(t, SLICE_LIT("second\n")));
    CHECK(transport_close(&t));
    CHECK_SLICE(read_file(path, text, sizeof(text)), "second\n");
    CHECK(stat(path, &status) == 0 && (status.st_mode & 0777) == 0644);
    CHECK(stat(beside, &status) != 0);
    unlink(path);
}

/* A run that ends without a document leaves the old one as it was; a link stays a link. */
static void test_whole_keeps(void)
{
    char path[128], link[128], beside[160], text[64];
    struct error error = {ERROR_NONE, ""};
    struct stat status;
    path_of("kept", path, sizeof(path));
    path_of("link", link, sizeof(link));
    snprintf(beside, sizeof(beside), "%s.new", path);
    struct transport *t = transport_open_whole(path, &error);
    CHECK(t != NULL && transport_write(t, SLICE_LIT("old\n")) && transport_close(&t));
    t = transport_open_whole(path, &error);
    CHECK(t != NULL && transport_close(&t));
    CHECK_SLICE(read_file(path, text, sizeof(text)), "old\n");
    CHECK(stat(beside, &status) != 0);
    CHECK(symlink("kept", link) == 0);
    t = transport_open_whole(link, &error);
    CHECK(t != NULL && transport_write(t, SLICE_LIT("new\n")) && transport_close(&t));
    CHECK_SLICE(read_file(path, text, sizeof(text)), "new\n");
    CHECK(lstat(link, &status) == 0 && S_ISLNK(status.st_mode));
    CHECK(transport_open_whole(path_of("missing/file", text, sizeof(text)), &error) == NULL);
    CHECK_INT(error.code, ERROR_OUTPUT);
    t = transport_open_whole("/dev/null", &error);
    CHECK(t != NULL && transport_write(t, SLICE_LIT("gone\n")) && transport_close(&t));
    unlink(link);
    unlink(path);
}

static void test_bad_path(void)
{
    char path[128];
    struct error error = {ERROR_NONE, ""};
    CHECK(transport_open(path_of("missing/file", path, sizeof(path)), &error) == NULL);
    CHECK_INT(error.code, ERROR_OUTPUT);
    CHECK(strstr(error.text, "missing/file") != NULL);
    struct transport *none = NULL;
    CHECK(transport_close(&none));
}

/* Put fd in the place of standard output; the old one comes back from restore_stdout(). */
static int replace_stdout(int fd)
{
    fflush(stdout);
    int saved = dup(STDOUT_FILENO);
    dup2(fd, STDOUT_FILENO);
    return saved;
}

static void restore_stdout(int saved)
{
    fflush(stdout);
    dup2(saved, STDOUT_FILENO);
    close(saved);
}

static void test_closed_pipe(void)
{
    int ends[2];
    if (pipe(ends) != 0)
        return;
    int saved = replace_stdout(ends[1]);
    close(ends[1]);
    close(ends[0]);
    struct transport *t = transport_open("-", NULL);
    bool written = transport_write(t, SLICE_LIT("nobody reads this\n"));
    bool again = transport_write(t, SLICE_LIT("nor this\n"));
    bool stopped = transport_stopped(t);
    uint64_t failures = transport_failures(t);
    bool closed = transport_close(&t);
    restore_stdout(saved);
    CHECK(!written && !again && stopped && closed);
    CHECK_INT(failures, 0);
}

static void test_full_device(void)
{
    int saved_stderr = dup(STDERR_FILENO), null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    struct transport *t = transport_open("/dev/full", NULL);
    dup2(null, STDERR_FILENO);
    if (t != NULL) {
        struct transport_report report;
        CHECK(transport_write(t, SLICE_LIT("a\n"))); /* both wait */
        CHECK(transport_write(t, SLICE_LIT("b\n")));
        CHECK_INT(transport_failures(t), 1); /* the second is not tried within the second */
        CHECK_INT(transport_lost(t), 0);
        transport_report(t, &report);
        CHECK_INT(report.waiting, 2);
        CHECK(!transport_stopped(t));
        CHECK(!transport_close(&t));
    }
    dup2(saved_stderr, STDERR_FILENO);
    close(saved_stderr);
    close(null);
}

/* A pipe takes 64 KiB at a time: a bigger block arrives whole only when short writes are continued.
 */
static void test_big_block(void)
{
    enum { SIZE = 1 << 20 };
    int ends[2];
    if (pipe(ends) != 0)
        return;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        char *block = malloc(SIZE);
        memset(block, 'x', SIZE);
        dup2(ends[1], STDOUT_FILENO);
        (void)fcntl(STDOUT_FILENO, F_SETFL, O_NONBLOCK);
        close(ends[0]);
        close(ends[1]);
        struct transport *t = transport_open(NULL, NULL);
        bool ok = transport_write(t, (slice){block, SIZE});
        transport_close(&t);
        free(block);
        _exit(ok ? 0 : 1);
    }
    close(ends[1]);
    char part[4096];
    size_t total = 0;
    for (ssize_t n; (n = read(ends[0], part, sizeof(part))) > 0;)
        total += (size_t)n;
    close(ends[0]);
    CHECK_INT(total, SIZE);
    int status = 1;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
}

/* A file-size limit ends a write midway, like a disk that fills up. */
static void test_torn_line(void)
{
    char path[128], text[64];
    struct rlimit old, small;
    struct transport *t = transport_open(path_of("torn", path, sizeof(path)), NULL);
    int saved_stderr = dup(STDERR_FILENO), null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    getrlimit(RLIMIT_FSIZE, &old);
    small = old;
    small.rlim_cur = 6;
    dup2(null, STDERR_FILENO);
    setrlimit(RLIMIT_FSIZE, &small);
    bool written = transport_write(t, SLICE_LIT("too long\n"));
    setrlimit(RLIMIT_FSIZE, &old);
    dup2(saved_stderr, STDERR_FILENO);
    CHECK(written); /* it waits, and the rest of it goes where it ended */
    CHECK(transport_write(t, SLICE_LIT("whole\n")));
    CHECK(transport_close(&t));
    CHECK_SLICE(read_file(path, text, sizeof(text)), "too long\nwhole\n");
    close(saved_stderr);
    close(null);
    unlink(path);
}

static void test_rotation(void)
{
    char path[128], old[128], text[64];
    path_of("log", path, sizeof(path));
    path_of("log.1", old, sizeof(old));
    struct transport *t = transport_open(path, NULL);
    CHECK(transport_write(t, SLICE_LIT("before\n")));
    CHECK(rename(path, old) == 0);
    CHECK(transport_write(t, SLICE_LIT("still the old\n")));
    CHECK(transport_reopen(t, NULL));
    CHECK(transport_write(t, SLICE_LIT("after\n")));
    CHECK(transport_close(&t));
    CHECK_SLICE(read_file(old, text, sizeof(text)), "before\nstill the old\n");
    CHECK_SLICE(read_file(path, text, sizeof(text)), "after\n");
    unlink(path);
    unlink(old);
}

static void set_up(void)
{
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    snprintf(folder, sizeof(folder), "transport-test-XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
}

static void tear_down(void)
{
    CHECK(rmdir(folder) == 0);
}

static const struct test_case cases[] = {
    {"a folder of its own is made", set_up},
    {"a file is appended to and made readable for its group only", test_append},
    {"a path that cannot be opened is told by name", test_bad_path},
    {"a document takes the place of the one before it", test_whole},
    {"without a document the old one stays; links are followed, devices written to",
     test_whole_keeps},
    {"a reader that goes away stops the output without noise", test_closed_pipe},
    {"a full device is counted and fails the close", test_full_device},
    {"a block larger than a pipe arrives whole", test_big_block},
    {"a line torn by an error does not spoil the next one", test_torn_line},
    {"after rotation the file of the old name is made again", test_rotation},
    {"the folder is empty at the end", tear_down},
};

TEST_MAIN(cases)
