/* error.h - set-up failures, written for the person who has to mend them
 *
 * Only set-up (flags, configuration, files to open) fails with an error. A bad log line is data: it
 * is counted, see counters in event/parser.h. The message names the file, the member and what is
 * allowed. */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

enum error_code {
    ERROR_NONE = 0,
    ERROR_USAGE,
    ERROR_CONFIG,
    ERROR_INPUT,
    ERROR_OUTPUT,
    ERROR_RUNTIME
};

struct error {
    enum error_code code;
    char text[1024];
};

/* error_set - fill *reterr (may be NULL) with a printf-style message; an error set earlier is kept
 *
 *   result    always false, so that a failing function can `return error_set(...)` */
_Bool error_set(struct error *reterr, enum error_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
