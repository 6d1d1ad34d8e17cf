/* attack.c - reading specifications
 * Grammar: NAME [":" KEY "=" VALUE *("," KEY "=" VALUE)]
 *          KEY = style | result | count | level | evasion | day | hour | x | minutes */
#include "attack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct row {
    const char *name;
    void (*start)(struct world *w, const struct attack_spec *spec);
};

static const struct row rows[] = {
#define ATTACK(name, summary) {#name, attack_##name},
#include "attacks.def"
#undef ATTACK
};

static bool set(struct attack_spec *spec, const char *key, const char *value)
{
    double number = atof(value);

    if (strcmp(key, "style") == 0)
        snprintf(spec->style, sizeof spec->style, "%s", value);
    else if (strcmp(key, "result") == 0)
        snprintf(spec->result, sizeof spec->result, "%s", value);
    else if (strcmp(key, "count") == 0)
        spec->count = (unsigned)number;
    else if (strcmp(key, "level") == 0)
        spec->level = number > 2 ? 2 : (unsigned)number;
    else if (strcmp(key, "evasion") == 0)
        spec->evasion = number > 0;
    else if (strcmp(key, "day") == 0)
        spec->day = (unsigned)number;
    else if (strcmp(key, "hour") == 0)
        spec->hour = number;
    else if (strcmp(key, "x") == 0)
        spec->x = number;
    else if (strcmp(key, "minutes") == 0)
        spec->minutes = number;
    else
        return false;
    return true;
}

static bool read_settings(struct attack_spec *spec, char *text)
{
    char *save = NULL;

    for (char *part = strtok_r(text, ",", &save); part != NULL; part = strtok_r(NULL, ",", &save)) {
        char *equals = strchr(part, '=');
        if (equals == NULL)
            return false;
        *equals = '\0';
        if (!set(spec, part, equals + 1))
            return false;
    }
    return true;
}

bool attack_start(struct world *w, const char *text, unsigned number)
{
    struct attack_spec spec = {.count = 1, .level = 1, .hour = -1, .x = 10, .number = number};
    char copy[256], *colon;

    snprintf(copy, sizeof copy, "%s", text);
    colon = strchr(copy, ':');
    if (colon != NULL)
        *colon = '\0';
    if (colon != NULL && !read_settings(&spec, colon + 1))
        return false;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(rows[i].name, copy) != 0)
            continue;
        spec.name = rows[i].name;
        rows[i].start(w, &spec);
        return true;
    }
    return false;
}

void attack_rng(const struct world *w, const struct attack_spec *spec, unsigned i, struct rng *ret)
{
    rng_seed(ret, rng_hash(rng_hash(w->site.seed, w->site.users), 900 + spec->number), i);
}

int64_t attack_time(const struct world *w, const struct attack_spec *spec, struct rng *rng)
{
    double hour = spec->hour >= 0 ? spec->hour + rng_range(rng, 0, .5) : rng_range(rng, 8, 16);
    return site_day_us(&w->site, spec->day) + HOURS(hour);
}

struct truth_attack *attack_begin(struct world *w, const struct attack_spec *spec,
                                  const char *class)
{
    return truth_begin(w->truth, &(struct truth_label){.class = class,
                                                       .name = spec->name,
                                                       .style = spec->style,
                                                       .level = spec->level,
                                                       .evasion = spec->evasion});
}

bool attack_is(const struct attack_spec *spec, const char *style)
{
    return strcmp(spec->style, style) == 0;
}
