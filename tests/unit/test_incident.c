/* test_incident.c - the life of an incident and the ids it gives */
#include "alert/incident.h"

#include <stdlib.h>

#include "test.h"

#define MINUTE ((int64_t)60 * 1000000)
#define HOUR   (60 * MINUTE)
enum { ASIDE_BYTES = 1 << 20 };
static const int64_t noon = INT64_C(1772452800) * 1000000; /* 2026-03-02 12:00 UTC */

struct told {
    unsigned count;
    enum alert_state last;
    uint32_t sequence;
    char id[37];
    unsigned related;
    enum severity severity;
};

static void record(void *arg, const struct alert *a)
{
    struct told *t = arg;

    t->count++;
    t->last = a->state;
    t->sequence = a->sequence;
    t->related = a->related_count;
    t->severity = a->severity;
    memcpy(t->id, a->id, sizeof t->id);
}

static const char *no_source(void *arg, uint32_t source)
{
    (void)arg;
    (void)source;
    return "test.log";
}

static const char *postfix(void *arg)
{
    (void)arg;
    return "postfix";
}

static struct incidents *start(struct told *told, uint32_t capacity)
{
    *told = (struct told){0};
    return incidents_new(&(struct incident_config){.key = {1, 2},
                                                   .capacity = capacity,
                                                   .aside_bytes = ASIDE_BYTES,
                                                   .tenant = "default",
                                                   .emit = record,
                                                   .emit_arg = told,
                                                   .source_name = no_source,
                                                   .mta_name = postfix});
}

static struct finding probe(const char *ip, int64_t at, double observed)
{
    return (struct finding){.rule = RULE_RELAY_ACCEPTED,
                            .severity = SEVERITY_HIGH,
                            .entity_type = ENTITY_IP,
                            .entity = slice_of(ip),
                            .first_us = at,
                            .time_us = at,
                            .observed = observed,
                            .threshold = 1,
                            .unit = "recipients"};
}

static void report(struct incidents *s, const char *ip, int64_t at, double observed)
{
    struct finding f = probe(ip, at, observed);
    incident_report(s, &f);
}

static void it_is_new_then_ongoing_then_ended(void)
{
    struct told told;
    struct incidents *s = start(&told, 16);

    report(s, "192.0.2.1", noon, 1);
    CHECK_INT(told.count, 1);
    CHECK_INT(told.last, ALERT_NEW);
    report(s, "192.0.2.1", noon + MINUTE, 2);
    CHECK_INT(told.count, 1);
    report(s, "192.0.2.1", noon + 2 * MINUTE, 10);
    CHECK_INT(told.count, 2);
    CHECK_INT(told.last, ALERT_ONGOING);
    incidents_tick(s, noon + 20 * MINUTE);
    CHECK_INT(told.count, 2);
    incidents_tick(s, noon + 33 * MINUTE);
    CHECK_INT(told.last, ALERT_ENDED);
    CHECK_INT(told.sequence, 3);
    incidents_free(s);
}

static void within_a_day_it_keeps_its_id(void)
{
    struct told told;
    struct incidents *s = start(&told, 16);
    char first[37];

    report(s, "192.0.2.1", noon, 1);
    memcpy(first, told.id, sizeof first);
    incidents_tick(s, noon + HOUR);
    report(s, "192.0.2.1", noon + 5 * HOUR, 200);
    CHECK_STR(told.id, first);
    CHECK_INT(told.last, ALERT_ONGOING);
    incidents_tick(s, noon + 6 * HOUR);
    report(s, "192.0.2.1", noon + 40 * HOUR, 1);
    CHECK(strcmp(told.id, first) != 0);
    CHECK_INT(told.last, ALERT_NEW);
    CHECK_INT(told.sequence, 1);
    incidents_free(s);
}

static void the_id_depends_on_rule_entity_and_day_only(void)
{
    struct told a, b;
    struct incidents *s = start(&a, 16), *t = start(&b, 16);
    struct finding f = probe("192.0.2.1", noon, 1), g = probe("192.0.2.1", noon + 3 * HOUR, 99);

    g.severity = SEVERITY_CRITICAL;
    incident_report(s, &f);
    incident_report(t, &g);
    CHECK_STR(a.id, b.id);
    report(t, "192.0.2.2", noon, 1);
    CHECK(strcmp(a.id, b.id) != 0);
    incidents_free(s);
    incidents_free(t);
}

