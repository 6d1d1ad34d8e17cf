/* test.h - the whole unit test kit: cases with names that are sentences, checks that say what they
 * saw, TAP output
 *
 * A test file lists its functions in a `static const struct test_case cases[]` and ends with
 * TEST_MAIN(cases). A failed check prints file, line and both values, and the case goes on; the
 * program exits 1 when anything failed. */
#ifndef TESTS_TEST_H
#define TESTS_TEST_H

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/slice.h"

struct test_case {
    const char *name;
    void (*run)(void);
};

static int test_failures;

static inline void test_fail(const char *file, int line, const char *what)
{
    test_failures++;
    printf("# %s:%d: %s\n", file, line, what);
}

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            test_fail(__FILE__, __LINE__, #condition);                                             \
    } while (0)

#define CHECK_INT(got, want)                                                                       \
    do {                                                                                           \
        long long got_ = (long long)(got), want_ = (long long)(want);                              \
        if (got_ != want_) {                                                                       \
            test_fail(__FILE__, __LINE__, #got " == " #want);                                      \
            printf("#   got %lld, want %lld\n", got_, want_);                                      \
        }                                                                                          \
    } while (0)

#define CHECK_NEAR(got, want, tolerance)                                                           \
    do {                                                                                           \
        double got_ = (double)(got), want_ = (double)(want);                                       \
        if (!(fabs(got_ - want_) <= (tolerance))) {                                                \
            test_fail(__FILE__, __LINE__, #got " ~ " #want);                                       \
            printf("#   got %.9g, want %.9g\n", got_, want_);                                      \
        }                                                                                          \
    } while (0)

#define CHECK_SLICE(got, want)                                                                     \
    do {                                                                                           \
        slice got_ = (got), want_ = slice_of(want);                                                \
        if (!slice_eq(got_, want_)) {                                                              \
            test_fail(__FILE__, __LINE__, #got " == " #want);                                      \
            printf("#   got \"%.*s\", want \"%.*s\"\n", (int)got_.len, got_.ptr ? got_.ptr : "",   \
                   (int)want_.len, want_.ptr ? want_.ptr : "");                                    \
        }                                                                                          \
    } while (0)

#define CHECK_STR(got, want) CHECK_SLICE(slice_of(got), want)

static inline int test_main(const struct test_case *cases, size_t count)
{
    int failed_cases = 0;

    printf("1..%zu\n", count);
    for (size_t i = 0; i < count; i++) {
        int before = test_failures;
        cases[i].run();
        bool ok = test_failures == before;
        failed_cases += !ok;
        printf("%sok %zu - %s\n", ok ? "" : "not ", i + 1, cases[i].name);
    }
    return failed_cases != 0;
}

#define TEST_MAIN(cases)                                                                           \
    int main(void)                                                                                 \
    {                                                                                              \
        return test_main(cases, sizeof(cases) / sizeof((cases)[0]));                               \
    }

#endif
