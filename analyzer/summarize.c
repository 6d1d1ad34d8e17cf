/* summarize.c - verdicts, coverage and top tables from the state of all stages
 * algorithm: the relay verdict comes from the board; the other topics from the incidents of
 *            their rules. "No" is only said when the log shows enough; else it is "no
 *            evidence". Cases, scorecard and risk score have their own files in alert/.
 * source:    design sections on verdict lattice and top originators
 * limits:    parties of a topic are those of its most severe incidents; one that is not among
 *            the ten listed counts once for each of its rules */
#include "summarize.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alert/advice.h"
#include "places.h"

#define RULE_SET(id) (1U << RULE_##id)

static const double coverage_needed = 0.9;

/* Which rules answer a topic with yes, and which only with "attempted". */
struct topic_rules {
    uint32_t yes, attempted;
    const char *unit;
};

static const struct topic_rules topic_rules[TOPIC_COUNT] = {
    [TOPIC_BACKSCATTER] = {RULE_SET(BACKSCATTER) | RULE_SET(REVERSE_NDR), RULE_SET(QUEUE_NDR),
                           "bounces to strangers"},
    [TOPIC_VICTIM] = {RULE_SET(NDR_FLOOD), 0, "bounces for mail not sent here"},
    [TOPIC_ACCOUNT] = {RULE_SET(ACCOUNT_BURST) | RULE_SET(SASL_BRUTE_SUCCESS),
                       RULE_SET(SASL_BRUTE) | RULE_SET(SASL_SPRAY) | RULE_SET(SASL_DISTRIBUTED),
                       "recipients or attempts"},
    [TOPIC_INSIDE] = {RULE_SET(HOST_BURST), 0, "recipients"},
};

static bool in_set(const struct alert *a, uint32_t rules)
{
    return (rules >> a->rule & 1) != 0;
}

static struct verdict_party *find_party(struct verdict *v, const struct alert *a)
{
    for (unsigned i = 0; i < v->by_count; i++)
        if (v->by[i].type == a->entity_type && strcmp(v->by[i].value, a->entity) == 0)
            return &v->by[i];
    return NULL;
}

/* One row a party, though it may have incidents of several rules. */
static void add_party(struct verdict *v, const struct alert *a)
{
    struct verdict_party *p = find_party(v, a);

    if (p != NULL) {
        p->count += (uint64_t)a->observed;
        return;
    }
    v->by_total++;
    if (v->by_count == VERDICT_BY_MAX)
        return;
    p = &v->by[v->by_count++];
    p->type = a->entity_type;
    slice_keep(slice_of(a->entity), p->value, sizeof p->value);
    slice_keep(slice_of(a->client_name), p->name, sizeof p->name);
    p->count = (uint64_t)a->observed;
}

static void add_how(struct verdict *v, const struct alert *a)
{
    const char *how = a->how[0] != '\0' ? a->how : alert_rule(a)->type;

    for (unsigned i = 0; i < v->how_count; i++)
        if (strcmp(v->how[i], how) == 0)
            return;
    if (v->how_count < VERDICT_HOW_MAX)
        slice_keep(slice_of(how), v->how[v->how_count++], sizeof v->how[0]);
}

static void widen(struct verdict *v, const struct alert *a)
{
    if (v->since_us == 0 || a->first_us < v->since_us)
        v->since_us = a->first_us;
    if (a->last_us > v->last_us)
        v->last_us = a->last_us;
}

static void collect(const struct summarize_from *from, uint32_t rules, enum severity least,
                    struct verdict *v)
{
    for (unsigned i = 0; i < from->incidents_count; i++) {
        const struct alert *a = from->incidents[i];
        if (!in_set(a, rules) || a->severity < least)
            continue;
        add_party(v, a);
        add_how(v, a);
        widen(v, a);
        v->count += (uint64_t)a->observed;
    }
}

static void topic_verdict(const struct summarize_from *from, enum verdict_topic topic,
                          struct verdict *v)
{
    const struct topic_rules *t = &topic_rules[topic];

    v->unit = t->unit;
    collect(from, t->yes, SEVERITY_MEDIUM, v);
    if (v->by_total > 0) {
        v->state = VERDICT_YES;
        return;
    }
    collect(from, t->yes | t->attempted, SEVERITY_LOW, v);
    if (v->by_total > 0)
        v->state = VERDICT_ATTEMPTED;
}

/* ---- coverage ---- */

