/* test_incident.c - the life of an incident and the ids it gives */
#include "alert/incident.h"

#include <stdlib.h>

#include "test.h"

#define MINUTE ((int64_t)60 * 1000000)
#define HOUR   (60 * MINUTE)
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

static const struct test_case cases[] = {
    {"an incident is new, then ongoing, then ended", it_is_new_then_ongoing_then_ended},
    {"within a day it keeps its id, later it is another", within_a_day_it_keeps_its_id},
    {"the id depends on rule, entity and day only", the_id_depends_on_rule_entity_and_day_only},
    {"severity only rises, and a rise is told", severity_only_rises_and_is_told},
    {"members are listed once and bounded", members_are_listed_once_and_bounded},
    {"a flood of entities is bounded and counted", a_flood_of_entities_is_bounded_and_counted},
};

TEST_MAIN(cases)
