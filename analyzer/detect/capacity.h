/* capacity.h - how many entries of a table fit into a share of the memory budget */
#ifndef DETECT_CAPACITY_H
#define DETECT_CAPACITY_H

#include <stddef.h>
#include <stdint.h>

/* capacity_of - entries that a table can hold in so many bytes
 *
 *   in        memory_bytes  for the table with its index
 *             entry_size    as in struct table_spec
 *   result    at least 16, at most 2^22; an entry costs up to 96 bytes beside itself (header and
 * index cells) */
static inline uint32_t capacity_of(size_t memory_bytes, size_t entry_size)
{
    size_t n = memory_bytes / (entry_size + 96);
    return n < 16 ? 16 : n > 1 << 22 ? 1 << 22 : (uint32_t)n;
}

#endif
