/* config_block.c - the meaning of --block-... and --reporter
 * source:   options.def
 * limits:   at most ALLOW_MAX allowed networks, each is looked at for each candidate */
#include "config_block.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cursor.h"
#include "base/panic.h"
#include "output/ocsf.h"

enum { ALLOW_MAX = 65536, LINE_SIZE = 1024 };

void block_settings_init(struct block_settings *b, const struct zones *zones)
{
    *b = (struct block_settings){.policy = {.zones = zones, .min_severity = SEVERITY_MEDIUM}};
}

void block_settings_fini(struct block_settings *b)
{
    free(b->allow);
    free(b->reporter_name);
    free(b->reporter_address);
    *b = (struct block_settings){0};
}

static bool allow(struct block_settings *b, const struct ip_net *net)
{
    if (b->policy.allow_count == ALLOW_MAX)
        return false;
    if (b->policy.allow_count == b->allow_capacity) {
        b->allow_capacity = b->allow_capacity == 0 ? 64 : 2 * b->allow_capacity;
        b->allow = realloc(b->allow, b->allow_capacity * sizeof *b->allow);
        ASSERT(b->allow != NULL);
    }
    b->allow[b->policy.allow_count++] = *net;
    b->policy.allow = b->allow;
    return true;
}

/* A network a line; blanks and what follows '#' do not count. */
static bool allow_file(struct block_settings *b, const struct setting *s, const char *path,
                       struct error *reterr)
{
    FILE *f = fopen(path, "re");
    char line[LINE_SIZE];
    unsigned number = 0;
    bool ok = true;

    if (f == NULL)
        return error_set(reterr, ERROR_CONFIG, "%s: cannot read %s: %s", s->origin, path,
                         strerror(errno));
    while (ok && fgets(line, sizeof line, f) != NULL) {
        slice text = slice_of(line);
        struct ip_net net;
        number++;
        text = slice_trim(slice_first(text, slice_find_byte(text, '#')));
        if (text.len > 0 && (!ip_net_parse(text, &net) || !allow(b, &net)))
            ok = error_set(reterr, ERROR_CONFIG, "%s:%u: no network, or one too many: %.*s", path,
                           number, (int)text.len, text.ptr);
    }
    fclose(f);
    return ok;
}

static bool take_allow(struct block_settings *b, const struct setting *s, struct error *reterr)
{
    slice rest = slice_of(s->value);

    if (rest.len > 0 && rest.ptr[0] == '@')
        return allow_file(b, s, s->value + 1, reterr);
    while (rest.len > 0) {
        size_t n = slice_find_byte(rest, ',');
        slice part = slice_trim(slice_first(rest, n));
        struct ip_net net;
        if (part.len > 0 && (!ip_net_parse(part, &net) || !allow(b, &net)))
            return setting_bad(s, reterr, "is not a list of networks (192.0.2.0/24,2001:db8::/32)");
        rest = slice_from(rest, n + 1);
    }
    return true;
}

/* "90m", "12h", "7d" */
static bool take_expire(struct block_settings *b, const struct setting *s, struct error *reterr)
{
    static const int64_t minute_us = 60 * 1000000;
    slice text = slice_of(s->value);
    uint64_t n;
    int64_t unit;

    if (!cursor_take_uint(&text, 100000, &n) || n == 0 || text.len != 1)
        return setting_bad(s, reterr, "is no time (90m, 12h, 7d)");
    unit = text.ptr[0] == 'm'   ? minute_us
           : text.ptr[0] == 'h' ? 60 * minute_us
           : text.ptr[0] == 'd' ? 24 * 60 * minute_us
                                : 0;
    b->policy.expire_us = (int64_t)n * unit;
    return unit > 0 || setting_bad(s, reterr, "is no time (90m, 12h, 7d)");
}

static char *keep_text(slice text)
{
    char *copy = panic_calloc(1, text.len + 1);

    if (text.len > 0)
        memcpy(copy, text.ptr, text.len);
    return copy;
}

/* "Example Net <abuse@example.net>", or the address alone */
static bool take_reporter(struct block_settings *b, const struct setting *s, struct error *reterr)
{
    slice text = slice_trim(slice_of(s->value));
    size_t open = slice_find_byte(text, '<');
    slice name = slice_trim(slice_first(text, open)), address = text;

    if (open < text.len) {
        address = slice_from(text, open + 1);
        address = slice_first(address, slice_find_byte(address, '>'));
    }
    if (!ocsf_is_email(address))
        return setting_bad(s, reterr, "is no reporter (Example Net <abuse@example.net>)");
    if (open == text.len || name.len == 0)
        name = slice_from(address, slice_find_byte(address, '@') + 1);
    free(b->reporter_name);
    free(b->reporter_address);
    b->reporter_name = keep_text(name);
    b->reporter_address = keep_text(address);
    return true;
}

bool block_settings_take(struct block_settings *b, const struct setting *s, struct error *reterr)
{
    switch (s->id) {
    case OPTION_BLOCK_ALLOW:
        return take_allow(b, s, reterr);
    case OPTION_BLOCK_SEVERITY:
        return severity_parse(slice_of(s->value), &b->policy.min_severity) ||
               setting_bad(s, reterr, "is none of info, low, medium, high, critical");
    case OPTION_BLOCK_EXPIRE:
        return take_expire(b, s, reterr);
    case OPTION_BLOCK_NETWORKS:
        b->policy.networks = true;
        return true;
    default:
        return take_reporter(b, s, reterr);
    }
}
