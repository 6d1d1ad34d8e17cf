/* reason.c - one automaton over all wordings, then a map of enhanced status codes
 * source:   RFC 3463 3.x; detection of what servers really write: signatures/reasons.json
 * limits:   only the first 512 bytes of a text are looked at */
#include "match/reason.h"

#include <stdlib.h>

#include "base/literal_set.h"
#include "base/panic.h"

enum { REASON_TEXT_SCAN_MAX = 512 };

struct wording {
    slice literal; /* borrowed from its file */
    enum reason reason;
    enum reason_direction direction;
    const char *file;
    unsigned entry;
};

struct reasons {
    struct literal_set *literals;
    struct wording *wordings; /* in the order in which they decide */
    unsigned count;
};

static const char *const names[REASON_COUNT] = {
#define REASON(id, name, meaning) name,
#include "match/reasons.def"
#undef REASON
};

/* ---- from the files ---- */

static bool read_direction(const struct signature_entry *e, enum reason_direction *ret,
                           struct error *reterr)
{
    static const char *const directions[] = {"", "own", "remote", "both"};
    unsigned n;

    if (!signature_entry_choice(e, "direction", directions, 4, &n, reterr))
        return false;
    *ret = (enum reason_direction)n;
    return true;
}

static bool read_entry(const struct signature_entry *e, struct wording *ret, struct error *reterr)
{
    static const char *const members[] = {"literal",       "reason", "direction", "source",
                                          "short_because", "match",  "nomatch",   NULL};
    unsigned reason = 0;
    slice source;

    if (!signature_entry_members(e, members, reterr) ||
        !signature_entry_literal(e, "literal", &ret->literal, reterr) ||
        !signature_entry_choice(e, "reason", names, REASON_COUNT, &reason, reterr) ||
        !read_direction(e, &ret->direction, reterr) ||
        !signature_entry_text(e, "source", 1, &source, reterr))
        return false;
    ret->reason = (enum reason)reason;
    ret->file = e->file->path;
    ret->entry = e->number;
    return signature_entry_lines(e, "match", 1, NULL, NULL, reterr) &&
           signature_entry_lines(e, "nomatch", 0, NULL, NULL, reterr);
}

/* A literal that stands in the file already, for the same direction, would never decide. */
static bool keep_entry(void *arg, const struct signature_entry *e, unsigned from, unsigned index,
                       struct error *reterr)
{
    struct reasons *r = arg;
    struct wording *w = &r->wordings[index];

    if (!read_entry(e, w, reterr))
        return false;
    for (const struct wording *old = &r->wordings[from]; old < w; old++)
        if (slice_ieq(old->literal, w->literal) && (old->direction & w->direction) != 0)
            return signature_entry_error(e, reterr, "the literal is that of entry %u already",
                                         old->entry);
    return true;
}

struct reasons *reasons_new(const struct signature_set *files, struct error *reterr)
{
    struct reasons *r = panic_calloc(1, sizeof *r);

    r->count = signature_set_count(files, SIGNATURE_REASONS);
    r->wordings = panic_calloc(r->count + 1, sizeof *r->wordings);
    if (!signature_set_each(files, SIGNATURE_REASONS, keep_entry, r, reterr))
        return reasons_free(r);
    r->literals = literal_set_of(&r->wordings->literal, sizeof *r->wordings, r->count);
    return r;
}

struct reasons *reasons_free(struct reasons *r)
{
    if (r == NULL)
        return NULL;
    literal_set_free(r->literals);
    free(r->wordings);
    free(r);
    return NULL;
}

/* ---- which wording decides ---- */

struct best {
    const struct reasons *reasons;
    enum reason_direction direction;
    unsigned from, index; /* of this file only when checking; all else */
};

static void keep_first(void *arg, unsigned index)
{
    struct best *best = arg;
    if (index < best->index && index >= best->from &&
        (best->reasons->wordings[index].direction & best->direction) != 0)
        best->index = index;
}

/* What an enhanced status code means when the text says nothing. */
static enum reason of_status(const uint8_t s[3], uint16_t code, bool has_text)
{
    static const struct {
        uint8_t subject, detail;
        enum reason reason;
    } map[] = {
        {1, 1, REASON_RCPT_UNKNOWN},   {1, 10, REASON_DOMAIN_UNKNOWN},
        {1, 6, REASON_RCPT_UNKNOWN},   {1, 2, REASON_DOMAIN_UNKNOWN},
        {4, 4, REASON_DOMAIN_UNKNOWN}, {1, 7, REASON_SENDER_BAD},
        {1, 8, REASON_SENDER_BAD},     {2, 1, REASON_MAILBOX_DISABLED},
        {2, 2, REASON_MAILBOX_FULL},   {4, 1, REASON_UNREACHABLE},
        {4, 2, REASON_UNREACHABLE},    {4, 3, REASON_UNREACHABLE},
        {4, 7, REASON_UNREACHABLE},    {4, 6, REASON_LOOP},
        {4, 14, REASON_LOOP},          {7, 8, REASON_AUTH_FAIL},
        {7, 3, REASON_AUTH_REQUIRED},  {7, 23, REASON_SENDER_AUTH},
        {7, 24, REASON_SENDER_AUTH},   {7, 26, REASON_SENDER_AUTH},
        {7, 27, REASON_SENDER_BAD},    {7, 25, REASON_RDNS},
        {7, 28, REASON_RATE},          {7, 1, REASON_POLICY},
        {7, 0, REASON_POLICY},         {5, 0, REASON_PROTOCOL},
        {5, 2, REASON_PROTOCOL},       {5, 3, REASON_RATE},
        {3, 4, REASON_SIZE},           {3, 1, REASON_LOCAL_TROUBLE},
        {3, 2, REASON_LOCAL_TROUBLE},  {3, 5, REASON_LOCAL_TROUBLE},
        {7, 54, REASON_RELAY_DENIED},  {7, 64, REASON_RELAY_DENIED},
        {7, 57, REASON_AUTH_REQUIRED},
    };

