/* manual.c - the tables of the program as manual pages and shell completions
 *
 * usage:    manual page FILE.in     copy FILE.in (mdoc), with the lines @OPTIONS@, @SETTINGS@ and
 *                                   @RULES@ replaced by lists made of the tables
 *           manual bash|zsh|fish    a completion script
 *
 * A build tool, not part of the product: what the manual and the shells say of options, formats and
 * rules comes from the rows the program itself reads, so that they cannot drift.
 *
 * source:   mdoc(7) of mandoc 1.14; bash(1) "Programmable Completion", zshcompsys(1),
 * fish-complete(1) */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alert/advice.h"
#include "alert/alert.h"
#include "options.h"
#include "output/writer.h"
#include "parsers.h"

struct row {
    const char *name;
    char letter; /* 0: none */
    const char *argument;
    enum option_where where;
    const char *help;
};

static const struct row rows[OPTION_COUNT] = {
#define OPTION(id, long_name, short_name, argument, where, help)                                   \
    {long_name, short_name, argument, where, help},
#include "options.def"
#undef OPTION
};

/* ---- mdoc ---- */

/* Text of the program as a text line of mdoc: no control line by accident, no escape. */
static void put_text(const char *text, size_t len)
{
    if (len > 0 && (text[0] == '.' || text[0] == '\''))
        fputs("\\&", stdout);
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '\\')
            fputs("\\e", stdout);
        else
            putchar(text[i]);
    }
}

/* A word as the argument of a macro: a name of a macro must not be taken for one. */
static void put_argument(const char *word)
{
    printf("\\&");
    for (; *word != '\0'; word++)
        fputs(*word == '-' ? "\\-" : (const char[]){*word, '\0'}, stdout);
}

/* Sentences, each on its line, as mdoc wants them; blanks at the end of one are dropped. */
static void put_sentences(const char *text, size_t len)
{
    size_t start = 0;

    for (size_t i = 0; i < len; i++) {
        bool ends = i + 2 < len && text[i] == '.' && text[i + 1] == ' ' && text[i + 2] >= 'A' &&
                    text[i + 2] <= 'Z';
        if (!ends && i + 1 < len)
            continue;
        put_text(text + start, i + 1 - start);
        putchar('\n');
        start = i + 2;
        i++;
    }
}

/* A value in the configuration file is "name = value"; on the command line --name VALUE. */
static void put_option(const struct row *row)
{
    fputs(".It ", stdout);
    if (row->letter != 0)
        printf("Fl %c , ", row->letter);
    printf("Fl \\-%s", row->name);
    if (row->argument != NULL) {
        fputs(" Ar ", stdout);
        put_argument(row->argument);
    }
    putchar('\n');
    put_text(row->help, strlen(row->help));
    fputs(".\n", stdout);
}

static void put_options(void)
{
    puts(".Bl -tag -width Ds");
    for (unsigned i = 0; i < OPTION_COUNT; i++)
        put_option(&rows[i]);
    puts(".El");
}

static void put_settings(void)
{
    puts(".Bl -tag -width Ds");
    for (unsigned i = 0; i < OPTION_COUNT; i++) {
        if (rows[i].where != OPT_ANY)
            continue;
        printf(".It Ic %s No = ", rows[i].name);
        if (rows[i].argument == NULL) {
            fputs("Cm yes | no", stdout);
        } else {
            fputs("Ar ", stdout);
            put_argument(rows[i].argument);
        }
        putchar('\n');
        put_text(rows[i].help, strlen(rows[i].help));
        fputs(".\n", stdout);
    }
    puts(".El");
}

/* Advice: lines; one that begins with two blanks is a command to be copied. */
static void put_advice(const char *text)
{
    bool literal = false;

    while (*text != '\0') {
        size_t len = strcspn(text, "\n");
        bool command = len > 2 && text[0] == ' ' && text[1] == ' ';
        if (command != literal)
            puts(command ? ".Bd -literal -offset indent" : ".Ed");
        literal = command;
        if (command) {
            put_text(text + 2, len - 2);
            putchar('\n');
        } else {
            put_sentences(text, len);
        }
        text += len + (text[len] == '\n');
    }
    if (literal)
        puts(".Ed");
}

static void put_rules(void)
{
    for (unsigned i = 0; i < RULE_COUNT; i++) {
        const struct rule_info *info = rule_info((enum rule)i);
        if (info->id[0] == '\0')
            continue; /* its strings come from a file */
        printf(".Ss %s: %s\n", info->id, info->name);
        put_sentences(info->description, strlen(info->description));
        puts(".Pp");
        put_advice(advice_for_rule((enum rule)i, NULL));
        if (info->techniques[0] != '\0') {
            printf(".Pp\nATT&CK: ");
            put_text(info->techniques, strlen(info->techniques));
            puts(".");
        }
    }
}

static int page(const char *path)
{
    static const struct {
        const char *line;
        void (*put)(void);
    } lists[] = {
        {"@OPTIONS@\n", put_options}, {"@SETTINGS@\n", put_settings}, {"@RULES@\n", put_rules}};
    FILE *in = fopen(path, "re");
    char line[4096];

    if (in == NULL) {
        perror(path);
        return 1;
    }
    while (fgets(line, sizeof line, in) != NULL) {
        unsigned i = 0;
        while (i < 3 && strcmp(line, lists[i].line) != 0)
            i++;
        if (i < 3)
            lists[i].put();
        else
            fputs(line, stdout);
    }
    fclose(in);
    return 0;
}

/* ---- completions ---- */

/* The values of an option, blank separated, from its argument's name; "<file>" and "<dir>" stand
 * for names of those; "" when anything may follow. */
