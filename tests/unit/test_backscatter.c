/* test_backscatter.c - the detectors of our own bounces to strangers, and the small helpers they
 * share */
#include <stdio.h>

#include "detect/own_bounce.h"
#include "detect/own_hosts.h"
#include "detect/top_few.h"
#include "detector_fixture.h"

enum { MEMORY = 4 << 20 };

struct mail {
    int64_t time_us;
    const char *sender;
    struct ip_addr client;
    const char *host;    /* NULL = mx1 */
    enum dsn_action dsn; /* DSN_NONE: delivered, no notification */
    uint32_t flags;      /* more flags of the message */
    bool inside;         /* authenticated client */
    bool hidden;         /* the log does not show whether the client logged in */
    bool no_queued;      /* the message was counted before */
    uint32_t dsn_sent;   /* notices about this message so far; 0: one */
    bool unknown_kind;   /* a notification, but the log does not tell which */
    uint32_t settled;    /* foreign recipients that it shows to be bounced */
};

/* One message: queued, then the notification about it. */
static void feed_mail(struct fixture *f, const struct mail *m)
{
    struct message message = {.flags = MESSAGE_HAS_CLIENT | MESSAGE_QUEUED | m->flags,
                              .dsn_sent = m->dsn_sent == 0 ? 1 : m->dsn_sent};
    struct address rcpt;
    struct event ev = fixture_event(EVENT_QUEUED, m->time_us);
    struct context cx = fixture_context(f, &rcpt);

    if (m->host != NULL)
        event_set(&ev, EF_HOST, slice_of(m->host));
    fixture_outside(f, &cx, m->client);
    if (m->inside) {
        cx.outside = false;
        cx.authed = true;
    }
    if (m->hidden) {
        cx.outside = false;
        message.flags |= MESSAGE_ORIGIN_UNSURE;
    }
    fixture_sender(f, &cx, slice_of(m->sender));
    cx.message = &message;
    cx.new_message = true;
    if (!m->no_queued)
        fixture_feed(f, &ev, &cx);
    ev.kind = EVENT_DSN;
    ev.dsn = m->dsn;
    cx.new_message = false;
    cx.bounced_plain = m->settled;
    if (m->dsn != DSN_NONE || m->unknown_kind)
        fixture_feed(f, &ev, &cx);
}

static const struct ip_addr bot = {.family = 4, .lo = 0xCB00715A}; /* 203.0.113.90 */

/* n messages over a stretch of time, all bounced; each under the sender that the pattern makes of
 * its number */
struct run {
    unsigned n;
    double begin_h, end_h;
    const char *pattern; /* "user%u@forged.example" */
    struct mail like;
};

static void feed_run(struct fixture *f, const struct run *r)
{
    char sender[128];

    for (unsigned i = 0; i < r->n; i++) {
        struct mail m = r->like;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(sender, sizeof sender, r->pattern, i);
#pragma GCC diagnostic pop
        m.time_us = fixture_day_us + HOURS(r->begin_h + (r->end_h - r->begin_h) * i / r->n);
        m.sender = sender;
        if (m.client.family == 0)
            m.client = fixture_ip(198, 51, 100, i % 250);
        feed_mail(f, &m);
    }
    fixture_flush(f);
}

static const struct mail failed = {.dsn = DSN_FAILED, .flags = MESSAGE_LOCAL_FAILED};

static void one_victim_is_reverse_ndr(void)
{
    struct fixture f;
    struct fixture_alert *a;
    struct run r = {300, 4, 4.5, "target@victim.example", failed};

    r.like.client = bot;
    fixture_begin(&f, "reverse_ndr", MEMORY);
    feed_run(&f, &r);
    a = fixture_find(&f, RULE_REVERSE_NDR, "target@victim.example");
    CHECK(a != NULL);
    if (a != NULL) {
        CHECK_INT(a->severity, SEVERITY_CRITICAL);
        CHECK_INT(a->entity_type, ENTITY_ADDRESS);
        CHECK_STR(a->related, "203.0.113.90 ");
        CHECK_INT(a->first_us, fixture_day_us + HOURS(4));
        CHECK(a->raised_us <= a->first_us + MINUTES(3)); /* ten a minute, twenty are enough */
        CHECK_NEAR(a->observed, 300, 0);
    }
    CHECK_INT(f.alerts, 1);
    fixture_end(&f);
}

