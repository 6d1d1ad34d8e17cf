/* reason.c - one automaton over all wordings, then a map of enhanced status codes
 * source:   RFC 3463 3.x; detection of what servers really write: reason_texts.def
 * limits:   only the first 512 bytes of a text are looked at */
#include "match/reason.h"

#include <stdlib.h>

#include "base/literal_set.h"
#include "base/panic.h"

enum { REASON_TEXT_SCAN_MAX = 512 };

struct wording {
    slice literal;
    enum reason reason;
    enum reason_direction direction;
};

static const struct wording wordings[] = {
#define REASON_TEXT(literal, reason, direction)                                                    \
    {SLICE_INIT(literal), REASON_##reason, DIRECTION_##direction},
#include "match/reason_texts.def"
#undef REASON_TEXT
};
enum { WORDINGS_COUNT = sizeof wordings / sizeof wordings[0] };

struct reasons {
    struct literal_set *literals;
};

struct reasons *reasons_new(void)
{
    struct reasons *r = panic_calloc(1, sizeof *r);
    slice literals[WORDINGS_COUNT];

    for (unsigned i = 0; i < WORDINGS_COUNT; i++)
        literals[i] = wordings[i].literal;
    r->literals = literal_set_new(literals, WORDINGS_COUNT);
    return r;
}

struct reasons *reasons_free(struct reasons *r)
{
    if (r != NULL)
        literal_set_free(r->literals);
    free(r);
    return NULL;
}

struct best {
    enum reason_direction direction;
    unsigned index;
};

static void keep_first(void *arg, unsigned index)
{
    struct best *best = arg;
    if (index < best->index && (wordings[index].direction & best->direction) != 0)
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
    struct best best = {direction, WORDINGS_COUNT};

    if (text.len > 0)
        literal_set_scan(r->literals, slice_first(text, REASON_TEXT_SCAN_MAX), keep_first, &best);
    if (best.index < WORDINGS_COUNT)
        return wordings[best.index].reason;
    return of_status(status, code, text.len > 0);
}

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
    static const char *const names[] = {
#define REASON(id, name, meaning) name,
#include "match/reasons.def"
#undef REASON
    };
    return names[reason];
}
