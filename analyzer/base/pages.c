/* pages.c - anonymous memory placed so that huge pages begin soon behind its start
 * algorithm: reserve a huge page more than needed, and let the memory begin SMALL bytes before a
 *            huge-page boundary; a note in front of the memory says what to give back. A huge page
 *            is asked for only where it lies wholly inside the memory
 * source:    madvise(2) MADV_HUGEPAGE
 * limits:    without huge pages (or with "never") all pages are small, nothing else changes */
#include "base/pages.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { SMALL = 128 << 10, HUGE = 2 << 20, LINE_BYTES = 64 };

struct note {
    void *base;
    size_t length;
};
_Static_assert(sizeof(struct note) <= LINE_BYTES, "it stands in the line before the memory");

static void *reserve(size_t length)
{
    void *base = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (base == MAP_FAILED) {
        fprintf(stderr, "relaywatch: out of memory (%zu bytes)\n", length);
        exit(1);
    }
    return base;
}

void *pages_new(size_t bytes)
{
    size_t length = bytes + LINE_BYTES + HUGE;
    char *base = reserve(length), *memory = base + LINE_BYTES;

    if (bytes >= SMALL + HUGE) {
        size_t to_huge = HUGE - ((uintptr_t)base + SMALL) % HUGE;
        memory = base + to_huge + LINE_BYTES;
        size_t whole = (bytes - (SMALL - LINE_BYTES)) / HUGE * HUGE;
        (void)madvise(base + to_huge + SMALL, whole, MADV_HUGEPAGE); /* a wish */
    }
    ((struct note *)(void *)memory)[-1] = (struct note){base, length};
    return memory;
}

void *pages_free(void *memory)
{
    if (memory != NULL) {
        struct note note = ((struct note *)memory)[-1];
        munmap(note.base, note.length);
    }
    return NULL;
}
