/* options.c - syntax of the command line and of the configuration file
 * grammar:  file: blank lines, "# comment", name "=" value; name is a long option name, a
 *           switch takes yes or no
 * source:   getopt_long(3); the table is options.def
 * limits:   values in a configuration file up to 4,095 bytes */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>

#include "base/panic.h"

struct option_row {
    const char *long_name;
    char short_name;
    const char *argument;
    enum option_where where;
    const char *help;
};

static const struct option_row rows[OPTION_COUNT] = {
#define OPTION(id, long_name, short_name, argument, where, help)                                   \
    {long_name, short_name, argument, where, help},
#include "options.def"
#undef OPTION
};

static const char *const long_names[OPTION_COUNT] = {
#define OPTION(id, long_name, short_name, argument, where, help) long_name,
#include "options.def"
#undef OPTION
};

static struct setting *add(struct settings *s, enum option_id id, const char *value)
{
    struct setting *set;

    if (s->count == s->capacity) {
        s->capacity = s->capacity == 0 ? 16 : 2 * s->capacity;
        s->list = realloc(s->list, s->capacity * sizeof *s->list);
        ASSERT(s->list != NULL);
    }
    set = &s->list[s->count++];
    *set = (struct setting){.id = id, .value = value == NULL ? NULL : strdup(value)};
    return set;
}

bool options_shape_state(enum option_id id)
{
    switch (id) {
    case OPTION_LOCAL_DOMAIN:
    case OPTION_RELAY_DOMAIN:
    case OPTION_TRUSTED:
    case OPTION_FRONTEND:
    case OPTION_HONEY_USER:
    case OPTION_FORMAT:
    case OPTION_TZ:
    case OPTION_MEMORY:
        return true;
    default:
        return false;
    }
}

bool options_change_at_once(enum option_id id)
{
    switch (id) {
    case OPTION_LOCAL_DOMAIN:
    case OPTION_RELAY_DOMAIN:
    case OPTION_TRUSTED:
    case OPTION_FRONTEND:
    case OPTION_HONEY_USER:
    case OPTION_OUTPUT:
    case OPTION_EVENTS:
    case OPTION_SIGNATURES:
    case OPTION_STATE_EVERY:
    case OPTION_TOP:
    case OPTION_GEOIP_CITY:
    case OPTION_GEOIP_COUNTRY:
    case OPTION_GEOIP_ASN:
    case OPTION_FAIL_ON:
    case OPTION_BLOCK_ALLOW:
    case OPTION_BLOCK_SEVERITY:
    case OPTION_BLOCK_EXPIRE:
    case OPTION_BLOCK_NETWORKS:
    case OPTION_REPORTER:
    case OPTION_COLOR:
    case OPTION_QUIET:
        return true;
    default:
        return false;
    }
}

const char *options_name(enum option_id id)
{
    return long_names[id];
}

static unsigned distance(slice a, slice b)
{
    unsigned row[64], diagonal, above;

    if (a.len >= 63 || b.len >= 63)
        return 99;
    for (unsigned j = 0; j <= b.len; j++)
        row[j] = j;
    for (unsigned i = 1; i <= a.len; i++) {
        diagonal = row[0];
        row[0] = i;
        for (unsigned j = 1; j <= b.len; j++) {
            unsigned best = diagonal + (a.ptr[i - 1] != b.ptr[j - 1]);
            above = row[j];
            if (above + 1 < best)
                best = above + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            diagonal = above;
            row[j] = best;
        }
    }
    return row[b.len];
}

const char *options_nearest(slice wrong, const char *const *names, unsigned count)
{
    const char *best = NULL;
    unsigned best_distance = wrong.len < 4 ? (unsigned)wrong.len : 4; /* something must be alike */

    for (unsigned i = 0; i < count; i++) {
        unsigned d = distance(wrong, slice_of(names[i]));
        if (d < best_distance) {
            best = names[i];
            best_distance = d;
        }
    }
    return best;
}

static bool unknown_option(const char *arg, struct error *reterr)
{
    slice name = slice_of(arg);
    const char *near;

    while (name.len > 0 && name.ptr[0] == '-')
        name = slice_from(name, 1);
    name = slice_first(name, slice_find_byte(name, '='));
    near = options_nearest(name, long_names, OPTION_COUNT);
    if (near != NULL)
        return error_set(reterr, ERROR_USAGE, "unknown option %s; did you mean --%s?", arg, near);
    return error_set(reterr, ERROR_USAGE, "unknown option %s; see --help", arg);
}

