/* json_summary.c - the summary of a run as one ECS 8.17 document of kind "state"
 *
 * All of the answer is under "relaywatch": verdict, coverage, input, top, cases, scorecard. Arrays
 * and counts that scripts read are always there, even empty; times and texts without a value are
 * left out.
 * source:    ECS 8.17.0; the product's contract for the summary document.
 * limits:    a case lists its first CASE_ALERTS_MOST alerts and their entities. The line can be
 *            longer than 10,000 bytes when many top rows are asked for: see run_info.top. */
#include "output/json.h"

#include <math.h>
#include <stdio.h>

enum { CASE_ALERTS_MOST = 256 };

static double share(uint64_t part, uint64_t whole)
{
    double value = whole == 0 ? 0.0 : (double)part / (double)whole;
    return round((value > 1.0 ? 1.0 : value) * 1e4) / 1e4;
}

static void put_parties(struct json *j, const struct verdict *v)
{
    struct json_mark by = json_array(j, "by");
    for (unsigned i = 0; i < v->by_count; i++) {
        struct json_mark party = json_object(j, NULL);
        json_string(j, "type", entity_type_name(v->by[i].type));
        json_text(j, "value", slice_of(v->by[i].value));
        json_text(j, "name", slice_of(v->by[i].name));
        json_u64(j, "count", v->by[i].count);
        json_close(j, party);
    }
    json_close_kept(j, by);
    json_u64(j, "by_total", v->by_total > v->by_count ? v->by_total : v->by_count);
}

static void put_verdict(struct json *j, const struct verdict *v, enum verdict_topic topic)
{
    struct json_mark verdict = json_object(j, verdict_topic_name(topic));
    json_string(j, "state", verdict_state_name(v->state));
    if (v->no_evidence)
        json_bool(j, "no_evidence", true);
    json_time(j, "since", v->since_us);
    json_time(j, "last", v->last_us);
    put_parties(j, v);
    struct json_mark how = json_array(j, "how");
    for (unsigned i = 0; i < v->how_count; i++)
        json_text(j, NULL, slice_of(v->how[i]));
    json_close_kept(j, how);
    json_u64(j, "count", v->count);
    json_string(j, "unit", v->unit);
    json_string(j, "advice", v->advice);
    json_text(j, "sentence", slice_of(v->sentence));
    json_text(j, "tester", slice_of(v->tester));
    json_close(j, verdict);
}

static void put_verdicts(struct json *j, const struct summary *s)
{
    struct json_mark verdicts = json_object(j, "verdict");
    for (unsigned topic = 0; topic < TOPIC_COUNT; topic++)
        put_verdict(j, &s->verdict[topic], (enum verdict_topic)topic);
    json_close(j, verdicts);
}

static void put_share(struct json *j, const char *key, double value)
{
    if (value >= 0)
        json_real(j, key, round(value * 1e4) / 1e4);
}

static void put_server_topic(struct json *j, const struct server_topic *t, enum verdict_topic topic)
{
    struct json_mark object = json_object(j, verdict_topic_name(topic));
    json_string(j, "state", verdict_state_name(t->state));
    if (t->no_evidence)
        json_bool(j, "no_evidence", true);
    json_time(j, "since", t->since_us);
    json_time(j, "last", t->last_us);
    json_u64(j, "count", t->count);
    json_string(j, "unit", t->unit);
    json_string(j, "advice", t->advice);
    json_close(j, object);
}

static void put_server_row(struct json *j, const struct server_row *row)
{
    struct json_mark object = json_object(j, NULL);
    json_text(j, "host", slice_of(row->host));
    json_text(j, "source", slice_of(row->source));
    json_text(j, "mta", slice_of(row->mta));
    if (row->others > 0)
        json_u64(j, "others", row->others);
    json_u64(j, "events", row->events);
    json_time(j, "first", row->first_us);
    json_time(j, "last", row->last_us);
    put_verdict(j, &row->relay, TOPIC_RELAY);
    for (unsigned topic = TOPIC_RELAY + 1; topic < TOPIC_COUNT; topic++)
        put_server_topic(j, &row->topic[topic], (enum verdict_topic)topic);
    struct json_mark coverage = json_object(j, "coverage");
    put_share(j, "rcpt_decisions_visible", row->rcpt_decisions_visible);
    put_share(j, "client_known", row->client_known);
    json_u64(j, "unjudged", row->unjudged);
    json_close(j, coverage);
    json_close(j, object);
}

static void put_servers(struct json *j, const struct summary *s)
{
    struct json_mark rows = json_array(j, "servers");
    for (unsigned i = 0; i < s->servers_count; i++)
        put_server_row(j, &s->servers[i]);
    json_close_kept(j, rows);
}

