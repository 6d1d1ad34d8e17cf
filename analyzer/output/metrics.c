/* metrics.c - figures of a run in the text format of Prometheus
 *
 * Each metric has its HELP and TYPE once, in front of its samples; there are no timestamps, since
 * the node exporter refuses them in text files, and the last line ends in a newline.
 * source:  Prometheus text exposition format 0.0.4: a label value escapes \, " and the line end
 * limits:  counters begin at what a state file brings, or at zero with the process */
#include "output/metrics.h"

#include <inttypes.h>
#include <stdio.h>

/* ---- pieces ---- */

static void begin(struct outbuf *out, const char *name, const char *type, const char *help)
{
    outbuf_printf(out, "# HELP relaywatch_%s %s\n# TYPE relaywatch_%s %s\n", name, help, name,
                  type);
}

static void put_label(struct outbuf *out, const char *name, const char *value)
{
    outbuf_printf(out, "%s=\"", name);
    for (; *value != '\0'; value++) {
        if (*value == '\n') {
            outbuf_puts(out, "\\n");
            continue;
        }
        if (*value == '\\' || *value == '"')
            outbuf_putc(out, '\\');
        outbuf_putc(out, *value);
    }
    outbuf_putc(out, '"');
}

static void put_count(struct outbuf *out, uint64_t n)
{
    outbuf_putc(out, ' ');
    outbuf_u64(out, n);
    outbuf_putc(out, '\n');
}

static void put_seconds(struct outbuf *out, int64_t us)
{
    int64_t whole = us / 1000000, rest = us % 1000000;

    outbuf_printf(out, " %s%" PRId64 ".%06" PRId64 "\n", us < 0 && whole == 0 ? "-" : "", whole,
                  rest < 0 ? -rest : rest);
}

/* A sample with one label. */
static void put_one(struct outbuf *out, const char *name, const char *label, const char *value,
                    uint64_t n)
{
    outbuf_printf(out, "relaywatch_%s{", name);
    put_label(out, label, value);
    outbuf_putc(out, '}');
    put_count(out, n);
}

/* A metric with one sample and no label. */
static void put_single(struct outbuf *out, const char *name, const char *type, const char *help,
                       uint64_t n)
{
    begin(out, name, type, help);
    outbuf_printf(out, "relaywatch_%s", name);
    put_count(out, n);
}

static void put_time(struct outbuf *out, const char *name, const char *help, int64_t us)
{
    begin(out, name, "gauge", help);
    outbuf_printf(out, "relaywatch_%s", name);
    put_seconds(out, us);
}

/* ---- groups ---- */

static void put_program(const struct metrics_figures *f, struct outbuf *out)
{
    begin(out, "build_info", "gauge", "The program that runs; the value is always 1.");
    outbuf_puts(out, "relaywatch_build_info{");
    put_label(out, "version", f->version);
    outbuf_putc(out, ',');
    put_label(out, "pcre2", f->pcre2_version);
    outbuf_putc(out, ',');
    put_label(out, "jit", f->pcre2_jit ? "yes" : "no");
    outbuf_puts(out, "} 1\n");
    put_single(out, "pcre2_jit", "gauge", "Whether expressions are compiled to machine code.",
               f->pcre2_jit);
    put_time(out, "start_time_seconds", "When the process began, since 1970.", f->started_us);
    put_single(out, "config_last_reload_successful", "gauge",
               "Whether the configuration that was read last was good, and so is in force.",
               f->configured);
    put_time(out, "config_last_reload_success_timestamp_seconds",
             "When a configuration was taken last, at the start or later, since 1970.",
             f->configured_us);
    if (f->databases_count > 0)
        begin(out, "geoip_build_timestamp_seconds", "gauge",
              "When a GeoIP database that is in use was made, since 1970.");
    for (unsigned i = 0; i < f->databases_count; i++)
        put_one(out, "geoip_build_timestamp_seconds", "db", f->databases[i].name,
                (uint64_t)f->databases[i].built_s);
    if (f->memory_bytes > 0)
        put_single(out, "memory_bytes", "gauge", "Memory of the process that is resident.",
                   f->memory_bytes);
}

static void put_input(const struct metrics_figures *f, const struct input_totals *t,
                      struct outbuf *out)
{
    put_single(out, "lines_total", "counter", "Log lines read.", t->lines);
    put_single(out, "bytes_read_total", "counter", "Bytes of log lines read, uncompressed.",
               t->bytes);
    begin(out, "records_total", "counter",
          "Records by what became of them: foreign ones are of other programs, skipped ones tell "
          "nothing that is counted.");
    put_one(out, "records_total", "result", "parsed", t->parsed);
    put_one(out, "records_total", "result", "skipped", t->skipped);
    put_one(out, "records_total", "result", "foreign", t->foreign);
    put_one(out, "records_total", "result", "rejected", t->rejected);
    begin(out, "records_parsed_total", "counter", "Records that gave events, by log format.");
    for (unsigned i = 0; i < f->formats_count; i++)
        put_one(out, "records_parsed_total", "format", f->formats[i].name, f->formats[i].parsed);
    begin(out, "lines_unparsed_total", "counter",
          "Lines of a mail server that could not be read, by log format.");
    for (unsigned i = 0; i < f->formats_count; i++)
        put_one(out, "lines_unparsed_total", "format", f->formats[i].name, f->formats[i].rejected);
    put_single(out, "lines_cut_total", "counter", "Lines that were longer than is read.",
               t->lines_cut);
    put_single(out, "records_late_total", "counter", "Records that came too late to be sorted in.",
               t->late_ignored);
    put_single(out, "sources", "gauge", "Inputs opened so far.", t->sources);
    put_single(out, "sources_failed_total", "counter", "Inputs that could not be read.",
               t->sources_failed);
    if (f->last_event_us == 0)
        return;
    put_time(out, "last_event_timestamp_seconds", "Time of the latest record, since 1970.",
             f->last_event_us);
    if (f->now_us != 0)
        put_time(out, "input_lag_seconds", "How far the latest record is behind the clock.",
                 f->now_us - f->last_event_us);
}

