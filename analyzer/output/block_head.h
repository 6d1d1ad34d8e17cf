/* block_head.h - what all block lists say about themselves, in comment lines */
#ifndef OUTPUT_BLOCK_HEAD_H
#define OUTPUT_BLOCK_HEAD_H

#include "output/block_set.h"
#include "output/writer.h"

/* block_of_run - build the list of a run with its policy, or the default one
 *
 *   out       ret   free with block_set_free() */
void block_of_run(const struct run_info *run, const struct summary *summary,
                  const struct alert *const *incidents, unsigned count, struct block_set *ret);

/* block_put_head - comment lines: version, time, count, what is not listed and why
 *
 *   in        eol   end of line */
void block_put_head(const struct run_info *run, const struct summary *summary,
                    const struct block_set *set, const char *eol, struct outbuf *out);

/* block_put_rules - "RW-HARVEST+RW-PROTOCOL" */
void block_put_rules(const struct block_entry *e, struct outbuf *out);

/* block_put_reason - "RW-HARVEST medium, 4 in one, until 2026-11-25T05:30:00.000Z, id fa83c3af-..."
 */
void block_put_reason(const struct block_entry *e, struct outbuf *out);

#endif
