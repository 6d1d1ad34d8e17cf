/* duration.h - times as people write them into files: "90s", "10m", "2h", "30d" */
#ifndef BASE_DURATION_H
#define BASE_DURATION_H

#include <stdint.h>

#include "base/slice.h"

enum { DURATION_DAYS_MAX = 30 };

/* duration_parse - a whole number and one of s, m, h, d
 *
 *   out       ret_us   set on success: one second to DURATION_DAYS_MAX days */
bool duration_parse(slice text, int64_t *ret_us);

#endif
