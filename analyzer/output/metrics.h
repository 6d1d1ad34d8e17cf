/* metrics.h - figures of a run for Prometheus: a pure function from values to text
 *
 * Names and labels are part of the contract: base units, "_total" for what only grows, labels of
 * few values. No address, account or file name of a log is ever a label.
 *
 * source: Prometheus text exposition format 0.0.4; its naming guide. */
#ifndef OUTPUT_METRICS_H
#define OUTPUT_METRICS_H

#include "alert/alert.h"
#include "alert/summary.h"
#include "base/outbuf.h"

enum { METRICS_ROWS_MAX = 32 };

#define METRICS_MEDIA_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* Records that a parser made events of, and those it could not read. */
struct metrics_format {
    const char *name;
    uint64_t parsed, rejected;
};

/* A bounded table; entries_known: false where only what it gave up is counted. */
struct metrics_table {
    const char *name;
    bool entries_known;
    uint64_t entries, evictions;
};

/* An output format; several destinations of one format are one row. */
struct metrics_output {
    const char *name;
    uint64_t errors, dropped;
};

/* A GeoIP file in use; name: "city", "country", "asn". */
struct metrics_database {
    const char *name;
    int64_t built_s; /* since 1970 */
};

/* What a summary does not say. Names are borrowed and differ from each other within a list. */
struct metrics_figures {
    const char *version, *pcre2_version;
    bool pcre2_jit;
    struct metrics_format formats[METRICS_ROWS_MAX];
    struct metrics_table tables[METRICS_ROWS_MAX];
    struct metrics_output outputs[METRICS_ROWS_MAX];
    unsigned formats_count, tables_count, outputs_count;
    struct metrics_database databases[4];
    unsigned databases_count;
    uint64_t alerts[RULE_COUNT][SEVERITY_COUNT]; /* told as new since the start */
    uint64_t memory_bytes;                       /* resident; 0: not known */
    int64_t started_us;                          /* wall clock */
    bool configured;                             /* the configuration read last was good */
    int64_t configured_us;                       /* wall clock, when one was good last */
    int64_t last_event_us;                       /* of the latest record; 0: there was none */
    int64_t now_us; /* wall clock, for the lag of logs that are followed; 0: there is none */
};

/* metrics_write - append all metrics; the same values give the same bytes
 *
 *   in        incidents   those known, for what is active now */
void metrics_write(const struct metrics_figures *f, const struct summary *s,
                   const struct alert *const *incidents, unsigned incidents_count,
                   struct outbuf *out);

#endif
