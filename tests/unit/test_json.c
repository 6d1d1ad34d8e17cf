/* test_json.c - the ECS documents and the events file: fixed members, bounded lines, any bytes */
#include "test.h"

#include <cjson/cJSON.h>

#include "output/attack.h"
#include "output/events.h"
#include "output/json.h"
#include "output_fixture.h"

enum { OUT_MAX = 1 << 20 };

/* One line of output, parsed; *ret_text (may be NULL) is the raw line. Fails the case when it is
 * not one line. */
static cJSON *parse_line(slice out)
{
    CHECK(out.len > 1 && out.ptr[out.len - 1] == '\n');
    CHECK(slice_find_byte(out, '\n') == out.len - 1);
    cJSON *doc = cJSON_ParseWithLength(out.ptr, out.len);
    CHECK(doc != NULL);
    return doc;
}

/* "a.b.0.c" in a document; NULL when any part is missing. A number steps into an array. */
static const cJSON *at(const cJSON *doc, const char *path)
{
    slice rest = slice_of(path);
    while (doc != NULL && rest.len > 0) {
        char name[64];
        size_t dot = slice_find_byte(rest, '.');
        (void)slice_keep(slice_first(rest, dot), name, sizeof(name));
        rest = slice_from(rest, dot + 1);
        doc = cJSON_IsArray(doc) ? cJSON_GetArrayItem(doc, atoi(name))
                                 : cJSON_GetObjectItemCaseSensitive(doc, name);
    }
    return doc;
}

static void check_text(const cJSON *doc, const char *path, const char *want)
{
    const cJSON *item = at(doc, path);
    const char *got = cJSON_IsString(item) ? item->valuestring : NULL;
    if (want == NULL ? item != NULL : got == NULL || strcmp(got, want) != 0) {
        test_fail(__FILE__, __LINE__, path);
        printf("#   got %s, want %s\n", got == NULL ? "(none)" : got, want == NULL ? "-" : want);
    }
}

static void check_number(const cJSON *doc, const char *path, double want)
{
    const cJSON *item = at(doc, path);
    if (!cJSON_IsNumber(item) || item->valuedouble != want) {
        test_fail(__FILE__, __LINE__, path);
        printf("#   got %.9g, want %.9g\n", item == NULL ? NAN : item->valuedouble, want);
    }
}

static cJSON *alert_doc(const struct fixture *f, const struct alert *a, struct outbuf *out)
{
    outbuf_clear(out);
    writer_find(SLICE_LIT("json"))->alert(&f->run, a, out);
    return parse_line(outbuf_slice(out));
}

static void test_alert(void)
{
    static const struct {
        const char *path, *want;
    } texts[] = {
        {"@timestamp", "2026-03-02T05:10:00.000Z"},
        {"ecs.version", "8.17.0"},
        {"message", "Unauthenticated relay accepted: ip 203.0.113.71, 312 relayed recipients in "
                    "7768 s (threshold 1)"},
        {"tags.1", "relay-abuse"},
        {"event.kind", "alert"},
        {"event.category.1", "email"},
        {"event.type.0", "allowed"},
        {"event.code", "RW-RELAY-ACCEPTED"},
        {"event.provider", "postfix/smtpd"},
        {"event.created", "2026-03-02T03:00:33.000Z"},
        {"event.start", "2026-03-02T03:00:32.000Z"},
        {"event.end", "2026-03-02T05:10:00.000Z"},
        {"event.outcome", "success"},
        {"threat.technique.name.0", "Resource Hijacking"},
        {"threat.technique.subtechnique", NULL},
        {"source.ip", "203.0.113.71"},
        {"source.domain", "host71.pool.example"},
        {"destination.domain", "mx.dest.example"},
        {"user", NULL},
        {"email.direction", "outbound"},
        {"email.to.address.0", "victim1@dest.example"},
        {"email.from.address.0", "billing@bank.example"},
        {"email.sender.address", "billing@bank.example"},
        {"host.hostname", "mx1"},
        {"observer.name", NULL},
        {"related.ip.0", "203.0.113.71"},
        {"relaywatch.alert.state", "new"},
        {"relaywatch.alert.entity.type", "ip"},
        {"relaywatch.alert.entity.value", "203.0.113.71"},
        {"relaywatch.alert.window.start", "2026-03-02T00:00:00.000Z"},
        {"relaywatch.alert.window.end", "2026-03-03T00:00:00.000Z"},
        {"relaywatch.alert.how", "percent"},
        {"relaywatch.alert.related_entities", NULL},
        {"relaywatch.smtp.enhanced_status", "2.0.0"},
        {"relaywatch.sample_lines.0.source", "mail.log"},
        {"relaywatch.envelope.from", "billing@bank.example"},
        {"relaywatch.truncated", NULL},
    };
    struct fixture *f = fixture_new();
    struct outbuf out;
    outbuf_init(&out, OUT_MAX);
    cJSON *doc = alert_doc(f, &f->alerts[0], &out);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        check_text(doc, texts[i].path, texts[i].want);
    check_number(doc, "event.severity", 99);
    check_number(doc, "event.duration", 7768e9);
    check_number(doc, "relaywatch.alert.observed", 312);
    check_number(doc, "relaywatch.alert.threshold", 1);
    check_number(doc, "relaywatch.counters.recipient_domains", 118);
    cJSON_Delete(doc);
    outbuf_fini(&out);
    free(f);
}

