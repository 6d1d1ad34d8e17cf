/* test_input_set.c - arguments to a list of inputs, looking ahead, stdin */
#include "input/input_set.h"

#include "input_fixtures.h"
#include "test.h"

/* A temporary directory with files, removed at the end of the case. */
struct scratch {
    char path[64];
    char names[16][64];
    unsigned count;
};

static void scratch_init(struct scratch *s)
{
    *s = (struct scratch){.path = "/tmp/relaywatch-test-XXXXXX"};
    ASSERT(mkdtemp(s->path) != NULL);
}

/* The path of a further file, not yet made. */
static const char *scratch_name(struct scratch *s, const char *name)
{
    char path[sizeof s->names[0]];

    snprintf(path, sizeof path, "%.40s/%.20s", s->path, name);
    return memcpy(s->names[s->count++], path, sizeof path);
}

static const char *scratch_add(struct scratch *s, const char *name, slice content)
{
    const char *path = scratch_name(s, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    ASSERT(fd >= 0);
    write_fully(fd, content);
    close(fd);
    return path;
}

static void scratch_fini(struct scratch *s)
{
    for (unsigned i = 0; i < s->count; i++)
        unlink(s->names[i]);
    rmdir(s->path);
}

static const char *base_name(const struct input_set *set, unsigned i)
{
    const char *slash = strrchr(set->inputs[i].path, '/');

    return slash == NULL ? set->inputs[i].path : slash + 1;
}

static void files_keep_their_order(void)
{
    struct scratch s;
    struct input_set set;
    struct error error = {0};

    scratch_init(&s);
    input_set_init(&set);
    const char *b = scratch_add(&s, "b.log", SLICE_LIT("bb\n"));
    const char *a = scratch_add(&s, "a.log", SLICE_LIT("a\n"));
    CHECK(input_set_add(&set, b, &error) && input_set_add(&set, a, &error));
    CHECK_INT(set.count, 2);
    CHECK_STR(set.inputs[0].name, b);
    CHECK_STR(set.inputs[1].path, a);
    CHECK_INT(set.inputs[0].size_bytes, 3);
    CHECK_INT(set.size_bytes, 5);
    CHECK(set.size_known && set.inputs[0].kind == INPUT_FILE);
    CHECK(set.inputs[0].mtime_us > 1600000000LL * 1000000);
    input_set_fini(&set);
    scratch_fini(&s);
}

static void missing_files_do_not_stop_the_rest(void)
{
    struct scratch s;
    struct input_set set;
    struct error error = {0}, none = {0};

    scratch_init(&s);
    input_set_init(&set);
    const char *a = scratch_add(&s, "a.log", SLICE_LIT("a\n"));
    CHECK(!input_set_add(&set, "/nonexistent/x.log", &error));
    CHECK_STR(error.text, "/nonexistent/x.log: cannot open: No such file or directory");
    CHECK_INT(error.code, ERROR_INPUT);
    CHECK(input_set_add(&set, a, &none));
    CHECK_INT(set.count, 1);
    input_set_fini(&set);
    scratch_fini(&s);
}

static void same_file_is_read_once(void)
{
    struct scratch s;
    struct input_set set;

    scratch_init(&s);
    input_set_init(&set);
    const char *a = scratch_add(&s, "a.log", SLICE_LIT("a\n"));
    ASSERT(symlink(a, scratch_name(&s, "link")) == 0);
    ASSERT(link(a, scratch_name(&s, "hard")) == 0);
    for (unsigned i = 0; i < s.count; i++)
        CHECK(input_set_add(&set, s.names[i], NULL));
    CHECK(input_set_add(&set, s.path, NULL));
    CHECK_INT(set.count, 1);
    CHECK_INT(set.duplicates, 5);
    input_set_fini(&set);
    scratch_fini(&s);
}

/* Byte order of names; no hidden, binary or packed-otherwise files; folders inside are not entered.
 */
static void directories_give_their_logs(void)
{
    static const char *const want[] = {"Mail.log",   "crash.log",     "empty.log", "mail.log",
                                       "mail.log.1", "mail.log.2.gz", "wide.csv"};
    struct scratch s;
    struct input_set set;
    struct error error = {0};
    struct bytes b = {0};

    scratch_init(&s);
    input_set_init(&set);
    scratch_add(&s, "mail.log.1", SLICE_LIT("older\n"));
    scratch_add(&s, "mail.log", SLICE_LIT("new\n"));
    scratch_add(&s, "Mail.log", SLICE_LIT("capital\n"));
    scratch_add(&s, ".mail.swp", SLICE_LIT("hidden\n"));
    scratch_add(&s, "empty.log", SLICE_LIT(""));
    scratch_add(&s, "wtmp", SLICE_LIT("\7\0\0\0\1\0tty1"));
    scratch_add(&s, "controls", SLICE_LIT("\1\2\3\4\5\6\7abc"));
    scratch_add(&s, "mail.lz4", SLICE_LIT("\x04\x22\x4d\x18xxxx"));
    scratch_add(&s, "crash.log", SLICE_LIT("\0\0\0\0\0Nov 24 line\n"));
    scratch_add(&s, "wide.csv",
                SLICE_LIT("\xFF\xFE"
                          "a\0,\0b\0\n\0"));
    bytes_add_gzip(&b, SLICE_LIT("packed\n"), 1600000000);
    scratch_add(&s, "mail.log.2.gz", bytes_slice(&b));
    CHECK(input_set_add(&set, s.path, &error));
    CHECK_INT(set.count, sizeof want / sizeof want[0]);
    for (unsigned i = 0; i < set.count && i < sizeof want / sizeof want[0]; i++)
        CHECK_STR(base_name(&set, i), want[i]);
    CHECK_INT(set.note_count, 3);
    CHECK(slice_ends(slice_of(set.notes[0]), SLICE_LIT("controls: not a text file")));
    CHECK(slice_has(slice_of(set.notes[1]), SLICE_LIT("mail.lz4: this build cannot read lz4")));
    CHECK(slice_ends(slice_of(set.notes[2]), SLICE_LIT("wtmp: not a text file")));
    CHECK_INT(set.inputs[5].mtime_us, 1600000000LL * 1000000);
    bytes_free(&b);
    input_set_fini(&set);
    scratch_fini(&s);
}

static void empty_directory_is_an_error(void)
{
    struct scratch s;
    struct input_set set;
    struct error error = {0};

    scratch_init(&s);
    input_set_init(&set);
    CHECK(!input_set_add(&set, s.path, &error));
    CHECK(slice_ends(slice_of(error.text), SLICE_LIT(": no log files in this directory")));
    input_set_fini(&set);
    scratch_fini(&s);
}

static slice read_rest(struct source *source, char *buf, size_t size)
{
    size_t have = 0;

    for (ssize_t n; (n = source_read(source, buf + have, size - have)) > 0;)
        have += (size_t)n;
    return (slice){buf, have};
}

static void head_of_a_file_leaves_it_alone(void)
{
    struct scratch s;
    struct input_set set;
    struct bytes b = {0};
    char buf[64];

    scratch_init(&s);
    input_set_init(&set);
    bytes_add_gzip(&b, SLICE_LIT("first line\nsecond line\n"), 0);
    CHECK(input_set_add(&set, scratch_add(&s, "a.gz", bytes_slice(&b)), NULL));
    for (int again = 0; again < 2; again++) {
        ssize_t n = input_set_head(&set, 0, buf, 10);
        CHECK_INT(n, 10);
        CHECK(n == 10 && memcmp(buf, "first line", 10) == 0);
    }
    CHECK_INT(input_set_head(&set, 0, buf, sizeof buf), 23);
    struct source *source = input_set_open(&set, 0, NULL);
    CHECK_SLICE(read_rest(source, buf, sizeof buf), "first line\nsecond line\n");
    source_free(&source);
    bytes_free(&b);
    input_set_fini(&set);
    scratch_fini(&s);
}

static void removed_file_fails_when_opened(void)
{
    struct scratch s;
    struct input_set set;
    struct error error = {0};
    char buf[8];

    scratch_init(&s);
    input_set_init(&set);
    CHECK(input_set_add(&set, scratch_add(&s, "a.log", SLICE_LIT("a\n")), NULL));
    scratch_fini(&s);
    CHECK_INT(input_set_head(&set, 0, buf, sizeof buf), -1);
    CHECK(input_set_open(&set, 0, &error) == NULL);
    CHECK(slice_ends(slice_of(error.text),
                     SLICE_LIT("a.log: cannot open: No such file or directory")));
    input_set_fini(&set);
}

/* Put a descriptor where stdin is; returns the old one. */
static int replace_stdin(int fd)
{
    int old = dup(STDIN_FILENO);

    ASSERT(dup2(fd, STDIN_FILENO) == STDIN_FILENO);
    close(fd);
    return old;
}

static void stdin_from_a_pipe_is_looked_at_and_read(void)
{
    struct input_set set;
    struct bytes b = {0};
    char buf[64];

    bytes_add_gzip(&b, SLICE_LIT("piped line one\npiped line two\n"), 1500000000);
    int old = replace_stdin(pipe_with(bytes_slice(&b), 5));
    input_set_init(&set);
    CHECK(input_set_add(&set, "-", NULL));
    CHECK(input_set_add(&set, "-", NULL));
    CHECK_INT(set.count, 1);
    CHECK_INT(set.duplicates, 1);
    CHECK(!set.size_known);
    CHECK_INT(set.inputs[0].kind, INPUT_STDIN);
    CHECK_STR(set.inputs[0].name, "(stdin)");
    CHECK_INT(set.inputs[0].mtime_us, 0);
    CHECK_INT(input_set_head(&set, 0, buf, 5), 5);
    CHECK_INT(input_set_head(&set, 0, buf, 14), 14);
    CHECK(memcmp(buf, "piped line one", 14) == 0);
    CHECK_INT(set.inputs[0].mtime_us, 1500000000LL * 1000000);
    struct source *source = input_set_open(&set, 0, NULL);
    CHECK_SLICE(read_rest(source, buf, sizeof buf), "piped line one\npiped line two\n");
    source_free(&source);
    CHECK(fcntl(STDIN_FILENO, F_GETFD) >= 0); /* stdin is not ours to close */
    close(replace_stdin(old));
    wait(NULL);
    input_set_fini(&set);
    bytes_free(&b);
}

static void stdin_from_a_file_has_its_size(void)
{
    struct input_set set;
    int old = replace_stdin(file_with(SLICE_LIT("redirected\n")));

    input_set_init(&set);
    CHECK(input_set_add(&set, "-", NULL));
    CHECK(set.size_known);
    CHECK_INT(set.size_bytes, 11);
    CHECK(set.inputs[0].mtime_us > 0);
    input_set_fini(&set); /* never opened: nothing leaks */
    close(replace_stdin(old));
}

/* /dev/fd/N of a shell's <(command): opening it twice would lose bytes. */
static void named_pipe_is_opened_once(void)
{
    struct input_set set;
    char path[32], buf[64];
    int fd = pipe_with(SLICE_LIT("from a command\n"), 100);

    snprintf(path, sizeof path, "/dev/fd/%d", fd);
    input_set_init(&set);
    CHECK(input_set_add(&set, path, NULL));
    CHECK_INT(set.inputs[0].kind, INPUT_PIPE);
    CHECK_INT(input_set_head(&set, 0, buf, sizeof buf), 15);
    struct source *source = input_set_open(&set, 0, NULL);
    CHECK_SLICE(read_rest(source, buf, sizeof buf), "from a command\n");
    source_free(&source);
    close(fd);
    wait(NULL);
    input_set_fini(&set);
}

static const struct test_case cases[] = {
    {"files keep the order of the command line", files_keep_their_order},
    {"a missing file is an error and the rest goes on", missing_files_do_not_stop_the_rest},
    {"the same file by several names is read once", same_file_is_read_once},
    {"a directory gives its logs in byte order", directories_give_their_logs},
    {"a directory without logs is an error", empty_directory_is_an_error},
    {"looking at a file's head leaves it alone", head_of_a_file_leaves_it_alone},
    {"a file removed meanwhile fails when it is opened", removed_file_fails_when_opened},
    {"stdin from a pipe is looked at and then read whole", stdin_from_a_pipe_is_looked_at_and_read},
    {"stdin redirected from a file has its size", stdin_from_a_file_has_its_size},
    {"a named pipe is opened once", named_pipe_is_opened_once},
};

TEST_MAIN(cases)
