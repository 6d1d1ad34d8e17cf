/* config_setting.h - one setting -> its place in struct config */
#ifndef CONFIG_SETTING_H
#define CONFIG_SETTING_H

#include "config.h"

/* config_take - give a setting's value its meaning
 *
 *   in        s   outlives c, which borrows its text; c->zone is that of --tz by now
 *   result    false with *reterr: where it was set, and what is allowed */
bool config_take(struct config *c, const struct setting *s, struct error *reterr);

/* config_time - read the argument of --since and --until: "2026-03-02", "2026-03-02T04:00[:05][Z]",
 * "@EPOCH"
 *
 *   in        zone   of a time that names none */
bool config_time(slice text, const struct time_zone *zone, int64_t *ret_us);

/* config_size - read "64M", "1G", "65536K", "300000000"; false when it is none of these */
bool config_size(slice text, size_t *ret_bytes);

#endif