static double share(uint64_t part, uint64_t whole)
{
    return whole == 0 ? -1 : (double)part / (double)whole;
}

/* Messages whose client may have logged in, for all the log shows: were there many, then "no
 * relaying" says little. */
static bool auth_hides_much(const struct summarize_from *from)
{
    return share(from->stats->auth_hidden, from->stats->queued) > 1 - coverage_needed;
}

static void fill_coverage(const struct summarize_from *from, struct coverage *c)
{
    const struct correlate_stats *stats = from->stats;

    c->rcpt_decisions_visible = share(stats->sessions_with_rcpt, stats->sessions);
    c->client_known = share(stats->queued_client_known, stats->queued);
    c->remote_reply_visible = share(stats->deliveries_with_reply, stats->deliveries);
    c->unjudged = stats->unjudged;
    c->auth_visible = stats->auth_seen > 0 && stats->auth_hidden == 0;
    c->server_mta = from->mta;
    slice_keep(slice_of(from->host), c->server_host, sizeof c->server_host);
    if (zones_explicit_domains(from->zones)) {
        c->zones = ZONES_EXPLICIT;
        return;
    }
    c->zones = zones_learnt_count(from->zones) > 0 ? ZONES_LEARNT : ZONES_MISSING;
    c->learnt_domains_count = zones_proposals(from->zones, c->learnt_domains, 16);
    if (!zones_explicit_networks(from->zones))
        c->learnt_networks_count = zones_network_proposals(from->zones, c->learnt_networks, 8);
}

static bool is_low(double share)
{
    return share >= 0 && share < coverage_needed;
}

static bool too_little_seen(const struct correlate_stats *s, enum zones_origin zones)
{
    return zones == ZONES_MISSING || s->unjudged > 0 ||
           is_low(share(s->queued_client_known, s->queued)) ||
           is_low(share(s->sessions_with_rcpt, s->sessions));
}

/* ---- patterns ---- */

static bool is_before(const struct signature_row *a, const struct signature_row *b)
{
    return a->off != b->off ? a->off : a->clients > b->clients;
}

static void add_row(struct signature_totals *t, const struct signature_row *row)
{
    unsigned i = t->rows_count;

    if (t->rows_count < SIGNATURE_ROWS_MAX)
        t->rows_count++;
    else if (!is_before(row, &t->rows[--i]))
        return;
    for (; i > 0 && is_before(row, &t->rows[i - 1]); i--)
        t->rows[i] = t->rows[i - 1];
    t->rows[i] = *row;
}

static void fill_signatures(const struct marks *m, struct signature_totals *t)
{
    const struct pattern_run *run = marks_run(m);

    t->patterns = patterns_count(marks_patterns(m));
    for (unsigned i = 0; i < t->patterns; i++) {
        const struct pattern_info *info = patterns_info(marks_patterns(m), i);
        const struct pattern_counts *c = &run->each[i];
        t->tried += c->tried;
        t->hits += c->hits;
        t->limited += c->limited;
        if (c->hits > 0 || c->off)
            add_row(t, &(struct signature_row){info->id, info->title,
                                               pattern_meaning_name(info->meaning), info->file,
                                               info->entry, c->hits, marks_clients(m, i), c->off});
    }
}

/* ---- words ---- */

static void parties_text(const struct verdict *v, char *buf, size_t size)
{
    if (v->by_count == 0)
        snprintf(buf, size, "unknown clients");
    else if (v->by_total > 1)
        snprintf(buf, size, "%s and %u more", v->by[0].value, v->by_total - 1);
    else
        snprintf(buf, size, "%s", v->by[0].value);
}

/* Queues only: a server's own tracking, say. */
static bool shows_no_dialogue(const struct summarize_from *from)
{
    return from->stats->dialogues == 0 && from->stats->queued > 0;
}

