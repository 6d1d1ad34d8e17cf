/* json_alert.c - one alert as an ECS 8.17 document
 *
 * Members come in a fixed order, absent facts are left out. The line stays below JSON_LINE_MAX: the
 * document is written with generous limits first and, when it is too long, again with the next
 * smaller ones.
 * source:  ECS 8.17.0 field reference (event.type goes with event.category; email, related and
 *          threat are arrays); MITRE ATT&CK v18.1 by way of attack.def.
 * limits:  the header From is not in mail logs: email.from and email.sender both hold the envelope
 *          sender. */
#include "output/json.h"

#include <stdio.h>

#include "output/alert_view.h"

/* How much of an alert goes into its document; the last row fits whatever the text is. */
struct limits {
    size_t text_max, sample_max, key_max; /* bytes */
    unsigned samples, related;
    bool advice;
};
static const struct limits limits_tried[] = {
    {512, 512, 512, 3, 64, true}, {320, 256, 512, 2, 64, true}, {256, 192, 512, 1, 48, true},
    {128, 160, 512, 1, 16, true}, {64, 96, 320, 1, 6, false},   {24, 48, 160, 1, 2, false},
};
enum { LIMITS_COUNT = sizeof(limits_tried) / sizeof(limits_tried[0]) };

struct doc {
    struct json j;
    const struct run_info *run;
    const struct alert *alert;
    const struct rule_info *rule;
    const struct limits *limits;
    bool truncated;
};

static void put_message(struct doc *d)
{
    char text[ALERT_MESSAGE_MAX];
    json_text(&d->j, "message", alert_message(d->alert, text));
}

static void put_tags(struct doc *d)
{
    struct json_mark tags = json_array(&d->j, "tags");
    json_string(&d->j, NULL, "relaywatch");
    json_string(&d->j, NULL, d->rule->category);
    for (unsigned i = 0; i < d->alert->marks_count; i++)
        json_string(&d->j, NULL, d->alert->marks[i]->id);
    json_close(&d->j, tags);
}

/* "postfix/smtpd": the program that wrote the lines, within its mail system */
static void put_provider(struct doc *d)
{
    const struct alert *a = d->alert;
    char text[128];
    bool whole = a->mta == NULL || a->mta[0] == '\0' || a->program[0] == '\0' ||
                 strchr(a->program, '/') != NULL || strcmp(a->mta, a->program) == 0;
    if (whole)
        snprintf(text, sizeof(text), "%s",
                 a->program[0] != '\0' ? a->program : (a->mta == NULL ? "" : a->mta));
    else
        snprintf(text, sizeof(text), "%s/%s", a->mta, a->program);
    json_text(&d->j, "provider", slice_of(text));
}

/* Times of a log may lie centuries apart: nanoseconds end at 292 years. */
static int64_t duration_ns(const struct alert *a)
{
    int64_t us = a->last_us - a->first_us;

    return us > INT64_MAX / 1000 ? INT64_MAX : us * 1000;
}

static void put_event(struct doc *d)
{
    const struct alert *a = d->alert;
    struct json *j = &d->j;
    struct json_mark event = json_object(j, "event");
    json_string(j, "kind", "alert");
    json_words(j, "category", d->rule->ecs_category);
    json_words(j, "type", d->rule->ecs_type);
    json_string(j, "module", "relaywatch");
    json_string(j, "dataset", "relaywatch.alert");
    put_provider(d);
    json_string(j, "code", d->rule->id);
    json_string(j, "action", d->rule->action);
    json_string(j, "id", a->event_id);
    json_u64(j, "sequence", a->sequence);
    json_time(j, "created", a->raised_us);
    json_time(j, "start", a->first_us);
    json_time(j, "end", a->last_us);
    json_i64(j, "duration", duration_ns(a));
    json_u64(j, "severity", severity_score(a->severity));
    json_score(j, "risk_score", severity_score(a->severity));
    json_text(j, "reason", slice_of(a->reason));
    json_string(j, "outcome", d->rule->outcome);
    json_close(j, event);
}

static void put_rule(struct doc *d)
{
    struct json *j = &d->j;
    struct json_mark rule = json_object(j, "rule");
    json_string(j, "id", d->rule->id);
    json_string(j, "name", d->rule->name);
    json_string(j, "description", d->rule->description);
    json_string(j, "category", d->rule->category);
    json_string(j, "ruleset", "relaywatch");
    json_string(j, "version", "1");
    json_close(j, rule);
}