static void severity_only_rises_and_is_told(void)
{
    struct told told;
    struct incidents *s = start(&told, 16);
    struct finding f = probe("192.0.2.1", noon, 1);

    incident_report(s, &f);
    f.severity = SEVERITY_CRITICAL;
    f.observed = 2;
    incident_report(s, &f);
    CHECK_INT(told.count, 2);
    CHECK_INT(told.severity, SEVERITY_CRITICAL);
    f.severity = SEVERITY_LOW;
    incident_report(s, &f);
    incidents_flush(s);
    CHECK_INT(told.severity, SEVERITY_CRITICAL);
    incidents_free(s);
}

static void members_are_listed_once_and_bounded(void)
{
    struct told told;
    struct incidents *s = start(&told, 16);

    for (int i = 0; i < 200; i++) {
        struct alert_related member = {.type = ENTITY_IP};
        struct finding f = probe("192.0.2.1", noon + i, i + 1);
        snprintf(member.value, sizeof member.value, "198.51.100.%d", i / 2);
        f.related = &member;
        f.related_count = 1;
        incident_report(s, &f);
    }
    incidents_flush(s);
    CHECK_INT(told.related, ALERT_RELATED_MAX);
    incidents_free(s);
}

static void a_flood_of_entities_is_bounded_and_counted(void)
{
    struct told told;
    struct incidents *s = start(&told, 64);
    char ip[32];

    for (int i = 0; i < 10000; i++) {
        snprintf(ip, sizeof ip, "198.18.%d.%d", i / 256, i % 256);
        report(s, ip, noon + i, 1);
    }
    CHECK_INT(incidents_count(s), 64);
    CHECK_INT(incidents_dropped(s), 10000 - 64);
    incidents_free(s);
}

struct id_case {
    enum rule rule;
    enum entity_type type;
    const char *entity; /* as the detector says it */
    int64_t first_s;    /* seconds since 1970 UTC */
    const char *key, *id, *event_id;
};

/* Ids made by Python's uuid module: uuid5(uuid5(NAMESPACE_URL, "urn:relaywatch:alert:v1"), key "/"
 * start of the UTC day in ms), and uuid5 of the id "/1". */
static const struct id_case id_cases[] = {
    {RULE_RELAY_ACCEPTED, ENTITY_IP, "203.0.113.71", 1772409600,
     "RW-RELAY-ACCEPTED/default/ip/203.0.113.71", "55ebdf96-bf33-59a6-9305-aeb6707c5efa",
     "d524ba23-83eb-558b-8627-20beec272217"},
    {RULE_RELAY_ACCEPTED, ENTITY_IP, "203.0.113.71", 1772409600 + 86399,
     "RW-RELAY-ACCEPTED/default/ip/203.0.113.71", "55ebdf96-bf33-59a6-9305-aeb6707c5efa",
     "d524ba23-83eb-558b-8627-20beec272217"},
    {RULE_RELAY_PROBE, ENTITY_NETWORK, "198.51.100.0/24", 1772409600 + 3600,
     "RW-RELAY-PROBE/default/network/198.51.100.0/24", "aa693f33-dd93-5077-9a39-f5090ee07394",
     "7330472a-a0f4-5cb2-b8a0-b4162e77ed76"},
    /* the domain is lower-cased, the local part is not */
    {RULE_NDR_FLOOD, ENTITY_ADDRESS, "Carol.X@Example.NET", 1772409600,
     "RW-NDR-FLOOD/default/address/Carol.X@example.net", "dc1c3eb7-b05d-50c5-b98f-ce32a39fc5c5",
     "866d19cd-9069-58a7-a337-c8047e7a8eac"},
    {RULE_SASL_BRUTE_SUCCESS, ENTITY_USER, "Alice@EXAMPLE.net", 1772409600,
     "RW-SASL-BRUTE-SUCCESS/default/user/Alice@example.net", "f1c63b49-e5bc-5dde-a13e-a95ba77f2a5a",
     "82fbb0f0-5ca5-5012-a494-28ab5ca23afd"},
    {RULE_ACCOUNT_BURST, ENTITY_USER, "bob", 1772409600 + 86400,
     "RW-ACCOUNT-BURST/default/user/bob", "46c9235d-8153-577c-81fc-5994cf0a0c14",
     "2f3afd68-3494-5d8f-b26f-ad4d4a5472e8"},
    {RULE_BACKSCATTER, ENTITY_HOST, "MX2.example.net", 1772409600 - 1,
     "RW-BACKSCATTER/default/host/mx2.example.net", "9bea1de4-59bf-5fbe-8cd3-c02326e586d3",
     "3ed6c865-975c-5f2c-b0ba-f58871280f94"},
    {RULE_RELAY_PROBE, ENTITY_IP, "192.0.2.1", -1, "RW-RELAY-PROBE/default/ip/192.0.2.1",
     "31ab3a2d-e281-5a8b-a5a4-367fa20b2496", "a9de41e5-6b96-55b7-a581-55e139a384f7"},
};