static void one_victim_is_no_backscatter_run(void)
{
    struct fixture f;

    fixture_begin(&f, "backscatter", MEMORY);
    feed_run(&f, &(struct run){300, 4, 4.5, "target@victim.example", failed});
    CHECK_INT(f.alerts, 0);
    fixture_end(&f);
}

static void slow_reverse_ndr_is_found_within_a_day(void)
{
    struct fixture f;
    struct fixture_alert *a;

    fixture_begin(&f, "reverse_ndr", MEMORY);
    feed_run(&f, &(struct run){90, 2, 20, "target@victim.example", failed});
    a = fixture_find(&f, RULE_REVERSE_NDR, "target@victim.example");
    CHECK(a != NULL);
    if (a != NULL) {
        /* 5 an hour: 120 * (1 - exp(-t / 24 h)) = 50 after 12.9 h */
        CHECK_NEAR((double)(a->raised_us - a->first_us) / 3600e6, 12.9, 0.5);
        CHECK_INT(a->severity, SEVERITY_MEDIUM);
    }
    fixture_end(&f);
}

static void a_list_with_stale_recipients_is_no_victim(void)
{
    struct fixture f;
    struct mail m = {.sender = "bounces@list.example", .client = bot};

    fixture_begin(&f, "reverse_ndr", MEMORY);
    for (unsigned i = 0; i < 300; i++) {
        m.time_us = fixture_day_us + SECONDS(i * 5);
        m.dsn = i % 7 == 0 ? DSN_FAILED : DSN_NONE;
        m.flags = i % 7 == 0 ? MESSAGE_LOCAL_FAILED : 0;
        feed_mail(&f, &m);
    }
    CHECK_INT(f.alerts, 0);
    fixture_end(&f);
}

/* Only a failure comes again and again to one address. */
static void one_victim_of_an_unknown_kind_is_reverse_ndr(void)
{
    struct fixture f;

    fixture_begin(&f, "reverse_ndr", MEMORY);
    feed_run(&f, &(struct run){300, 4, 4.5, "target@victim.example", {.unknown_kind = true}});
    CHECK(fixture_find(&f, RULE_REVERSE_NDR, "target@victim.example") != NULL);
    fixture_end(&f);
}

/* Nobody is blamed for it, so that the client's address is enough. */
static void bounces_count_where_logins_are_hidden(void)
{
    struct fixture f;

    fixture_begin(&f, "reverse_ndr", MEMORY);
    feed_run(&f, &(struct run){300,
                               4,
                               4.5,
                               "target@victim.example",
                               {.dsn = DSN_FAILED, .flags = MESSAGE_LOCAL_FAILED, .hidden = true}});
    CHECK(fixture_find(&f, RULE_REVERSE_NDR, "target@victim.example") != NULL);
    fixture_end(&f);
}

static void absence_notes_are_no_backscatter(void)
{
    struct fixture f;

    fixture_begin(&f, "backscatter", MEMORY);
    for (unsigned hour = 0; hour < 8; hour++) { /* one message of twelve is answered so */
        feed_run(&f, &(struct run){440, 8 + hour, 9 + hour, "w%u@world.example", {0}});
        feed_run(
            &f, &(struct run){40, 8 + hour, 9 + hour, "a%u@world.example", {.unknown_kind = true}});
    }
    CHECK_INT(f.alerts, 0);
    fixture_end(&f);
}

