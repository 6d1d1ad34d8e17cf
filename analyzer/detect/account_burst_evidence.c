/* account_burst_evidence.c - log-likelihood ratios of the families, and the stages they lead to
 * algorithm: joint CUSUM over recipients, S = max(0, S + sum of clamped log-likelihood ratios),
 * half-life 6 h; beside it the plain CUSUM of bad outcomes. An excursion is the run since S was
 * last 0. Travel: a login from a place that is new for the day, more than 1,000 km from the place
 * of the login before, within 3 hours of it. Cold start: P(first contact | honest) is not .40 for
 * an account without history but nearly that of a thief, so it is modelled as .40 + .55 exp(-H/30),
 * H = recipients before the excursion; tempo and identity are weighted by 1 - exp(-H/30) in the
 * same sense. With H = 0 they say nothing, whoever the account is. A thief sits elsewhere: what
 * comes from where the account has sent before looks like a mailing of its owner however loud it
 * is, and the same is held possible of an account never seen before unless more is refused than an
 * old list explains. A mailing comes from one place, so that one whose owner travels is none from
 * many networks; what comes from three places in turn, or under a foreign domain, is no mailing.
 * An account that wakes up after ninety days is one more family of evidence.
 * source:    the design's D3: families, likelihoods, stages; Page (1954)
 * limits:    H counts what this run has seen; an account's habits from before the log are not
 *            known */
#include "detect/account_burst.h"

#include <math.h>

static const double half_life_us = 6 * 3600e6;
/* With these half-lives (ln 2 of the time) a steady stream of n an hour, or a day, reads n. */
static const double hour_half_life_us = 3600e6 * 0.69314718,
                    day_half_life_us = 24 * 3600e6 * 0.69314718;
static const double receipt_weight = 1.0 / 3; /* a receipt has the null sender and one recipient */
static const int64_t day_us = INT64_C(24) * 3600 * 1000000;
static const int64_t short_gap_us = INT64_C(6) * 1000000;
static const int64_t usual_after_us = INT64_C(2) * 3600 * 1000000;
static const int64_t run_gap_us = INT64_C(2) * 3600 * 1000000;
static const int64_t travel_us = INT64_C(3) * 3600 * 1000000;
static const int64_t dormant_us = INT64_C(90) * 24 * 3600 * 1000000;
static const double travel_km = 1000, travel_llr = 1.5;
static const double clamp_low = -1, clamp_high = 3.5;
static const double warn_level = 13.8, confirm_level = 6.0, outcome_level = 9.2;
static const double tempo_weight = .3, history_scale = 30;
static const double contact_bad = .95, contact_good = .40, contact_cold = .55;
static const double contact_informative =
    .7; /* P(first contact | honest) above this is no family of evidence */
enum {
    WARN_RECIPIENTS = 15,
    CONFIRM_RECIPIENTS = 100,
    OUTCOME_ONLY_BAD = 8,
    VARIETY_MAX = 4,   /* an account used with more senders than this has no identity to leave */
    BULK_RUN_MIN = 50, /* recipients of a run that can be a mailing */
    BULK_RUNS = 3,
    SPREAD_PLACES = 3,
    USUAL_MESSAGES = 3 /* that make a network a place of the account's */
};

struct likelihoods {
    double bad, good; /* P(observation | thief), P(observation | honest) */
};
static const struct likelihoods outcome_of = {.30, .05}, bulk_outcome_of = {.30, .15},
                                network_of = {.30, .03}, tempo_of = {.80, .25},
                                identity_of = {.60, .05}, sequence_of = {.30, .005},
                                dormant_of = {.05, .005};

static double clamp(double llr)
{
    return fmin(fmax(llr, clamp_low), clamp_high);
}

static double llr_yes(struct likelihoods l)
{
    return clamp(log(l.bad / l.good));
}

static double llr_no(struct likelihoods l)
{
    return clamp(log((1 - l.bad) / (1 - l.good)));
}

static void add(struct account *a, int64_t time_us, double llr)
{
    cusum_add(&a->joint, time_us, half_life_us, llr);
}

static double familiarity(const struct account *a)
{
    return 1 - exp(-(double)a->now.history / history_scale);
}

static bool is_bulk(const struct account *a)
{
    return a->clean_runs >= BULK_RUNS;
}

