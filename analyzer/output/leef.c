/* leef.c - the "leef" writer: IBM QRadar's Log Event Extended Format 2.0, tab between the pairs
 *
 * LEEF has no escapes: controls become '?', and '|' and '^' in values a blank. Keys are the
 * predefined ones where there is one; ours are single words that equal none of them.
 * source:    LEEF 2.0, table of predefined attributes.
 * limits:    alerts only. */
#include "output/alert_view.h"
#include "output/line_text.h"
#include "output/writers.h"

static void put_key(struct outbuf *out, const char *key)
{
    outbuf_putc(out, '\t');
    outbuf_puts(out, key);
    outbuf_putc(out, '=');
}

static void put_text(struct outbuf *out, const char *key, slice value)
{
    size_t start = out->len, body;

    if (value.len == 0)
        return;
    put_key(out, key);
    body = out->len;
    line_text(out, value, 1024, "", "|^");
    if (out->len == body)
        out->len = start;
}

static void put_number(struct outbuf *out, const char *key, int64_t value)
{
    put_key(out, key);
    outbuf_i64(out, value);
}

static void put_source(const struct alert *a, struct outbuf *out)
{
    char text[IP_ADDR_TEXT];
    struct ip_addr ip = alert_source(a);

    put_text(out, "src", ip_addr_format(&ip, text));
    if (ip.family != 0 && ip_addr_eq(&ip, &a->client)) {
        if (a->client_port != 0)
            put_number(out, "srcPort", a->client_port);
        put_text(out, "srcName", slice_of(a->client_name));
    }
    put_text(out, "srcCountry", slice_of(a->place.country));
    put_text(out, "srcCity", slice_of(a->place.city_name));
    if (a->place.as_number != 0)
        put_number(out, "srcAsNumber", a->place.as_number);
    put_text(out, "srcAsName", slice_of(a->place.as_name));
}

static void put_mail(const struct alert *a, struct outbuf *out)
{
    put_text(out, "usrName", slice_first(slice_of(alert_user(a)), 255));
    put_text(out, "mailFrom", a->null_sender ? SLICE_LIT("<>") : slice_of(a->sender));
    put_text(out, "rcptTo", slice_of(a->recipient));
    put_text(out, "queueId", slice_of(a->queue_id));
    put_text(out, "messageId", slice_of(a->message_id));
}

static void put_figures(const struct alert *a, struct outbuf *out)
{
    char text[ALERT_NUMBER_MAX];

    put_text(out, "alertId", slice_of(a->id));
    put_text(out, "eventId", slice_of(a->event_id));
    put_text(out, "alertState", slice_of(alert_state_name(a->state)));
    put_text(out, "dedupKey", slice_of(a->dedup_key));
    put_text(out, "eventCount", alert_number(a->observed, text));
    if (a->threshold > 0)
        put_text(out, "threshold", alert_number(a->threshold, text));
    put_number(out, "windowSeconds", alert_seconds(a));
    put_number(out, "confidence", a->confidence);
    put_text(out, "mitre", slice_of(alert_rule(a)->techniques));
}

static void write_alert(const struct run_info *run, const struct alert *a, struct outbuf *out)
{
    const struct rule_info *rule = alert_rule(a);
    char text[ALERT_MESSAGE_MAX];

    outbuf_puts(out, "LEEF:2.0|relaywatch|relaywatch|");
    line_text(out, slice_of(run->version), 31, "", "|^");
    outbuf_putc(out, '|');
    line_text(out, slice_of(rule->id), 255, "", "|^");
    outbuf_puts(out, "|x09|devTime="); /* the first pair has no tab in front */
    outbuf_i64(out, a->last_us / 1000);
    put_text(out, "cat", slice_of(rule->category));
    put_number(out, "sev", severity_levels(a->severity)->cef);
    put_source(a, out);
    put_text(out, "proto", SLICE_LIT("TCP"));
    put_mail(a, out);
    put_figures(a, out);
    put_text(out, "resource", slice_of(a->host));
    put_text(out, "reason", slice_of(a->reason));
    put_text(out, "msg", alert_message(a, text));
    outbuf_putc(out, '\n');
}

const struct writer leef_writer = {
    .name = "leef", .media_type = "text/plain", .frame = FRAME_LINE, .alert = write_alert};