static void an_unknown_kind_that_shows_a_failure_is_backscatter(void)
{
    struct fixture f;

    fixture_begin(&f, "backscatter", MEMORY);
    feed_run(&f,
             &(struct run){700, 7, 15, "u%u@forged.example", {.unknown_kind = true, .settled = 1}});
    CHECK(fixture_find(&f, RULE_BACKSCATTER, "mx1") != NULL);
    fixture_end(&f);
}

static void forged_senders_are_backscatter_of_the_host(void)
{
    struct fixture f;
    struct fixture_alert *a;

    fixture_begin(&f, "backscatter", MEMORY);
    feed_run(&f, &(struct run){700, 7, 15, "u%u@forged.example", failed});
    a = fixture_find(&f, RULE_BACKSCATTER, "mx1");
    CHECK(a != NULL);
    if (a != NULL) {
        CHECK_INT(a->severity, SEVERITY_HIGH);
        CHECK_INT(a->entity_type, ENTITY_HOST);
        CHECK_STR(a->related, "forged.example ");
        CHECK_NEAR(a->related_total, 700, 70); /* HLL: 3.25 % */
        CHECK(a->raised_us - a->first_us <= MINUTES(20));
    }
    CHECK_INT(f.alerts, 1);
    fixture_end(&f);
}

static void forged_senders_are_no_single_victims(void)
{
    struct fixture f;

    fixture_begin(&f, "reverse_ndr", MEMORY);
    feed_run(&f, &(struct run){700, 7, 15, "u%u@forged.example", failed});
    CHECK_INT(f.alerts, 0);
    fixture_end(&f);
}

static void victims_hit_repeatedly_are_named(void)
{
    struct fixture f;
    struct fixture_alert *a;
    char sender[64];

    fixture_begin(&f, "backscatter", MEMORY);
    for (unsigned i = 0; i < 200; i++) {
        struct mail m = failed;
        snprintf(sender, sizeof sender, "v%u@victim.example", i % 40);
        m.sender = sender;
        m.client = bot;
        m.time_us = fixture_day_us + SECONDS(i * 36);
        feed_mail(&f, &m);
    }
    fixture_flush(&f);
    a = fixture_find(&f, RULE_BACKSCATTER, "mx1");
    CHECK(a != NULL && strstr(a->related, " v7@victim.example ") != NULL);
    fixture_end(&f);
}

/* Six hundred bounces: a fifth each by two clients, the rest by many. */
static void the_clients_that_caused_most_are_named(void)
{
    struct fixture f;
    struct fixture_alert *a;
    char sender[64];

    fixture_begin(&f, "backscatter", MEMORY);
    for (unsigned i = 0; i < 600; i++) {
        struct mail m = failed;
        snprintf(sender, sizeof sender, "u%u@d%u.example", i, i);
        m.sender = sender;
        m.client = i % 2 ? fixture_ip(203, 0, 113, 1 + i % 4) : fixture_ip(198, 51, 100, i % 200);
        m.time_us = fixture_day_us + SECONDS(i * 10);
        feed_mail(&f, &m);
    }
    fixture_flush(&f);
    a = fixture_find(&f, RULE_BACKSCATTER, "mx1");
    CHECK(a != NULL);
    if (a != NULL) {
        CHECK(strstr(a->related, "203.0.113.2 ") != NULL);
        CHECK(strstr(a->related, "203.0.113.4 ") != NULL);
        CHECK(strstr(a->related, "198.51.100.") == NULL);
    }
    fixture_end(&f);
}

/* What came of one recipient of a message, before the bounce is made. */
static void feed_failure(struct fixture *f, enum rcpt_class class, slice domain, int64_t time_us)
{
    struct message message = {.flags = MESSAGE_HAS_CLIENT | MESSAGE_QUEUED};
    struct address rcpt;
    struct event ev = fixture_event(EVENT_DELIVERY, time_us);
    struct context cx = fixture_context(f, &rcpt);

    fixture_outside(f, &cx, bot);
    cx.message = &message;
    cx.rcpt_class = class;
    cx.rcpt_domain = domain;
    cx.reason = REASON_RCPT_UNKNOWN;
    ev.outcome = OUTCOME_BOUNCED;
    ev.route = ROUTE_REMOTE;
    fixture_feed(f, &ev, &cx);
}

