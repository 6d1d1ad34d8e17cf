/* test_options.c - syntax of the command line and of the configuration file, and what is said of a
 * wrong one */
#include "options.h"

#include <stdint.h>
#include <stdlib.h>

#include "input_fixtures.h"
#include "test.h"

enum { WORDS = 16 };

/* A command line of words with a bar between each. */
struct line {
    char text[512];
    char *argv[WORDS + 1];
    int argc;
};

static void line_make(struct line *l, const char *words)
{
    char *save = NULL;

    snprintf(l->text, sizeof l->text, "relaywatch|%s", words);
    l->argc = 0;
    for (char *w = strtok_r(l->text, "|", &save); w != NULL && l->argc < WORDS;
         w = strtok_r(NULL, "|", &save))
        l->argv[l->argc++] = w;
    l->argv[l->argc] = NULL;
}

static void words_become_settings(void)
{
    static const struct {
        const char *words;
        unsigned count;
        enum option_id id; /* of the last */
        const char *value; /* of the last; NULL a switch */
        int operands;
    } rows[] = {
        {"", 0, OPTION_HELP, NULL, 0},
        {"a.log|b.log", 0, OPTION_HELP, NULL, 2},
        {"--top=5", 1, OPTION_TOP, "5", 0},
        {"--top|5", 1, OPTION_TOP, "5", 0},
        {"-o|json:x.json", 1, OPTION_OUTPUT, "json:x.json", 0},
        {"-ojson", 1, OPTION_OUTPUT, "json", 0},
        {"-qq", 2, OPTION_QUIET, NULL, 0},
        {"--local-domain=a.example|--local-domain=b.example", 2, OPTION_LOCAL_DOMAIN, "b.example",
         0},
        {"a.log|--top=5", 1, OPTION_TOP, "5", 1},
        {"--|--top=5", 0, OPTION_HELP, NULL, 1},
        {"--top=", 1, OPTION_TOP, "", 0},
        {"-", 0, OPTION_HELP, NULL, 1},
        {"explain|a line", 0, OPTION_HELP, NULL, 1},
        {"explain|-f|a.log", 1, OPTION_FILE, "a.log", 0},
        {"explain|--unparsed|-fa.log|--top=5", 3, OPTION_TOP, "5", 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct settings s = {0};
        struct error error = {0};
        struct line l;
        int before = test_failures;
        line_make(&l, rows[i].words);
        CHECK(options_parse(l.argc, l.argv, &s, &error));
        CHECK_INT(s.count, rows[i].count);
        CHECK_INT(s.operand_count, rows[i].operands);
        CHECK_INT(s.explain, slice_starts(slice_of(rows[i].words), SLICE_LIT("explain|")));
        if (s.count > 0 && s.count == rows[i].count) {
            const struct setting *last = &s.list[s.count - 1];
            CHECK_INT(last->id, rows[i].id);
            CHECK((last->value == NULL) == (rows[i].value == NULL));
            CHECK_STR(last->value, rows[i].value == NULL ? "" : rows[i].value);
            CHECK_STR(last->origin, "command line");
        }
        if (test_failures != before)
            printf("#   in: %s\n", rows[i].words);
        options_free(&s);
    }
}

static void wrong_words_are_named(void)
{
    static const struct {
        const char *words, *says;
    } rows[] = {
        {"--local-domian=x", "unknown option --local-domian=x; did you mean --local-domain?"},
        {"--outputs=json", "unknown option --outputs=json; did you mean --output?"},
        {"--zzzzzzzzzz", "unknown option --zzzzzzzzzz; see --help"},
        {"-Z", "unknown option -Z; see --help"},
        {"-qZ", "unknown option -Z; see --help"},
        {"--top", "option --top needs a value; see --help"},
        {"-o", "option -o needs a value; see --help"},
        {"--help=yes", "option --help takes no value"},
        {"-f|a.log", "option --file is for \"relaywatch explain\" only"},
        {"a.log|explain|--unparsed", "option --unparsed is for \"relaywatch explain\" only"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct settings s = {0};
        struct error error = {0};
        struct line l;
        line_make(&l, rows[i].words);
        CHECK(!options_parse(l.argc, l.argv, &s, &error));
        CHECK_INT(error.code, ERROR_USAGE);
        CHECK_STR(error.text, rows[i].says);
        options_free(&s);
    }
}

static void the_nearest_name_is_offered(void)
{
    static const char *const names[] = {"local-domain", "relay-domain", "tz", "top", "output"};
    static const struct {
        const char *wrong, *near;
    } rows[] = {
        {"local_domain", "local-domain"},
        {"relaydomain", "relay-domain"},
        {"otuput", "output"},
        {"topp", "top"},
        {"tz", "tz"},
        {"xy", NULL}, /* two letters, both wrong: nothing is alike */
        {"", NULL},
        {"completely-else", NULL},
        {"lllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll", NULL},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *near = options_nearest(slice_of(rows[i].wrong), names, 5);
        CHECK((near == NULL) == (rows[i].near == NULL));
        CHECK_STR(near, rows[i].near == NULL ? "" : rows[i].near);
    }
}

static void file_path(char *path, slice content)
{
    int fd;

    strcpy(path, "/tmp/relaywatch-test-XXXXXX");
    fd = mkstemp(path);
    ASSERT(fd >= 0);
    write_fully(fd, content);
    close(fd);
}

static void a_file_gives_settings_with_their_lines(void)
{
    struct settings s = {0};
    struct error error = {0};
    char path[64], origin[128];

    file_path(path, SLICE_LIT("# a comment\n\n  top = 5  \r\nquiet=yes\nquiet = no\n"
                              "local-domain = a.example, b.example"));
    CHECK(options_read_file(path, &s, &error));
    CHECK_INT(s.count, 3);
    if (s.count == 3) {
        CHECK_INT(s.list[0].id, OPTION_TOP);
        CHECK_STR(s.list[0].value, "5");
        snprintf(origin, sizeof origin, "%s:3", path);
        CHECK_STR(s.list[0].origin, origin);
        CHECK_INT(s.list[1].id, OPTION_QUIET);
        CHECK(s.list[1].value == NULL);
        CHECK_STR(s.list[2].value, "a.example, b.example");
        snprintf(origin, sizeof origin, "%s:6", path);
        CHECK_STR(s.list[2].origin, origin);
    }
    options_free(&s);
    unlink(path);
}

static void a_wrong_file_is_told_by_line(void)
{
    static const struct {
        const char *content, *says; /* what follows the path */
    } rows[] = {
        {"top = 5\ntopp = 6\n", ":2: unknown setting \"topp\"; did you mean \"top\"?"},
        {"\n\nwhatsoever = 6\n", ":3: unknown setting \"whatsoever\""},
        {"top 5\n", ":1: expected \"name = value\""},
        {"help = yes\n", ":1: \"help\" is for the command line only"},
        {"config = other.conf\n", ":1: \"config\" is for the command line only"},
        {"quiet = maybe\n", ":1: \"quiet\" is yes or no"},
        {"= 5\n", ":1: unknown setting \"\""},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct settings s = {0};
        struct error error = {0};
        char path[64], says[256];
        file_path(path, slice_of(rows[i].content));
        CHECK(!options_read_file(path, &s, &error));
        CHECK_INT(error.code, ERROR_CONFIG);
        snprintf(says, sizeof says, "%s%s", path, rows[i].says);
        CHECK_STR(error.text, says);
        options_free(&s);
        unlink(path);
    }
}

static void values_end_at_4095_bytes(void)
{
    for (size_t n = 4095; n <= 4096; n++) {
        struct settings s = {0};
        struct error error = {0};
        struct bytes b = {0};
        char path[64];
        bytes_add(&b, SLICE_LIT("local-domain = "));
        bytes_fill(&b, 'a', n);
        file_path(path, bytes_slice(&b));
        CHECK_INT(options_read_file(path, &s, &error), n == 4095);
        options_free(&s);
        bytes_free(&b);
        unlink(path);
    }
}

static void a_missing_file_is_named(void)
{
    struct settings s = {0};
    struct error error = {0};

    CHECK(!options_read_file("/nonexistent/relaywatch.conf", &s, &error));
    CHECK_INT(error.code, ERROR_CONFIG);
    CHECK_STR(error.text, "/nonexistent/relaywatch.conf: cannot open: No such file or directory");
    options_free(&s);
}

static void help_fits_a_terminal(void)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    slice rest;

    options_help(out);
    fclose(out);
    rest = (slice){text, size};
    CHECK(slice_has(rest, SLICE_LIT("--local-domain D[,D..]")));
    while (rest.len > 0) {
        size_t eol = slice_find_byte(rest, '\n');
        CHECK(eol <= 80);
        rest = slice_from(rest, eol + 1);
    }
    free(text);
}

static const struct test_case cases[] = {
    {"words become settings in their order", words_become_settings},
    {"wrong words are named, with the nearest name", wrong_words_are_named},
    {"the nearest name is offered when one is near", the_nearest_name_is_offered},
    {"a file gives settings that know their line", a_file_gives_settings_with_their_lines},
    {"a wrong file is told by file and line", a_wrong_file_is_told_by_line},
    {"values in a file end at 4,095 bytes", values_end_at_4095_bytes},
    {"a missing file is named with the reason", a_missing_file_is_named},
    {"help fits a terminal of 80 columns", help_fits_a_terminal},
};

TEST_MAIN(cases)
