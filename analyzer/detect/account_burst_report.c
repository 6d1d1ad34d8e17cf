/* account_burst_report.c - stages and hard rules of detector account_burst, put into words
 * source:    names of guest accounts: abuse desks' lists; ten addresses a day: Exim wiki,
 *            DetectSMTPAuthAbuse
 * limits:    a copier at a branch office is told like one in wrong hands: the branch belongs into
 *            --trusted */
#include "detect/account_burst_report.h"

#include <math.h>
#include <stdio.h>

enum {
    HARD_ADDRESSES = 10, /* clients within a day, all sending */
    HARD_PLACES =
        4, /* in at least so many networks: one phone has many addresses, but of few networks */
    MANY_PLACES = 5,
    MANY_PLACES_MESSAGES = 15, /* a day, the older ones counting less */
    NULL_RECIPIENTS = 10,      /* an hour; receipts count little */
    GUESSED_RECIPIENTS = 30,   /* an hour */
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

/* "DOMAIN\\scanner2", "test-1@example.org": the name between domain and number. */
static slice bare_name(slice user)
{
    size_t backslash = slice_find_byte(user, '\\');

    if (backslash < user.len)
        user = slice_from(user, backslash + 1);
    user = slice_first(user, slice_find_byte(user, '@'));
    while (user.len > 0 && strchr("0123456789-_.", user.ptr[user.len - 1]) != NULL &&
           user.ptr[user.len - 1] != '\0')
        user.len--;
    return user;
}

bool account_burst_is_guest(slice user)
{
    static const char *const names[] = {
        "guest", "anonymous", "nobody",  "test",   "tester",  "testuser", "testing", "demo",
        "temp",  "scan",      "scanner", "copier", "printer", "fax",      "mfp",     "scan2mail"};
    slice name = bare_name(user);

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (slice_ieq(name, slice_of(names[i])))
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

static void name_families(unsigned families, bool maybe_mailing, char *reason)
{
    snprintf(reason, REASON_MAX, "%s",
             maybe_mailing ? "a bulk mailer that nobody declared, or a stolen account: "
                           : "sends unlike its owner: ");
    add_word(reason, families, FAMILY_SEQUENCE, "after password guessing");
    add_word(reason, families, FAMILY_DORMANT, "after months of silence");
    add_word(reason, families, FAMILY_NETWORK, "from many networks");
    if (!(families & FAMILY_NETWORK))
        add_word(reason, families, FAMILY_SPREAD, "from several networks in turn");
    add_word(reason, families, FAMILY_TRAVEL, "from places too far apart");
    add_word(reason, families, FAMILY_OUTCOME, "to recipients that are refused");
    add_word(reason, families, FAMILY_CONTACT, "to strangers");
    add_word(reason, families, FAMILY_TEMPO, "without a pause");
    add_word(reason, families, FAMILY_IDENTITY, "under another sender");
}

/* Its alert of the day keeps the severity of the mailing, and so the words. */
static bool is_perhaps_bulk(const struct account *a, int64_t time_us)
{
    return a->stage < ACCOUNT_HIGH && a->bulk_us != 0 && time_us - a->bulk_us < 2 * turn_us;
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
    r.severity = a->stage == ACCOUNT_HIGH   ? SEVERITY_HIGH
                 : a->stage == ACCOUNT_BULK ? SEVERITY_MEDIUM
                                            : SEVERITY_LOW;
    if (a->stage == ACCOUNT_BULK)
        a->bulk_us = time_us;
    if (v.outcome_only)
        snprintf(
            r.reason, sizeof r.reason,
            "many recipients are refused: a bulk mailer with an old list, or a stolen account");
    else
        name_families(v.families, v.maybe_mailing || is_perhaps_bulk(a, time_us), r.reason);
    return r;
}

/* One person's phone wanders, too; what it sends goes to people it knows, and nearly all arrives.
 */
static bool is_unlike_owner(const struct account *a, int64_t time_us)
{
    const unsigned signs = FAMILY_CONTACT | FAMILY_IDENTITY | FAMILY_SEQUENCE;

    return (account_burst_judge(a, time_us).families & signs) != 0 ||
           account_burst_is_refused(a, time_us);
}

/* Ten addresses of hardly any networks may be one phone; five networks may be one traveller: both
 * are worth a note. */
static void rule_by_addresses(const struct account *a, int64_t time_us, struct ruling *r)
{
    double addresses = recent_set_count(&a->addresses, time_us, turn_us);
    unsigned places = account_burst_places(a, time_us);
    bool many = addresses >= HARD_ADDRESSES;
    bool hard = many && places >= HARD_PLACES && is_unlike_owner(a, time_us);
    bool wide = places >= MANY_PLACES && a->messages_day.value >= MANY_PLACES_MESSAGES;

    if (!many && !wide)
        return;
    if (r->severity >= (hard ? SEVERITY_HIGH : SEVERITY_LOW))
        return;
    *r = (struct ruling){.severity = hard ? SEVERITY_HIGH : SEVERITY_LOW,
                         .observed = many ? addresses : places,
                         .threshold = many ? HARD_ADDRESSES : MANY_PLACES,
                         .unit = many ? "client addresses" : "client networks"};
    snprintf(r->reason, sizeof r->reason,
             "sends from more addresses and networks a day than one person has");
}

static void rule_by_name(const struct account *a, int64_t time_us, const struct context *cx,
                         struct ruling *r)
{
    bool sends = recent_set_count(&a->strangers, time_us, turn_us) >= 1;

    if (cx->client_zone != CLIENT_OUTSIDE || a->outside_uses == 0 || r->severity >= SEVERITY_HIGH)
        return;
    *r = (struct ruling){.severity = SEVERITY_HIGH,
                         .observed = a->outside_uses,
                         .threshold = 1,
                         .unit = "uses from outside"};
    snprintf(r->reason, sizeof r->reason, "an account of a guest or a device %s, from outside",
             sends ? "sends to strangers" : "was logged in to");
}

static void rule_by_null_sender(const struct account *a, int64_t time_us, struct ruling *r)
{
    double recipients = account_burst_null_recipients(a, time_us);

    if (recipients < NULL_RECIPIENTS || r->severity >= SEVERITY_MEDIUM)
        return;
    *r = (struct ruling){.severity = SEVERITY_MEDIUM,
                         .observed = recipients,
                         .threshold = NULL_RECIPIENTS,
                         .unit = "null-sender recipients"};
    snprintf(r->reason, sizeof r->reason,
             "an authenticated client sends bounces: null sender, many recipients");
}

/* Be the list as clean as it may: who only remembered his password late does not write to so many.
 */
static void rule_by_guessing(const struct account *a, int64_t time_us, struct ruling *r)
{
    double recipients = account_burst_guessed_recipients(a, time_us);

    if (recipients < GUESSED_RECIPIENTS || r->severity >= SEVERITY_HIGH)
        return;
    *r = (struct ruling){.severity = SEVERITY_HIGH,
                         .observed = floor(recipients),
                         .threshold = GUESSED_RECIPIENTS,
                         .unit = "recipients an hour"};
    snprintf(r->reason, sizeof r->reason,
             "an account whose password was guessed sends to many, from a network that is new");
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
                                       {"recipients_before", a->now.history},
                                       {"countries", account_burst_countries(a, ev->time_us)}};
    unsigned known = sizeof counters / sizeof counters[0];

    known -= counters[known - 1].value == 0; /* no database */
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
                                      .counters_count = known,
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
    rule_by_null_sender(a, ev->time_us, &r);
    rule_by_guessing(a, ev->time_us, &r);
    if (r.severity >= 0)
        tell(incidents, a, &r, ev);
}