static void relay_sentence(const struct summarize_from *from, struct verdict *v)
{
    unsigned long long unjudged = (unsigned long long)from->stats->unjudged;
    char by[160];
    unsigned long long n = (unsigned long long)v->count;

    parties_text(v, by, sizeof by);
    if (v->state == VERDICT_YES && relay_board_closed(from->board, from->now_us))
        snprintf(v->sentence, sizeof v->sentence,
                 "This server relayed mail for strangers: %llu recipients, for %s. It has refused "
                 "for a week since: closed.",
                 n, by);
    else if (v->state == VERDICT_YES)
        snprintf(v->sentence, sizeof v->sentence,
                 "This server relays mail for strangers: %llu recipients delivered for %s.", n, by);
    else if (v->state == VERDICT_EXPOSED)
        snprintf(v->sentence, sizeof v->sentence,
                 "This server accepted mail for strangers from %s (%llu recipients); no delivery "
                 "was seen, but the door is open.",
                 by, n);
    else if (v->state == VERDICT_ATTEMPTED &&
             relay_board_count(from->board, RELAY_PLAIN_BOUNCED) > 0)
        snprintf(v->sentence, sizeof v->sentence,
                 "Relaying was tried: %llu recipients, by %s. The server took the mail and bounced "
                 "it: it relays nothing, but its bounces hit whoever is named as sender.",
                 n, by);
    else if (v->state == VERDICT_ATTEMPTED)
        snprintf(
            v->sentence, sizeof v->sentence,
            "Relaying was tried and refused: %llu recipients, by %s. The server is not a relay.", n,
            by);
    else if (unjudged > 0)
        snprintf(v->sentence, sizeof v->sentence,
                 "Mail for strangers was accepted (%llu recipients), but this log does not show by "
                 "whom, or whether they had logged in.",
                 unjudged);
    else if (v->no_evidence)
        snprintf(v->sentence, sizeof v->sentence,
                 "Nothing in this log shows relaying, but the log shows too little to say no.");
    else if (shows_no_dialogue(from))
        snprintf(v->sentence, sizeof v->sentence,
                 "No mail was relayed for strangers; a log without sessions shows no refused "
                 "attempts.");
    else
        snprintf(v->sentence, sizeof v->sentence, "Nobody tried to relay through this server.");
}

struct topic_words {
    const char *yes, *attempted, *no;
};

static const struct topic_words topic_words[TOPIC_COUNT] = {
    [TOPIC_BACKSCATTER] = {"This server sends bounces to people who did not write: %s.",
                           "Bounces pile up or go out in small numbers: %s.",
                           "No bounces to strangers beyond the ordinary."},
    [TOPIC_VICTIM] = {"Bounces flood in for mail that was not sent here; forged: %s.",
                      "Some stray bounces came in: %s.", "No flood of bounces came in."},
    [TOPIC_ACCOUNT] = {"An account is in wrong hands: %s.", "Passwords are being guessed: %s.",
                       "No account was attacked or abused."},
    [TOPIC_INSIDE] = {"A machine inside sends abuse: %s.",
                      "A machine inside sends unusual mail: %s.", "No machine inside sends abuse."},
};

static void topic_sentence(enum verdict_topic topic, struct verdict *v)
{
    const struct topic_words *w = &topic_words[topic];
    const char *format = v->state == VERDICT_YES         ? w->yes
                         : v->state == VERDICT_ATTEMPTED ? w->attempted
                         : v->no_evidence                ? "The log shows too little to say."
                                                         : w->no;
    const char *mark = strstr(format, "%s");
    char by[160];

    parties_text(v, by, sizeof by);
    if (mark == NULL)
        snprintf(v->sentence, sizeof v->sentence, "%s", format);
    else
        snprintf(v->sentence, sizeof v->sentence, "%.*s%s%s", (int)(mark - format), format, by,
                 mark + 2);
}

void summarize_verdicts(const struct summarize_from *from, enum zones_origin zones,
                        struct verdict *ret)
{
    bool blind =
        too_little_seen(from->stats, zones) || from->now_us == INT64_MIN; /* no event at all */

    for (unsigned topic = 0; topic < TOPIC_COUNT; topic++) {
        struct verdict *v = &ret[topic];
        if (topic == TOPIC_RELAY)
            relay_board_verdict(from->board, v);
        else
            topic_verdict(from, (enum verdict_topic)topic, v);
        v->no_evidence =
            v->state == VERDICT_NO && (blind || (topic == TOPIC_RELAY && auth_hides_much(from)));
        v->advice = advice_for_topic((enum verdict_topic)topic, v->state, from->mta);
        if (topic == TOPIC_RELAY)
            relay_sentence(from, v);
        else
            topic_sentence((enum verdict_topic)topic, v);
    }
}

/* ---- the rest ---- */

static void fill_risk(const struct summarize_from *from, struct summary *s)
{
    struct risk risk = risk_of(from->incidents, from->incidents_count, from->now_us);

    s->risk_score = risk.score;
    memcpy(s->risk_share, risk.share, sizeof s->risk_share);
}

