/* summary.h - the answer of a run: verdicts with coverage, input counters, top originators
 *
 * Built by summary_build() (pipeline) at the end of a batch, on SIGUSR1 and at exit of a follow
 * run. Rendered by every writer that has a summary. All strings are copies or static; the arrays
 * belong to the summary. */
#ifndef ALERT_SUMMARY_H
#define ALERT_SUMMARY_H

#include <stdint.h>

#include "alert/alert.h"
#include "alert/case.h"
#include "alert/risk.h"

enum verdict_state { VERDICT_NO, VERDICT_ATTEMPTED, VERDICT_EXPOSED, VERDICT_YES };
/* verdict_state_name - the word of the contract */
const char *verdict_state_name(enum verdict_state state); /* "no" "attempted" "exposed" "yes" */

/* The five questions, in this order. */
enum verdict_topic {
    TOPIC_RELAY,
    TOPIC_BACKSCATTER,
    TOPIC_VICTIM,
    TOPIC_ACCOUNT,
    TOPIC_INSIDE,
    TOPIC_COUNT
};
/* verdict_topic_name - the member name in the summary document */
const char *verdict_topic_name(
    enum verdict_topic topic); /* "relay" "backscatter" "victim" "account" "inside" */

enum { VERDICT_BY_MAX = 10, VERDICT_HOW_MAX = 8, TOP_ROWS_MAX = 100 };

struct verdict_party {
    enum entity_type type;
    char value[ALERT_ENTITY_MAX];
    char name[128]; /* verified host name, "" when none */
    uint64_t count; /* recipients, bounces, messages: see struct verdict.unit */
};

struct verdict {
    enum verdict_state state;
    bool no_evidence;                        /* state is "no" but coverage is too low to say so */
    int64_t since_us, last_us;               /* 0 = not applicable */
    struct verdict_party by[VERDICT_BY_MAX]; /* most first */
    unsigned by_count;
    uint32_t by_total;
    char how[VERDICT_HOW_MAX]
            [160]; /* "plain", "percent", "double_at" ... most first; then tester */
    unsigned how_count;
    uint64_t count;
    const char *unit;   /* of count: "relayed recipients" */
    const char *advice; /* static; "" when nothing is to be done */
    char sentence[320]; /* the answer in one plain sentence */
    char tester[160];   /* relay-test battery recognised, with its counts; "" when none */
};

enum zones_origin { ZONES_EXPLICIT, ZONES_LEARNT, ZONES_MISSING };

struct coverage {
    double rcpt_decisions_visible; /* c1: share of sessions; -1 = not applicable */
    double client_known;           /* c2: share of queued messages whose client is known; -1 */
    double remote_reply_visible;   /* c3: share of deliveries with a remote reply; -1 */
    bool auth_visible;             /* c4 */
    uint64_t unjudged;       /* foreign recipients accepted from a client that the log does not
                                show, or whose login it hides */
    enum zones_origin zones; /* c5 */
    char learnt_domains[16][ALERT_ENTITY_MAX]; /* proposals, most mail first */
    unsigned learnt_domains_count;
    char learnt_networks[8][IP_NET_TEXT];
    unsigned learnt_networks_count;
    const char *server_mta; /* "postfix"; "" when nothing was recognised */
    char server_host[128];
};

struct input_totals {
    uint64_t lines, parsed, skipped, rejected, foreign, bytes;
    uint64_t lines_cut, repeats, gzip_truncated, late_ignored, wild_time, reorder_overflow;
    uint64_t events;
    int64_t first_us, last_us;
    unsigned sources, sources_failed;
};

enum top_dimension {
    TOP_CLIENTS,
    TOP_ACCOUNTS,
    TOP_SENDERS,
    TOP_SENDER_DOMAINS,
    TOP_RECIPIENT_DOMAINS,
    TOP_NDR_VICTIMS,
    TOP_RELAY_DENIED,
    TOP_AUTH_FAILED,
    TOP_COUNT
};
/* top_dimension_name - the member name in the summary document */
const char *
top_dimension_name(enum top_dimension dim); /* "clients" ... as in the summary document */

enum { TOP_MARKS_MAX = 3 };

struct top_row {
    char key[ALERT_ENTITY_MAX];
    uint64_t hash;  /* of the key, as all tables have it */
    char name[128]; /* verified host name of a client, "" */
    uint64_t messages, recipients, bytes;
    uint64_t bad;   /* recipients that bounced or were refused */
    uint64_t error; /* `recipients` overestimates by at most this (Space-Saving) */
    int64_t first_us, last_us;
    uint32_t rules;         /* set of 1 << enum rule: incidents of this key */
    struct geo_place place; /* of a client; all empty without a GeoIP database */
    struct {
        const char *title, *meaning; /* borrowed from the signatures */
    } marks[TOP_MARKS_MAX];          /* patterns that a client was caught by */
    unsigned marks_count;
};

struct top_table {
    struct top_row *rows; /* by recipients, most first */
    unsigned count;
    uint64_t total; /* recipients over all keys */
};

/* One row of the scorecard, see scorecard.h. */
struct scorecard_row {
    const char *number, *title; /* "6a" of RFC 2505, "H1" of the hygiene list */
    const char *result;         /* "PASS" "FAIL" "WARN" "SEEN" "NOT SEEN" "INDIRECT" "UNKNOWN" */
    char evidence[160];
};
enum { SCORECARD_ROWS_MAX = 24 };