static const char *zones_name(enum zones_origin zones)
{
    static const char *const names[] = {
        [ZONES_EXPLICIT] = "explicit", [ZONES_LEARNT] = "learnt", [ZONES_MISSING] = "missing"};
    return names[zones];
}

static void put_coverage(struct json *j, const struct coverage *c)
{
    struct json_mark coverage = json_object(j, "coverage");
    put_share(j, "rcpt_decisions_visible", c->rcpt_decisions_visible);
    put_share(j, "client_known", c->client_known);
    put_share(j, "remote_reply_visible", c->remote_reply_visible);
    json_bool(j, "auth_visible", c->auth_visible);
    json_string(j, "zones", zones_name(c->zones));
    struct json_mark domains = json_array(j, "learnt_domains");
    for (unsigned i = 0; i < c->learnt_domains_count; i++)
        json_text(j, NULL, slice_of(c->learnt_domains[i]));
    json_close(j, domains);
    struct json_mark networks = json_array(j, "learnt_networks");
    for (unsigned i = 0; i < c->learnt_networks_count; i++)
        json_text(j, NULL, slice_of(c->learnt_networks[i]));
    json_close(j, networks);
    json_string(j, "server_mta", c->server_mta);
    json_text(j, "server_host", slice_of(c->server_host));
    json_close(j, coverage);
}

static void put_input(struct json *j, const struct summary *s)
{
    const struct input_totals *in = &s->input;
    struct json_mark input = json_object(j, "input");
    json_u64(j, "lines", in->lines);
    json_u64(j, "parsed", in->parsed);
    json_u64(j, "skipped", in->skipped);
    json_u64(j, "rejected", in->rejected);
    json_u64(j, "foreign", in->foreign);
    json_u64(j, "bytes", in->bytes);
    json_u64(j, "events", in->events);
    json_time(j, "first", in->first_us);
    json_time(j, "last", in->last_us);
    json_u64(j, "lines_cut", in->lines_cut);
    json_u64(j, "repeats", in->repeats);
    json_u64(j, "gzip_truncated", in->gzip_truncated);
    json_u64(j, "late_ignored", in->late_ignored);
    json_u64(j, "wild_time", in->wild_time);
    json_u64(j, "reorder_overflow", in->reorder_overflow);
    json_u64(j, "sources", in->sources);
    json_u64(j, "sources_failed", in->sources_failed);
    struct json_mark names = json_array(j, "source_names");
    for (unsigned i = 0; i < s->source_names_count; i++)
        json_text(j, NULL, slice_of(s->source_names[i]));
    json_close(j, names);
    json_close(j, input);
}

static void put_signature_row(struct json *j, const struct signature_row *row)
{
    struct json_mark object = json_object(j, NULL);
    json_string(j, "id", row->id);
    json_string(j, "title", row->title);
    json_string(j, "meaning", row->meaning);
    json_string(j, "file", row->file);
    json_u64(j, "entry", row->entry);
    json_u64(j, "hits", row->hits);
    json_u64(j, "clients", row->clients);
    if (row->off)
        json_bool(j, "off", true);
    json_close(j, object);
}

static void put_signatures(struct json *j, const struct signature_totals *t)
{
    struct json_mark signatures = json_object(j, "signatures"), rows;
    json_u64(j, "patterns", t->patterns);
    json_u64(j, "tried", t->tried);
    json_u64(j, "hits", t->hits);
    json_u64(j, "limited", t->limited);
    rows = json_array(j, "hit");
    for (unsigned i = 0; i < t->rows_count; i++)
        put_signature_row(j, &t->rows[i]);
    json_close_kept(j, rows);
    json_close(j, signatures);
}

static void put_top_rules(struct json *j, uint32_t rules)
{
    struct json_mark array = json_array(j, "rules");
    for (unsigned rule = 0; rule < RULE_COUNT; rule++)
        if ((rules >> rule & 1U) != 0)
            json_string(j, NULL, rule_info((enum rule)rule)->id);
    json_close_kept(j, array);
}

static void put_top_row(struct json *j, const struct top_row *row)
{
    struct json_mark object = json_object(j, NULL);
    json_text_kept(j, "key", slice_of(row->key));
    json_text(j, "name", slice_of(row->name));
    json_u64(j, "messages", row->messages);
    json_u64(j, "recipients", row->recipients);
    json_u64(j, "bytes", row->bytes);
    json_real(j, "bad_share", share(row->bad, row->recipients));
    json_u64(j, "error", row->error);
    json_time(j, "first", row->first_us);
    json_time(j, "last", row->last_us);
    put_top_rules(j, row->rules);
    json_close(j, object);
}