static void ids_are_those_of_the_contract(void)
{
    for (size_t i = 0; i < sizeof id_cases / sizeof id_cases[0]; i++) {
        const struct id_case *c = &id_cases[i];
        struct told told;
        struct incidents *s = start(&told, 16);
        struct finding f = probe(c->entity, c->first_s * 1000000, 1);
        const struct alert *a;
        f.rule = c->rule;
        f.entity_type = c->type;
        incident_report(s, &f);
        CHECK_INT(incidents_list(s, &a, 1), 1);
        CHECK_STR(a->dedup_key, c->key);
        CHECK_STR(a->id, c->id);
        CHECK_STR(a->event_id, c->event_id);
        incidents_free(s);
    }
}

static void a_new_beginning_is_told(void)
{
    struct told told;
    struct incidents *s = start(&told, 16);
    const slice who = SLICE_LIT("192.0.2.1");

    report(s, "192.0.2.1", noon, 50);
    incidents_tick(s, noon + 31 * MINUTE);
    CHECK_INT(told.last, ALERT_ENDED);
    CHECK(!incident_is_open(s, RULE_RELAY_ACCEPTED, ENTITY_IP, who));
    CHECK(!incident_touch(s, RULE_RELAY_ACCEPTED, ENTITY_IP, who, noon + 40 * MINUTE, 51));
    CHECK_INT(told.count, 2);
    report(s, "192.0.2.1", noon + 40 * MINUTE, 1); /* the detector counts from one again */
    CHECK_INT(told.count, 3);
    CHECK_INT(told.last, ALERT_ONGOING);
    CHECK_INT(told.sequence, 3);
    CHECK(incident_is_open(s, RULE_RELAY_ACCEPTED, ENTITY_IP, who));
    incidents_tick(s, noon + 80 * MINUTE);
    CHECK_INT(told.last, ALERT_ENDED);
    CHECK_INT(told.sequence, 4);
    incidents_free(s);
}

static void touching_an_open_incident_tells_decades_and_hours(void)
{
    struct told told;
    struct incidents *s = start(&told, 16);
    const slice who = SLICE_LIT("192.0.2.1");

    CHECK(!incident_touch(s, RULE_RELAY_ACCEPTED, ENTITY_IP, who, noon, 5));
    report(s, "192.0.2.1", noon, 1);
    CHECK(incident_touch(s, RULE_RELAY_ACCEPTED, ENTITY_IP, who, noon + MINUTE, 9));
    CHECK_INT(told.count, 1);
    CHECK(incident_touch(s, RULE_RELAY_ACCEPTED, ENTITY_IP, who, noon + 2 * MINUTE, 10));
    CHECK_INT(told.count, 2);
    for (int i = 3; i < 62; i++)
        incident_touch(s, RULE_RELAY_ACCEPTED, ENTITY_IP, who, noon + i * MINUTE, 10 + i);
    CHECK_INT(told.count, 2);
    incident_touch(s, RULE_RELAY_ACCEPTED, ENTITY_IP, who, noon + 62 * MINUTE, 80);
    CHECK_INT(told.count, 3);
    CHECK_INT(told.last, ALERT_ONGOING);
    CHECK(!incident_touch(s, RULE_RELAY_PROBE, ENTITY_IP, who, noon, 1));
    CHECK(!incident_touch(s, RULE_RELAY_ACCEPTED, ENTITY_HOST, who, noon, 1));
    incidents_free(s);
}

