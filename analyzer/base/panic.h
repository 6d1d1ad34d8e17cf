/* panic.h - assertions for programmer errors, on in release too; never for bad data */
#ifndef BASE_PANIC_H
#define BASE_PANIC_H

#include <stdio.h>
#include <stdlib.h>

#define ASSERT(condition)                                                                          \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "relaywatch: panic: %s:%d: %s\n", __FILE__, __LINE__, #condition);     \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* panic_calloc - zeroed memory for a structure sized at start; out of memory there ends the program
 *
 *   result    never NULL, also when nothing is asked for */
static inline void *panic_calloc(size_t count, size_t size)
{
    void *p = calloc(count == 0 ? 1 : count, size == 0 ? 1 : size);
    if (p == NULL) {
        fprintf(stderr, "relaywatch: out of memory (%zu x %zu bytes)\n", count, size);
        exit(1);
    }
    return p;
}

#endif
