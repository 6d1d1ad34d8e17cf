/* journal_name.c - names of journals: "journal:", "journal:/DIR", "journal:/FILE?FIELD=VALUE"
 * source:   journal.h
 * limits:   a folder whose path has a question mark cannot be named */
#include "input/journal.h"

#include "base/panic.h"
#include "base/slice.h"

bool journal_is(const char *name)
{
    return slice_starts(slice_of(name), SLICE_LIT("journal:"));
}

bool journal_path(const char *name, char *buf, size_t size)
{
    ASSERT(name != NULL);
    slice rest = slice_from(slice_of(name), sizeof "journal:" - 1);

    return slice_keep(slice_first(rest, slice_find_byte(rest, '?')), buf, size);
}