static void put_place(struct json *j, const struct geo_place *p)
{
    struct json_mark geo = json_object(j, "geo"), location, as, organization;
    json_text(j, "country_iso_code", slice_of(p->country));
    json_text(j, "country_name", slice_of(p->country_name));
    json_text(j, "continent_code", slice_of(p->continent));
    json_text(j, "continent_name", slice_of(p->continent_name));
    json_text(j, "region_name", slice_of(p->region_name));
    json_text(j, "city_name", slice_of(p->city_name));
    location = json_object(j, "location");
    if (p->located) {
        json_real(j, "lat", p->lat);
        json_real(j, "lon", p->lon);
    }
    json_close(j, location);
    json_close(j, geo);
    as = json_object(j, "as");
    if (p->as_number != 0)
        json_u64(j, "number", p->as_number);
    organization = json_object(j, "organization");
    json_text(j, "name", slice_of(p->as_name));
    json_close(j, organization);
    json_close(j, as);
}

static void put_source(struct doc *d)
{
    struct json *j = &d->j;
    struct ip_addr ip = alert_source(d->alert);
    struct json_mark source = json_object(j, "source");
    json_ip(j, "ip", &ip);
    json_ip(j, "address", &ip);
    /* the verified name belongs to the first event's client */
    if (ip.family != 0 && ip_addr_eq(&ip, &d->alert->client))
        json_text(j, "domain", slice_of(d->alert->client_name));
    put_place(j, &d->alert->place);
    json_close(j, source);
}

/* Where the mail went: the remote host of a delivery; else this server. */
static void put_destination(struct doc *d)
{
    struct json *j = &d->j;
    const char *relay = d->alert->relay;
    /* "local", "virtual", "none" are names of transports, not of hosts */
    const char *host = strpbrk(relay, ".:") != NULL ? relay : d->alert->host;
    struct ip_addr ip;
    bool is_ip = ip_addr_parse(slice_of(host), &ip);
    struct json_mark destination = json_object(j, "destination");
    json_text(j, "address", slice_of(host));
    if (is_ip)
        json_ip(j, "ip", &ip);
    else
        json_text(j, "domain", slice_of(host));
    json_close(j, destination);
}

static void put_user(struct doc *d)
{
    struct json *j = &d->j;
    slice user = slice_of(alert_user(d->alert));
    size_t at = slice_rfind_byte(user, '@');
    struct json_mark object = json_object(j, "user");
    json_text(j, "name", slice_first(user, at));
    if (at < user.len) {
        json_text(j, "domain", slice_from(user, at + 1));
        json_text(j, "email", user);
    }
    json_close(j, object);
}

static void put_address_array(struct json *j, const char *key, const char *value)
{
    struct json_mark object = json_object(j, key);
    struct json_mark array = json_array(j, "address");
    json_text(j, NULL, slice_of(value));
    json_close(j, array);
    json_close(j, object);
}

static void put_email(struct doc *d)
{
    const struct alert *a = d->alert;
    struct json *j = &d->j;
    struct json_mark email = json_object(j, "email");
    if (!alert_is_login(d->alert))
        json_string(j, "direction", alert_direction(a));
    put_address_array(j, "to", a->recipient);
    put_address_array(j, "from", a->sender);
    struct json_mark sender = json_object(j, "sender");
    json_text(j, "address", slice_of(a->sender));
    json_close(j, sender);
    json_text(j, "local_id", slice_of(a->queue_id));
    json_text(j, "message_id", slice_of(a->message_id));
    json_close(j, email);
}

static void put_network(struct doc *d)
{
    struct json *j = &d->j;
    struct json_mark network = json_object(j, "network");
    json_string(j, "protocol", "smtp");
    json_string(j, "transport", "tcp");
    json_string(j, "direction", alert_direction(d->alert));
    json_close(j, network);
}

static void put_host(struct doc *d)
{
    struct json *j = &d->j;
    slice host = slice_of(d->alert->host);
    struct ip_addr ip;
    bool is_ip = ip_addr_parse(host, &ip);
    struct json_mark object = json_object(j, "host");
    json_text(j, "name", host);
    if (!is_ip)
        json_text(j, "hostname", slice_first(host, slice_find_byte(host, '.')));
    json_close(j, object);
    struct json_mark service = json_object(j, "service");
    json_string(j, "type", d->alert->mta);
    json_string(j, "name", d->alert->mta);
    json_close(j, service);
}