/* A log of wild times: more nanoseconds than a number holds. */
static void test_centuries(void)
{
    struct fixture *f = fixture_new();
    struct outbuf out;

    outbuf_init(&out, OUT_MAX);
    f->alerts[0].last_us = f->alerts[0].first_us + INT64_C(800) * 365 * 86400 * 1000000;
    cJSON *doc = alert_doc(f, &f->alerts[0], &out);
    check_number(doc, "event.duration", 0x1p63);
    cJSON_Delete(doc);
    outbuf_fini(&out);
    free(f);
}

static void test_place(void)
{
    static const struct {
        const char *path, *want;
    } texts[] = {
        {"source.geo.country_iso_code", "VN"},
        {"source.geo.country_name", "Viet Nam"},
        {"source.geo.continent_code", "AS"},
        {"source.geo.continent_name", "Asia"},
        {"source.geo.region_name", NULL},
        {"source.geo.city_name", "Hanoi"},
        {"source.as.organization.name", "AS64496 <b>"},
    };
    struct fixture *f = fixture_new();
    struct outbuf out;
    outbuf_init(&out, OUT_MAX);
    f->alerts[0].place = (struct geo_place){.country = "VN",
                                            .country_name = "Viet Nam",
                                            .continent = "AS",
                                            .continent_name = "Asia",
                                            .city_name = "Hanoi",
                                            .located = true,
                                            .lat = -21.03,
                                            .lon = 105.85,
                                            .as_number = 64496,
                                            .as_name = "AS64496 <b>"};
    cJSON *doc = alert_doc(f, &f->alerts[0], &out);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        check_text(doc, texts[i].path, texts[i].want);
    check_number(doc, "source.geo.location.lat", -21.03);
    check_number(doc, "source.geo.location.lon", 105.85);
    check_number(doc, "source.as.number", 64496);
    cJSON_Delete(doc);
    f->alerts[0].place = (struct geo_place){.as_number = 64496};
    doc = alert_doc(f, &f->alerts[0], &out);
    check_text(doc, "source.geo", NULL);
    check_text(doc, "source.as.organization", NULL);
    check_number(doc, "source.as.number", 64496);
    cJSON_Delete(doc);
    outbuf_fini(&out);
    free(f);
}

