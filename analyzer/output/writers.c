/* writers.c - the table of output formats, from writers.def
 *
 * The preprocessor makes the table and the list of names of it.
 * source:  writers.def. */
#include "output/writers.h"

static const struct writer *const writers[] = {
#define WRITER(constant, name) &constant,
#include "output/writers.def"
#undef WRITER
};

/* ", text, json": shown without the first separator */
static const char names[] = ""
#define WRITER(constant, name) ", " name
#include "output/writers.def"
#undef WRITER
    ;

const struct writer *writer_find(slice name)
{
    for (size_t i = 0; i < sizeof(writers) / sizeof(writers[0]); i++)
        if (slice_ieq(name, slice_of(writers[i]->name)))
            return writers[i];
    return NULL;
}

const char *writer_names(void)
{
    return names + sizeof(", ") - 1;
}
