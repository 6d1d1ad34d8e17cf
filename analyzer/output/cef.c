/* cef.c - the "cef" writer: ArcSight Common Event Format, version 0
 *
 * In the header '\' and '|' are escaped, in values '\' and '='. src takes IPv4 only, so IPv6 goes
 * to c6a2. Mail has no keys of its own: the sender is suser, the recipient duser.
 * source:    ArcSight CEF Implementation Standard, the producer keys of 0.1 and their lengths.
 * limits:    places have consumer keys only (slat, slong): AS and country are in cs4 and cs5.
 *            Alerts only. */
#include "output/cef.h"

#include <stdio.h>

#include "output/alert_view.h"
#include "output/line_text.h"
#include "output/writers.h"

static void put_header(struct outbuf *out, const char *text, size_t max)
{
    line_text(out, slice_of(text), max, "\\|", "");
    outbuf_putc(out, '|');
}

static void put_key(struct outbuf *out, const char *key)
{
    outbuf_putc(out, ' ');
    outbuf_puts(out, key);
    outbuf_putc(out, '=');
}

static void put_text(struct outbuf *out, const char *key, slice value, size_t max)
{
    size_t start = out->len, body;

    if (value.len == 0)
        return;
    put_key(out, key);
    body = out->len;
    line_text(out, value, max, "\\=", "");
    if (out->len == body) /* nothing but blanks */
        out->len = start;
}

static void put_number(struct outbuf *out, const char *key, int64_t value)
{
    put_key(out, key);
    outbuf_i64(out, value);
}

/* A custom field and the label that names it. */
static void put_custom(struct outbuf *out, const char *key, const char *label, slice value)
{
    char label_key[16];
    size_t start = out->len;

    put_text(out, key, value, 1023);
    if (out->len == start)
        return;
    snprintf(label_key, sizeof label_key, "%sLabel", key);
    put_text(out, label_key, slice_of(label), 1023);
}

static void put_custom_number(struct outbuf *out, const char *key, const char *label, int64_t value)
{
    char label_key[16];

    put_number(out, key, value);
    snprintf(label_key, sizeof label_key, "%sLabel", key);
    put_text(out, label_key, slice_of(label), 1023);
}

static void put_what(const struct alert *a, struct outbuf *out)
{
    static const char *const acts[] = {
        [EFFECT_DENIED] = "blocked", [EFFECT_ALLOWED] = "allowed", [EFFECT_OBSERVED] = "detected"};

    outbuf_puts(out, "rt="); /* the first pair has no blank in front */
    outbuf_i64(out, a->last_us / 1000);
    put_number(out, "start", a->first_us / 1000);
    put_number(out, "end", a->last_us / 1000);
    put_text(out, "externalId", slice_of(a->id), 40);
    put_text(out, "cat", slice_of(alert_rule(a)->category), 1023);
    put_text(out, "act", slice_of(acts[alert_effect(a)]), 63);
    put_text(out, "outcome", slice_of(alert_rule(a)->outcome), 63);
}

static void put_source(const struct alert *a, struct outbuf *out)
{
    char text[IP_ADDR_TEXT];
    struct ip_addr ip = alert_source(a);
    slice address = ip_addr_format(&ip, text);

    if (ip.family == 6)
        put_custom(out, "c6a2", "Source IPv6 Address", address);
    else
        put_text(out, "src", address, 15);
    if (ip.family == 0 || !ip_addr_eq(&ip, &a->client))
        return;
    put_text(out, "shost", slice_of(a->client_name), 1023);
    if (a->client_port != 0)
        put_number(out, "spt", a->client_port);
}

static void put_parties(const struct alert *a, struct outbuf *out)
{
    bool login = alert_is_login(a);
    const char *user = alert_user(a);

    put_source(a, out);
    put_text(out, "dhost", slice_of(a->host), 1023);
    put_text(out, "app", SLICE_LIT("SMTP"), 31);
    put_text(out, "proto", SLICE_LIT("TCP"), 31);
    if (!login)
        put_number(out, "deviceDirection", strcmp(alert_direction(a), "outbound") == 0);
    put_text(out, "suser", a->null_sender ? SLICE_LIT("<>") : slice_of(a->sender), 1023);
    put_text(out, "duser", slice_of(login ? user : a->recipient), 1023);
    if (!login)
        put_text(out, "suid", slice_of(user), 1023);
    put_text(out, "dvchost", slice_of(a->host), 100);
}

static void put_figures(const struct alert *a, struct outbuf *out)
{
    char as[96] = "";

    if (a->observed >= 0 && a->observed < 2147483648.0)
        put_number(out, "cnt", (int64_t)a->observed);
    if (a->threshold > 0 && a->threshold < 9e15)
        put_custom_number(out, "cn1", "threshold", (int64_t)a->threshold);
    put_custom_number(out, "cn2", "windowSeconds", alert_seconds(a));
    put_custom_number(out, "cn3", "confidence", a->confidence);
    put_custom(out, "cs1", "relay", slice_of(a->relay));
    put_custom(out, "cs2", "mitreTechniques", slice_of(alert_rule(a)->techniques));
    put_custom(out, "cs3", "queueId", slice_of(a->queue_id));
    if (a->place.as_number != 0)
        snprintf(as, sizeof as, "AS%u %s", (unsigned)a->place.as_number, a->place.as_name);
    put_custom(out, "cs4", "sourceAS", slice_of(as));
    put_custom(out, "cs5", "sourceCountry", slice_of(a->place.country));
    put_custom(out, "cs6", "dedupKey", slice_of(a->dedup_key));
}

void cef_line(const struct run_info *run, const struct alert *a, struct outbuf *out)
{
    const struct rule_info *rule = alert_rule(a);
    char text[ALERT_MESSAGE_MAX];

    outbuf_puts(out, "CEF:0|relaywatch|relaywatch|");
    put_header(out, run->version, 31);
    put_header(out, rule->id, 1023);
    put_header(out, rule->name, 512);
    outbuf_u64(out, severity_levels(a->severity)->cef);
    outbuf_putc(out, '|');
    put_what(a, out);
    put_parties(a, out);
    put_figures(a, out);
    put_text(out, "reason", slice_of(a->reason), 1023);
    put_text(out, "msg", alert_message(a, text), 1023);
}

static void write_alert(const struct run_info *run, const struct alert *alert, struct outbuf *out)
{
    cef_line(run, alert, out);
    outbuf_putc(out, '\n');
}

const struct writer cef_writer = {
    .name = "cef", .media_type = "text/plain", .frame = FRAME_LINE, .alert = write_alert};
