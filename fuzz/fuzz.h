/* fuzz.h - what the targets share: a file in memory, and every byte of a text read once
 * source:   memfd_create(2), proc(5) */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/panic.h"
#include "base/slice.h"
#include "event/event.h"

/* The entry that libFuzzer calls. */
int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

enum { FUZZ_PATH = 64 };

/* fuzz_file - the bytes as a file without a name on any disk
 *
 *   out       path   FUZZ_PATH bytes, a name under which it can be opened
 *   result    its descriptor, at the beginning */
static inline int fuzz_file(const unsigned char *data, size_t size, char *path)
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC);

    ASSERT(fd >= 0 && write(fd, data, size) == (ssize_t)size && lseek(fd, 0, SEEK_SET) == 0);
    snprintf(path, FUZZ_PATH, "/proc/self/fd/%d", fd);
    return fd;
}

/* fuzz_touch - read every byte, so that the sanitizer sees where they lie */
static inline void fuzz_touch(slice text)
{
    volatile unsigned char sum = 0;

    for (size_t i = 0; i < text.len; i++)
        sum = (unsigned char)(sum + (unsigned char)text.ptr[i]);
}

/* fuzz_take_line - the next line off the front of the input, without its end */
static inline slice fuzz_take_line(slice *rest)
{
    size_t eol = slice_find_byte(*rest, '\n');
    slice line = slice_first(*rest, eol);

    *rest = slice_from(*rest, eol + 1);
    return line;
}

#endif
