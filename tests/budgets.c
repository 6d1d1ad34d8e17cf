/* budgets.c - the performance contract in executable form: budgets SMALL.log LARGE.log
 * ATTACKS.log
 *
 * Takes a short and a long benign log through the whole analysis and counts calls of the allocator
 * (link-time wrap) from the first record to the last: the long log may not make one call more, and
 * no PCRE2 match may run. On the third, of attacks, some must.
 * source:    house rule "no allocation and no regular expression on the path of a benign line"
 * limits:    calls made inside shared libraries are not seen; the analysis itself is all in the
 *            static library */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log_stream.h"
#include "whole_run.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
int __real_pcre2_match_8(const void *a, const void *b, size_t c, size_t d, unsigned e, void *f,
                         void *g);
int __wrap_pcre2_match_8(const void *a, const void *b, size_t c, size_t d, unsigned e, void *f,
                         void *g);

static unsigned long allocations, matches;

void *__wrap_malloc(size_t size)
{
    allocations++;
    return __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    allocations++;
    return __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    allocations++;
    return __real_realloc(old, size);
}

int __wrap_pcre2_match_8(const void *a, const void *b, size_t c, size_t d, unsigned e, void *f,
                         void *g)
{
    matches++;
    return __real_pcre2_match_8(a, b, c, d, e, f, g);
}

/* Calls of the allocator while the pipeline runs over one log. */
static unsigned long allocations_over(const char *path, unsigned long *ret_lines)
{
    const char *argv[] = {"relaywatch",     "--no-config", "--year",       "2026", "--local-domain",
                          "example.org",    "--trusted",   "192.0.2.0/24", "-qq",  "--output",
                          "json:/dev/null", NULL};
    struct input_totals totals;
    unsigned long before, used;
    struct whole_run r;
    int stop = 0;

    whole_run_configure(&r, argv);
    ASSERT(whole_run_begin(&r, path, NULL) != NULL);
    before = allocations;
    pipeline_run(r.pipeline, &stop);
    used = allocations - before;
    pipeline_totals(r.pipeline, &totals);
    *ret_lines = (unsigned long)totals.lines;
    whole_run_end(&r);
    return used;
}

int main(int argc, char **argv)
{
    unsigned long small_lines, large_lines, small, large;

    ASSERT(argc == 4);
    allocations_over(argv[3], &small_lines);
    if (matches == 0) {
        printf("not ok - attacks match no expression: are they counted?\n");
        return 1;
    }
    matches = 0;
    small = allocations_over(argv[1], &small_lines);
    large = allocations_over(argv[2], &large_lines);
    printf("%lu lines: %lu allocations to open the input; %lu lines: %lu; %lu regular expression "
           "matches\n",
           small_lines, small, large_lines, large, matches);
    if (small_lines < 1000 || large_lines < 3 * small_lines) {
        printf("not ok - the logs were not read as expected\n");
        return 1;
    }
    if (large != small || matches != 0) {
        printf("not ok - benign lines allocate or match\n");
        return 1;
    }
    return 0;
}
