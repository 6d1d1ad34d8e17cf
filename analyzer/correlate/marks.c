/* marks.c - from an event and its context to the fields that patterns look at; who was caught
 * source:   match/pattern.h; RFC 5321 4.1.1.1 and 4.1.3 (what a HELO argument should be)
 * limits:   4,096 clients with marks, the longest idle gives way. Nothing is asked about this host
 *           itself, about greylisting, and about refusals that were only logged */
#include "correlate/marks.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/panic.h"
#include "base/state.h"
#include "base/table.h"

enum { CLIENTS_MAX = 4096 };

struct client_marks {
    struct pattern_bits bits;
};

struct marks {
    const struct patterns *patterns;
    struct table *clients;
    struct pattern_run run;
    uint32_t caught[PATTERNS_MAX]; /* clients */
    struct pattern_bits tried, hit;
    bool asked; /* about the event told last */
    void (*warn)(void *arg, const char *text);
    void *warn_arg;
};

struct marks *marks_new(const struct patterns *patterns, void (*warn)(void *arg, const char *text),
                        void *warn_arg)
{
    struct marks *m = panic_calloc(1, sizeof *m);
    struct table_spec spec = {.name = "marked clients",
                              .capacity = CLIENTS_MAX,
                              .entry_size = sizeof(struct client_marks)};

    m->patterns = patterns;
    m->clients = table_new(&spec);
    m->warn = warn;
    m->warn_arg = warn_arg;
    return m;
}

struct marks *marks_free(struct marks *m)
{
    if (m != NULL)
        table_free(m->clients);
    free(m);
    return NULL;
}

/* ---- other patterns ---- */

enum { NOWHERE = PATTERNS_MAX };

/* Where each of the patterns of before is among the fresh ones. */
static void map_patterns(const struct patterns *before, const struct patterns *fresh,
                         unsigned ret[PATTERNS_MAX])
{
    for (unsigned i = 0; i < patterns_count(before); i++) {
        const char *id = patterns_info(before, i)->id;
        ret[i] = NOWHERE;
        for (unsigned k = 0; k < patterns_count(fresh) && ret[i] == NOWHERE; k++)
            if (strcmp(patterns_info(fresh, k)->id, id) == 0)
                ret[i] = k;
    }
}

void marks_renew(struct marks *m, const struct patterns *patterns)
{
    const unsigned count = patterns_count(m->patterns);
    unsigned to[PATTERNS_MAX] = {0};
    uint32_t caught[PATTERNS_MAX] = {0}, cursor = 0;
    struct pattern_run run = {0};
    struct client_marks *c;

    map_patterns(m->patterns, patterns, to);
    for (unsigned i = 0; i < count; i++) {
        if (to[i] == NOWHERE)
            continue;
        caught[to[i]] = m->caught[i];
        run.each[to[i]] = m->run.each[i];
        run.each[to[i]].off = false;
        run.each[to[i]].limited = 0;
    }
    while ((c = table_next(m->clients, &cursor)) != NULL) {
        struct pattern_bits bits = {0};
        for (unsigned i = 0; i < count; i++)
            if (to[i] != NOWHERE && pattern_bits_has(&c->bits, i))
                pattern_bits_add(&bits, to[i]);
        c->bits = bits;
    }
    memcpy(m->caught, caught, sizeof caught);
    m->run = run;
    m->patterns = patterns;
    m->asked = false;
}

/* ---- when ---- */

static bool is_refused(const struct event *ev, const struct context *cx)
{
    return !ev->soft && cx->reason != REASON_GREYLIST &&
           (ev->outcome == OUTCOME_REFUSED || ev->outcome == OUTCOME_TEMPFAIL);
}

static bool is_foreign(const struct context *cx)
{
    return cx->outside && (cx->rcpt_class == RCPT_THIRD_PARTY || cx->rcpt_class == RCPT_TRICK);
}

static bool find_occasion(const struct event *ev, const struct context *cx,
                          enum pattern_occasion *ret)
{
    switch (ev->kind) {
    case EVENT_RCPT:
    case EVENT_DELIVERY:
        *ret = is_foreign(cx) ? ON_RELAY : ON_REFUSED;
        return is_foreign(cx) || (ev->kind == EVENT_RCPT && is_refused(ev, cx));
    case EVENT_REFUSAL:
        *ret = ON_REFUSED;
        return is_refused(ev, cx);
    case EVENT_AUTH:
        *ret = ON_AUTH_FAILED;
        return ev->outcome == OUTCOME_REFUSED;
    case EVENT_PROTOCOL:
        *ret = ON_PROTOCOL;
        return true;
    default:
        return false;
    }
}

