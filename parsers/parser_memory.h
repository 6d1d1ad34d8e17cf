/* parser_memory.h - what a parser knows beyond one input: one block a parser, the same for all
 * inputs of a run
 *
 * A log that is cut into files goes on in the next one, and two logs of one server speak of the
 * same names. The block is made, zeroed, when the parser is first used, and lives as long as the
 * run. Only parse() may use it, which sees the records of all inputs in the order of time. */
#ifndef PARSERS_PARSER_MEMORY_H
#define PARSERS_PARSER_MEMORY_H

#include "event/parser.h"

struct state_io;

struct parser_memory;

/* parser_memory_new - no block yet; parser_memory_free returns NULL */
struct parser_memory *parser_memory_new(void);
struct parser_memory *parser_memory_free(struct parser_memory *m);

/* parser_memory_of - the parser's block of shared_size bytes; NULL when that is 0 */
void *parser_memory_of(struct parser_memory *m, const struct parser *parser);

/* parser_memory_evictions - what all parsers gave up for want of room */
uint64_t parser_memory_evictions(const struct parser_memory *m);

/* parser_memory_persist - all blocks to a state or back, see base/state.h */
void parser_memory_persist(struct parser_memory *m, struct state_io *io);

#endif