static void put_traffic(const struct timeline_view *t, struct outbuf *out)
{
    begin(out, "messages_total", "counter", "Messages taken into the queue.");
    put_one(out, "messages_total", "outcome", "accepted", t->total[TRAFFIC_ACCEPTED]);
    begin(out, "recipients_total", "counter",
          "Recipients that were delivered, or failed for good after acceptance.");
    put_one(out, "recipients_total", "outcome", "delivered", t->total[TRAFFIC_DELIVERED]);
    put_one(out, "recipients_total", "outcome", "bounced", t->total[TRAFFIC_BOUNCED]);
    put_single(out, "rejects_total", "counter",
               "Recipients, senders and clients that were refused, for good or for now.",
               t->total[TRAFFIC_REFUSED]);
    begin(out, "auth_total", "counter", "Logins that failed.");
    put_one(out, "auth_total", "result", "failed", t->total[TRAFFIC_AUTH_FAILED]);
    begin(out, "null_sender_messages_total", "counter", "Messages with the null sender.");
    put_one(out, "null_sender_messages_total", "direction", "in", t->total[TRAFFIC_NULL_IN]);
}

/* Every rule has a sample from the start: a rate needs one to begin at. */
static void put_alerts_told(const struct metrics_figures *f, struct outbuf *out)
{
    begin(out, "alerts_total", "counter", "Alerts raised, by the severity they began with.");
    for (unsigned rule = 0; rule < RULE_COUNT; rule++)
        for (unsigned severity = 0; severity < SEVERITY_COUNT; severity++) {
            uint64_t n = f->alerts[rule][severity];
            outbuf_puts(out, "relaywatch_alerts_total{");
            put_label(out, "rule", rule_info((enum rule)rule)->id);
            outbuf_putc(out, ',');
            put_label(out, "severity", severity_name((enum severity)severity));
            outbuf_putc(out, '}');
            put_count(out, n);
        }
}

static void put_alerts_active(const struct alert *const *incidents, unsigned count,
                              struct outbuf *out)
{
    uint64_t rules[RULE_COUNT] = {0}, severities[SEVERITY_COUNT] = {0};

    for (unsigned i = 0; i < count; i++) {
        if (incidents[i]->state == ALERT_ENDED)
            continue;
        rules[incidents[i]->rule]++;
        severities[incidents[i]->severity]++;
    }
    begin(out, "alerts_active", "gauge", "Incidents that go on now, by rule.");
    for (unsigned i = 0; i < RULE_COUNT; i++)
        put_one(out, "alerts_active", "rule", rule_info((enum rule)i)->id, rules[i]);
    begin(out, "alerts_active_severity", "gauge", "Incidents that go on now, by severity.");
    for (unsigned i = 0; i < SEVERITY_COUNT; i++)
        put_one(out, "alerts_active_severity", "severity", severity_name((enum severity)i),
                severities[i]);
}

static void put_answers(const struct summary *s, struct outbuf *out)
{
    begin(out, "verdict", "gauge",
          "The answers of the report: 0 no, 1 attempted, 2 exposed, 3 yes.");
    for (unsigned i = 0; i < TOPIC_COUNT; i++)
        put_one(out, "verdict", "topic", verdict_topic_name((enum verdict_topic)i),
                (uint64_t)s->verdict[i].state);
    if (s->risk_score >= 0) {
        begin(out, "risk_score", "gauge", "Risk over all incidents, 0 to 100.");
        outbuf_printf(out, "relaywatch_risk_score %.3f\n", s->risk_score);
    }
    if (s->scenarios_count == 0)
        return;
    begin(out, "scenario_fired_total", "counter", "Times that a scenario of this site was met.");
    for (unsigned i = 0; i < s->scenarios_count; i++)
        put_one(out, "scenario_fired_total", "scenario", s->scenarios[i].id, s->scenarios[i].fired);
}

static void put_limits(const struct metrics_figures *f, struct outbuf *out)
{
    begin(out, "state_entries", "gauge", "Entries of a bounded table.");
    for (unsigned i = 0; i < f->tables_count; i++)
        if (f->tables[i].entries_known)
            put_one(out, "state_entries", "table", f->tables[i].name, f->tables[i].entries);
    begin(out, "state_evictions_total", "counter", "Entries given up for want of room.");
    for (unsigned i = 0; i < f->tables_count; i++)
        put_one(out, "state_evictions_total", "table", f->tables[i].name, f->tables[i].evictions);
    begin(out, "output_errors_total", "counter", "Writes to an output that failed.");
    for (unsigned i = 0; i < f->outputs_count; i++)
        put_one(out, "output_errors_total", "output", f->outputs[i].name, f->outputs[i].errors);
    begin(out, "output_dropped_total", "counter",
          "Messages that a collector did not take in time.");
    for (unsigned i = 0; i < f->outputs_count; i++)
        put_one(out, "output_dropped_total", "output", f->outputs[i].name, f->outputs[i].dropped);
}

void metrics_write(const struct metrics_figures *f, const struct summary *s,
                   const struct alert *const *incidents, unsigned incidents_count,
                   struct outbuf *out)
{
    put_program(f, out);
    put_input(f, &s->input, out);
    put_traffic(&s->timeline, out);
    put_alerts_told(f, out);
    put_alerts_active(incidents, incidents_count, out);
    put_answers(s, out);
    put_limits(f, out);
}