static void a_relay_domain_without_a_list_is_named_as_the_cause(void)
{
    for (unsigned relayed = 0; relayed < 2; relayed++) {
        struct fixture f;
        struct fixture_alert *a;
        char sender[64];

        fixture_begin(&f, "backscatter", MEMORY);
        for (unsigned i = 0; i < 100; i++) {
            struct mail m = failed;
            snprintf(sender, sizeof sender, "u%u@d%u.example", i, i);
            m.sender = sender;
            m.client = bot;
            m.time_us = fixture_day_us + SECONDS(i * 20);
            feed_failure(&f, relayed ? RCPT_RELAYED : RCPT_OURS, SLICE_LIT("partner.example"),
                         m.time_us);
            feed_mail(&f, &m);
        }
        fixture_flush(&f);
        a = fixture_find(&f, RULE_BACKSCATTER, "mx1");
        CHECK(a != NULL);
        if (a != NULL) {
            CHECK_STR(a->how, relayed ? "partner.example" : "");
            CHECK_INT(strstr(a->reason, "relay domain") != NULL, relayed);
        }
        fixture_end(&f);
    }
}

/* Two notices a message are by design; three and more are one for each bad recipient. */
static void several_bounces_a_message_are_critical(void)
{
    for (unsigned amplified = 0; amplified < 2; amplified++) {
        struct fixture f;
        struct fixture_alert *a;

        fixture_begin(&f, "reverse_ndr", MEMORY);
        for (unsigned i = 0; i < 60; i++) {
            struct mail m = failed;
            m.sender = "target@victim.example";
            m.client = bot;
            m.dsn_sent = amplified ? 3 + i % 4 : 2;
            m.time_us = fixture_day_us + MINUTES(i);
            feed_mail(&f, &m);
        }
        fixture_flush(&f);
        a = fixture_find(&f, RULE_REVERSE_NDR, "target@victim.example");
        CHECK(a != NULL);
        if (a != NULL)
            CHECK_INT(a->severity, amplified ? SEVERITY_CRITICAL : SEVERITY_HIGH);
        fixture_end(&f);
    }
}

/* The message was forgotten, or came before the log: its notice proves nothing. */
static void a_bounce_about_an_unknown_message_is_no_proof(void)
{
    static const struct {
        uint32_t flags;
        enum own_bounce what;
    } rows[] = {{0, OWN_BOUNCE_UNATTRIBUTED},
                {MESSAGE_QUEUED | MESSAGE_HAS_SENDER, OWN_BOUNCE_UNATTRIBUTED},
                {MESSAGE_HAS_CLIENT | MESSAGE_LOCAL_FAILED, OWN_BOUNCE_FAILED},
                {MESSAGE_HAS_CLIENT | MESSAGE_FOREIGN_RCPT, OWN_BOUNCE_RELAYED}};
    struct fixture f;

    fixture_begin(&f, "backscatter", MEMORY);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct message message = {.flags = rows[i].flags};
        struct address rcpt;
        struct event ev = fixture_event(EVENT_DSN, fixture_day_us);
        struct context cx = fixture_context(&f, &rcpt);
        fixture_outside(&f, &cx, bot);
        fixture_sender(&f, &cx, SLICE_LIT("u@forged.example"));
        cx.message = &message;
        ev.dsn = DSN_FAILED;
        CHECK_INT(own_bounce_of(&ev, &cx), rows[i].what);
    }
    fixture_end(&f);
}