static void test_alert_variants(void)
{
    struct fixture *f = fixture_new();
    struct outbuf out;
    outbuf_init(&out, OUT_MAX);
    f->run.observer_host = "loghost.example.org";
    cJSON *doc = alert_doc(f, &f->alerts[1], &out);
    check_text(doc, "relaywatch.envelope.from", "");
    CHECK(cJSON_IsTrue(at(doc, "relaywatch.envelope.null_sender")));
    check_text(doc, "event.outcome", NULL);
    check_text(doc, "source", NULL);
    check_text(doc, "observer.name", "loghost.example.org");
    check_text(doc, "relaywatch.alert.related_entities.1.value", "198.51.100.90");
    check_number(doc, "relaywatch.alert.related_total", 57);
    check_number(doc, "event.sequence", 3);
    cJSON_Delete(doc);
    doc = alert_doc(f, &f->alerts[2], &out);
    check_text(doc, "user.name", "alice");
    check_text(doc, "user.domain", "example.net");
    check_text(doc, "source.ip", "2001:db8:5::9");
    check_text(doc, "email", NULL);
    check_text(doc, "threat.technique.id.0", "T1110");
    check_text(doc, "threat.technique.subtechnique.reference.0",
               "https://attack.mitre.org/techniques/T1110/001/");
    check_number(doc, "relaywatch.alert.observed", 212.5);
    cJSON_Delete(doc);
    outbuf_fini(&out);
    free(f);
}

static void fill(char *field, size_t size, const char *pattern)
{
    size_t length = strlen(pattern);
    for (size_t i = 0; i + 1 < size; i++)
        field[i] = pattern[i % length];
    field[size - 1] = '\0';
}
#define FILL(field, pattern) fill((field), sizeof(field), (pattern))

/* Every text at its full length, made of `pattern`. */
static void fill_alert(struct alert *a, struct alert_related *related, const char *pattern)
{
    FILL(a->entity, pattern);
    FILL(a->dedup_key, pattern);
    FILL(a->reason, pattern);
    FILL(a->how, pattern);
    FILL(a->client_name, pattern);
    FILL(a->place.country_name, pattern);
    FILL(a->place.continent_name, pattern);
    FILL(a->place.region_name, pattern);
    FILL(a->place.city_name, pattern);
    FILL(a->place.as_name, pattern);
    a->place.located = true;
    a->place.lat = a->place.lon = -89.123456;
    a->place.as_number = UINT32_MAX;
    FILL(a->helo, pattern);
    FILL(a->user, pattern);
    FILL(a->sender, pattern);
    FILL(a->recipient, pattern);
    FILL(a->host, pattern);
    FILL(a->program, pattern);
    FILL(a->service, pattern);
    FILL(a->queue_id, pattern);
    FILL(a->message_id, pattern);
    FILL(a->relay, pattern);
    a->samples_count = ALERT_SAMPLES_MAX;
    for (unsigned i = 0; i < ALERT_SAMPLES_MAX; i++) {
        FILL(a->samples[i].text, pattern);
        FILL(a->samples[i].source, pattern);
        a->samples[i].line = a->samples[i].offset = UINT64_MAX;
    }
    for (unsigned i = 0; i < ALERT_RELATED_MAX; i++) {
        related[i].type = i % 2 == 0 ? ENTITY_IP : ENTITY_HOST;
        FILL(related[i].value, pattern);
    }
    a->related = related;
    a->related_count = ALERT_RELATED_MAX;
    a->related_total = UINT32_MAX;
    a->counters_count = ALERT_COUNTERS_MAX;
    for (unsigned i = 0; i < ALERT_COUNTERS_MAX; i++)
        a->counters[i] = (struct alert_counter){"a_counter_with_a_name", UINT64_MAX};
}

static void test_bounded(void)
{
    static const char *const patterns[] = {
        "a", "\x01", "\"\\", "\x80", "\xe2\x82\xac", "\x1b[31m", "<script>", "\xff\xfe"};
    static struct alert_related related[ALERT_RELATED_MAX];
    struct fixture *f = fixture_new();
    struct outbuf out;
    outbuf_init(&out, OUT_MAX);
    for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
        for (unsigned rule = 0; rule < RULE_COUNT; rule++) {
            struct alert *a = &f->alerts[0];
            fill_alert(a, related, patterns[i]);
            a->rule = (enum rule)rule;
            a->advice = advice_for_rule(a->rule, rule % 2 == 0 ? "postfix" : "exchange");
            cJSON *doc = alert_doc(f, a, &out);
            CHECK(out.len <= JSON_LINE_MAX);
            CHECK(cJSON_IsTrue(at(doc, "relaywatch.truncated")));
            check_text(doc, "relaywatch.alert.id", a->id);
            check_text(doc, "event.id", a->event_id);
            check_text(doc, "rule.id", rule_info(a->rule)->id);
            cJSON_Delete(doc);
        }
    outbuf_fini(&out);
    free(f);
}