/* ---- what ---- */

static bool is_inside(const struct context *cx, const struct ip_addr *ip, slice literal)
{
    enum client_zone zone = zones_client(cx->zones, ip, SLICE_NONE);

    return zone == CLIENT_TRUSTED || zone == CLIENT_LOOPBACK ||
           zones_domain(cx->zones, literal) == DOMAIN_LOCAL;
}

static slice kind_of_address(const struct context *cx, slice helo)
{
    bool literal = helo.ptr[0] == '[';
    slice inside = literal ? slice_first(slice_from(helo, 1), helo.len - 2) : helo;
    struct ip_addr ip;

    if (slice_ieq(slice_first(inside, 5), SLICE_LIT("IPv6:")))
        inside = slice_from(inside, 5);
    if (!ip_addr_parse(inside, &ip))
        return SLICE_NONE;
    if (ip_addr_eq(&ip, &cx->client))
        return literal ? SLICE_LIT("client_address") : SLICE_LIT("bare_address");
    if (is_inside(cx, &ip, helo))
        return SLICE_LIT("inside_address");
    return literal ? SLICE_LIT("other_address") : SLICE_LIT("bare_address");
}

static slice kind_of_helo(const struct context *cx, slice helo)
{
    slice kind;

    if (helo.len == 0)
        return SLICE_NONE;
    kind = kind_of_address(cx, helo);
    if (kind.len > 0)
        return kind;
    if (slice_ieq(helo, SLICE_LIT("localhost")) ||
        slice_ieq(helo, SLICE_LIT("localhost.localdomain")))
        return SLICE_LIT("localhost");
    if (zones_domain(cx->zones, helo) == DOMAIN_LOCAL)
        return SLICE_LIT("own_name");
    return slice_find_byte(helo, '.') < helo.len ? SLICE_LIT("name") : SLICE_LIT("single_label");
}

/* What sender and recipient are to one another, where that is odd. */
static slice kind_of_envelope(const struct context *cx, slice rcpt)
{
    bool foreign = cx->rcpt_class == RCPT_THIRD_PARTY || cx->rcpt_class == RCPT_TRICK;

    if (rcpt.len == 0 || cx->sender.len == 0)
        return SLICE_NONE;
    if (slice_ieq(cx->sender, rcpt))
        return foreign ? SLICE_LIT("self_foreign") : SLICE_LIT("self_own");
    return foreign && cx->sender_zone == DOMAIN_LOCAL ? SLICE_LIT("own_sender") : SLICE_NONE;
}

/* The argument in what an early talker said: "EHLO ylmf-pc\\r\\n", escaped as Postfix logs it. */
static slice spoken_helo(slice text)
{
    slice word = slice_first(text, 5);
    size_t n = 0;

    if (!slice_ieq(word, SLICE_LIT("EHLO ")) && !slice_ieq(word, SLICE_LIT("HELO ")))
        return SLICE_NONE;
    text = slice_from(text, 5);
    while (n < text.len && (unsigned char)text.ptr[n] > ' ' && text.ptr[n] != '\\')
        n++;
    return slice_first(text, n);
}

static void fill_subject(const struct event *ev, const struct context *cx,
                         struct pattern_subject *s)
{
    bool before = ev->kind == EVENT_DELIVERY && event_field(ev, EF_ORIG_RCPT).len > 0;
    slice helo = event_field(ev, EF_HELO), sender = cx->sender;
    slice rcpt = event_field(ev, before ? EF_ORIG_RCPT : EF_RCPT);

