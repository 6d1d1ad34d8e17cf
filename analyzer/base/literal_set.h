/* literal_set.h - which of many literals occur in a text: one pass, whatever their number
 *
 * Case-insensitive for ASCII. Compiled once, read-only afterwards, so it may be shared.
 *
 * source: Aho and Corasick, "Efficient string matching" (1975); full automaton over byte classes.
 */
#ifndef BASE_LITERAL_SET_H
#define BASE_LITERAL_SET_H

#include <stddef.h>

#include "base/slice.h"

struct literal_set;

/* literal_set_new - compile; index in `literals` is the name of a literal from now on
 *
 *   in        literals  copied as far as needed; equal ones are all reported; an empty one never
 *                        occurs
 *   result    ends the program when there is no memory */
struct literal_set *literal_set_new(const slice *literals, unsigned count);

/* literal_set_of - the same of a member of each of `count` rows
 *
 *   in        first   of the first row, which need not be there when count is 0
 *             stride  bytes from one row to the next */
struct literal_set *literal_set_of(const slice *first, size_t stride, unsigned count);

/* literal_set_free - release; NULL is allowed; result NULL */
struct literal_set *literal_set_free(struct literal_set *set);

/* literal_set_scan - call hit for every occurrence of every literal, in the order of their last
 * bytes */
void literal_set_scan(const struct literal_set *set, slice text,
                      void (*hit)(void *arg, unsigned index), void *arg);

/* literal_set_first - the lowest index of a literal that occurs anywhere in text, or -1 */
int literal_set_first(const struct literal_set *set, slice text);

/* literal_set_bytes - memory used */
size_t literal_set_bytes(const struct literal_set *set);

#endif