/* Cutting a text must not break a character: no U+FFFD may appear in well-formed input. */
static void test_cut_characters(void)
{
    static struct alert_related related[ALERT_RELATED_MAX];
    struct fixture *f = fixture_new();
    struct outbuf out;
    outbuf_init(&out, OUT_MAX);
    fill_alert(&f->alerts[0], related, "\xe2\x82\xac");
    for (unsigned i = 0; i < ALERT_SAMPLES_MAX; i++) /* 511 = 170 * 3 + 1: end on a character */
        f->alerts[0].samples[i].text[510] = '\0';
    char *texts[] = {f->alerts[0].sender, f->alerts[0].recipient};
    for (size_t i = 0; i < 2; i++)
        texts[i][255] = '\0';
    cJSON *doc = alert_doc(f, &f->alerts[0], &out);
    const cJSON *sample = at(doc, "relaywatch.samples.0");
    CHECK(cJSON_IsString(sample) && strstr(sample->valuestring, "\xef\xbf\xbd") == NULL);
    const cJSON *sender = at(doc, "email.sender.address");
    CHECK(cJSON_IsString(sender) && strstr(sender->valuestring, "\xef\xbf\xbd") == NULL);
    cJSON_Delete(doc);
    outbuf_fini(&out);
    free(f);
}

static cJSON *summary_doc(const struct fixture *f, struct outbuf *out)
{
    outbuf_clear(out);
    writer_find(SLICE_LIT("ecs"))->summary(&f->run, &f->summary, f->incidents, 4, out);
    return parse_line(outbuf_slice(out));
}

static void test_summary(void)
{
    static const struct {
        const char *path, *want;
    } texts[] = {
        {"@timestamp", "2026-03-03T01:13:52.000Z"},
        {"event.kind", "state"},
        {"event.dataset", "relaywatch.summary"},
        {"relaywatch.verdict.relay.state", "yes"},
        {"relaywatch.verdict.relay.since", "2026-03-02T03:00:32.000Z"},
        {"relaywatch.verdict.relay.by.0.value", "203.0.113.71"},
        {"relaywatch.verdict.relay.how.1", "percent"},
        {"relaywatch.verdict.inside.state", "no"},
        {"relaywatch.verdict.inside.since", NULL},
        {"relaywatch.verdict.inside.advice", NULL},
        {"relaywatch.coverage.zones", "learnt"},
        {"relaywatch.coverage.learnt_domains.1", "example.org"},
        {"relaywatch.input.first", "2026-03-01T03:00:32.000Z"},
        {"relaywatch.top.clients.0.key", "203.0.113.71"},
        {"relaywatch.top.clients.0.rules.0", "RW-RELAY-ACCEPTED"},
        {"relaywatch.top.clients.1.first", NULL},
        {"relaywatch.scorecard.0.result", "FAIL"},
        {"relaywatch.scorecard.2.number", "H1"},
        {"relaywatch.cases.0.id", "2f1a7c1e-30a5-5a8f-9a52-4b2c9c0a7b11"},
        {"relaywatch.cases.0.start", "2026-03-02T03:00:32.000Z"},
        {"relaywatch.cases.0.end", "2026-03-02T05:10:00.000Z"},
        {"relaywatch.cases.0.alerts.0", "fa83c3af-9341-5221-b68d-24bd389759bd"},
        {"relaywatch.cases.0.rules.1", "RW-SASL-BRUTE-SUCCESS"},
        {"relaywatch.cases.0.entities.1.type", "user"},
        {"relaywatch.cases.0.entities.1.value", "alice@example.net"},
        {"relaywatch.timeline.0.start", "2026-03-02T03:00:00.000Z"},
        {"relaywatch.timeline.1.start", "2026-03-02T03:20:00.000Z"},
        {"relaywatch.timeline.1.accepted", NULL},
    };
    struct fixture *f = fixture_new();
    struct outbuf out;
    outbuf_init(&out, OUT_MAX);
    cJSON *doc = summary_doc(f, &out);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        check_text(doc, texts[i].path, texts[i].want);
    check_number(doc, "relaywatch.verdict.relay.count", 412);
    check_number(doc, "relaywatch.verdict.relay.by_total", 4);
    check_number(doc, "relaywatch.input.lines", 1234567);
    check_number(doc, "relaywatch.coverage.client_known", 0.9812);
    check_number(doc, "relaywatch.top.clients.0.bad_share", 0.3004);
    check_number(doc, "relaywatch.top.clients.0.error", 12);
    check_number(doc, "relaywatch.risk_score", 87.3);
    check_number(doc, "relaywatch.risk_share.account", 15.1);
    CHECK(at(doc, "relaywatch.risk_share.probe") == NULL);
    check_number(doc, "relaywatch.cases.0.severity", 99);
    check_number(doc, "relaywatch.cases.0.alerts_total", 3);
    check_number(doc, "relaywatch.cases_total", 1);
    check_number(doc, "relaywatch.timeline.0.delivered", 312);
    check_number(doc, "relaywatch.timeline.1.null_in", 6200);
    check_number(doc, "relaywatch.timeline_step_s", 600);
    CHECK_INT(cJSON_GetArraySize(at(doc, "relaywatch.timeline")), 2);
    for (unsigned i = 0; i < TOPIC_COUNT; i++) {
        char path[64];
        snprintf(path, sizeof(path), "relaywatch.verdict.%s.by",
                 verdict_topic_name((enum verdict_topic)i));
        CHECK(cJSON_IsArray(at(doc, path)));
    }
    CHECK(cJSON_IsArray(at(doc, "relaywatch.top.senders")));
    cJSON_Delete(doc);
    outbuf_fini(&out);
    free(f);
}