static void slow_rules_end_after_six_hours(void)
{
    struct told told;
    struct incidents *s = start(&told, 16);
    struct finding f = probe("192.0.2.1", noon, 1);

    f.rule = RULE_RELAY_PROBE;
    incident_report(s, &f);
    incidents_tick(s, noon + 6 * HOUR - MINUTE);
    CHECK_INT(told.count, 1);
    incidents_tick(s, noon + 6 * HOUR);
    CHECK_INT(told.last, ALERT_ENDED);
    incidents_free(s);
}

static void flushing_tells_final_counts_once_and_ends_nothing(void)
{
    struct told told;
    struct incidents *s = start(&told, 16);

    report(s, "192.0.2.1", noon, 1);
    incidents_flush(s);
    CHECK_INT(told.count, 1);
    report(s, "192.0.2.1", noon + MINUTE, 2);
    incidents_flush(s);
    CHECK_INT(told.count, 2);
    CHECK_INT(told.last, ALERT_ONGOING);
    incidents_flush(s);
    CHECK_INT(told.count, 2);
    incidents_free(s);
}

static void case_of_the_entity_makes_no_other_incident(void)
{
    struct told told;
    struct incidents *s = start(&told, 16);

    report(s, "Mail.Example.NET", noon, 1);
    report(s, "mail.example.net", noon, 2);
    CHECK_INT(incidents_count(s), 1);
    CHECK_INT(incidents_rules_of(s, SLICE_LIT("MAIL.example.net")), 1U << RULE_RELAY_ACCEPTED);
    CHECK_INT(incidents_rules_of(s, SLICE_LIT("other.example.net")), 0);
    incidents_free(s);
}

/* A flood of low severity must not push out what is severe. */
static void the_severe_survive_a_flood(void)
{
    struct told told;
    struct incidents *s = start(&told, 64);
    const struct alert *list[64];
    struct finding f;
    char ip[32];

    for (int i = 0; i < 8; i++) {
        snprintf(ip, sizeof ip, "203.0.113.%d", i);
        f = probe(ip, noon, 1);
        f.severity = SEVERITY_CRITICAL;
        incident_report(s, &f);
    }
    for (int i = 0; i < 5000; i++) {
        struct alert_related member = {.type = ENTITY_IP};
        snprintf(ip, sizeof ip, "198.18.%d.%d", i / 256, i % 256);
        f = probe(ip, noon + i, 1);
        f.severity = SEVERITY_LOW;
        f.related = &member; /* its list is freed with it */
        f.related_count = 1;
        incident_report(s, &f);
    }
    CHECK_INT(incidents_list(s, list, 64), 64);
    for (int i = 0; i < 8; i++)
        CHECK_INT(list[i]->severity, SEVERITY_CRITICAL);
    CHECK_INT(list[8]->severity, SEVERITY_LOW);
    incidents_free(s);
}

static void the_list_is_in_a_fixed_order(void)
{
    struct told told;
    struct incidents *s = start(&told, 64), *t = start(&told, 64);
    const struct alert *a[64], *b[64];
    char ip[32];

    for (int i = 0; i < 40; i++) {
        snprintf(ip, sizeof ip, "198.51.100.%d", i);
        report(s, ip, noon + (i % 4) * MINUTE, 1);
        snprintf(ip, sizeof ip, "198.51.100.%d", 39 - i);
        report(t, ip, noon + ((39 - i) % 4) * MINUTE, 1);
    }
    CHECK_INT(incidents_list(s, a, 64), 40);
    CHECK_INT(incidents_list(t, b, 64), 40);
    for (int i = 0; i < 40; i++)
        CHECK_STR(a[i]->id, b[i]->id);
    for (int i = 1; i < 40; i++)
        CHECK(a[i - 1]->first_us <= a[i]->first_us);
    CHECK_INT(incidents_list(s, a, 3), 3);
    incidents_free(s);
    incidents_free(t);
}

static void figures_of_different_units_are_not_mixed(void)
{
    struct told told;
    struct incidents *s = start(&told, 16);
    struct finding f = probe("192.0.2.1", noon, 300);
    const struct alert *a;

    f.severity = SEVERITY_LOW;
    f.unit = "client networks";
    f.threshold = 5;
    f.observed = 7;
    incident_report(s, &f);
    f.severity = SEVERITY_HIGH; /* the worse finding says what is counted ... */
    f.unit = "recipients";
    f.threshold = 100;
    f.observed = 140;
    incident_report(s, &f);
    CHECK_INT(incidents_list(s, &a, 1), 1);
    CHECK_STR(a->unit, "recipients");
    CHECK_INT(a->threshold, 100);
    CHECK_INT(a->observed, 140);
    f.severity = SEVERITY_LOW; /* ... and a lesser one does not touch it */
    f.unit = "client networks";
    f.observed = 900;
    incident_report(s, &f);
    CHECK_INT(incidents_list(s, &a, 1), 1);
    CHECK_STR(a->unit, "recipients");
    CHECK_INT(a->observed, 140);
    incidents_free(s);
}

