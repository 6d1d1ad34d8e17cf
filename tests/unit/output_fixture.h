/* output_fixture.h - one run with findings for the tests of the writers */
#ifndef TESTS_UNIT_OUTPUT_FIXTURE_H
#define TESTS_UNIT_OUTPUT_FIXTURE_H

#include <stdlib.h>

#include "alert/advice.h"
#include "alert/alert.h"
#include "alert/summary.h"
#include "output/writer.h"

/* 2026-03-02 03:00:32Z, the beginning of all of it */
#define FIXTURE_START_US INT64_C(1772420432000000)
#define FIXTURE_DAY_US   INT64_C(1772409600000000)

struct fixture {
    struct run_info run;
    struct alert alerts[4];
    const struct alert *incidents[4];
    struct alert_related related[8];
    struct top_row clients[3], accounts[1], denied[2];
    struct alert_case cases[1];
    struct summary summary;
    const char *sources[1];
};

#define FIXTURE_COPY(field, text) (void)slice_keep(slice_of(text), (field), sizeof(field))

static inline int64_t fixture_us(int64_t seconds)
{
    return FIXTURE_START_US + seconds * 1000000;
}

static inline void fixture_alert(struct alert *a, enum rule rule, enum severity severity,
                                 enum entity_type type, const char *entity)
{
    *a = (struct alert){.rule = rule,
                        .severity = severity,
                        .confidence = 95,
                        .sequence = 1,
                        .entity_type = type,
                        .first_us = fixture_us(0),
                        .last_us = fixture_us(7768),
                        .raised_us = fixture_us(1),
                        .window_start_us = FIXTURE_DAY_US,
                        .stage = "RCPT",
                        .mta = "postfix",
                        .advice = advice_for_rule(rule, "postfix")};
    FIXTURE_COPY(a->id, "fa83c3af-9341-5221-b68d-24bd389759bd");
    FIXTURE_COPY(a->event_id, "465a56b4-d4a7-5c98-a245-24082fc440f7");
    FIXTURE_COPY(a->entity, entity);
    snprintf(a->dedup_key, sizeof(a->dedup_key), "%s/default/%s/%s", rule_info(rule)->id,
             entity_type_name(type), entity);
    FIXTURE_COPY(a->host, "mx1.example.net");
    FIXTURE_COPY(a->program, "smtpd");
}

static inline void fixture_sample(struct alert *a, const char *line)
{
    struct alert_sample *s = &a->samples[a->samples_count++];
    FIXTURE_COPY(s->text, line);
    FIXTURE_COPY(s->source, "mail.log");
    s->line = 4711;
    s->offset = 815000;
    s->time_us = fixture_us(0);
}

static inline void fixture_relay(struct fixture *f)
{
    struct alert *a = &f->alerts[0];
    fixture_alert(a, RULE_RELAY_ACCEPTED, SEVERITY_CRITICAL, ENTITY_IP, "203.0.113.71");
    a->observed = 312;
    a->threshold = 1;
    a->unit = "relayed recipients";
    FIXTURE_COPY(a->reason, "an unauthenticated outside client relayed to domains not served here");
    FIXTURE_COPY(a->how, "percent");
    a->counters[0] = (struct alert_counter){"messages", 61};
    a->counters[1] = (struct alert_counter){"recipients", 2440};
    a->counters[2] = (struct alert_counter){"recipient_domains", 118};
    a->counters_count = 3;
    (void)ip_addr_parse(slice_of("203.0.113.71"), &a->client);
    FIXTURE_COPY(a->client_name, "host71.pool.example");
    FIXTURE_COPY(a->helo, "host71");
    FIXTURE_COPY(a->sender, "billing@bank.example");
    FIXTURE_COPY(a->recipient, "victim1@dest.example");
    FIXTURE_COPY(a->queue_id, "4ZbX1k0Qz9z1abc");
    FIXTURE_COPY(a->message_id, "20260302030032.7A1@bank.example");
    FIXTURE_COPY(a->relay, "mx.dest.example");
    a->reply_code = 250;
    a->status[0] = 2;
    fixture_sample(a, "Mar  2 03:00:32 mx1 postfix/smtp[2301]: 4ZbX1k0Qz9z1abc: "
                      "to=<victim1@dest.example>, relay=mx.dest.example[198.51.100.8]:25, "
                      "delay=0.9, delays=0.1/0/0.3/0.5, dsn=2.0.0, status=sent (250 2.0.0 OK)");
}