/* An array of related.*: the first values given, then the related entities of one type. */
static void put_related_array(struct doc *d, const char *key, enum entity_type type, slice first,
                              slice second)
{
    const struct alert *a = d->alert;
    struct json *j = &d->j;
    struct json_mark array = json_array(j, key);
    unsigned left = d->limits->related;
    json_text(j, NULL, first);
    if (!slice_eq(first, second))
        json_text(j, NULL, second);
    for (unsigned i = 0; i < a->related_count && left > 0; i++) {
        slice value = slice_of(a->related[i].value);
        if (a->related[i].type != type || slice_eq(value, first) || slice_eq(value, second))
            continue;
        json_text(j, NULL, value);
        left--;
    }
    json_close(j, array);
}

static void put_related(struct doc *d)
{
    char text[IP_ADDR_TEXT];
    struct ip_addr ip = alert_source(d->alert);
    struct json_mark related = json_object(&d->j, "related");
    put_related_array(d, "hosts", ENTITY_HOST, slice_of(d->alert->host),
                      slice_of(d->alert->client_name));
    put_related_array(d, "ip", ENTITY_IP, ip_addr_format(&ip, text), SLICE_NONE);
    put_related_array(d, "user", ENTITY_USER, slice_of(alert_user(d->alert)), SLICE_NONE);
    json_close(&d->j, related);
}

static void put_related_entities(struct doc *d)
{
    const struct alert *a = d->alert;
    struct json *j = &d->j;
    unsigned shown = a->related_count < d->limits->related ? a->related_count : d->limits->related;
    struct json_mark array = json_array(j, "related_entities");
    for (unsigned i = 0; i < shown; i++) {
        struct json_mark entity = json_object(j, NULL);
        json_string(j, "type", entity_type_name(a->related[i].type));
        json_text(j, "value", slice_of(a->related[i].value));
        json_close(j, entity);
    }
    json_close(j, array);
    if (alert_related_total(a) > 0)
        json_u64(j, "related_total", alert_related_total(a));
    d->truncated |= shown < a->related_count;
}

/* Identifying texts keep their full length as long as anything can. */
static void put_key_text(struct doc *d, const char *key, const char *value)
{
    d->j.text_max = d->limits->key_max;
    json_text(&d->j, key, slice_of(value));
    d->j.text_max = d->limits->text_max;
}

static void put_advice(struct doc *d)
{
    const char *advice = d->alert->advice;
    if (advice == NULL || !d->limits->advice) {
        d->truncated |= advice != NULL && advice[0] != '\0';
        return;
    }
    json_string(&d->j, "advice", advice);
}

static void put_alert(struct doc *d)
{
    const struct alert *a = d->alert;
    struct json *j = &d->j;
    const int64_t day_us = INT64_C(86400000000);
    struct json_mark alert = json_object(j, "alert");
    json_string(j, "id", a->id);
    put_key_text(d, "dedup_key", a->dedup_key);
    json_string(j, "type", d->rule->type);
    json_string(j, "state", alert_state_name(a->state));
    json_u64(j, "confidence", a->confidence);
    struct json_mark entity = json_object(j, "entity");
    json_string(j, "type", entity_type_name(a->entity_type));
    put_key_text(d, "value", a->entity);
    json_close(j, entity);
    struct json_mark window = json_object(j, "window");
    json_time(j, "start", a->window_start_us);
    if (a->window_start_us != 0)
        json_time(j, "end", a->window_start_us + day_us);
    json_close(j, window);
    if (a->threshold > 0)
        json_real(j, "threshold", a->threshold);
    json_real(j, "observed", a->observed);
    json_string(j, "unit", a->unit);
    json_text(j, "how", slice_of(a->how));
    put_related_entities(d);
    json_time(j, "first", a->first_us);
    json_time(j, "last", a->last_us);
    put_advice(d);
    json_close(j, alert);
}

static void put_counters(struct doc *d)
{
    struct json_mark counters = json_object(&d->j, "counters");
    for (unsigned i = 0; i < d->alert->counters_count; i++)
        json_u64(&d->j, d->alert->counters[i].name, d->alert->counters[i].value);
    json_close(&d->j, counters);
}