static void samples_are_the_first_three_lines_with_their_place(void)
{
    struct told told;
    struct incidents *s = start(&told, 16);
    const struct alert *a;
    char line[64];

    for (unsigned i = 1; i <= 5; i++) {
        struct event ev = {0};
        struct finding f = probe("192.0.2.1", noon + i, i);
        event_reset(&ev);
        ev.time_us = noon + i;
        snprintf(line, sizeof line, "line %u", i); /* written over each time: it must be copied */
        ev.pos = (struct line_pos){.offset = 10 * i, .number = i, .text = slice_of(line)};
        event_set(&ev, EF_HELO, slice_of(line));
        f.ev = &ev;
        incident_report(s, &f);
    }
    CHECK_INT(incidents_list(s, &a, 1), 1);
    CHECK_INT(a->samples_count, 3);
    CHECK_STR(a->samples[0].text, "line 1");
    CHECK_STR(a->samples[2].text, "line 3");
    CHECK_INT(a->samples[2].line, 3);
    CHECK_INT(a->samples[2].offset, 30);
    CHECK_STR(a->samples[0].source, "test.log");
    CHECK_STR(a->helo, "line 1");
    incidents_free(s);
}

static void long_and_binary_names_are_cut(void)
{
    struct told told;
    struct incidents *s = start(&told, 16);
    static char big[70000];
    struct finding f = probe("", noon, 1);
    const struct alert *a;

    memset(big, 'A', sizeof big);
    f.entity = (slice){big, sizeof big};
    f.reason = f.how = f.entity;
    incident_report(s, &f);
    CHECK_INT(incidents_list(s, &a, 1), 1);
    CHECK_INT(strlen(a->entity), ALERT_ENTITY_MAX - 1);
    CHECK(strlen(a->dedup_key) < sizeof a->dedup_key);
    big[3] = '\0';
    incident_report(s, &f);
    CHECK_INT(incidents_count(s), 2);
    incidents_free(s);
}

/* A client outside, of a fixture that knows the place of 203.0.113.0/24. */
static const struct alert *first_alert(struct incidents *s, enum rule rule, enum entity_type type,
                                       const char *entity)
{
    struct finding f = probe(entity, noon, 1);
    struct event ev = {0};
    const struct alert *a = NULL;

    event_reset(&ev);
    CHECK(ip_addr_parse(SLICE_LIT("203.0.113.7"), &ev.client));
    event_set(&ev, EF_CLIENT_NAME, SLICE_LIT("mail.innocent.example"));
    event_set(&ev, EF_HELO, SLICE_LIT("mail.innocent.example"));
    f.rule = rule;
    f.entity_type = type;
    f.ev = &ev;
    incident_report(s, &f);
    CHECK_INT(incidents_list(s, &a, 1), 1);
    return a;
}

static struct incidents *start_with_places(struct told *told, struct geo *geo)
{
    *told = (struct told){0};
    return incidents_new(&(struct incident_config){.key = {1, 2},
                                                   .capacity = 16,
                                                   .tenant = "default",
                                                   .emit = record,
                                                   .emit_arg = told,
                                                   .source_name = no_source,
                                                   .mta_name = postfix,
                                                   .geo = geo});
}

static void the_place_is_that_of_the_source(void)
{
    struct geo *geo = geo_open(&(struct geo_config){.city = TEST_DATA "/geo-city.mmdb"});
    struct told told;
    struct incidents *s = start_with_places(&told, geo);
    const struct alert *a = first_alert(s, RULE_SASL_BRUTE_SUCCESS, ENTITY_USER, "anna");

    CHECK_STR(a->place.city_name, "Hanoi");
    incidents_free(s);
    s = start_with_places(&told, geo);
    a = first_alert(s, RULE_HARVEST, ENTITY_IP, "198.51.100.7"); /* the entity goes first */
    CHECK_STR(a->place.city_name, "Berlin");
    incidents_free(s);
    s = start_with_places(&told, NULL);
    CHECK_STR(first_alert(s, RULE_HARVEST, ENTITY_IP, "198.51.100.7")->place.country, "");
    incidents_free(s);
    geo_close(geo);
}

