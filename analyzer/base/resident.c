/* resident.c - free heap to the system; pages that are only read to the page cache
 * algorithm: mallopt(3) with a threshold of our own: glibc raises its own with each large block
 *            that is freed, and the next large ones, a state being written or a configuration read
 *            again, then split the heap; malloc_trim(3); madvise(2) MADV_DONTNEED for each segment
 *            of each object that may not be written (PT_LOAD without PF_W): such pages are the
 *            file's own. Data, and what the loader wrote once and protected since (RELRO), lies in
 *            segments that may be written, and stays. An object whose code had to be changed for
 *            its place (DT_TEXTREL) is left alone. Not in debug builds: a debugger writes its break
 *            points into code, and they would be gone
 * source:    dl_iterate_phdr(3), elf(5), mallopt(3)
 * limits:    what is executed again soon is back soon: of some 6 MiB a third */
#include "base/resident.h"

#include <malloc.h>

enum { LARGE_BYTES = 128 << 10 };

void resident_begin(void)
{
#ifdef M_MMAP_THRESHOLD
    (void)mallopt(M_MMAP_THRESHOLD, LARGE_BYTES); /* a wish */
#endif
}

#ifdef NDEBUG
#include <elf.h>
#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static bool has_relocated_code(const struct dl_phdr_info *object)
{
    for (unsigned i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *h = &object->dlpi_phdr[i];
        if (h->p_type != PT_DYNAMIC)
            continue;
        const ElfW(Dyn) *d = (const ElfW(Dyn) *)(uintptr_t)(object->dlpi_addr + h->p_vaddr);
        for (; d->d_tag != DT_NULL; d++)
            if (d->d_tag == DT_TEXTREL ||
                (d->d_tag == DT_FLAGS && (d->d_un.d_val & DF_TEXTREL) != 0))
                return true;
    }
    return false;
}

static int drop_object(struct dl_phdr_info *object, size_t size, void *arg)
{
    uintptr_t page = *(const uintptr_t *)arg;

    (void)size;
    /* linux-vdso.so.1 is the kernel's and no file */
    if (strncmp(object->dlpi_name, "linux-", 6) == 0 || has_relocated_code(object))
        return 0;
    for (unsigned i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *h = &object->dlpi_phdr[i];
        uintptr_t from = (uintptr_t)(object->dlpi_addr + h->p_vaddr);
        if (h->p_type != PT_LOAD || (h->p_flags & PF_W) != 0)
            continue;
        uintptr_t first = from & ~(page - 1), end = (from + h->p_filesz) & ~(page - 1);
        if (end > first)
            (void)madvise((void *)first, end - first, MADV_DONTNEED); /* a wish */
    }
    return 0;
}

void resident_trim(void)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

#ifdef __GLIBC__
    (void)malloc_trim(0);
#endif
    (void)dl_iterate_phdr(drop_object, &page);
}

#else

void resident_trim(void)
{
}

#endif
