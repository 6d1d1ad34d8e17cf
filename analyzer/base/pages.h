/* pages.h - large zeroed memory that costs little when little of it is used, and little when much
 *
 * For pools that fill from their first byte on. The first 128 KiB come in small pages, so that a
 * short log touches few; what lies behind comes in huge pages (2 MiB) where the system has them:
 * one page fault and one TLB entry instead of 512. */
#ifndef BASE_PAGES_H
#define BASE_PAGES_H

#include <stddef.h>

/* pages_new - reserve zeroed memory, aligned to a cache line (64 bytes)
 *
 *   lifetime  until pages_free(); ends the program when there is none
 *   limits    no more than `bytes` is ever touched on behalf of the caller, whatever the pages */
void *pages_new(size_t bytes);

/* pages_free - release; NULL is allowed; result NULL */
void *pages_free(void *memory);

#endif