static void who_sends_the_bounces_is_never_a_source(void)
{
    struct geo *geo = geo_open(&(struct geo_config){.city = TEST_DATA "/geo-city.mmdb"});
    struct told told;
    struct incidents *s = start_with_places(&told, geo);
    const struct alert *a = first_alert(s, RULE_NDR_FLOOD, ENTITY_DOMAIN, "example.org");

    CHECK_INT(a->client.family, 0);
    CHECK_STR(a->client_name, "");
    CHECK_STR(a->helo, "");
    CHECK_STR(a->place.country, "");
    incidents_free(s);
    s = start_with_places(&told, geo);
    a = first_alert(s, RULE_BACKSCATTER, ENTITY_HOST, "mx1");
    CHECK_INT(a->client.family, 4);
    CHECK_STR(a->client_name, "mail.innocent.example");
    incidents_free(s);
    geo_close(geo);
}

static void what_gave_way_goes_on_and_is_not_new_again(void)
{
    struct told told;
    struct incidents *s = start(&told, 4);
    char id[37], ip[32];

    report(s, "192.0.2.1", noon, 3);
    memcpy(id, told.id, sizeof id);
    for (unsigned i = 0; i < 20; i++) {
        snprintf(ip, sizeof ip, "198.51.100.%u", i);
        report(s, ip, noon + MINUTE, 3);
    }
    CHECK(!incident_is_open(s, RULE_RELAY_ACCEPTED, ENTITY_IP, SLICE_LIT("192.0.2.1")));
    CHECK_INT(told.count, 21);
    report(s, "192.0.2.1", noon + 2 * MINUTE, 4);
    CHECK_INT(told.count, 21); /* nothing to say yet */
    for (unsigned i = 0; i < 20; i++) {
        snprintf(ip, sizeof ip, "198.51.100.%u", i);
        report(s, ip, noon + 3 * MINUTE, 3);
    }
    CHECK_INT(told.count, 21);
    report(s, "192.0.2.1", noon + 13 * HOUR, 12); /* the next day by the calendar */
    CHECK_INT(told.count, 22);
    CHECK_INT(told.last, ALERT_ONGOING);
    CHECK_INT(told.sequence, 2);
    CHECK_STR(told.id, id);
    incidents_free(s);
}

/* Announcements of an id, counted. */
struct news {
    char (*ids)[37];
    unsigned count, again;
};

static void count_news(void *arg, const struct alert *a)
{
    struct news *n = arg;
    unsigned i = 0;

    if (a->state != ALERT_NEW)
        return;
    while (i < n->count && strcmp(n->ids[i], a->id) != 0)
        i++;
    n->again += i < n->count;
    if (i == n->count)
        memcpy(n->ids[n->count++], a->id, sizeof a->id);
}

/* A hundred incidents have room, 3,000 take turns: none is new twice. */
static void of_thousands_that_take_turns_none_is_new_twice(void)
{
    enum { ENTITIES = 3000, ROUNDS = 4 };
    static char ids[ENTITIES * ROUNDS][37];
    struct news news = {.ids = ids};
    struct incidents *s =
        incidents_new(&(struct incident_config){.key = {1, 2},
                                                .capacity = 100,
                                                .aside_bytes = (size_t)ENTITIES * 32 * 3 / 2,
                                                .tenant = "default",
                                                .emit = count_news,
                                                .emit_arg = &news,
                                                .source_name = no_source,
                                                .mta_name = postfix});
    char ip[32];

    for (unsigned i = 0; i < ENTITIES * ROUNDS; i++) {
        snprintf(ip, sizeof ip, "198.18.%u.%u", i % ENTITIES / 256, i % ENTITIES % 256);
        report(s, ip, noon + i * (MINUTE / 60), 1 + i / ENTITIES);
    }
    CHECK_INT(news.count, ENTITIES);
    CHECK_INT(news.again, 0);
    CHECK_INT(incidents_forgotten(s), 0);
    CHECK_INT(incidents_dropped(s), ENTITIES * ROUNDS - 100);
    CHECK_INT(incidents_aside(s), ENTITIES - 100);
    incidents_free(s);
}