static void test_summary_limits(void)
{
    struct fixture *f = fixture_new();
    struct outbuf out;
    outbuf_init(&out, OUT_MAX);
    f->run.top = 1;
    f->summary.risk_score = -1;
    f->summary.coverage.client_known = -1;
    f->summary.verdict[TOPIC_RELAY].sentence[0] = '\0';
    f->summary.verdict[TOPIC_INSIDE].no_evidence = true;
    f->summary.input.first_us = f->summary.input.last_us = 0;
    cJSON *doc = summary_doc(f, &out);
    CHECK_INT(cJSON_GetArraySize(at(doc, "relaywatch.top.clients")), 1);
    CHECK(at(doc, "relaywatch.risk_score") == NULL);
    CHECK(at(doc, "relaywatch.coverage.client_known") == NULL);
    CHECK(cJSON_IsTrue(at(doc, "relaywatch.verdict.inside.no_evidence")));
    check_text(doc, "message", "relay: yes");
    check_text(doc, "@timestamp", "1970-01-01T00:00:00.000Z");
    check_text(doc, "relaywatch.input.first", NULL);
    cJSON_Delete(doc);
    outbuf_fini(&out);
    free(f);
}

static void test_repeatable(void)
{
    struct fixture *f = fixture_new();
    struct outbuf one, two;
    outbuf_init(&one, OUT_MAX);
    outbuf_init(&two, OUT_MAX);
    cJSON_Delete(alert_doc(f, &f->alerts[0], &one));
    cJSON_Delete(alert_doc(f, &f->alerts[0], &two));
    CHECK(slice_eq(outbuf_slice(&one), outbuf_slice(&two)));
    outbuf_fini(&one);
    outbuf_fini(&two);
    free(f);
}

static void test_attack_names(void)
{
    for (unsigned rule = 0; rule < RULE_COUNT; rule++) {
        const struct rule_info *info = rule_info((enum rule)rule);
        const char *const lists[] = {info->tactics, info->techniques};
        for (size_t i = 0; i < 2; i++) {
            slice rest = slice_of(lists[i]);
            for (slice id = attack_next(&rest); id.ptr != NULL; id = attack_next(&rest)) {
                CHECK(attack_name(id).len > 0);
                CHECK(attack_name(slice_first(id, slice_find_byte(id, '.'))).len > 0);
            }
        }
    }
    CHECK(attack_name(SLICE_LIT("T9999")).ptr == NULL);
}

