/* account_burst_report.c - stages and hard rules of detector account_burst, put into words
 * source:    names of guest accounts: abuse desks' lists; ten addresses a day: Exim wiki,
 * DetectSMTPAuthAbuse limits:    impossible travel needs a GeoIP database and is not judged: a
 * distance between successive places would be one more family beside those of
 * account_burst_evidence.c */
#include "detect/account_burst_report.h"

#include <stdio.h>

enum {
    HARD_ADDRESSES = 10, /* clients within a day, all sending */
    HARD_PLACES =
        4, /* in at least so many networks: one phone has many addresses, but of few networks */
    MANY_PLACES = 5,
    MANY_PLACES_MESSAGES = 15,
    GUEST_STRANGERS = 5,
    NULL_RECIPIENTS = 10, /* of one authenticated run with the null sender: receipts have one */
    REASON_MAX = 160
};
static const int64_t turn_us = INT64_C(12) * 3600 * 1000000;
static const double told_level =
    6.9; /* half the warning level: below it an excursion is over for the reader */

struct ruling {
    int severity; /* -1: none */
    double observed, threshold;
    const char *unit;
    char reason[REASON_MAX];
};

static bool is_guest_name(slice user)
{
    static const char *const names[] = {"guest",    "anonymous", "nobody", "test",    "tester",
                                        "testuser", "demo",      "scan",   "scanner", "scanner1",
                                        "copier",   "printer",   "fax",    "temp"};
    slice local = slice_first(user, slice_find_byte(user, '@'));

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (slice_eq(local, slice_of(names[i])))
            return true;
    return false;
}

static void add_word(char *reason, unsigned families, unsigned family, const char *word)
{
    size_t len = strlen(reason);

    if ((families & family) != 0)
        snprintf(reason + len, REASON_MAX - len, "%s%s",
                 len > 0 && reason[len - 1] != ' ' ? ", " : "", word);
}

static void name_families(unsigned families, char *reason)
{
    snprintf(reason, REASON_MAX, "sends unlike its owner: ");
    add_word(reason, families, FAMILY_SEQUENCE, "after password guessing");
    add_word(reason, families, FAMILY_NETWORK, "from many networks");
    add_word(reason, families, FAMILY_OUTCOME, "to recipients that are refused");
    add_word(reason, families, FAMILY_CONTACT, "to strangers");
    add_word(reason, families, FAMILY_TEMPO, "without a pause");
    add_word(reason, families, FAMILY_IDENTITY, "under another sender");
}

static struct ruling rule_by_stage(struct account *a, int64_t time_us)
{
    struct account_verdict v = account_burst_judge(a, time_us);
    struct ruling r = {
        .severity = -1, .observed = a->now.recipients, .threshold = 15, .unit = "recipients"};

    if (v.stage > a->stage)
        a->stage = v.stage;
    if (v.stage == ACCOUNT_QUIET && (a->stage == ACCOUNT_QUIET || v.level < told_level))
        return r;
    r.severity = a->stage == ACCOUNT_HIGH ? SEVERITY_HIGH : SEVERITY_LOW;
    if (v.outcome_only)
        snprintf(r.reason, sizeof r.reason,
                 "many recipients are refused: a stolen account, or an old mailing list");
    else
        name_families(v.families, r.reason);
    return r;
}

static void rule_by_addresses(const struct account *a, int64_t time_us, struct ruling *r)
{
    double addresses = recent_set_count(&a->addresses, time_us, turn_us);
    unsigned places = account_burst_places(a, time_us);
    bool hard = addresses >= HARD_ADDRESSES && places >= HARD_PLACES;

    if (!hard && (places < MANY_PLACES || a->now.messages < MANY_PLACES_MESSAGES))
        return;
    if (r->severity >= (hard ? SEVERITY_HIGH : SEVERITY_LOW))
        return;
    *r = (struct ruling){.severity = hard ? SEVERITY_HIGH : SEVERITY_LOW,
                         .observed = addresses,
                         .threshold = hard ? HARD_ADDRESSES : MANY_PLACES,
                         .unit = "client addresses"};
    snprintf(r->reason, sizeof r->reason,
             "sends from more addresses and networks a day than one person has");
}

