/* refused.c - what a refusal is aimed at: from the reason where it says so, else from the wording
 * algorithm: a switch over the reason, then one automaton over all wordings
 * source:    RFC 3463 3.2 (x.1.8: the sender's system address); wordings in refused_texts.def
 * limits:    only the first 512 bytes of a text are looked at */
#include "match/refused.h"

#include <stdlib.h>

#include "base/literal_set.h"
#include "base/panic.h"

enum { REFUSED_TEXT_SCAN_MAX = 512 };

static const struct {
    slice literal;
    enum refused refused;
} wordings[] = {
#define REFUSED_TEXT(literal, refused) {SLICE_INIT(literal), REFUSED_##refused},
#include "match/refused_texts.def"
#undef REFUSED_TEXT
};
enum { WORDINGS_COUNT = sizeof wordings / sizeof wordings[0] };

struct refused_texts {
    struct literal_set *literals;
};

struct refused_texts *refused_texts_new(void)
{
    struct refused_texts *t = panic_calloc(1, sizeof *t);
    slice literals[WORDINGS_COUNT];

    for (unsigned i = 0; i < WORDINGS_COUNT; i++)
        literals[i] = wordings[i].literal;
    t->literals = literal_set_new(literals, WORDINGS_COUNT);
    return t;
}

struct refused_texts *refused_texts_free(struct refused_texts *t)
{
    if (t != NULL)
        literal_set_free(t->literals);
    free(t);
    return NULL;
}

/* What the reason alone tells; REFUSED_NOTHING when the words must be read. */
static enum refused of_reason(enum reason reason)
{
    switch (reason) {
    case REASON_RELAY_DENIED:
    case REASON_RCPT_UNKNOWN:
    case REASON_DOMAIN_UNKNOWN:
    case REASON_MAILBOX_FULL:
    case REASON_MAILBOX_DISABLED:
        return REFUSED_RECIPIENT;
    case REASON_SENDER_LOGIN:
        return REFUSED_SENDER_LOGIN;
    default:
        return REFUSED_NOTHING;
    }
}

static enum refused of_text(const struct refused_texts *t, slice text)
{
    int first = text.len == 0
                    ? -1
                    : literal_set_first(t->literals, slice_first(text, REFUSED_TEXT_SCAN_MAX));

    return first < 0 ? REFUSED_NOTHING : wordings[first].refused;
}

enum refused refused_what(const struct refused_texts *t, enum reason reason,
                          const uint8_t status[3], slice text)
{
    enum refused what = of_reason(reason);

    if (what != REFUSED_NOTHING)
        return what;
    what = of_text(t, text);
    if (what == REFUSED_NOTHING && reason == REASON_BLOCKLIST)
        return REFUSED_CLIENT;
    if (what == REFUSED_NOTHING && status[1] == 1 && status[2] == 8)
        return REFUSED_SENDER_DOMAIN;
    return what;
}