static void put_top(struct json *j, const struct run_info *run, const struct summary *s)
{
    struct json_mark top = json_object(j, "top");
    for (unsigned dim = 0; dim < TOP_COUNT; dim++) {
        const struct top_table *table = &s->top[dim];
        unsigned rows = run->top != 0 && run->top < table->count ? run->top : table->count;
        struct json_mark array = json_array(j, top_dimension_name((enum top_dimension)dim));
        for (unsigned i = 0; i < rows; i++)
            put_top_row(j, &table->rows[i]);
        json_close_kept(j, array);
    }
    json_close(j, top);
    struct json_mark totals = json_object(j, "top_total");
    for (unsigned dim = 0; dim < TOP_COUNT; dim++)
        json_u64(j, top_dimension_name((enum top_dimension)dim), s->top[dim].total);
    json_close(j, totals);
}

/* Buckets in which nothing was counted are left out, and so are counts of 0. */
static void put_timeline(struct json *j, const struct timeline_view *v)
{
    struct json_mark array = json_array(j, "timeline");
    for (unsigned b = 0; b < v->count; b++) {
        uint64_t all = 0;
        for (unsigned i = 0; i < TRAFFIC_COUNT; i++)
            all += v->bucket[b][i];
        if (all == 0)
            continue;
        struct json_mark object = json_object(j, NULL);
        json_time(j, "start", v->start_us + b * v->width_us);
        for (unsigned i = 0; i < TRAFFIC_COUNT; i++)
            if (v->bucket[b][i] > 0)
                json_u64(j, traffic_name((enum traffic)i), v->bucket[b][i]);
        json_close(j, object);
    }
    json_close_kept(j, array);
    json_u64(j, "timeline_step_s", (uint64_t)(v->width_us / 1000000));
}

static void put_scorecard(struct json *j, const struct summary *s)
{
    struct json_mark array = json_array(j, "scorecard");
    for (unsigned i = 0; i < s->scorecard_count; i++) {
        struct json_mark row = json_object(j, NULL);
        json_string(j, "number", s->scorecard[i].number);
        json_string(j, "title", s->scorecard[i].title);
        json_string(j, "result", s->scorecard[i].result);
        json_text(j, "evidence", slice_of(s->scorecard[i].evidence));
        json_close(j, row);
    }
    json_close_kept(j, array);
}

static void put_risk(struct json *j, const struct summary *s)
{
    if (s->risk_score < 0)
        return;
    json_real(j, "risk_score", round(s->risk_score * 10) / 10);
    struct json_mark shares = json_object(j, "risk_share");
    for (unsigned kind = 0; kind < RISK_KINDS; kind++)
        if (s->risk_share[kind] >= 0.05)
            json_real(j, risk_kind_name((enum risk_kind)kind),
                      round(s->risk_share[kind] * 10) / 10);
    json_close_kept(j, shares);
}

static void put_case_alerts(struct json *j, const struct alert_case *k)
{
    struct json_mark array = json_array(j, "alerts");
    for (unsigned i = 0; i < k->alerts_count && i < CASE_ALERTS_MOST; i++)
        json_string(j, NULL, k->alerts[i]->id);
    json_close_kept(j, array);
    json_u64(j, "alerts_total", k->alerts_count);
}

static void put_case_rules(struct json *j, const struct alert_case *k)
{
    uint32_t told = 0;
    struct json_mark array = json_array(j, "rules");
    for (unsigned i = 0; i < k->alerts_count; i++) {
        enum rule rule = k->alerts[i]->rule;
        if (rule == RULE_SCENARIO ? alert_scenario_is_new(k->alerts, i) : (told >> rule & 1U) == 0)
            json_string(j, NULL, alert_rule(k->alerts[i])->id);
        told |= 1U << rule;
    }
    json_close_kept(j, array);
}

static bool same_entity(const struct alert *a, const struct alert *b)
{
    return a->entity_type == b->entity_type && strcmp(a->entity, b->entity) == 0;
}

static void put_case_entities(struct json *j, const struct alert_case *k)
{
    unsigned count = k->alerts_count < CASE_ALERTS_MOST ? k->alerts_count : CASE_ALERTS_MOST;
    struct json_mark array = json_array(j, "entities");
    for (unsigned i = 0; i < count; i++) {
        unsigned before = 0;
        while (before < i && !same_entity(k->alerts[before], k->alerts[i]))
            before++;
        if (before < i)
            continue;
        struct json_mark entity = json_object(j, NULL);
        json_string(j, "type", entity_type_name(k->alerts[i]->entity_type));
        json_text(j, "value", slice_of(k->alerts[i]->entity));
        json_close(j, entity);
    }
    json_close_kept(j, array);
}