static void test_writers(void)
{
    slice rest = slice_of(writer_names());
    unsigned count = 0;
    for (slice name = attack_next(&rest); name.ptr != NULL; name = attack_next(&rest), count++) {
        const struct writer *writer = writer_find(slice_trim(name));
        CHECK(writer != NULL && slice_eq(slice_of(writer->name), slice_trim(name)));
    }
    CHECK(count >= 3);
    CHECK(writer_find(SLICE_LIT("ecs")) != NULL && writer_find(SLICE_LIT("nonesuch")) == NULL);
}

static void test_event(void)
{
    struct event ev = {.time_us = FIXTURE_START_US};
    struct outbuf out;
    outbuf_init(&out, OUT_MAX);
    event_reset(&ev);
    ev.kind = EVENT_RCPT;
    ev.stage = STAGE_RCPT;
    ev.outcome = OUTCOME_REFUSED;
    ev.reply_code = 554;
    ev.status[0] = 5, ev.status[1] = 7, ev.status[2] = 1;
    ev.delay_ms = -1;
    ev.uid = -1;
    ev.repeat = 1;
    ev.pos.number = 12;
    (void)ip_addr_parse(SLICE_LIT("192.0.2.25"), &ev.client);
    event_set_sender(&ev, SLICE_LIT(""));
    event_set(&ev, EF_HOST, SLICE_LIT("mx1"));
    event_set(&ev, EF_HELO, SLICE_LIT("a\x1b\xff\"b"));
    events_write(&ev, "postfix", &out);
    char want[512];
    snprintf(
        want, sizeof(want),
        "{\"@timestamp\":\"2026-03-02T03:00:32.000Z\",\"kind\":\"rcpt\",\"parser\":\"postfix\","
        "\"host\":\"mx1\",\"helo\":\"a\\u001b\xef\xbf\xbd\\\"b\",\"sender\":\"\","
        "\"stage\":\"%s\",\"outcome\":\"%s\",\"reply_code\":554,\"status\":\"5.7.1\","
        "\"client\":\"192.0.2.25\",\"null_sender\":true,\"source\":0,\"line\":12}\n",
        event_stage_name(STAGE_RCPT), event_outcome_name(OUTCOME_REFUSED));
    CHECK_SLICE(outbuf_slice(&out), want);
    outbuf_fini(&out);
}

static void test_event_numbers(void)
{
    struct event ev = {.time_us = FIXTURE_START_US};
    struct outbuf out;
    outbuf_init(&out, OUT_MAX);
    event_reset(&ev);
    ev.kind = EVENT_DISCONNECT;
    ev.delay_ms = 0;
    ev.uid = 0;
    ev.repeat = 3;
    ev.size = UINT64_C(9007199254740993);
    ev.counters = (struct session_counters){.present = true, .rcpt_all = 4};
    events_write(&ev, "postfix", &out);
    slice text = outbuf_slice(&out);
    CHECK(slice_has(text,
                    SLICE_LIT("\"repeat\":3,\"size\":9007199254740993,\"delay_ms\":0,\"uid\":0")));
    CHECK(slice_has(text, SLICE_LIT("\"counters\":{\"rcpt_all\":4}")));
    outbuf_fini(&out);
}

static const struct test_case cases[] = {
    {"an alert has the members of the contract and no empty ones", test_alert},
    {"an alert of a log of wild times", test_centuries},
    {"the place and network of the source appear where they are known", test_place},
    {"null sender, user, members and observer appear where they exist", test_alert_variants},
    {"an alert line stays under its limit whatever bytes a log holds", test_bounded},
    {"cutting keeps characters whole", test_cut_characters},
    {"the summary has verdicts, coverage, input, tops and scorecard", test_summary},
    {"the summary leaves out what was not computed and cuts tables", test_summary_limits},
    {"two writings of one alert are the same bytes", test_repeatable},
    {"every ATT&CK id of a rule has a name, and its parent too", test_attack_names},
    {"every writer is found by each of its listed names", test_writers},
    {"an event is one line in table order with hostile bytes escaped", test_event},
    {"numbers of an event are exact and zeroes that mean something stay", test_event_numbers},
};

TEST_MAIN(cases)