/* Recipients accepted at one level less those bounced at the other: what became of them is open. */
static uint64_t unsettled(const struct relay_board *b, enum relay_level taken,
                          enum relay_level bounced)
{
    uint64_t n = relay_board_count(b, taken), settled = relay_board_count(b, bounced);

    return n > settled ? n - settled : 0;
}

static void fill_relay_facts(const struct relay_board *b, struct scorecard_facts *f)
{
    f->relay_refused = relay_board_count(b, RELAY_REFUSED);
    f->relay_delivered = relay_board_count(b, RELAY_DELIVERED);
    f->relay_accepted =
        unsettled(b, RELAY_RCPT_ACCEPTED, RELAY_PLAIN_BOUNCED) + relay_board_count(b, RELAY_QUEUED);
    f->relay_unsettled = unsettled(b, RELAY_TRICK_ACCEPTED, RELAY_TRICK_BOUNCED);
    f->relay_bounced =
        relay_board_count(b, RELAY_TRICK_BOUNCED) + relay_board_count(b, RELAY_PLAIN_BOUNCED);
}

static void fill_scorecard(const struct summarize_from *from, struct summary *s)
{
    struct scorecard_facts f;

    hygiene_facts(from->hygiene, &f);
    fill_relay_facts(from->board, &f);
    f.coverage_enough = !too_little_seen(from->stats, s->coverage.zones) && !auth_hides_much(from);
    f.dialogue_visible = !shows_no_dialogue(from);
    f.joins_lost = from->stats->message_evictions;
    s->scorecard_count = scorecard_fill(&f, s->scorecard);
}

static bool has_clients(enum top_dimension dim)
{
    return dim == TOP_CLIENTS || dim == TOP_RELAY_DENIED || dim == TOP_AUTH_FAILED;
}

/* Where the client of a row is. */
static void fill_place(struct geo *geo, struct top_row *row)
{
    struct ip_addr ip;

    if (geo_has(geo) && ip_addr_parse(slice_of(row->key), &ip))
        (void)geo_find(geo, &ip, &row->place);
}

/* What the client of a row was caught by, the plainest first; not what is unclear or harmless */
static void fill_marks(const struct marks *m, struct top_row *row)
{
    const struct pattern_bits *bits = marks_of(m, row->hash);

    for (unsigned meaning = 0; bits != NULL && meaning < MEANS_UNCLEAR; meaning++)
        for (unsigned i = 0; i < patterns_count(marks_patterns(m)); i++) {
            const struct pattern_info *info = patterns_info(marks_patterns(m), i);
            if (info->meaning != meaning || !pattern_bits_has(bits, i) ||
                row->marks_count == TOP_MARKS_MAX)
                continue;
            row->marks[row->marks_count].title = info->title;
            row->marks[row->marks_count++].meaning = pattern_meaning_name(info->meaning);
        }
}

static void fill_tops(const struct summarize_from *from, struct summary *s)
{
    for (unsigned dim = 0; dim < TOP_COUNT; dim++) {
        struct top_table *t = &s->top[dim];
        originators_top(from->originators, (enum top_dimension)dim, from->top, t);
        for (unsigned i = 0; i < t->count; i++) {
            if (has_clients((enum top_dimension)dim)) {
                fill_place(from->geo, &t->rows[i]);
                fill_marks(from->marks, &t->rows[i]);
            }
            t->rows[i].rules = incidents_rules_of(from->incident_rules, slice_of(t->rows[i].key));
        }
    }
}

void summarize(const struct summarize_from *from, struct summary *s)
{
    fill_coverage(from, &s->coverage);
    fill_signatures(from->marks, &s->signatures);
    summarize_verdicts(from, s->coverage.zones, s->verdict);
    summarize_servers(from, s);
    fill_tops(from, s);
    for (unsigned i = 0; i < from->incidents_count; i++)
        s->alerts_by_severity[from->incidents[i]->severity]++;
    case_chain(from->incidents, from->incidents_count, &s->cases);
    fill_scorecard(from, s);
    fill_risk(from, s);
    timeline_view_of(from->timeline, &s->timeline);
    places_collect(from->geo, from->originators, from->incidents, from->incidents_count,
                   &s->places);
}

void summarize_fini(struct summary *s)
{
    for (unsigned dim = 0; dim < TOP_COUNT; dim++)
        originators_top_free(&s->top[dim]);
    case_free(&s->cases);
    free(s->servers);
}