    for (size_t i = 0; i < sizeof map / sizeof map[0]; i++)
        if (s[0] != 0 && s[1] == map[i].subject && s[2] == map[i].detail)
            return map[i].reason;
    if (code == 535)
        return REASON_AUTH_FAIL;
    if (code == 454)
        return REASON_AUTH_TEMPFAIL;
    if (code == 550 && s[0] == 0 && has_text) /* bare, it is a refusal of any kind */
        return REASON_RCPT_UNKNOWN;
    return code == 530 ? REASON_AUTH_REQUIRED : REASON_NONE;
}

enum reason reason_classify(const struct reasons *r, enum reason_direction direction, uint16_t code,
                            const uint8_t status[3], slice text)
{
    struct best best = {r, direction, 0, r->count};

    if (text.len > 0)
        literal_set_scan(r->literals, slice_first(text, REASON_TEXT_SCAN_MAX), keep_first, &best);
    if (best.index < r->count)
        return r->wordings[best.index].reason;
    return of_status(status, code, text.len > 0);
}

bool reason_wording(const struct reasons *r, enum reason_direction direction, slice text,
                    struct reason_wording *ret)
{
    struct best best = {r, direction, 0, r->count};

    if (text.len > 0)
        literal_set_scan(r->literals, slice_first(text, REASON_TEXT_SCAN_MAX), keep_first, &best);
    if (best.index == r->count)
        return false;
    *ret = (struct reason_wording){r->wordings[best.index].literal, r->wordings[best.index].file,
                                   r->wordings[best.index].entry};
    return true;
}

/* ---- the texts of the files ---- */

struct check {
    const struct reasons *reasons;
    const struct signature_entry *entry;
    unsigned from, index; /* of the first entry of the file, of this one */
    bool wanted;
};

static bool check_direction(const struct check *c, enum reason_direction direction, unsigned number,
                            slice text, struct error *reterr)
{
    struct best best = {c->reasons, direction, c->from, c->from + c->entry->file->count};
    unsigned none = best.index;

    literal_set_scan(c->reasons->literals, slice_first(text, REASON_TEXT_SCAN_MAX), keep_first,
                     &best);
    if ((best.index == c->index) == c->wanted)
        return true;
    if (!c->wanted)
        return signature_entry_error(c->entry, reterr, "\"nomatch\" %u \"%.120s\" matches", number,
                                     text.ptr);
    if (best.index == none)
        return signature_entry_error(c->entry, reterr, "\"match\" %u \"%.120s\" does not match",
                                     number, text.ptr);
    return signature_entry_error(
        c->entry, reterr, "\"match\" %u \"%.120s\" is decided by entry %u (\"%.60s\") before",
        number, text.ptr, best.index - c->from + 1, c->reasons->wordings[best.index].literal.ptr);
}

static bool check_text(void *arg, unsigned number, slice text, struct error *reterr)
{
    const struct check *c = arg;
    enum reason_direction d = c->reasons->wordings[c->index].direction;

    return ((d & DIRECTION_OWN) == 0 || check_direction(c, DIRECTION_OWN, number, text, reterr)) &&
           ((d & DIRECTION_REMOTE) == 0 ||
            check_direction(c, DIRECTION_REMOTE, number, text, reterr));
}

static bool check_entry(void *arg, const struct signature_entry *e, unsigned from, unsigned index,
                        struct error *reterr)
{
    struct check *c = arg;

    c->entry = e;
    c->from = from;
    c->index = index;
    return signature_entry_examples(e, &c->wanted, check_text, c, reterr);
}

bool reasons_check(const struct reasons *r, const struct signature_set *files, struct error *reterr)
{
    struct check c = {.reasons = r};

    return signature_set_each(files, SIGNATURE_REASONS, check_entry, &c, reterr);
}

/* ---- quoted names ---- */

/* Does text begin with "<word>"? */
static bool quotes(slice text, slice word)
{
    return word.len > 0 && text.len > word.len + 1 && text.ptr[word.len + 1] == '>' &&
           slice_eq((slice){text.ptr + 1, word.len}, word);
}

slice reason_text(const struct event *ev)
{
    static const enum event_field echoed[] = {EF_RCPT, EF_SENDER, EF_HELO, EF_USER};
    slice text = event_field(ev, EF_TEXT);
    size_t end;

    if (text.len == 0 || text.ptr[0] != '<')
        return text;
    for (size_t i = 0; i < sizeof echoed / sizeof echoed[0]; i++)
        if (quotes(text, event_field(ev, echoed[i])))
            return slice_from(text, event_field(ev, echoed[i]).len + 2);
    end = slice_find(text, SLICE_LIT(">: "));
    return end < text.len ? slice_from(text, end + 1) : text;
}

const char *reason_name(enum reason reason)
{
    return names[reason];
}