/* What getopt refused: an unknown name, an unknown letter of a group, or a value for a switch. */
static bool refused_option(const char *arg, int letter, struct error *reterr)
{
    if (letter >= 1000)
        return error_set(reterr, ERROR_USAGE, "option --%s takes no value",
                         rows[letter - 1000].long_name);
    if (letter != 0)
        return error_set(reterr, ERROR_USAGE, "unknown option -%c; see --help", letter);
    return unknown_option(arg, reterr);
}

static void fill_getopt(struct option *long_options, char *short_options)
{
    char *out = short_options;

    *out++ = ':'; /* tell a missing argument from an unknown option */
    for (int i = 0; i < OPTION_COUNT; i++) {
        long_options[i] = (struct option){
            rows[i].long_name, rows[i].argument ? required_argument : no_argument, NULL, 1000 + i};
        if (rows[i].short_name == 0)
            continue;
        *out++ = rows[i].short_name;
        if (rows[i].argument)
            *out++ = ':';
    }
    long_options[OPTION_COUNT] = (struct option){0};
    *out = '\0';
}

static int id_of_short(int c)
{
    for (int i = 0; i < OPTION_COUNT; i++)
        if (rows[i].short_name == c)
            return i;
    return -1;
}

bool options_parse(int argc, char **argv, struct settings *ret, struct error *reterr)
{
    struct option long_options[OPTION_COUNT + 1];
    char short_options[2 * OPTION_COUNT + 2];
    int c;

    fill_getopt(long_options, short_options);
    ret->explain = argc > 1 && strcmp(argv[1], "explain") == 0;
    ret->merge = argc > 1 && strcmp(argv[1], "merge") == 0;
    argv += ret->explain || ret->merge; /* getopt passes over the first word, whatever it is */
    argc -= ret->explain || ret->merge;
    opterr = 0;
    optind = 0; /* start over, also in the middle of a group of short options left by an error */
    while ((c = getopt_long(argc, argv, short_options, long_options, NULL)) != -1) {
        const char *arg = argv[optind - 1];
        int id = c >= 1000 ? c - 1000 : id_of_short(c);
        if (c == ':')
            return error_set(reterr, ERROR_USAGE, "option %s needs a value; see --help", arg);
        if (id < 0)
            return refused_option(arg, optopt, reterr);
        if (rows[id].where == OPT_EXPLAIN && !ret->explain)
            return error_set(reterr, ERROR_USAGE, "option --%s is for \"relaywatch explain\" only",
                             rows[id].long_name);
        slice_keep(SLICE_LIT("command line"), add(ret, (enum option_id)id, optarg)->origin, 256);
    }
    ret->operands = argv + optind;
    ret->operand_count = argc - optind;
    if (ret->merge && ret->operand_count > 0) /* its key is that of the tables */
        slice_keep(SLICE_LIT("command line"), add(ret, OPTION_STATE, ret->operands[0])->origin,
                   256);
    return true;
}

static int id_of_name(slice name)
{
    for (int i = 0; i < OPTION_COUNT; i++)
        if (slice_eq(name, slice_of(long_names[i])))
            return i;
    return -1;
}

static bool bad_key(const char *path, unsigned line, slice name, struct error *reterr)
{
    const char *near = options_nearest(name, long_names, OPTION_COUNT);

    return error_set(reterr, ERROR_CONFIG, "%s:%u: unknown setting \"%.*s\"%s%s%s", path, line,
                     (int)name.len, name.ptr, near ? "; did you mean \"" : "", near ? near : "",
                     near ? "\"?" : "");
}

static bool read_line(const char *path, unsigned line, slice text, struct settings *ret,
                      struct error *reterr)
{
    size_t eq;
    slice name, value;
    int id;
    char copy[4096];
    struct setting *set;