/* A detector may count from days ago on: the incident is another one, and so is its id. */
static void after_a_day_the_id_is_another_whatever_it_began_with(void)
{
    struct told told;
    struct incidents *s = start(&told, 4);
    struct finding f = probe("192.0.2.1", noon, 3);
    char id[37], ip[32];

    incident_report(s, &f);
    memcpy(id, told.id, sizeof id);
    incidents_tick(s, noon + HOUR);
    CHECK_INT(told.last, ALERT_ENDED);
    f.time_us = noon + 26 * HOUR; /* and first_us as before */
    f.observed = 9;
    incident_report(s, &f);
    CHECK_INT(told.last, ALERT_NEW);
    CHECK(strcmp(told.id, id) != 0);
    memcpy(id, told.id, sizeof id);
    incidents_tick(s, noon + 28 * HOUR);
    for (unsigned i = 0; i < 20; i++) {
        snprintf(ip, sizeof ip, "198.51.100.%u", i);
        report(s, ip, noon + 28 * HOUR, 3);
    }
    CHECK(!incident_is_open(s, RULE_RELAY_ACCEPTED, ENTITY_IP, SLICE_LIT("192.0.2.1")));
    f.first_us = noon + 26 * HOUR;
    f.time_us = noon + 52 * HOUR;
    incident_report(s, &f);
    CHECK_INT(told.last, ALERT_NEW);
    CHECK(strcmp(told.id, id) != 0);
    incidents_free(s);
}

/* Lines are out of order, or the clock was wrong: what a detector counts from is later than this. */
static void it_never_ends_before_it_begins(void)
{
    struct told told;
    struct incidents *s = start(&told, 4);
    struct finding f = probe("192.0.2.1", noon, 3);
    const struct alert *list[1];

    f.first_us = noon + 40 * HOUR;
    incident_report(s, &f);
    CHECK_INT(incidents_list(s, list, 1), 1);
    CHECK_INT(list[0]->first_us, noon);
    CHECK_INT(list[0]->last_us, noon);
    f.time_us = noon - HOUR;
    incident_report(s, &f);
    CHECK_INT(incidents_list(s, list, 1), 1);
    CHECK_INT(list[0]->first_us, noon - HOUR);
    CHECK_INT(list[0]->last_us, noon);
    incidents_free(s);
}

static const struct test_case cases[] = {
    {"it never ends before it begins", it_never_ends_before_it_begins},
    {"an incident is new, then ongoing, then ended", it_is_new_then_ongoing_then_ended},
    {"within a day it keeps its id, later it is another", within_a_day_it_keeps_its_id},
    {"the id depends on rule, entity and day only", the_id_depends_on_rule_entity_and_day_only},
    {"severity only rises, and a rise is told", severity_only_rises_and_is_told},
    {"members are listed once and bounded", members_are_listed_once_and_bounded},
    {"a flood of entities is bounded and counted", a_flood_of_entities_is_bounded_and_counted},
    {"ids are those of the contract", ids_are_those_of_the_contract},
    {"a new beginning is told", a_new_beginning_is_told},
    {"touching an open incident tells decades and hours",
     touching_an_open_incident_tells_decades_and_hours},
    {"slow rules end after six hours", slow_rules_end_after_six_hours},
    {"flushing tells final counts once and ends nothing",
     flushing_tells_final_counts_once_and_ends_nothing},
    {"case of the entity makes no other incident", case_of_the_entity_makes_no_other_incident},
    {"what gave way goes on, and is not new again", what_gave_way_goes_on_and_is_not_new_again},
    {"of thousands that take turns none is new twice",
     of_thousands_that_take_turns_none_is_new_twice},
    {"after a day the id is another, whatever it began with",
     after_a_day_the_id_is_another_whatever_it_began_with},
    {"the severe survive a flood", the_severe_survive_a_flood},
    {"the list is in a fixed order", the_list_is_in_a_fixed_order},
    {"figures of different units are not mixed", figures_of_different_units_are_not_mixed},
    {"samples are the first three lines with their place",
     samples_are_the_first_three_lines_with_their_place},
    {"long and binary names are cut", long_and_binary_names_are_cut},
    {"the place is that of the source", the_place_is_that_of_the_source},
    {"who sends the bounces is never a source", who_sends_the_bounces_is_never_a_source},
};

TEST_MAIN(cases)