void account_burst_begin(struct account *a, int64_t time_us)
{
    bool dormant = a->last_us != 0 && time_us - a->last_us > dormant_us;

    if (time_us > a->last_us)
        a->last_us = time_us;
    if (cusum_at(&a->joint, time_us, half_life_us) > 0)
        return;
    a->now = (struct excursion){.first_us = time_us,
                                .history = a->recipients,
                                .variety = (uint32_t)distinct_count(&a->sender_variety)};
    a->stage = ACCOUNT_QUIET;
    if (dormant) {
        a->now.dormant = true;
        add(a, time_us, llr_yes(dormant_of));
    }
}

void account_burst_message(struct account *a, int64_t time_us)
{
    int64_t gap =
        time_us > a->last_message_us ? time_us - a->last_message_us : a->last_message_us - time_us;
    bool is_short = gap < short_gap_us;

    a->now.messages++;
    decayed_add(&a->messages_day, time_us, day_half_life_us, 1);
    if (a->last_message_us != 0) {
        a->now.gaps++;
        a->now.short_gaps += is_short;
        if (!is_bulk(a))
            add(a, time_us,
                tempo_weight * familiarity(a) * (is_short ? llr_yes(tempo_of) : llr_no(tempo_of)));
    }
    if (time_us > a->last_message_us)
        a->last_message_us = time_us;
}

static bool is_current(const struct account_place *p, int64_t time_us)
{
    return p->tag != 0 && time_us - p->last_us < day_us;
}

unsigned account_burst_places(const struct account *a, int64_t time_us)
{
    unsigned n = 0;

    for (unsigned i = 0; i < ACCOUNT_PLACES; i++)
        n += is_current(&a->places[i], time_us);
    return n;
}

static struct account_place *find_place(struct account *a, uint32_t tag)
{
    for (unsigned i = 0; i < ACCOUNT_PLACES; i++)
        if (a->places[i].tag == tag)
            return &a->places[i];
    return NULL;
}

static struct account_place *make_place(struct account *a, uint32_t tag, int64_t time_us)
{
    struct account_place *oldest = &a->places[0];

    for (unsigned i = 1; i < ACCOUNT_PLACES; i++)
        if (a->places[i].last_us < oldest->last_us)
            oldest = &a->places[i];
    *oldest = (struct account_place){.first_us = time_us, .tag = tag};
    return oldest;
}

/* The account has a place that is older than this one: well used, or long before. */
static bool is_strange(const struct account *a, const struct account_place *p)
{
    for (unsigned i = 0; i < ACCOUNT_PLACES; i++) {
        const struct account_place *q = &a->places[i];
        if (q->messages > 0 && q->first_us < p->first_us &&
            (q->messages >= USUAL_MESSAGES || p->first_us - q->first_us >= usual_after_us))
            return true;
    }
    return false;
}

/* Used well before all this began. */
static bool is_usual(const struct account *a, const struct account_place *p)
{
    return p->messages >= USUAL_MESSAGES && a->now.first_us - p->first_us >= usual_after_us;
}

bool account_burst_place(struct account *a, uint64_t place, int64_t time_us)
{
    uint32_t tag = (uint32_t)(place >> 32) | 1U;
    struct account_place *p = find_place(a, tag);
    bool current = p != NULL && is_current(p, time_us);
    bool is_new = !current && account_burst_places(a, time_us) >= 2;

    if (!current)
        a->left = a->places[a->here];
    if (p == NULL)
        p = make_place(a, tag, time_us);
    a->here = (uint8_t)(p - a->places);
    a->now.placed++;
    if (is_usual(a, p))
        a->now.usual++;
    else
        a->now.strange += is_strange(a, p);
    p->messages++;
    p->in_excursion = p->excursion_us == a->now.first_us ? p->in_excursion + 1 : 1;
    p->excursion_us = a->now.first_us;
    p->last_us = time_us > p->last_us ? time_us : p->last_us;
    if (is_new) {
        a->now.new_places++;
        add(a, time_us, llr_yes(network_of));
    }
    return !current;
}

static double km_between(const struct account_place *a, const struct account_place *b)
{
    return geo_km(
        &(struct geo_place){.located = a->located, .lat = (double)a->lat, .lon = (double)a->lon},
        &(struct geo_place){.located = b->located, .lat = (double)b->lat, .lon = (double)b->lon});
}