    text = slice_trim(text);
    if (text.len == 0 || text.ptr[0] == '#')
        return true;
    eq = slice_find_byte(text, '=');
    if (eq == text.len)
        return error_set(reterr, ERROR_CONFIG, "%s:%u: expected \"name = value\"", path, line);
    name = slice_trim(slice_first(text, eq));
    value = slice_trim(slice_from(text, eq + 1));
    id = id_of_name(name);
    if (id < 0)
        return bad_key(path, line, name, reterr);
    if (rows[id].where != OPT_ANY)
        return error_set(reterr, ERROR_CONFIG, "%s:%u: \"%s\" is for the command line only", path,
                         line, rows[id].long_name);
    if (!slice_keep(value, copy, sizeof copy))
        return error_set(reterr, ERROR_CONFIG, "%s:%u: value longer than 4095 bytes", path, line);
    if (rows[id].argument == NULL && !slice_eq(value, SLICE_LIT("yes")))
        return slice_eq(value, SLICE_LIT("no")) ||
               error_set(reterr, ERROR_CONFIG, "%s:%u: \"%s\" is yes or no", path, line,
                         rows[id].long_name);
    set = add(ret, (enum option_id)id, rows[id].argument == NULL ? NULL : copy);
    snprintf(set->origin, sizeof set->origin, "%s:%u", path, line);
    return true;
}

bool options_read_file(const char *path, struct settings *ret, struct error *reterr)
{
    FILE *f = fopen(path, "re");
    char *line = NULL;
    size_t size = 0;
    ssize_t n;
    unsigned number = 0;
    bool ok = true;

    if (f == NULL)
        return error_set(reterr, ERROR_CONFIG, "%s: cannot open: %s", path, strerror(errno));
    while (ok && (n = getline(&line, &size, f)) >= 0)
        ok = read_line(path, ++number, (slice){line, (size_t)n}, ret, reterr);
    if (ok && ferror(f))
        ok = error_set(reterr, ERROR_CONFIG, "%s: cannot read: %s", path, strerror(errno));
    free(line);
    fclose(f);
    return ok;
}

bool setting_bad(const struct setting *s, struct error *reterr, const char *what)
{
    bool line = strcmp(s->origin, "command line") == 0;

    return error_set(reterr, line ? ERROR_USAGE : ERROR_CONFIG, "%s: %s \"%s\" %s", s->origin,
                     options_name(s->id), s->value == NULL ? "" : s->value, what);
}

void options_free(struct settings *s)
{
    for (unsigned i = 0; i < s->count; i++)
        free(s->list[i].value);
    free(s->list);
    *s = (struct settings){0};
}

enum { HELP_COLUMN = 30, HELP_WIDTH = 80 };

/* One option: names at the left, the help text wrapped at its column. */
static void help_row(FILE *out, const struct option_row *row)
{
    char left[64];
    slice rest = slice_of(row->help);
    int used =
        snprintf(left, sizeof left, "  %c%c%c --%s%s%s", row->short_name ? '-' : ' ',
                 row->short_name ? row->short_name : ' ', row->short_name ? ',' : ' ',
                 row->long_name, row->argument ? " " : "", row->argument ? row->argument : "");

    fputs(left, out);
    if (used >= HELP_COLUMN) {
        fputc('\n', out);
        used = 0;
    }
    while (rest.len > 0) {
        size_t n = rest.len;
        if (n > HELP_WIDTH - HELP_COLUMN)
            n = slice_rfind_byte(slice_first(rest, HELP_WIDTH - HELP_COLUMN + 1), ' ');
        fprintf(out, "%*s%.*s\n", HELP_COLUMN - used, "", (int)n, rest.ptr);
        rest = slice_from(rest, n + 1);
        used = 0;
    }
}

void options_help(FILE *out)
{
    fputs("usage: relaywatch [OPTIONS] [FILE|DIR|-]...\n"
          "       relaywatch explain [OPTIONS] LINE\n"
          "       relaywatch explain [OPTIONS] -f FILE|- [--unparsed]\n"
          "       relaywatch merge [OPTIONS] STATE...\n\n"
          "Reads mail-server logs and answers: is this server used as a relay or as a\n"
          "source of backscatter, by whom, since when, and what should be done?\n"
          "Without FILE, or with -, it reads standard input. gzip, zstd, xz and bzip2 are\n"
          "recognised by content.\n"
          "explain shows what a line was taken for, what it means, and what it counts for.\n\n",
          out);
    for (int i = 0; i < OPTION_COUNT; i++)
        help_row(out, &rows[i]);
    fputs("\nexit status: 0 done, 1 failure, 2 usage, 10 --fail-on met, 66 input cannot be\n"
          "read, 74 output failed, 78 configuration error\n",
          out);
}
