/* gelf.c - the "gelf" writer: Graylog Extended Log Format 1.1, one JSON object a line
 *
 * Every field of ours begins with '_' and is a string or a number; "_id" is forbidden.
 * source:   GELF 1.1.
 * limits:   one object a line in a file, with a NUL byte behind it over TCP, one a datagram over
 * UDP, neither compressed nor cut into chunks. Alerts only. */
#include <stdio.h>

#include "output/alert_view.h"
#include "output/json_fit.h"
#include "output/writers.h"

static void put_ids(struct json *j, const struct alert *a, const struct json_detail *detail)
{
    const struct rule_info *rule = alert_rule(a);

    json_string(j, "_alert_id", a->id);
    json_string(j, "_event_id", a->event_id);
    json_key_text(j, "_dedup_key", a->dedup_key, detail);
    json_string(j, "_state", alert_state_name(a->state));
    json_string(j, "_rule_id", rule->id);
    json_string(j, "_rule_name", rule->name);
    json_string(j, "_category", rule->category);
    json_string(j, "_severity", severity_levels(a->severity)->word);
    json_u64(j, "_confidence", a->confidence);
    json_string(j, "_entity_type", entity_type_name(a->entity_type));
    json_key_text(j, "_entity", a->entity, detail);
    json_real(j, "_observed", a->observed);
    if (a->threshold > 0)
        json_real(j, "_threshold", a->threshold);
    json_string(j, "_unit", a->unit);
    json_seconds(j, "_start", a->first_us);
    json_seconds(j, "_end", a->last_us);
    json_string(j, "_mitre_technique", rule->techniques);
}

static void put_source(struct json *j, const struct alert *a)
{
    struct ip_addr ip = alert_source(a);

    json_ip(j, "_src_ip", &ip);
    if (ip.family != 0 && ip_addr_eq(&ip, &a->client)) {
        json_text(j, "_src_name", slice_of(a->client_name));
        if (a->client_port != 0)
            json_u64(j, "_src_port", a->client_port);
    }
    json_text(j, "_src_country", slice_of(a->place.country));
    json_text(j, "_src_city", slice_of(a->place.city_name));
    if (a->place.located) {
        json_real(j, "_src_lat", a->place.lat);
        json_real(j, "_src_lon", a->place.lon);
    }
    if (a->place.as_number != 0)
        json_u64(j, "_src_as", a->place.as_number);
    json_text(j, "_src_as_name", slice_of(a->place.as_name));
}

static void put_mail(struct json *j, const struct alert *a)
{
    json_text(j, "_user", slice_of(alert_user(a)));
    json_text(j, "_mail_from", a->null_sender ? SLICE_LIT("<>") : slice_of(a->sender));
    json_text(j, "_rcpt_to", slice_of(a->recipient));
    json_text(j, "_helo", slice_of(a->helo));
    json_text(j, "_queue_id", slice_of(a->queue_id));
    json_string(j, "_mta", a->mta);
    json_text(j, "_reason", slice_of(a->reason));
    json_text(j, "_how", slice_of(a->how));
    if (alert_related_total(a) > 0)
        json_u64(j, "_related_total", alert_related_total(a));
    for (unsigned i = 0; i < a->counters_count; i++) {
        char key[64];
        snprintf(key, sizeof key, "_count_%s", a->counters[i].name);
        json_u64(j, key, a->counters[i].value);
    }
}

/* The log lines in one text, since a field cannot be a list. */
static void put_samples(struct json *j, const struct alert *a, const struct json_detail *detail)
{
    struct outbuf lines;
    size_t text_max = j->text_max;

    outbuf_init(&lines, sizeof a->samples);
    for (unsigned i = 0; i < a->samples_count && i < detail->samples; i++) {
        if (i > 0)
            outbuf_putc(&lines, '\n');
        outbuf_put(&lines, slice_first(slice_of(a->samples[i].text), detail->sample_max));
    }
    j->text_max = SIZE_MAX;
    json_text(j, "full_message", outbuf_slice(&lines));
    j->text_max = text_max;
    outbuf_fini(&lines);
}

static void put_document(struct json *j, const struct run_info *run, const struct alert *a,
                         const struct json_detail *detail)
{
    struct json_mark top = json_object(j, NULL);
    char text[ALERT_MESSAGE_MAX];

    (void)run;
    json_string(j, "version", "1.1");
    json_text(j, "host", slice_of(a->host[0] != '\0' ? a->host : "unknown")); /* required */
    json_text(j, "short_message", alert_message(a, text));
    put_samples(j, a, detail);
    json_seconds(j, "timestamp", a->last_us);
    json_u64(j, "level", severity_levels(a->severity)->syslog);
    put_ids(j, a, detail);
    put_source(j, a);
    put_mail(j, a);
    json_close(j, top);
}

static void write_alert(const struct run_info *run, const struct alert *alert, struct outbuf *out)
{
    json_fit(run, alert, out, put_document);
}

const struct writer gelf_writer = {
    .name = "gelf", .media_type = "application/x-ndjson", .frame = FRAME_NUL, .alert = write_alert};