void account_burst_locate(struct account *a, const struct geo_place *where, int64_t time_us)
{
    struct account_place *here = &a->places[a->here];

    memcpy(here->country, where->country, sizeof here->country);
    here->located = where->located;
    here->lat = (float)where->lat;
    here->lon = (float)where->lon;
    if (time_us - a->left.last_us >= travel_us || km_between(here, &a->left) <= travel_km)
        return;
    a->now.travels++;
    add(a, time_us, travel_llr);
}

static bool is_country(const struct account_place *p, int64_t time_us)
{
    return p->country[0] != '\0' && is_current(p, time_us);
}

unsigned account_burst_countries(const struct account *a, int64_t time_us)
{
    unsigned n = 0;

    for (unsigned i = 0; i < ACCOUNT_PLACES; i++) {
        unsigned before = 0;
        while (before < i && !(is_country(&a->places[before], time_us) &&
                               memcmp(a->places[before].country, a->places[i].country,
                                      sizeof a->places[i].country) == 0))
            before++;
        n += before == i && is_country(&a->places[i], time_us);
    }
    return n;
}

static bool knows_sender(const struct account *a, uint32_t tag)
{
    for (unsigned i = 0; i < ACCOUNT_SENDERS; i++)
        if (a->senders[i] == tag)
            return true;
    return false;
}

/* Only a change is evidence: that message after message has the same sender is one observation, not
 * many. */
bool account_burst_sender(struct account *a, uint64_t sender_hash, int64_t time_us)
{
    uint32_t tag = (uint32_t)(sender_hash >> 32) | 1U;

    distinct_add(&a->sender_variety, sender_hash);
    if (knows_sender(a, tag))
        return false;
    a->senders[a->next_sender++ % ACCOUNT_SENDERS] = tag;
    if (a->now.history == 0 || a->now.variety == 0 || a->now.variety > VARIETY_MAX)
        return false;
    a->now.new_senders++;
    add(a, time_us, familiarity(a) * llr_yes(identity_of));
    return true;
}

void account_burst_foreign_sender(struct account *a)
{
    a->now.foreign++;
}

void account_burst_after_guessing(struct account *a, int64_t time_us)
{
    if (a->now.after_guessing)
        return;
    a->now.after_guessing = true;
    add(a, time_us, llr_yes(sequence_of));
}

void account_burst_guessed(struct account *a, uint32_t recipients, int64_t time_us)
{
    if (!is_usual(a, &a->places[a->here]))
        decayed_add(&a->guessed_hour, time_us, hour_half_life_us, recipients > 1 ? recipients : 1);
}

double account_burst_guessed_recipients(const struct account *a, int64_t time_us)
{
    return decayed_at(&a->guessed_hour, time_us, hour_half_life_us);
}

void account_burst_null_sender(struct account *a, uint32_t recipients, int64_t time_us)
{
    decayed_add(&a->null_hour, time_us, hour_half_life_us,
                recipients > 1 ? recipients : receipt_weight);
}

double account_burst_null_recipients(const struct account *a, int64_t time_us)
{
    return decayed_at(&a->null_hour, time_us, hour_half_life_us);
}

static double contact_rate(const struct account *a)
{
    return contact_good + contact_cold * exp(-(double)a->now.history / history_scale);
}

void account_burst_contact(struct account *a, bool first, int64_t time_us)
{
    struct likelihoods l = {contact_bad, fmin(contact_rate(a), contact_bad)};

    a->recipients++;
    a->now.recipients++;
    if (is_bulk(a))
        return;
    if (l.good <= contact_informative) {
        a->now.contacts++;
        a->now.new_contacts += first;
    }
    add(a, time_us, first ? llr_yes(l) : llr_no(l));
}

static void count_run(struct account *a, bool bad, int64_t time_us)
{
    if (time_us - a->run_last_us > run_gap_us) {
        if (a->run_recipients >= BULK_RUN_MIN &&
            (a->stage == ACCOUNT_QUIET || a->stage == ACCOUNT_BULK))
            a->clean_runs = a->run_bad * 20 < a->run_recipients ? a->clean_runs + 1 : 0;
        a->run_recipients = a->run_bad = 0;
    }
    if (time_us > a->run_last_us)
        a->run_last_us = time_us;
    a->run_recipients++;
    a->run_bad += bad;
}

