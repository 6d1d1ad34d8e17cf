/* alert.h - a finding and the alert made of it: self-contained, what all writers render
 *
 * A detector fills a `struct finding` (borrowed slices, valid during the call) and hands it to
 * incident_report(). The incident layer keeps it by copy, decides whether something is to be said,
 * and passes a `struct alert` to the writers. All text inside an alert is a copy, cut to the stated
 * length at a UTF-8 boundary; raw log bytes are NOT yet made safe: each writer escapes for its own
 * format.
 *
 * source: RFC 9562 5.5 (ids); severities and life cycle are the product's contract. */
#ifndef ALERT_ALERT_H
#define ALERT_ALERT_H

#include <stdint.h>

#include "base/geo.h"
#include "base/ip_addr.h"
#include "base/slice.h"

enum rule {
#define RULE(id, ...) RULE_##id,
#include "alert/rules.def"
#undef RULE
    RULE_COUNT
};

struct rule_info {
    const char *id, *type, *name, *category, *action;
    const char *ecs_category, *ecs_type, *outcome; /* comma separated lists; outcome "" = none */
    const char *tactics, *techniques;              /* comma separated ATT&CK ids, "" = none */
    const char *description;
};

/* rule_info - the constant description of a rule; RULE_SCENARIO stands for all scenarios, of which
 * each has a description of its own: see alert_rule() */
const struct rule_info *rule_info(enum rule rule);

enum severity {
    SEVERITY_INFO,
    SEVERITY_LOW,
    SEVERITY_MEDIUM,
    SEVERITY_HIGH,
    SEVERITY_CRITICAL,
    SEVERITY_COUNT
};

/* severity_name - "info" "low" "medium" "high" "critical"; severity_score - 1 21 47 73 99 */
const char *severity_name(enum severity severity);
unsigned severity_score(enum severity severity);
/* severity_parse - by name; false when unknown */
bool severity_parse(slice text, enum severity *ret);

enum entity_type {
    ENTITY_IP,
    ENTITY_NETWORK,
    ENTITY_USER,
    ENTITY_DOMAIN,
    ENTITY_ADDRESS,
    ENTITY_HOST,
    ENTITY_LIST
};
/* entity_type_name - the word of the contract */
const char *entity_type_name(enum entity_type type); /* "ip" "network" ... */

enum alert_state { ALERT_NEW, ALERT_ONGOING, ALERT_ENDED };
/* alert_state_name - "new" "ongoing" "ended" */
const char *alert_state_name(enum alert_state state);

enum {
    ALERT_ENTITY_MAX = 256, /* bytes with NUL */
    ALERT_COUNTERS_MAX = 10,
    ALERT_SAMPLES_MAX = 3,
    ALERT_SAMPLE_MAX = 512,
    ALERT_RELATED_MAX = 64, /* members listed; related_total has the real number */
    ALERT_MARKS_MAX = 8,
    ALERT_TEXT_MAX = 256
};

struct alert_counter {
    const char *name; /* static, lower_snake: "refused", "recipient_domains" */
    uint64_t value;
};

struct alert_related {
    enum entity_type type;
    char value[72];
};

/* A pattern that its client was caught by; lives as long as the incidents. */
struct alert_mark {
    const char *id, *title, *meaning;
    int severity; /* what an alert with it is at least, as enum severity; -1: it stays */
};

struct alert_sample {
    char text[ALERT_SAMPLE_MAX]; /* the log line, cut */
    char source[96];             /* name of the input */
    uint64_t line, offset;
    int64_t time_us;
};

/* What is known of the message or session beyond the event that a finding shows. */
struct finding_origin {
    struct ip_addr client; /* family 0: unknown */
    uint16_t client_port;  /* 0: unknown */
    bool null_sender;
    slice client_name, helo, user, sender; /* absent when unknown */
};

/* What a detector says. Slices and pointers are borrowed for the call. */
struct finding {
    enum rule rule;
    const struct rule_info *scenario; /* RULE_SCENARIO: which; outlives the incidents, else NULL */
    const char *advice; /* of the scenario, outlives the incidents; NULL: the rule's */
    int64_t quiet_us;   /* the incident is over after so long; 0: as the rule has it */
    enum severity severity;
    enum entity_type entity_type;
    slice entity;     /* canonical: RFC 5952 address, lower-case domain */
    int64_t first_us; /* first contributing event */
    int64_t time_us;  /* this, the last contributing event */
    double observed, threshold;
    const char *unit;    /* static: "refused recipients" */
    uint32_t confidence; /* 0..100 */
    slice reason;        /* one clause: why, in plain words */
    slice how;           /* address form or technique; absent when none */
    const struct alert_counter *counters;
    unsigned counters_count;
    const struct alert_related
        *related; /* members or victims to add; already known ones are not added twice */
    unsigned related_count;
    uint32_t related_total; /* how many there are in all; 0 = as many as listed */
    const struct event
        *ev; /* the contributing event: sample line and context fields; may be NULL */
    const struct finding_origin *origin; /* fills what ev leaves open; may be NULL */
};

struct alert {
    enum rule rule;
    const struct rule_info *scenario; /* as in the finding */
    int64_t quiet_us;
    enum alert_state state;
    uint32_t sequence; /* 1, 2, 3 ... within one alert id */
    enum severity severity;
    uint32_t confidence;
    char id[37], event_id[37]; /* UUIDv5 texts */
    char dedup_key[ALERT_ENTITY_MAX + 64];
    enum entity_type entity_type;
    char entity[ALERT_ENTITY_MAX];
    int64_t first_us, last_us; /* contributing lines */
    int64_t raised_us;         /* event time of the first crossing: the moment of detection */
    int64_t window_start_us;   /* start of the UTC day of first_us; part of the id */
    double observed, threshold;
    const char *unit;
    char reason[ALERT_TEXT_MAX], how[160];
    struct alert_counter counters[ALERT_COUNTERS_MAX];
    unsigned counters_count;
    struct alert_related *related;
    unsigned related_count;
    uint32_t related_total;
    struct alert_sample samples[ALERT_SAMPLES_MAX];
    unsigned samples_count;
    const struct alert_mark *marks[ALERT_MARKS_MAX]; /* in the order of their files */
    unsigned marks_count;
    /* context of the first contributing event, all optional ("" or family 0) */
    struct ip_addr client;
    struct geo_place place; /* of alert_source(); all empty without a GeoIP database */
    char client_name[128], helo[128], user[128], sender[ALERT_ENTITY_MAX],
        recipient[ALERT_ENTITY_MAX];
    bool null_sender;
    char host[128], program[48], service[48], queue_id[32], message_id[128];
    char relay[128];                  /* remote host of a delivery */
    uint16_t reply_code, client_port; /* 0: the log does not tell it */
    uint8_t status[3];
    const char *stage;  /* static, "" when none */
    const char *mta;    /* parser name: "postfix" */
    const char *advice; /* static text: what the admin should do, for this rule and this MTA */
};

/* alert_rule - what the alert says of its rule: the scenario's own words, or rule_info() */
const struct rule_info *alert_rule(const struct alert *a);

/* alert_scenario_is_new - does none of the alerts before list[index] come from its scenario?
 *
 *   cost      looks at all before it */
bool alert_scenario_is_new(const struct alert *const *list, unsigned index);

/* alert_source - the address an alert is about: the entity when that is an address, else the client
 * of the first event; family 0 when there is none */
struct ip_addr alert_source(const struct alert *a);

#endif
