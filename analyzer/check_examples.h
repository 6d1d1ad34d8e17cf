/* check_examples.h - do the examples of scenarios and policies give what they promise?
 *
 * Each example is a small log that takes the way of every log through pipeline.c, in empty tables
 * and on a site of its own: local domains example.org and example.net, trusted networks
 * 192.0.2.0/24 and 127.0.0.0/8, the year 2026, UTC. */
#ifndef CHECK_EXAMPLES_H
#define CHECK_EXAMPLES_H

#include "base/error.h"
#include "config.h"
#include "match/signature_set.h"

/* check_examples - read the scenarios and policies of the files and run all their examples
 *
 *   in        config   of which the folder of signatures and the hash key are used
 *             all      false: only those of the admin's own files; the built-in ones were good when
 *                      the program was tested
 *   result    false with *reterr (ERROR_CONFIG): file, entry, and which example does what it must
 * not; a scenario that only counts is to fire in its examples too
 *   cost      a pipeline for each example: some milliseconds */
bool check_examples(const struct config *config, const struct signature_set *files, bool all,
                    struct error *reterr);

#endif