static void time_to_detect_keeps_the_gates(void)
{
    static const struct {
        double per_min, minutes;
    } rows[] = {{10, 3}, {2, 10}};

    for (unsigned i = 0; i < 2; i++) {
        struct fixture f;
        struct fixture_alert *a;
        unsigned n = (unsigned)(rows[i].per_min * 60);

        fixture_begin(&f, "backscatter", MEMORY);
        feed_run(&f, &(struct run){n, 9, 10, "u%u@forged.example", failed});
        a = fixture_find(&f, RULE_BACKSCATTER, "mx1");
        CHECK(a != NULL);
        if (a != NULL)
            CHECK(a->raised_us - (fixture_day_us + HOURS(9)) <= MINUTES(rows[i].minutes));
        fixture_end(&f);
    }
}

static void typing_mistakes_of_a_day_are_silent(void)
{
    static const char *const detectors[] = {"backscatter", "reverse_ndr"};
    char sender[64];

    for (unsigned k = 0; k < 2; k++) {
        struct fixture f;

        fixture_begin(&f, detectors[k], MEMORY);
        for (unsigned i = 0; i < 1500; i++) {
            struct mail m = {.sender = sender, .client = fixture_ip(198, 51, 100, i % 120)};
            snprintf(sender, sizeof sender, "person%u@corr%u.example", i % 400, i % 120);
            m.time_us = fixture_day_us + HOURS(7 + 12.0 * i / 1500);
            m.dsn = i % 75 == 3 ? DSN_FAILED : DSN_NONE;
            m.flags = i % 75 == 3 ? MESSAGE_LOCAL_FAILED : 0;
            feed_mail(&f, &m);
        }
        CHECK_INT(f.alerts, 0);
        fixture_end(&f);
    }
}

static void bounces_of_relayed_mail_are_left_to_the_relay_alert(void)
{
    struct fixture f;
    struct mail relayed = {.dsn = DSN_FAILED, .flags = MESSAGE_FOREIGN_RCPT};

    fixture_begin(&f, "backscatter", MEMORY);
    feed_run(&f, &(struct run){600, 5, 7, "x%u@promo.example", relayed});
    CHECK_INT(f.alerts, 0);
    feed_run(&f, &(struct run){4000, 8, 9, "x%u@promo.example", relayed});
    CHECK(fixture_find(&f, RULE_BACKSCATTER, "mx1") != NULL); /* massive: it is said all the same */
    fixture_end(&f);
}

static void bounces_to_those_who_may_ask_do_not_count(void)
{
    static const struct {
        const char *pattern;
        uint32_t flags;
        enum dsn_action dsn;
        bool inside;
    } rows[] = {
        {"friend%u@elsewhere.example", MESSAGE_LOCAL_FAILED, DSN_FAILED, true}, /* authenticated */
        {"user%u@example.org", MESSAGE_LOCAL_FAILED, DSN_FAILED, false},        /* our own domain */
        {"a%u@b.example", MESSAGE_LOCAL_FAILED, DSN_DELIVERED, false},          /* asked for */
        {"a%u@b.example", MESSAGE_LOCAL_FAILED, DSN_POSTMASTER, false},
        {"a%u@b.example", 0, DSN_DELAYED, false}, /* mailbox outage: warnings only */
    };

    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fixture f;
        struct mail like = {.dsn = rows[i].dsn, .flags = rows[i].flags, .inside = rows[i].inside};

        fixture_begin(&f, "backscatter", MEMORY);
        feed_run(&f, &(struct run){500, 3, 4, rows[i].pattern, like});
        CHECK_INT(f.alerts, 0);
        fixture_end(&f);
    }
}

