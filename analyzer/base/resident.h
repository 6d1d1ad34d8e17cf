/* resident.h - memory that a process has no use for, given back
 *
 * Loading some twenty libraries, binding their symbols and reading wordings touches memory that the
 * run itself does not need again. */
#ifndef BASE_RESIDENT_H
#define BASE_RESIDENT_H

/* resident_begin - have blocks of 128 KiB and more given back when they are freed, however long the
 * process runs; once, before the first large one. Does what the system offers (glibc) */
void resident_begin(void);

/* resident_trim - give back free memory of the heap, and the pages of program and libraries, which
 * come again from the files when they are needed; once, when all is set up
 *
 *   limits    changes nothing but how much is resident; does what the system offers (glibc, Linux)
 */
void resident_trim(void);

#endif
