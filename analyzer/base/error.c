/* error.c - set-up failures: first message wins
 * source:   house rule, see error.h */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>

_Bool error_set(struct error *reterr, enum error_code code, const char *format, ...)
{
    va_list args;

    if (reterr == NULL || reterr->code != ERROR_NONE)
        return 0;
    reterr->code = code;
    va_start(args, format);
    vsnprintf(reterr->text, sizeof reterr->text, format, args);
    va_end(args);
    return 0;
}
