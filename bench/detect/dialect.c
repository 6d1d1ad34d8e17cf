/* dialect.c - the table made of dialects.def */
#include "dialect.h"

#include <stddef.h>
#include <string.h>

#define DIALECT(name) extern const struct dialect dialect_##name;
#include "dialects.def"
#undef DIALECT

static const struct dialect *const rows[] = {
#define DIALECT(name) &dialect_##name,
#include "dialects.def"
#undef DIALECT
    NULL};

const struct dialect *dialect_at(unsigned index)
{
    return rows[index];
}

const struct dialect *dialect_find(const char *name)
{
    for (unsigned i = 0; rows[i] != NULL; i++)
        if (strcmp(rows[i]->name, name) == 0)
            return rows[i];
    return NULL;
}