static void rule_by_name(const struct account *a, int64_t time_us, const struct context *cx,
                         struct ruling *r)
{
    double strangers = recent_set_count(&a->strangers, time_us, turn_us);
    int severity = strangers >= GUEST_STRANGERS ? SEVERITY_HIGH : SEVERITY_LOW;

    if (cx->client_zone != CLIENT_OUTSIDE || strangers < 1 || r->severity >= severity)
        return;
    if (!is_guest_name(slice_of(a->user)))
        return;
    *r = (struct ruling){.severity = severity,
                         .observed = strangers,
                         .threshold = GUEST_STRANGERS,
                         .unit = "outside recipients"};
    snprintf(r->reason, sizeof r->reason,
             "an account of a guest or a device sends to strangers, from outside");
}

static void rule_by_null_sender(const struct account *a, struct ruling *r)
{
    if (a->now.null_recipients < NULL_RECIPIENTS || r->severity >= SEVERITY_MEDIUM)
        return;
    *r = (struct ruling){.severity = SEVERITY_MEDIUM,
                         .observed = a->now.null_recipients,
                         .threshold = NULL_RECIPIENTS,
                         .unit = "null-sender recipients"};
    snprintf(r->reason, sizeof r->reason,
             "an authenticated client sends bounces: null sender, many recipients");
}

static unsigned put_addresses(const struct account *a, struct alert_related *ret)
{
    char text[IP_NET_TEXT];

    for (unsigned i = 0; i < a->now.addresses_count; i++) {
        ret[i].type = ENTITY_IP;
        slice_keep(correlate_principal_text(&a->now.addresses[i], text), ret[i].value,
                   sizeof ret[i].value);
    }
    return a->now.addresses_count;
}

static void tell(struct incidents *incidents, const struct account *a, const struct ruling *r,
                 const struct event *ev)
{
    struct alert_related members[ACCOUNT_ADDRESSES];
    unsigned n = put_addresses(a, members);
    uint32_t addresses = (uint32_t)recent_set_count(&a->addresses, ev->time_us, turn_us);
    struct alert_counter counters[] = {{"messages", a->now.messages},
                                       {"recipients", a->now.recipients},
                                       {"delivered", a->now.delivered},
                                       {"refused", a->now.bad},
                                       {"first_contacts", a->now.new_contacts},
                                       {"networks", account_burst_places(a, ev->time_us)},
                                       {"addresses", addresses},
                                       {"new_senders", a->now.new_senders},
                                       {"recipients_before", a->now.history}};

    incident_report(incidents,
                    &(struct finding){.rule = RULE_ACCOUNT_BURST,
                                      .severity = (enum severity)r->severity,
                                      .entity_type = ENTITY_USER,
                                      .entity = slice_of(a->user),
                                      .first_us = a->now.first_us,
                                      .time_us = ev->time_us,
                                      .observed = r->observed,
                                      .threshold = r->threshold,
                                      .unit = r->unit,
                                      .confidence = r->severity >= SEVERITY_HIGH ? 90 : 50,
                                      .reason = slice_of(r->reason),
                                      .counters = counters,
                                      .counters_count = sizeof counters / sizeof counters[0],
                                      .related = members,
                                      .related_count = n,
                                      .related_total = addresses,
                                      .ev = ev});
}

void account_burst_report(struct incidents *incidents, struct account *a, const struct event *ev,
                          const struct context *cx)
{
    struct ruling r = rule_by_stage(a, ev->time_us);

    rule_by_addresses(a, ev->time_us, &r);
    rule_by_name(a, ev->time_us, cx, &r);
    rule_by_null_sender(a, &r);
    if (r.severity >= 0)
        tell(incidents, a, &r, ev);
}
