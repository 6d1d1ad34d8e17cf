/* parser_memory.c - a block a parser, made at first use
 * limits:   blocks are released as plain bytes: a parser may keep no pointer to other memory in it
 */
#include "parser_memory.h"

#include <stdlib.h>

#include "base/panic.h"
#include "base/state.h"
#include "parsers.h"

struct parser_memory {
    void **blocks; /* by the parser's place in the table */
    unsigned used; /* of them */
};

struct parser_memory *parser_memory_new(void)
{
    struct parser_memory *m = panic_calloc(1, sizeof *m);

    m->blocks = panic_calloc(parsers_count(), sizeof *m->blocks);
    return m;
}

struct parser_memory *parser_memory_free(struct parser_memory *m)
{
    if (m == NULL)
        return NULL;
    for (size_t i = 0; i < parsers_count(); i++)
        free(m->blocks[i]);
    free(m->blocks);
    free(m);
    return NULL;
}

void *parser_memory_of(struct parser_memory *m, const struct parser *parser)
{
    size_t i = 0;

    if (parser->shared_size == 0)
        return NULL;
    while (parsers_at(i) != parser)
        i++;
    if (m->blocks[i] == NULL) {
        m->blocks[i] = panic_calloc(1, parser->shared_size);
        m->used++;
    }
    return m->blocks[i];
}

uint64_t parser_memory_evictions(const struct parser_memory *m)
{
    uint64_t sum = 0;
    unsigned left = m->used;

    for (size_t i = 0; left > 0; i++) {
        if (m->blocks[i] == NULL)
            continue;
        left--;
        if (parsers_at(i)->evictions != NULL)
            sum += parsers_at(i)->evictions(m->blocks[i]);
    }
    return sum;
}

void parser_memory_persist(struct parser_memory *m, struct state_io *io)
{
    for (size_t i = 0; i < parsers_count(); i++) {
        const struct parser *parser = parsers_at(i);
        bool used =
            parser->shared_size > 0 && state_number(io, parser->name, m->blocks[i] != NULL) != 0;
        if (used)
            state_bytes(io, parser->name, parser_memory_of(m, parser), parser->shared_size, 1);
    }
}
