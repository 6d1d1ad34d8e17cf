/* csv_alerts.c - the "csv" writer: one row an alert, safe to open in a spreadsheet
 *
 * Every text is quoted. One that a spreadsheet would take for a formula gets an apostrophe in
 * front.
 * source:    RFC 4180 (with "\n" as end of line); OWASP on CSV injection for = + - @ tab CR.
 * limits:    an address or a HELO that begins with such a character is shown with the apostrophe:
 *            for machines take json. */
#include "output/alert_view.h"
#include "output/line_text.h"
#include "output/writers.h"

enum { TEXT_MAX = 512 };

static const char header[] =
    "time,state,severity,rule_id,rule_name,entity_type,entity,observed,unit,threshold,confidence,"
    "first,last,source_ip,source_port,source_name,source_country,source_city,source_as,"
    "source_as_name,user,sender,recipient,helo,host,mta,queue_id,related_total,reason,how,alert_id,"
    "event_id\n";

static void put_text(struct outbuf *out, slice text)
{
    struct outbuf plain;
    slice rest;

    outbuf_putc(out, ',');
    outbuf_init(&plain, TEXT_MAX + 1);
    outbuf_plain(&plain, text, TEXT_MAX);
    rest = slice_trim(outbuf_slice(&plain));
    outbuf_putc(out, '"');
    if (rest.len > 0 && strchr("=+-@", rest.ptr[0]) != NULL)
        outbuf_putc(out, '\'');
    for (size_t i = 0; i < rest.len; i++) {
        if (rest.ptr[i] == '"')
            outbuf_putc(out, '"');
        outbuf_putc(out, rest.ptr[i]);
    }
    outbuf_putc(out, '"');
    outbuf_fini(&plain);
}

static void put_time(struct outbuf *out, int64_t time_us)
{
    outbuf_putc(out, ',');
    outbuf_time_iso(out, time_us);
}

/* 0 is not known, and leaves the field empty. */
static void put_number(struct outbuf *out, double value)
{
    char text[ALERT_NUMBER_MAX];

    outbuf_putc(out, ',');
    if (value != 0)
        outbuf_put(out, alert_number(value, text));
}

static void put_what(const struct alert *a, struct outbuf *out)
{
    const struct rule_info *rule = alert_rule(a);

    put_text(out, slice_of(alert_state_name(a->state)));
    put_text(out, slice_of(severity_name(a->severity)));
    put_text(out, slice_of(rule->id));
    put_text(out, slice_of(rule->name));
    put_text(out, slice_of(entity_type_name(a->entity_type)));
    put_text(out, slice_of(a->entity));
    put_number(out, a->observed);
    put_text(out, slice_of(a->unit));
    put_number(out, a->threshold);
    put_number(out, a->confidence);
    put_time(out, a->first_us);
    put_time(out, a->last_us);
}

static void put_source(const struct alert *a, struct outbuf *out)
{
    char text[IP_ADDR_TEXT];
    struct ip_addr ip = alert_source(a);
    bool first = ip.family != 0 && ip_addr_eq(&ip, &a->client);

    put_text(out, ip_addr_format(&ip, text));
    put_number(out, first ? a->client_port : 0);
    put_text(out, slice_of(first ? a->client_name : ""));
    put_text(out, slice_of(a->place.country));
    put_text(out, slice_of(a->place.city_name));
    put_number(out, a->place.as_number);
    put_text(out, slice_of(a->place.as_name));
}

static void write_alert(const struct run_info *run, const struct alert *a, struct outbuf *out)
{
    (void)run;
    outbuf_time_iso(out, a->last_us);
    put_what(a, out);
    put_source(a, out);
    put_text(out, slice_of(alert_user(a)));
    put_text(out, a->null_sender ? SLICE_LIT("<>") : slice_of(a->sender));
    put_text(out, slice_of(a->recipient));
    put_text(out, slice_of(a->helo));
    put_text(out, slice_of(a->host));
    put_text(out, slice_of(a->mta));
    put_text(out, slice_of(a->queue_id));
    put_number(out, alert_related_total(a));
    put_text(out, slice_of(a->reason));
    put_text(out, slice_of(a->how));
    put_text(out, slice_of(a->id));
    put_text(out, slice_of(a->event_id));
    outbuf_putc(out, '\n');
}

static void write_header(const struct run_info *run, struct outbuf *out)
{
    (void)run;
    outbuf_puts(out, header);
}

const struct writer csv_writer = {
    .name = "csv", .media_type = "text/csv", .begin = write_header, .alert = write_alert};