/* Our users have written to them: their mail, and our bounce, are most likely real. */
static void known_correspondents_count_little(void)
{
    struct fixture f;
    char rcpt[64];

    fixture_begin(&f, "backscatter", MEMORY);
    for (unsigned i = 0; i < 60; i++) {
        struct message message = {.flags = MESSAGE_AUTHED | MESSAGE_QUEUED};
        struct address parsed;
        struct event ev = fixture_event(EVENT_DELIVERY, fixture_day_us + SECONDS(i));
        struct context cx = fixture_context(&f, &parsed);
        snprintf(rcpt, sizeof rcpt, "u%u@partner.example", i);
        ev.outcome = OUTCOME_DELIVERED;
        ev.route = ROUTE_REMOTE;
        cx.message = &message;
        cx.authed = true;
        fixture_sender(&f, &cx, SLICE_LIT("anna@example.org"));
        fixture_rcpt(&f, &cx, slice_of(rcpt));
        fixture_feed(&f, &ev, &cx);
    }
    feed_run(&f, &(struct run){40, 2, 3, "u%u@partner.example", failed});
    CHECK_INT(f.alerts, 0);
    feed_run(&f, &(struct run){40, 5, 6, "u%u@stranger.example", failed});
    CHECK_INT(f.alerts, 1);
    fixture_end(&f);
}

static void each_host_is_judged_by_itself(void)
{
    struct fixture f;
    struct run a = {15, 3, 4, "a%u@b.example", failed}, b = {60, 4, 5, "c%u@d.example", failed};

    a.like.host = "mx1";
    b.like.host = "mx2";
    fixture_begin(&f, "backscatter", MEMORY);
    feed_run(&f, &a);
    feed_run(&f, &b);
    CHECK_INT(f.alerts, 1);
    CHECK(fixture_find(&f, RULE_BACKSCATTER, "mx2") != NULL);
    fixture_end(&f);
}

static void memory_stays_in_its_share(void)
{
    static const char *const detectors[] = {"backscatter", "reverse_ndr"};

    for (unsigned i = 0; i < 2; i++) {
        struct fixture f;

        fixture_begin(&f, detectors[i], 1 << 20);
        feed_run(&f, &(struct run){60000, 1, 2, "u%u@forged.example", failed});
        CHECK(f.detector->evictions(f.state) > 0);
        CHECK(f.detector->bytes(f.state) <= (1 << 20) * 105 / 100);
        fixture_end(&f);
    }
}

static void top_few_brackets_the_true_counts(void)
{
    struct top_few t = {0};
    unsigned truth[100] = {0};
    uint64_t x = 88172645463325252ULL;
    char text[16];

    for (unsigned i = 0; i < 20000; i++) {
        unsigned key;
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        key = (unsigned)(x % 100);
        key = x >> 40 & 1 ? key % 3 : key; /* half of all falls on three keys */
        truth[key]++;
        snprintf(text, sizeof text, "%u", key);
        top_few_add(&t, key + 1, slice_of(text));
    }
    CHECK_INT(t.total, 20000);
    for (unsigned i = 0; i < t.used; i++) {
        unsigned count = truth[t.row[i].hash - 1];
        CHECK(top_few_certain(&t.row[i]) <= count && count <= t.row[i].count);
    }
    CHECK(top_few_best(&t) != NULL && top_few_best(&t)->hash <= 3);
}

static void top_few_lists_the_certain_ones_by_weight(void)
{
    struct top_few t = {0};
    struct alert_related related[4];

    for (unsigned i = 0; i < 9; i++)
        top_few_add(&t, 1 + i % 3 % 2,
                    i % 3 % 2 ? SLICE_LIT("rare.example") : SLICE_LIT("often.example"));
    top_few_add(&t, 9, SLICE_LIT("once.example"));
    CHECK_INT(top_few_related(&t, ENTITY_DOMAIN, 2, related, 4), 2);
    CHECK_STR(related[0].value, "often.example");
    CHECK_STR(related[1].value, "rare.example");
    CHECK_INT(top_few_related(&t, ENTITY_DOMAIN, 1, related, 1), 1);
}