void account_burst_outcome(struct account *a, double bad, int64_t age_us, int64_t time_us)
{
    struct likelihoods l = is_bulk(a) ? bulk_outcome_of : outcome_of;
    double weight = age_us <= 0 ? 1 : exp2(-(double)age_us / half_life_us);
    double llr = weight * (bad > 0 ? bad * llr_yes(l) : llr_no(l));

    a->now.bad += bad > 0;
    a->now.good += bad <= 0;
    count_run(a, bad > 0, time_us);
    add(a, time_us, llr);
    cusum_add(&a->outcome, time_us, half_life_us, llr);
    cusum_add(&a->strict, time_us, half_life_us,
              weight * (bad > 0 ? bad * llr_yes(bulk_outcome_of) : llr_no(bulk_outcome_of)));
}

/* How the messages of the excursion are spread over the places. */
struct spread {
    uint32_t most;   /* from one place */
    unsigned places; /* with at least an eighth of them each */
};

static struct spread spread_of(const struct account *a)
{
    struct spread s = {0};

    for (unsigned i = 0; i < ACCOUNT_PLACES; i++) {
        const struct account_place *p = &a->places[i];
        if (p->tag == 0 || p->excursion_us != a->now.first_us)
            continue;
        s.most = p->in_excursion > s.most ? p->in_excursion : s.most;
        s.places += 8 * p->in_excursion >= a->now.placed;
    }
    return s;
}

/* A mailing comes from one place, whatever else its owner sends meanwhile. */
static bool is_from_one_place(const struct account *a)
{
    return 5 * spread_of(a).most >= 4 * a->now.placed;
}

/* And nobody sends one from three places in turn. */
static bool is_from_everywhere(const struct account *a)
{
    struct spread s = spread_of(a);

    return a->now.messages >= WARN_RECIPIENTS && s.places >= SPREAD_PLACES &&
           3 * s.most <= 2 * a->now.placed;
}

static unsigned families_of(const struct account *a)
{
    const struct excursion *x = &a->now;
    unsigned set = 0;

    if (x->bad >= 2)
        set |= FAMILY_OUTCOME;
    if (x->contacts >= 8 && x->new_contacts * 10 >= x->contacts * 8)
        set |= FAMILY_CONTACT;
    if (x->new_places >= 2 && !is_from_one_place(a))
        set |= FAMILY_NETWORK;
    if (x->gaps >= 10 && x->short_gaps * 10 >= x->gaps * 6)
        set |= FAMILY_TEMPO;
    if (x->new_senders >= 1)
        set |= FAMILY_IDENTITY;
    if (x->after_guessing)
        set |= FAMILY_SEQUENCE;
    if (x->travels >= 1)
        set |= FAMILY_TRAVEL;
    if (x->dormant)
        set |= FAMILY_DORMANT;
    if (is_from_everywhere(a))
        set |= FAMILY_SPREAD;
    return set;
}

/* New networks, networks in turn and travel are sides of one observation: people with a tunnel show
 * them all. */
static unsigned count_families(unsigned set)
{
    if (set & (FAMILY_NETWORK | FAMILY_SPREAD))
        set = (set & ~(unsigned)(FAMILY_TRAVEL | FAMILY_SPREAD)) | FAMILY_NETWORK;
    return (unsigned)__builtin_popcount(set);
}

/* Volume confirms only where the outcomes are no better than an honest account's, or nobody sends
 * so much from several places in turn. */
static bool is_confirmed(const struct account *a, double outcome)
{
    const struct excursion *x = &a->now;

    return outcome >= confirm_level || (x->recipients >= BULK_RUN_MIN && is_from_everywhere(a)) ||
           (x->recipients >= CONFIRM_RECIPIENTS && x->bad >= outcome_of.good * (x->bad + x->good));
}

static bool is_from_usual_place(const struct excursion *x)
{
    return x->placed > 0 && 10 * x->usual >= 9 * x->placed;
}

/* The account has other places, and most of this comes from none of them. */
static bool is_from_strange_place(const struct excursion *x)
{
    return x->placed > 0 && 2 * x->strange >= x->placed;
}

