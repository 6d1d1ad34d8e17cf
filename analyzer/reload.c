/* reload.c - a second configuration is made, checked, and put in the place of the first
 * algorithm: first the whole of it has to make sense as it stands. Then what cannot change is set
 *            back to what it was, the files that it names are read and its outputs opened, and
 *            only then it is taken. Zones and honey users stay the objects that they are and take
 *            their contents, since tables know them by their address
 * source:    config.h, pipeline.h
 * limits:    the file is the one of the start; where there was none, only files that the command
 *            line names are read again */
#include "reload.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/panic.h"
#include "confine.h"
#include "sandbox.h"

/* ---- lists of settings ---- */

static void add_copy(struct settings *to, const struct setting *s)
{
    struct setting *copy;

    if (to->count == to->capacity) {
        to->capacity = to->capacity == 0 ? 16 : 2 * to->capacity;
        to->list = realloc(to->list, to->capacity * sizeof *to->list);
        ASSERT(to->list != NULL);
    }
    copy = &to->list[to->count++];
    *copy = *s;
    if (s->value != NULL) {
        size_t size = strlen(s->value) + 1;
        copy->value = panic_calloc(1, size);
        memcpy(copy->value, s->value, size);
    }
}

static void remove_all(struct settings *s, enum option_id id)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < s->count; i++) {
        if (s->list[i].id == id)
            free(s->list[i].value);
        else
            s->list[kept++] = s->list[i];
    }
    s->count = kept;
}

static void copy_all(const struct settings *from, struct settings *to, enum option_id id)
{
    for (unsigned i = 0; i < from->count; i++)
        if (from->list[i].id == id)
            add_copy(to, &from->list[i]);
}

/* What the command line said, and what the file says now. */
static bool read_again(const struct settings *from, const char *file, struct settings *to,
                       struct error *reterr)
{
    *to = (struct settings){.operands = from->operands, .operand_count = from->operand_count};
    for (unsigned i = 0; i < from->count; i++)
        if (strcmp(from->list[i].origin, "command line") == 0)
            add_copy(to, &from->list[i]);
    return file == NULL || config_read_file(file, to, reterr);
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

/* ---- what cannot change ---- */

/* It is named and set back to what it was. */
static void set_back(const struct settings *now, struct settings *fresh)
{
    for (unsigned i = 0; i < OPTION_COUNT; i++) {
        enum option_id id = (enum option_id)i;
        if (options_change_at_once(id) || values_of(now, id) == values_of(fresh, id))
            continue;
        fprintf(stderr, "relaywatch: %s is another now: it takes effect at the next start\n",
                options_name(id));
        remove_all(fresh, id);
        copy_all(now, fresh, id);
    }
}

/* ---- taking it ---- */

static void say_changes(const struct settings *now, const struct settings *fresh)
{
    const char *between = ": ";

    fputs("relaywatch: the configuration was read again", stderr);
    for (unsigned i = 0; i < OPTION_COUNT; i++) {
        enum option_id id = (enum option_id)i;
        if (values_of(now, id) == values_of(fresh, id))
            continue;
        fprintf(stderr, "%s%s", between, options_name(id));
        between = ", ";
    }
    fputc('\n', stderr);
}

static void swap_settings(struct settings *a, struct settings *b)
{
    const struct settings kept = *a;

    *a = *b;
    *b = kept;
}

/* made has what is to be released, afterwards. */
static void take(struct config *config, struct config *made)
{
    struct config before = *config;

    zones_renew(before.zones, made->zones);
    honey_users_renew(before.honey_users, made->honey_users);
    *config = *made;
    config->zones = before.zones;
    config->block.policy.zones = before.zones;
    config->honey_users = before.honey_users;
    before.zones = made->zones;
    before.honey_users = made->honey_users;
    *made = before;
}

/* ---- from outside ---- */

static void say_failure(const struct error *e)
{
    bool refused = strstr(e->text, strerror(EACCES)) != NULL || strstr(e->text, strerror(EPERM));

    fprintf(stderr, "relaywatch: %s%s; the configuration stays as it was\n", e->text,
            refused && sandbox_holds()
                ? " (the sandbox admits the places of the start only: a restart is needed)"
                : "");
}

/* Makes sense of fresh, twice: as it is, then with what cannot change as it was. */
static bool make(const struct settings *settings, const struct config *config,
                 struct settings *fresh, struct config *ret, struct error *reterr)
{
    if (!read_again(settings, config->file, fresh, reterr) ||
        !config_make_again(fresh, config, ret, reterr))
        return false;
    config_fini(ret);
    set_back(settings, fresh);
    return config_make_again(fresh, config, ret, reterr) && confine_admits(ret, reterr);
}

bool reload(struct settings *settings, struct config *config, struct pipeline *pipeline)
{
    struct settings fresh = {0};
    struct config made = {0};
    struct error error = {0};
    struct pipeline_change *change = NULL;

    if (make(settings, config, &fresh, &made, &error))
        change = pipeline_prepare(pipeline, &made, &error);
    if (change == NULL) {
        say_failure(&error);
    } else {
        if (made.quiet < 2)
            say_changes(settings, &fresh);
        take(config, &made);
        pipeline_take(pipeline, change);
        swap_settings(settings, &fresh);
    }
    config_fini(&made);
    options_free(&fresh);
    return change != NULL;
}