static inline void fixture_flood(struct fixture *f)
{
    struct alert *a = &f->alerts[1];
    fixture_alert(a, RULE_NDR_FLOOD, SEVERITY_HIGH, ENTITY_DOMAIN, "example.net");
    a->state = ALERT_ONGOING;
    a->sequence = 3;
    a->observed = 6200;
    a->threshold = 50;
    a->unit = "bounces";
    a->null_sender = true;
    FIXTURE_COPY(a->recipient, "carol@example.net");
    FIXTURE_COPY(a->reason, "bounces from many networks for senders who wrote nothing");
    f->related[0].type = ENTITY_ADDRESS;
    FIXTURE_COPY(f->related[0].value, "carol@example.net");
    f->related[1].type = ENTITY_IP;
    FIXTURE_COPY(f->related[1].value, "198.51.100.90");
    a->related = f->related;
    a->related_count = 2;
    a->related_total = 57;
}

static inline void fixture_guess(struct fixture *f)
{
    struct alert *a = &f->alerts[2];
    fixture_alert(a, RULE_SASL_BRUTE_SUCCESS, SEVERITY_CRITICAL, ENTITY_USER, "alice@example.net");
    a->observed = 212.5;
    a->threshold = 20;
    a->unit = "failed logins";
    FIXTURE_COPY(a->reason, "login after many failures from the same address");
    FIXTURE_COPY(a->user, "alice@example.net");
    (void)ip_addr_parse(slice_of("2001:db8:5::9"), &a->client);
    a->stage = "AUTH";
    f->alerts[3] = f->alerts[2];
    fixture_alert(&f->alerts[3], RULE_HARVEST, SEVERITY_MEDIUM, ENTITY_NETWORK, "192.0.2.0/24");
    f->alerts[3].observed = 40;
    f->alerts[3].unit = "unknown recipients";
    FIXTURE_COPY(f->alerts[3].reason, "recipients tried in alphabetical order");
}

static inline void fixture_verdicts(struct summary *s)
{
    struct verdict *v = &s->verdict[TOPIC_RELAY];
    v->state = VERDICT_YES;
    v->since_us = fixture_us(0);
    v->last_us = fixture_us(7768);
    v->by[0].type = ENTITY_IP;
    FIXTURE_COPY(v->by[0].value, "203.0.113.71");
    FIXTURE_COPY(v->by[0].name, "host71.pool.example");
    v->by[0].count = 312;
    v->by[1].type = ENTITY_IP;
    FIXTURE_COPY(v->by[1].value, "2001:db8:5::9");
    v->by[1].count = 88;
    v->by_count = 2;
    v->by_total = 4;
    FIXTURE_COPY(v->how[0], "plain");
    FIXTURE_COPY(v->how[1], "percent");
    v->how_count = 2;
    v->count = 412;
    v->unit = "relayed recipients";
    FIXTURE_COPY(v->sentence, "mx1.example.net relayed mail of 4 outside clients without a login "
                              "to 412 recipients in 118 domains that it does not serve.");
    for (unsigned i = 0; i < TOPIC_COUNT; i++)
        s->verdict[i].advice = "";
    v->advice = advice_for_topic(TOPIC_RELAY, VERDICT_YES, "postfix");
    v = &s->verdict[TOPIC_VICTIM];
    v->state = VERDICT_YES;
    v->since_us = fixture_us(60);
    v->count = 6200;
    v->unit = "bounces";
    FIXTURE_COPY(v->sentence, "6,200 bounces came in for mail that example.net did not send.");
    v->advice = advice_for_topic(TOPIC_VICTIM, VERDICT_YES, "postfix");
}