    if (helo.len == 0 && cx->session != NULL)
        helo = slice_of(cx->session->helo);
    if (helo.len == 0 && ev->kind == EVENT_PROTOCOL)
        helo = spoken_helo(event_field(ev, EF_TEXT));
    s->field[PATTERN_HELO] = helo;
    s->field[PATTERN_HELO_KIND] = kind_of_helo(cx, helo);
    s->field[PATTERN_CLIENT_NAME] = cx->client_name;
    s->field[PATTERN_SENDER] = sender;
    s->field[PATTERN_SENDER_LOCAL] = slice_first(sender, slice_rfind_byte(sender, '@'));
    s->field[PATTERN_SENDER_DOMAIN] = address_domain(sender);
    s->field[PATTERN_RCPT] = rcpt;
    s->field[PATTERN_RCPT_LOCAL] = slice_first(rcpt, slice_rfind_byte(rcpt, '@'));
    s->field[PATTERN_ENVELOPE_KIND] = kind_of_envelope(cx, rcpt);
    s->field[PATTERN_USER] = event_field(ev, EF_USER);
    s->field[PATTERN_TEXT] =
        ev->kind == EVENT_PROTOCOL ? event_field(ev, EF_TEXT) : reason_text(ev);
    s->field[PATTERN_COMMAND] = event_field(ev, EF_COMMAND);
}

/* ---- who ---- */

static void warn_of(const struct marks *m, unsigned index)
{
    const struct pattern_info *info = patterns_info(m->patterns, index);
    char text[600];

    snprintf(
        text, sizeof text,
        "%s: entry %u (\"%s\"): its \"regex\" needed more than %d steps %d times; it is switched "
        "off for this run",
        info->file, info->entry, info->id, PATTERN_STEPS, PATTERN_LIMITS_TO_OFF);
    if (m->warn != NULL)
        m->warn(m->warn_arg, text);
}

static void warn_of_fresh(const struct marks *m, const struct pattern_bits *tried)
{
    for (unsigned i = 0; i < patterns_count(m->patterns); i++)
        if (pattern_bits_has(tried, i) && m->run.each[i].off) /* and was not before */
            warn_of(m, i);
}

static bool is_empty(const struct pattern_bits *b)
{
    uint64_t any = 0;

    for (unsigned w = 0; w < PATTERNS_MAX / 64; w++)
        any |= b->word[w];
    return any == 0;
}

static void catch (struct marks *m, const struct event *ev, const struct context *cx)
{
    struct client_marks *c = table_get(m->clients, cx->client_hash, ev->time_us, NULL);

    for (unsigned w = 0; w < PATTERNS_MAX / 64; w++) {
        uint64_t fresh = m->hit.word[w] & ~c->bits.word[w];
        c->bits.word[w] |= fresh;
        for (; fresh != 0; fresh &= fresh - 1)
            m->caught[w * 64 + (unsigned)__builtin_ctzll(fresh)]++;
    }
}

void marks_event(struct marks *m, const struct event *ev, const struct context *cx)
{
    struct pattern_subject subject;

    m->asked = find_occasion(ev, cx, &subject.occasion) && cx->client_hash != 0 &&
               cx->client_zone != CLIENT_LOOPBACK;
    if (!m->asked)
        return;
    m->tried = m->hit = (struct pattern_bits){{0}};
    fill_subject(ev, cx, &subject);
    if (patterns_match(m->patterns, &m->run, &subject, &m->hit, &m->tried))
        warn_of_fresh(m, &m->tried);
    if (!is_empty(&m->hit))
        catch (m, ev, cx);
}

const struct pattern_bits *marks_of(const struct marks *m, uint64_t client_hash)
{
    const struct client_marks *c = client_hash == 0 ? NULL : table_find(m->clients, client_hash);

    return c == NULL ? NULL : &c->bits;
}

const struct pattern_bits *marks_tried(const struct marks *m)
{
    return m->asked ? &m->tried : NULL;
}

const struct pattern_bits *marks_hit(const struct marks *m)
{
    return m->asked ? &m->hit : NULL;
}

const struct pattern_run *marks_run(const struct marks *m)
{
    return &m->run;
}

uint32_t marks_clients(const struct marks *m, unsigned pattern)
{
    return m->caught[pattern];
}

const struct patterns *marks_patterns(const struct marks *m)
{
    return m->patterns;
}

uint64_t marks_evictions(const struct marks *m)
{
    return table_evictions(m->clients);
}

void marks_persist(struct marks *m, struct state_io *io)
{
    static const struct state_hole own[] = {
        STATE_HOLE(struct marks, patterns), STATE_HOLE(struct marks, clients),
        STATE_HOLE(struct marks, warn), STATE_HOLE(struct marks, warn_arg)};

    state_struct(io, "marks", m, sizeof *m, STATE_HOLES(own));
    table_persist(m->clients, io);
}