static void put_cases(struct json *j, const struct case_list *list)
{
    struct json_mark array = json_array(j, "cases");
    for (unsigned i = 0; i < list->count; i++) {
        const struct alert_case *k = &list->cases[i];
        struct json_mark object = json_object(j, NULL);
        json_string(j, "id", k->id);
        json_u64(j, "severity", severity_score(k->severity));
        json_time(j, "start", k->first_us);
        json_time(j, "end", k->last_us);
        json_text(j, "story", slice_of(k->story));
        put_case_alerts(j, k);
        put_case_rules(j, k);
        put_case_entities(j, k);
        json_close(j, object);
    }
    json_close_kept(j, array);
    json_u64(j, "cases_total", list->total);
}

static void put_scenarios(struct json *j, const struct summary *s)
{
    if (s->scenarios_count == 0)
        return;
    struct json_mark array = json_array(j, "scenarios");
    for (unsigned i = 0; i < s->scenarios_count; i++) {
        const struct scenario_tally *t = &s->scenarios[i];
        struct json_mark object = json_object(j, NULL);
        json_text(j, "id", slice_of(t->id));
        json_text(j, "name", slice_of(t->name));
        json_bool(j, "shadow", t->shadow);
        json_u64(j, "events", t->counted);
        json_u64(j, "fired", t->fired);
        json_u64(j, "late", t->late);
        json_u64(j, "groups_dropped", t->groups_dropped);
        json_close(j, object);
    }
    json_close(j, array);
}

static void put_alert_counts(struct json *j, const struct summary *s)
{
    struct json_mark counts = json_object(j, "alerts");
    for (unsigned i = 0; i < SEVERITY_COUNT; i++)
        json_u64(j, severity_name((enum severity)i), s->alerts_by_severity[i]);
    json_close(j, counts);
    json_u64(j, "evictions", s->evictions);
}

static void put_outputs(struct json *j, const struct summary *s)
{
    if (s->outputs_count == 0)
        return;
    struct json_mark array = json_array(j, "output");
    for (unsigned i = 0; i < s->outputs_count; i++) {
        const struct output_row *o = &s->outputs[i];
        struct json_mark object = json_object(j, NULL);
        json_string(j, "format", o->format);
        json_text(j, "path", slice_of(o->path == NULL ? "-" : o->path));
        json_u64(j, "failures", o->failures);
        json_u64(j, "waiting", o->waiting);
        json_u64(j, "spooled_bytes", o->spooled_bytes);
        json_u64(j, "lost", o->lost);
        json_close(j, object);
    }
    json_close(j, array);
}

static void put_event(struct json *j, const struct summary *s)
{
    struct json_mark event = json_object(j, "event");
    json_string(j, "kind", "state");
    json_words(j, "category", "email");
    json_words(j, "type", "info");
    json_string(j, "module", "relaywatch");
    json_string(j, "dataset", "relaywatch.summary");
    json_time(j, "start", s->input.first_us);
    json_time(j, "end", s->input.last_us);
    json_close(j, event);
}

static void put_message(struct json *j, const struct verdict *relay)
{
    if (relay->sentence[0] != '\0') {
        json_text(j, "message", slice_of(relay->sentence));
        return;
    }
    char text[64];
    snprintf(text, sizeof(text), "relay: %s", verdict_state_name(relay->state));
    json_string(j, "message", text);
}

static void put_server(struct json *j, const struct coverage *c)
{
    struct json_mark host = json_object(j, "host");
    json_text(j, "name", slice_of(c->server_host));
    json_close(j, host);
    struct json_mark service = json_object(j, "service");
    json_string(j, "type", c->server_mta);
    json_close(j, service);
}

void json_summary(const struct run_info *run, const struct summary *summary,
                  const struct alert *const *incidents, unsigned incidents_count,
                  struct outbuf *out)
{
    struct json json = json_begin(out, SIZE_MAX), *j = &json;
    (void)incidents;
    (void)incidents_count;
    struct json_mark top = json_object(j, NULL);
    json_put_head(j, summary->input.last_us);
    put_message(j, &summary->verdict[TOPIC_RELAY]);
    json_words(j, "tags", "relaywatch");
    put_event(j, summary);
    put_server(j, &summary->coverage);
    json_put_observer(j, run);
    struct json_mark own = json_object(j, "relaywatch");
    json_string(j, "schema", "1");
    put_verdicts(j, summary);
    put_servers(j, summary);
    put_coverage(j, &summary->coverage);
    put_input(j, summary);
    put_signatures(j, &summary->signatures);
    put_top(j, run, summary);
    put_cases(j, &summary->cases);
    put_timeline(j, &summary->timeline);
    put_scorecard(j, summary);
    put_risk(j, summary);
    put_scenarios(j, summary);
    put_alert_counts(j, summary);
    put_outputs(j, summary);
    json_close(j, own);
    json_close_kept(j, top);
    outbuf_putc(out, '\n');
}
