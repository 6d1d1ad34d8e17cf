/* test_parser_memory.c - what inputs of a run share, and what they do not */
#include "parser_memory.h"
#include "parsers.h"
#include "test.h"

static const struct parser *sharing(void)
{
    for (size_t i = 0; i < parsers_count(); i++)
        if (parsers_at(i)->shared_size > 0)
            return parsers_at(i);
    return NULL;
}

static void a_block_is_one_for_the_run(void)
{
    const struct parser *p = sharing();
    struct parser_memory *one = parser_memory_new(), *other = parser_memory_new();

    CHECK(p != NULL);
    if (p != NULL) {
        unsigned char *block = parser_memory_of(one, p);
        CHECK_INT(block[0] + block[p->shared_size - 1], 0);
        CHECK(parser_memory_of(one, p) == block);
        CHECK(parser_memory_of(other, p) != block);
    }
    CHECK_INT(parser_memory_evictions(one), 0);
    parser_memory_free(one);
    parser_memory_free(other);
}

static void a_parser_that_shares_nothing_has_no_block(void)
{
    struct parser_memory *m = parser_memory_new();

    CHECK(parser_memory_of(m, parsers_find(SLICE_LIT("postfix"))) == NULL);
    CHECK(parser_memory_free(m) == NULL);
}

static const struct test_case cases[] = {
    {"a block is one for the run", a_block_is_one_for_the_run},
    {"a parser that shares nothing has no block", a_parser_that_shares_nothing_has_no_block},
};

TEST_MAIN(cases)