/* Most of it goes out under somebody else's domain. */
static bool is_under_foreign_sender(const struct excursion *x)
{
    return x->foreign > 0 && 2 * x->foreign >= x->messages;
}

/* Three things that a mailing of the owner's is not. */
static bool is_no_mailing(const struct account *a)
{
    return is_from_strange_place(&a->now) || is_from_everywhere(a) ||
           is_under_foreign_sender(&a->now);
}

/* What an old mailing list does not explain. */
static bool is_worse_than_old(const struct account *a, int64_t time_us)
{
    return cusum_at(&a->strict, time_us, half_life_us) >= (float)confirm_level;
}

/* Outcomes, contacts and tempo are those of a mailing too. From elsewhere it is a thief; from the
 * usual place it is a mailing, even if its owner travels; where the account has no other place,
 * only what no old list explains tells them apart. */
static enum account_stage stage_of(const struct account *a, unsigned families, double outcome,
                                   int64_t time_us)
{
    const struct excursion *x = &a->now;
    bool usual = is_from_usual_place(x);

    if ((families & (FAMILY_IDENTITY | FAMILY_SEQUENCE)) || ((families & FAMILY_NETWORK) && !usual))
        return ACCOUNT_HIGH;
    if (!is_confirmed(a, outcome))
        return ACCOUNT_WARN;
    if (!usual && (is_no_mailing(a) || is_worse_than_old(a, time_us)))
        return ACCOUNT_HIGH;
    return x->recipients >= BULK_RUN_MIN ? ACCOUNT_BULK : ACCOUNT_WARN;
}

struct account_verdict account_burst_judge(const struct account *a, int64_t time_us)
{
    double outcome = (double)cusum_at(&a->outcome, time_us, half_life_us);
    struct account_verdict v = {.families = families_of(a),
                                .level = (double)cusum_at(&a->joint, time_us, half_life_us)};

    if (v.level >= warn_level && a->now.recipients >= WARN_RECIPIENTS &&
        count_families(v.families) >= 2) {
        v.stage = stage_of(a, v.families, outcome, time_us);
        v.maybe_mailing = a->now.recipients >= BULK_RUN_MIN &&
                          !(v.families & (FAMILY_IDENTITY | FAMILY_SEQUENCE | FAMILY_NETWORK)) &&
                          !is_no_mailing(a);
    } else if (outcome >= outcome_level && a->now.bad >= OUTCOME_ONLY_BAD) {
        v.outcome_only = true;
        v.stage = ACCOUNT_WARN;
    }
    return v;
}

bool account_burst_is_refused(const struct account *a, int64_t time_us)
{
    return (double)cusum_at(&a->outcome, time_us, half_life_us) >= outcome_level / 2;
}

void account_burst_explain(const struct account *a, int64_t time_us, struct outbuf *out)
{
    struct account_verdict v = account_burst_judge(a, time_us);

    outbuf_printf(out,
                  "score %.1f of %.1f, %u of %u recipients, %u of 2 families of evidence; "
                  "refusals alone: score %.1f of %.1f, %u of %u refused",
                  v.level, warn_level, a->now.recipients, WARN_RECIPIENTS,
                  count_families(v.families), (double)cusum_at(&a->outcome, time_us, half_life_us),
                  outcome_level, a->now.bad, OUTCOME_ONLY_BAD);
    if (v.stage != ACCOUNT_QUIET)
        outbuf_puts(out, ": enough");
    else if (v.level < warn_level)
        outbuf_printf(out, ": score lacks %.1f", warn_level - v.level);
    else if (a->now.recipients < WARN_RECIPIENTS)
        outbuf_printf(out, ": needs %u more recipients", WARN_RECIPIENTS - a->now.recipients);
    else
        outbuf_puts(out, ": needs another family of evidence");
}

float account_burst_score(const void *account, int64_t now_us)
{
    const struct account *a = account;
    double history = fmin((double)a->recipients, 1000) / 1000;
    double idle_days = (double)(now_us - a->last_us) / (double)day_us;

    return (float)(3 * history - idle_days / 7) + cusum_at(&a->joint, now_us, half_life_us) +
           (a->stage != ACCOUNT_QUIET ? 100.F : 0.F);
}
