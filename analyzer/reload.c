/* reload.c - a second configuration is made, compared, and what may change is taken from it
 * source:   config.h
 * limits:   a GeoIP database, files of wordings and all that is named as needing a restart stay as
 *           they are */
#include "reload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/panic.h"

static const char *const names[] = {
#define OPTION(id, long_name, short_name, argument, where, help) [OPTION_##id] = long_name,
#include "options.def"
#undef OPTION
};

/* What the command line said; config_make() adds the file's. */
static void copy_command_line(const struct settings *from, struct settings *to)
{
    *to = (struct settings){.operands = from->operands, .operand_count = from->operand_count};
    to->list = panic_calloc(from->count + 1, sizeof *to->list);
    to->capacity = from->count + 1;
    for (unsigned i = 0; i < from->count; i++) {
        const struct setting *s = &from->list[i];
        struct setting *copy = &to->list[to->count];
        if (strcmp(s->origin, "command line") != 0)
            continue;
        *copy = *s;
        if (s->value != NULL) {
            size_t size = strlen(s->value) + 1;
            copy->value = panic_calloc(1, size);
            memcpy(copy->value, s->value, size);
        }
        to->count++;
    }
}

/* All values of an option, in their order. */
static uint64_t values_of(const struct settings *s, enum option_id id)
{
    static const struct hash_key fixed = {UINT64_C(0x72656c6f6164), UINT64_C(0x76616c756573)};
    uint64_t sum = 0;

    for (unsigned i = 0; i < s->count; i++) {
        const char *value = s->list[i].value == NULL ? "" : s->list[i].value;
        if (s->list[i].id == id)
            sum = hash_mix(sum + 1, siphash13(&fixed, value, strlen(value)));
    }
    return sum;
}

static bool takes_effect(enum option_id id)
{
    return id == OPTION_BLOCK_ALLOW || id == OPTION_BLOCK_SEVERITY || id == OPTION_BLOCK_EXPIRE ||
           id == OPTION_BLOCK_NETWORKS;
}

static void say_rest(const struct settings *now, const struct settings *fresh)
{
    for (unsigned id = 0; id < OPTION_COUNT; id++)
        if (!takes_effect((enum option_id)id) &&
            values_of(now, (enum option_id)id) != values_of(fresh, (enum option_id)id))
            fprintf(stderr, "relaywatch: %s is another now: it takes effect at the next start\n",
                    names[id]);
}

/* Only the policy: outputs know the reporter by its old address. */
static void take_block(struct block_settings *to, struct block_settings *from)
{
    const struct zones *zones = to->policy.zones;
    struct ip_net *old = to->allow;

    to->policy = from->policy;
    to->policy.zones = zones;
    to->allow = from->allow;
    to->allow_capacity = from->allow_capacity;
    from->allow = old;
}

bool reload(const struct settings *settings, struct config *config)
{
    struct settings fresh;
    struct config made = {0};
    struct error error = {0};
    bool good;

    copy_command_line(settings, &fresh);
    good = config_make(&fresh, &made, &error);
    if (good) {
        say_rest(settings, &fresh);
        take_block(&config->block, &made.block);
    } else {
        fprintf(stderr, "relaywatch: %s; the configuration stays as it was\n", error.text);
    }
    config_fini(&made);
    options_free(&fresh);
    return good;
}