static void put_smtp(struct doc *d)
{
    const struct alert *a = d->alert;
    struct json *j = &d->j;
    struct json_mark smtp = json_object(j, "smtp");
    if (a->reply_code != 0)
        json_u64(j, "reply_code", a->reply_code);
    if (a->status[0] != 0) {
        char status[16];
        snprintf(status, sizeof(status), "%u.%u.%u", a->status[0], a->status[1], a->status[2]);
        json_string(j, "enhanced_status", status);
    }
    json_string(j, "stage", a->stage);
    json_text(j, "service", slice_of(a->service));
    json_text(j, "helo", slice_of(a->helo));
    json_close(j, smtp);
}

static void put_samples(struct doc *d)
{
    const struct alert *a = d->alert;
    struct json *j = &d->j;
    unsigned shown = a->samples_count < d->limits->samples ? a->samples_count : d->limits->samples;
    struct json_mark samples = json_array(j, "samples");
    j->text_max = d->limits->sample_max;
    for (unsigned i = 0; i < shown; i++)
        json_text(j, NULL, slice_of(a->samples[i].text));
    j->text_max = d->limits->text_max;
    json_close(j, samples);
    struct json_mark lines = json_array(j, "sample_lines");
    for (unsigned i = 0; i < shown; i++) {
        struct json_mark line = json_object(j, NULL);
        json_text(j, "source", slice_of(a->samples[i].source));
        json_u64(j, "line", a->samples[i].line);
        json_u64(j, "offset", a->samples[i].offset);
        json_close(j, line);
    }
    json_close(j, lines);
    d->truncated |= shown < a->samples_count;
}

static void put_signatures(struct doc *d)
{
    struct json_mark list = json_array(&d->j, "signatures");
    for (unsigned i = 0; i < d->alert->marks_count; i++) {
        const struct alert_mark *mark = d->alert->marks[i];
        struct json_mark object = json_object(&d->j, NULL);
        json_string(&d->j, "id", mark->id);
        json_string(&d->j, "title", mark->title);
        json_string(&d->j, "meaning", mark->meaning);
        json_close(&d->j, object);
    }
    json_close(&d->j, list);
}

static void put_envelope(struct doc *d)
{
    const struct alert *a = d->alert;
    if (a->sender[0] == '\0' && !a->null_sender)
        return;
    struct json_mark envelope = json_object(&d->j, "envelope");
    json_text_kept(&d->j, "from", slice_of(a->null_sender ? "" : a->sender));
    json_bool(&d->j, "null_sender", a->null_sender);
    json_close(&d->j, envelope);
}

static void put_own(struct doc *d)
{
    struct json_mark own = json_object(&d->j, "relaywatch");
    json_string(&d->j, "schema", "1");
    put_alert(d);
    put_counters(d);
    put_smtp(d);
    put_signatures(d);
    put_samples(d);
    put_envelope(d);
    if (d->truncated || d->j.cut)
        json_bool(&d->j, "truncated", true);
    json_close(&d->j, own);
}

static void put_document(struct doc *d)
{
    struct json_mark top = json_object(&d->j, NULL);
    json_put_head(&d->j, d->alert->last_us);
    put_message(d);
    put_tags(d);
    put_event(d);
    put_rule(d);
    json_put_threat(&d->j, d->rule);
    put_source(d);
    put_destination(d);
    put_user(d);
    put_email(d);
    put_network(d);
    put_host(d);
    json_put_observer(&d->j, d->run);
    put_related(d);
    put_own(d);
    json_close(&d->j, top);
    outbuf_putc(d->j.out, '\n');
}

void json_alert(const struct run_info *run, const struct alert *alert, struct outbuf *out)
{
    size_t start = out->len;
    for (unsigned i = 0; i < LIMITS_COUNT; i++) {
        struct doc doc = {.j = json_begin(out, limits_tried[i].text_max),
                          .run = run,
                          .alert = alert,
                          .rule = alert_rule(alert),
                          .limits = &limits_tried[i]};
        put_document(&doc);
        if (out->len - start <= JSON_LINE_MAX || i + 1 == LIMITS_COUNT)
            return;
        out->len = start;
    }
}