/* Two servers and the rest; the caller keeps the rows. */
static inline void fixture_servers(struct summary *s, struct server_row rows[3])
{
    static const enum verdict_state states[] = {VERDICT_YES, VERDICT_ATTEMPTED, VERDICT_NO};

    for (unsigned i = 0; i < 3; i++) {
        struct server_row *row = &rows[i];
        *row = (struct server_row){.events = 1000 - i, .others = i == 2 ? 7 : 0};
        row->first_us = fixture_us(0);
        row->last_us = fixture_us(7768);
        row->rcpt_decisions_visible = -1;
        row->client_known = 1;
        row->relay = s->verdict[TOPIC_RELAY];
        row->relay.state = states[i];
        for (unsigned topic = 0; topic < TOPIC_COUNT; topic++)
            row->topic[topic] = (struct server_topic){
                .state = topic == TOPIC_RELAY ? states[i] : VERDICT_NO, .unit = "", .advice = ""};
    }
    FIXTURE_COPY(rows[0].host, "mx1.example.net");
    FIXTURE_COPY(rows[0].mta, "postfix");
    FIXTURE_COPY(rows[1].source, "/var/log/exim4");
    FIXTURE_COPY(rows[1].mta, "exim");
    rows[1].topic[TOPIC_BACKSCATTER].state = VERDICT_YES;
    s->servers = rows;
    s->servers_count = 3;
}

static inline void fixture_tops(struct fixture *f)
{
    struct summary *s = &f->summary;
    f->clients[0] = (struct top_row){.messages = 61,
                                     .recipients = 2440,
                                     .bytes = 1830022,
                                     .bad = 733,
                                     .error = 12,
                                     .first_us = fixture_us(0),
                                     .last_us = fixture_us(7768),
                                     .rules = 1U << RULE_RELAY_ACCEPTED};
    FIXTURE_COPY(f->clients[0].key, "203.0.113.71");
    FIXTURE_COPY(f->clients[0].name, "host71.pool.example");
    f->clients[1] = (struct top_row){.messages = 80, .recipients = 1200, .bytes = 920022};
    FIXTURE_COPY(f->clients[1].key, "192.0.2.10");
    f->clients[2] = (struct top_row){.messages = 3, .recipients = 3, .bytes = 3000};
    FIXTURE_COPY(f->clients[2].key, "2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff");
    s->top[TOP_CLIENTS] = (struct top_table){.rows = f->clients, .count = 3, .total = 5000};
    f->accounts[0] = (struct top_row){.messages = 12, .recipients = 20, .bytes = 40000};
    FIXTURE_COPY(f->accounts[0].key, "alice@example.net");
    s->top[TOP_ACCOUNTS] = (struct top_table){.rows = f->accounts, .count = 1, .total = 20};
    f->denied[0] = (struct top_row){.recipients = 1400, .rules = 1U << RULE_RELAY_PROBE};
    FIXTURE_COPY(f->denied[0].key, "198.51.100.7");
    f->denied[1] = (struct top_row){
        .recipients = 16,
        .marks = {{"HELO is a random name", "bot"}, {"HELO is another host's address", "forged"}},
        .marks_count = 2};
    FIXTURE_COPY(f->denied[1].key, "192.0.2.25");
    s->top[TOP_RELAY_DENIED] = (struct top_table){.rows = f->denied, .count = 2, .total = 1416};
}

static inline void fixture_cases(struct fixture *f)
{
    struct alert_case *k = &f->cases[0];

    FIXTURE_COPY(k->id, "2f1a7c1e-30a5-5a8f-9a52-4b2c9c0a7b11");
    k->severity = SEVERITY_CRITICAL;
    k->first_us = fixture_us(0);
    k->last_us = fixture_us(7768);
    k->alerts = f->incidents; /* the relay, the login, the flood */
    k->alerts_count = 3;
    FIXTURE_COPY(k->story, "03:00 203.0.113.71 relays 312 recipients -> 03:00 2001:db8:5::9 logs "
                           "in as alice@example.net -> 03:01 6200 bounces flood in for "
                           "example.net");
    f->summary.cases = (struct case_list){.cases = f->cases, .count = 1, .total = 1};
}