/* What is counted over time, see correlate/timeline.h. */
enum traffic {
    TRAFFIC_ACCEPTED,  /* messages taken into the queue */
    TRAFFIC_DELIVERED, /* recipients handed over for good */
    TRAFFIC_REFUSED,   /* recipients, senders, clients turned away here: 5xx and 4xx */
    TRAFFIC_BOUNCED,   /* recipients that failed for good after acceptance */
    TRAFFIC_AUTH_FAILED,
    TRAFFIC_NULL_IN, /* messages with the null sender from outside */
    TRAFFIC_COUNT
};
/* traffic_name - the member name in the summary document */
const char *traffic_name(enum traffic what); /* "accepted" "delivered" ... */

enum { TIMELINE_MAX = 192 };

/* Counts a bucket of time, all of equal width, without a gap. */
struct timeline_view {
    int64_t start_us, width_us; /* the first bucket begins at a multiple of the width */
    unsigned count;             /* buckets; 0 when nothing was counted */
    uint64_t bucket[TIMELINE_MAX][TRAFFIC_COUNT];
    uint64_t total[TRAFFIC_COUNT];
};

/* What came from one country or one network (AS). Counts are those of the heaviest clients of each
 * table, see TOP_CLIENTS, TOP_RELAY_DENIED, TOP_AUTH_FAILED; incidents are all. */
struct place_row {
    char country[3], name[64]; /* ISO 3166-1; name of the country or the network, raw bytes */
    uint32_t as_number;        /* 0 for a country */
    unsigned clients;          /* addresses */
    uint64_t recipients, bad;  /* of mail taken from there */
    uint64_t denied, auth_failed;
    unsigned incidents;
    enum severity worst; /* of the incidents */
};
enum { PLACE_COUNTRIES_MAX = 256, PLACE_NETWORKS_MAX = 40 };

/* Most trouble first; all empty without a GeoIP database. */
struct places {
    struct place_row countries[PLACE_COUNTRIES_MAX], networks[PLACE_NETWORKS_MAX];
    unsigned countries_count, networks_count;
    unsigned countries_total, networks_total; /* with those that have no row */
};

/* What became of a scenario in a run, see detect/scenario.h. */
struct scenario_tally {
    const char *id, *name;
    bool shadow;                   /* it counts, and raises nothing */
    uint64_t counted, fired;       /* events that fit; times that it was enough */
    uint64_t late, groups_dropped; /* events too late; groups for which there was no room */
};

/* What the patterns did. */
struct signature_row {
    const char *id, *title, *meaning, *file;
    unsigned entry;
    uint32_t hits, clients;
    bool off; /* its expression needed too many steps */
};
enum { SIGNATURE_ROWS_MAX = 32 };

struct signature_totals {
    unsigned patterns;
    uint64_t tried, hits, limited;
    struct signature_row rows[SIGNATURE_ROWS_MAX]; /* those switched off, then most clients first */
    unsigned rows_count;
};

/* One of the other four questions, for one server. */
struct server_topic {
    enum verdict_state state;
    bool no_evidence;
    int64_t since_us, last_us;
    uint64_t count;
    const char *unit, *advice;
};

/* What is told of one server apart. */
struct server_row {
    char host[128];   /* as the log names it; "" when it does not */
    char source[128]; /* then: directory of its log, "" for a pipe */
    char mta[24];     /* family: "postfix" "exim" "exchange"; "" when others > 0 */
    uint32_t others;  /* so many servers share this row, for want of room; 0: it is one */
    uint64_t events;
    int64_t first_us, last_us;
    double rcpt_decisions_visible, client_known; /* as in struct coverage; -1 */
    uint64_t unjudged;
    struct verdict relay;
    struct server_topic topic[TOPIC_COUNT]; /* that of TOPIC_RELAY repeats `relay` */
};

/* An output that had or has trouble. */
struct output_row {
    const char *format, *path; /* path NULL: standard output */
    uint64_t failures;         /* attempts that failed */
    uint64_t lost;             /* documents for which there was no room to wait */
    uint64_t waiting;          /* documents in memory that did not go out yet */
    uint64_t spooled_bytes;
};
enum { OUTPUT_ROWS_MAX = 17 };

struct summary {
    struct verdict verdict[TOPIC_COUNT];
    struct server_row *servers; /* most urgent first */
    unsigned servers_count;
    struct coverage coverage;
    struct input_totals input;
    struct top_table top[TOP_COUNT];
    struct scorecard_row scorecard[SCORECARD_ROWS_MAX];
    unsigned scorecard_count;
    struct case_list cases;
    struct timeline_view timeline;
    struct places places;
    const struct scenario_tally *scenarios; /* borrowed, in the order of their files */
    unsigned scenarios_count;
    double risk_score;                           /* 0..100; -1 = not computed */
    double risk_share[RISK_KINDS];               /* 0..100, see risk.h */
    uint64_t alerts_by_severity[SEVERITY_COUNT]; /* distinct alert ids */
    uint64_t evictions;
    struct signature_totals signatures;
    const char *const *source_names;
    unsigned source_names_count;
    struct output_row outputs[OUTPUT_ROWS_MAX]; /* those with trouble only */
    unsigned outputs_count;
};

#endif