static const char *values_of(const struct row *row, char *buf, size_t size)
{
    const char *a = row->argument;
    size_t n = 0;

    if (a == NULL)
        return "";
    if (strcmp(a, "FILE") == 0 || strcmp(a, "PATH") == 0)
        return "<file>";
    if (strcmp(a, "DIR") == 0)
        return "<dir>";
    if (strcmp(a, "SEVERITY") == 0)
        return "info low medium high critical";
    if (strcmp(a, "WHEN") == 0)
        return "auto always never";
    if (strcmp(row->name, "format") == 0) {
        n = (size_t)snprintf(buf, size, "auto");
        for (size_t i = 0; i < parsers_count() && n < size; i++)
            n += (size_t)snprintf(buf + n, size - n, " %s", parsers_at(i)->name);
        return buf;
    }
    if (strcmp(row->name, "output") == 0) {
        for (const char *p = writer_names(); *p != '\0' && n + 1 < size; p++)
            if (*p != ',')
                buf[n++] = *p;
        buf[n] = '\0';
        return buf;
    }
    return "";
}

static void bash(void)
{
    char buf[1024];

    puts("# bash completion for relaywatch(8); made from the program's own table\n"
         "_relaywatch()\n{\n"
         "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
         "    [[ $prev == \"=\" ]] && prev=${COMP_WORDS[COMP_CWORD-2]}\n"
         "    [[ $cur == \"=\" ]] && cur=\n"
         "    case $prev in");
    for (unsigned i = 0; i < OPTION_COUNT; i++) {
        const char *values = values_of(&rows[i], buf, sizeof buf);
        if (rows[i].argument == NULL)
            continue;
        fputs("    ", stdout);
        if (rows[i].letter != 0)
            printf("-%c|", rows[i].letter);
        printf("--%s) ", rows[i].name);
        if (strcmp(values, "<file>") == 0)
            puts("COMPREPLY=($(compgen -f -- \"$cur\")); return ;;");
        else if (strcmp(values, "<dir>") == 0)
            puts("COMPREPLY=($(compgen -d -- \"$cur\")); return ;;");
        else
            printf("COMPREPLY=($(compgen -W \"%s\" -- \"$cur\")); return ;;\n", values);
    }
    puts("    esac\n"
         "    if [[ $cur == -* ]]; then");
    fputs("        COMPREPLY=($(compgen -W \"", stdout);
    for (unsigned i = 0; i < OPTION_COUNT; i++)
        printf("%s--%s", i == 0 ? "" : " ", rows[i].name);
    puts("\" -- \"$cur\"))\n"
         "        return\n"
         "    fi\n"
         "    COMPREPLY=($(compgen -f -- \"$cur\"))\n"
         "    ((COMP_CWORD == 1)) && COMPREPLY+=($(compgen -W \"explain\" -- \"$cur\"))\n"
         "}\n"
         "complete -o filenames -F _relaywatch relaywatch");
}

/* A help text within single quotes, for zsh inside brackets. */
static void put_quoted(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            fputs("'\\''", stdout);
        else if (*text == '[' || *text == ']' || *text == ':')
            printf("\\%c", *text);
        else
            putchar(*text);
    }
}

static void zsh(void)
{
    char buf[1024];

    puts("#compdef relaywatch\n"
         "# zsh completion for relaywatch(8); made from the program's own table\n"
         "_arguments -s -S \\");
    for (unsigned i = 0; i < OPTION_COUNT; i++) {
        const char *values = values_of(&rows[i], buf, sizeof buf);
        fputs("    ", stdout);
        if (rows[i].letter != 0)
            printf("'*'{-%c,--%s}'[", rows[i].letter, rows[i].name);
        else
            printf("'*--%s[", rows[i].name);
        put_quoted(rows[i].help);
        putchar(']');
        if (rows[i].argument != NULL) {
            putchar(':');
            put_quoted(rows[i].argument);
            putchar(':');
            if (strcmp(values, "<file>") == 0)
                fputs("_files", stdout);
            else if (strcmp(values, "<dir>") == 0)
                fputs("_files -/", stdout);
            else if (values[0] != '\0')
                printf("(%s)", values);
        }
        puts("' \\");
    }
    puts("    '1: :_alternative \"files:log:_files\" \"commands:command:(explain)\"' \\\n"
         "    '*:log:_files'");
}

static void put_fish_quoted(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\'' || *text == '\\')
            putchar('\\');
        putchar(*text);
    }
}

static void fish(void)
{
    char buf[1024];

    puts("# fish completion for relaywatch(8); made from the program's own table\n"
         "complete -c relaywatch -n __fish_is_first_token -a 'explain'");
    for (unsigned i = 0; i < OPTION_COUNT; i++) {
        const char *values = values_of(&rows[i], buf, sizeof buf);
        printf("complete -c relaywatch -l %s", rows[i].name);
        if (rows[i].letter != 0)
            printf(" -s %c", rows[i].letter);
        if (rows[i].argument != NULL && values[0] == '<')
            fputs(" -r -F", stdout);
        else if (rows[i].argument != NULL)
            fputs(" -x", stdout);
        if (values[0] != '\0' && values[0] != '<')
            printf(" -a '%s'", values);
        fputs(" -d '", stdout);
        put_fish_quoted(rows[i].help);
        puts("'");
    }
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*put)(void);
    } shells[] = {{"bash", bash}, {"zsh", zsh}, {"fish", fish}};

    if (argc == 3 && strcmp(argv[1], "page") == 0)
        return page(argv[2]);
    for (unsigned i = 0; argc == 2 && i < sizeof shells / sizeof shells[0]; i++)
        if (strcmp(argv[1], shells[i].name) == 0)
            return shells[i].put(), 0;
    fputs("usage: manual page FILE.in | bash | zsh | fish\n", stderr);
    return 2;
}