/* Two buckets of ten minutes with one between them in which nothing was counted. */
static inline void fixture_timeline(struct timeline_view *v)
{
    v->start_us = FIXTURE_DAY_US + INT64_C(3) * 3600 * 1000000;
    v->width_us = INT64_C(600) * 1000000;
    v->count = 3;
    v->bucket[0][TRAFFIC_ACCEPTED] = 61;
    v->bucket[0][TRAFFIC_DELIVERED] = 312;
    v->bucket[2][TRAFFIC_NULL_IN] = 6200;
    v->total[TRAFFIC_ACCEPTED] = 61;
    v->total[TRAFFIC_DELIVERED] = 312;
    v->total[TRAFFIC_NULL_IN] = 6200;
}

static inline void fixture_rest(struct summary *s)
{
    struct coverage *c = &s->coverage;
    *c = (struct coverage){.rcpt_decisions_visible = 1,
                           .client_known = 0.9812,
                           .remote_reply_visible = 0.97,
                           .auth_visible = true,
                           .zones = ZONES_LEARNT,
                           .learnt_domains_count = 2,
                           .learnt_networks_count = 1,
                           .server_mta = "postfix"};
    FIXTURE_COPY(c->learnt_domains[0], "example.net");
    FIXTURE_COPY(c->learnt_domains[1], "example.org");
    FIXTURE_COPY(c->learnt_networks[0], "192.0.2.0/24");
    FIXTURE_COPY(c->server_host, "mx1.example.net");
    s->input = (struct input_totals){.lines = 1234567,
                                     .parsed = 1200000,
                                     .skipped = 30000,
                                     .rejected = 4000,
                                     .foreign = 567,
                                     .bytes = 173000000,
                                     .late_ignored = 3,
                                     .first_us = fixture_us(-86400),
                                     .last_us = fixture_us(80000),
                                     .sources = 3};
    s->scorecard[0] = (struct scorecard_row){
        .number = "1", .title = "restricts unauthorised use as relay", .result = "FAIL"};
    FIXTURE_COPY(s->scorecard[0].evidence, "412 recipients relayed, first at 03:00:32Z");
    s->scorecard[1] =
        (struct scorecard_row){.number = "6a", .title = "takes the null sender", .result = "PASS"};
    s->scorecard[2] = (struct scorecard_row){
        .number = "H1", .title = "mail for postmaster is taken", .result = "WARN"};
    s->scorecard_count = 3;
    s->risk_score = 87.26;
    s->risk_share[RISK_RELAY] = 80;
    s->risk_share[RISK_VICTIM] = 25.04;
    s->risk_share[RISK_ACCOUNT] = 15.07;
    s->risk_share[RISK_PROBE] = 0.01;
    s->alerts_by_severity[SEVERITY_CRITICAL] = 2;
}

/* fixture_new - all of it; free() it */
static inline struct fixture *fixture_new(void)
{
    struct fixture *f = calloc(1, sizeof(*f));
    f->run = (struct run_info){.version = "0.9.0", .tenant = "default", .columns = 80, .top = 10};
    fixture_relay(f);
    fixture_flood(f);
    fixture_guess(f);
    f->incidents[0] = &f->alerts[0];
    f->incidents[1] = &f->alerts[2];
    f->incidents[2] = &f->alerts[1];
    f->incidents[3] = &f->alerts[3];
    fixture_verdicts(&f->summary);
    fixture_tops(f);
    fixture_rest(&f->summary);
    fixture_cases(f);
    fixture_timeline(&f->summary.timeline);
    f->sources[0] = "mail.log";
    f->summary.source_names = f->sources;
    f->summary.source_names_count = 1;
    return f;
}

#endif