static void own_hosts_gives_stable_numbers(void)
{
    struct own_hosts h = {0};
    struct event ev = fixture_event(EVENT_DSN, 0);
    char name[16], buf[ALERT_ENTITY_MAX];

    for (unsigned round = 0; round < 2; round++)
        for (unsigned i = 0; i < 40; i++) {
            snprintf(name, sizeof name, "mx%u", i);
            event_set(&ev, EF_HOST, slice_of(name));
            CHECK_INT(own_hosts_slot(&h, &ev), i < OWN_HOSTS_MAX - 1 ? i : OWN_HOSTS_MAX - 1);
        }
    CHECK_SLICE(own_hosts_entity(&h, 5, NULL, buf), "mx5");
    CHECK_SLICE(own_hosts_entity(&h, OWN_HOSTS_MAX - 1, NULL, buf), "other hosts");
}

static void a_log_without_host_names_uses_our_domain(void)
{
    struct hash_key key = {1, 2};
    struct zones *zones = zones_new(&key);
    struct own_hosts h = {0};
    struct event ev = {.kind = EVENT_DSN};
    char buf[ALERT_ENTITY_MAX];

    CHECK_INT(own_hosts_slot(&h, &ev), 0);
    CHECK_SLICE(own_hosts_entity(&h, 0, zones, buf), "server");
    for (unsigned i = 0; i < 10; i++)
        zones_learn_domain(zones, SLICE_LIT("example.org"), DOMAIN_LOCAL);
    CHECK_SLICE(own_hosts_entity(&h, 0, zones, buf), "example.org");
    zones_free(zones);
}

static const struct test_case cases[] = {
    {"one victim is reverse NDR, with its clients", one_victim_is_reverse_ndr},
    {"one victim is no run of backscatter", one_victim_is_no_backscatter_run},
    {"a slow reverse NDR is found within a day", slow_reverse_ndr_is_found_within_a_day},
    {"a list with stale recipients is no victim", a_list_with_stale_recipients_is_no_victim},
    {"one victim of a kind that is not told is reverse NDR",
     one_victim_of_an_unknown_kind_is_reverse_ndr},
    {"bounces count where logins are hidden", bounces_count_where_logins_are_hidden},
    {"absence notes are no backscatter", absence_notes_are_no_backscatter},
    {"an unknown kind that shows a failure is backscatter",
     an_unknown_kind_that_shows_a_failure_is_backscatter},
    {"forged senders are backscatter of the host", forged_senders_are_backscatter_of_the_host},
    {"forged senders are no single victims", forged_senders_are_no_single_victims},
    {"victims hit repeatedly are named", victims_hit_repeatedly_are_named},
    {"the clients that caused most are named", the_clients_that_caused_most_are_named},
    {"a relay domain without a list is named as the cause",
     a_relay_domain_without_a_list_is_named_as_the_cause},
    {"several bounces a message are critical", several_bounces_a_message_are_critical},
    {"a bounce about an unknown message is no proof",
     a_bounce_about_an_unknown_message_is_no_proof},
    {"time to detect keeps the gates of the design", time_to_detect_keeps_the_gates},
    {"typing mistakes of a day are silent", typing_mistakes_of_a_day_are_silent},
    {"bounces of relayed mail are left to the relay alert",
     bounces_of_relayed_mail_are_left_to_the_relay_alert},
    {"bounces to those who may ask for them do not count",
     bounces_to_those_who_may_ask_do_not_count},
    {"known correspondents count little", known_correspondents_count_little},
    {"each host is judged by itself", each_host_is_judged_by_itself},
    {"memory stays in its share", memory_stays_in_its_share},
    {"top_few brackets the true counts", top_few_brackets_the_true_counts},
    {"top_few lists the certain ones by weight", top_few_lists_the_certain_ones_by_weight},
    {"own_hosts gives stable numbers", own_hosts_gives_stable_numbers},
    {"a log without host names uses our domain", a_log_without_host_names_uses_our_domain},
};
TEST_MAIN(cases)
