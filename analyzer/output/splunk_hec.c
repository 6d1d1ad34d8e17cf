/* splunk_hec.c - the "splunk-hec" writer: events for Splunk's HTTP Event Collector
 *
 * One object a line: that is how the collector takes a batch (curl --data-binary @FILE). Fields are
 * those of the Common Information Model: Alerts, Intrusion Detection, Email, Authentication.
 * source:   Splunk HEC, endpoint /services/collector/event; CIM add-on 8.5.
 * limits:   the collector does not drop repeated events: searches use "dedup event_id". Alerts
 *           only. */
#include "output/alert_view.h"
#include "output/attack.h"
#include "output/json_fit.h"
#include "output/writers.h"

static const char *action(const struct alert *a)
{
    if (alert_is_login(a))
        return alert_effect(a) == EFFECT_ALLOWED ? "success" : "failure";
    return alert_effect(a) == EFFECT_DENIED ? "blocked" : "allowed";
}

static void put_ids(struct json *j, const struct alert *a, const struct json_detail *detail)
{
    const struct rule_info *rule = alert_rule(a);

    json_string(j, "id", a->id);
    json_string(j, "event_id", a->event_id);
    json_key_text(j, "dedup_key", a->dedup_key, detail);
    json_string(j, "state", alert_state_name(a->state));
    json_string(j, "type", "alert");
    json_string(j, "app", "relaywatch");
    json_string(j, "vendor_product", "relaywatch");
    json_string(j, "signature", rule->name);
    json_string(j, "signature_id", rule->id);
    json_string(j, "category", rule->category);
    json_string(j, "severity", severity_levels(a->severity)->word);
    json_u64(j, "severity_id", severity_levels(a->severity)->ocsf);
    json_string(j, "ids_type", "application");
    json_string(j, "action", action(a));
    json_text(j, "dvc", slice_of(a->host));
    json_words(j, "mitre_technique_id", rule->techniques);
    json_string(j, "description", rule->description);
    json_text(j, "reason", slice_of(a->reason));
    json_string(j, "transport", "tcp");
    json_string(j, "protocol", "smtp");
}

static void put_figures(struct json *j, const struct alert *a, const struct json_detail *detail)
{
    json_string(j, "entity_type", entity_type_name(a->entity_type));
    json_key_text(j, "entity", a->entity, detail);
    json_real(j, "observed", a->observed);
    if (a->threshold > 0)
        json_real(j, "threshold", a->threshold);
    json_string(j, "unit", a->unit);
    json_u64(j, "confidence", a->confidence);
    json_seconds(j, "start_time", a->first_us);
    json_seconds(j, "end_time", a->last_us);
    struct json_mark counters = json_object(j, "counters");
    for (unsigned i = 0; i < a->counters_count; i++)
        json_u64(j, a->counters[i].name, a->counters[i].value);
    json_close(j, counters);
}

static void put_source(struct json *j, const struct alert *a)
{
    struct ip_addr ip = alert_source(a);

    json_ip(j, "src", &ip);
    json_ip(j, "src_ip", &ip);
    if (ip.family != 0 && ip_addr_eq(&ip, &a->client)) {
        json_text(j, "src_dns", slice_of(a->client_name));
        if (a->client_port != 0)
            json_u64(j, "src_port", a->client_port);
    }
    json_text(j, "src_country", slice_of(a->place.country_name));
    json_text(j, "src_country_code", slice_of(a->place.country));
    json_text(j, "src_city", slice_of(a->place.city_name));
    if (a->place.located) {
        json_real(j, "src_lat", a->place.lat);
        json_real(j, "src_long", a->place.lon);
    }
    if (a->place.as_number != 0)
        json_u64(j, "src_asn", a->place.as_number);
    json_text(j, "src_as_name", slice_of(a->place.as_name));
    json_text(j, "dest", slice_of(a->host));
}

static void put_mail(struct json *j, const struct alert *a)
{
    slice sender = slice_of(a->sender), recipient = slice_of(a->recipient);
    struct json_mark list;

    json_text(j, "user", slice_of(alert_user(a)));
    json_text(j, "src_user", a->null_sender ? SLICE_LIT("<>") : sender);
    json_text(j, "src_user_domain", slice_from(sender, slice_rfind_byte(sender, '@') + 1));
    list = json_array(j, "recipient");
    json_text(j, NULL, recipient);
    json_close(j, list);
    list = json_array(j, "recipient_domain");
    json_text(j, NULL, slice_from(recipient, slice_rfind_byte(recipient, '@') + 1));
    json_close(j, list);
    json_text(j, "internal_message_id", slice_of(a->queue_id));
    json_text(j, "message_id", slice_of(a->message_id));
    if (a->reply_code != 0)
        json_u64(j, "status_code", a->reply_code);
}

static void put_related(struct json *j, const struct alert *a, const struct json_detail *detail)
{
    struct json_mark list = json_array(j, "related");

    for (unsigned i = 0; i < a->related_count && i < detail->related; i++)
        json_text(j, NULL, slice_of(a->related[i].value));
    json_close(j, list);
    if (alert_related_total(a) > 0)
        json_u64(j, "related_total", alert_related_total(a));
}

static void put_document(struct json *j, const struct run_info *run, const struct alert *a,
                         const struct json_detail *detail)
{
    struct json_mark top = json_object(j, NULL), event;

    (void)run;
    json_seconds(j, "time", a->last_us);
    json_text(j, "host", slice_of(a->host));
    json_string(j, "source", "relaywatch");
    json_string(j, "sourcetype", "relaywatch:alert");
    event = json_object(j, "event");
    put_ids(j, a, detail);
    put_figures(j, a, detail);
    put_source(j, a);
    put_mail(j, a);
    put_related(j, a, detail);
    json_samples(j, "samples", a, detail);
    json_close(j, event);
    json_close(j, top);
}

static void write_alert(const struct run_info *run, const struct alert *alert, struct outbuf *out)
{
    json_fit(run, alert, out, put_document);
}

const struct writer splunk_hec_writer = {.name = "splunk-hec",
                                         .media_type = "application/x-ndjson",
                                         .frame = FRAME_LINE,
                                         .alert = write_alert};
