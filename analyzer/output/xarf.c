/* xarf.c - abuse reports, one JSON object a line: "xarf" (version 4) and "xarf3" (version 3)
 *
 * One report for each incident that is about one outside address, with its log lines as evidence,
 * to be sent to the owner of that address. Version 4 demands the client's port of a login attack
 * and of spam; where the log does not tell it (Postfix does with smtpd_client_port_logging = yes)
 * the "xarf" output has a version 3 report instead: a port is never invented.
 * source:    XARF 4.2.0 core, login_attack, vulnerability_scan, spam; XARF 3 LoginAttack, Spam.
 * limits:    members of a campaign have no log lines of their own and are not reported. Version 3
 *            has no type for probing: "xarf3" leaves that out. The id of a report is made of the
 *            alert's, so that it is the same in each run. Nothing is sent. */
#include <stdio.h>

#include "alert/alert_id.h"
#include "output/alert_view.h"
#include "output/culprits.h"
#include "output/json_build.h"
#include "output/ocsf.h"
#include "output/writers.h"

enum kind { KIND_SCAN, KIND_SPAM, KIND_LOGIN };
enum { LINES_MAX = ALERT_SAMPLES_MAX * (ALERT_SAMPLE_MAX + 1), MESSAGE_ID_MAX = 200 };
enum { UUID_SIZE = 37 };

static enum kind kind_of(const struct alert *a)
{
    if (alert_is_login(a))
        return KIND_LOGIN;
    return a->rule == RULE_RELAY_ACCEPTED || a->rule == RULE_REVERSE_NDR ? KIND_SPAM : KIND_SCAN;
}

/* The port belongs to the client of the first event. */
static unsigned port_of(const struct culprit *c)
{
    return ip_addr_eq(&c->ip, &c->alert->client) ? c->alert->client_port : 0;
}

static bool sender_is_email(const struct alert *a)
{
    return !a->null_sender && ocsf_is_email(slice_of(a->sender));
}

static bool fits_version4(const struct culprit *c)
{
    switch (kind_of(c->alert)) {
    case KIND_LOGIN:
        return port_of(c) != 0;
    case KIND_SPAM:
        return port_of(c) != 0 && sender_is_email(c->alert);
    default:
        return true;
    }
}

static void put_base64(struct outbuf *out, slice s)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (size_t i = 0; i < s.len; i += 3) {
        unsigned n = (unsigned)(s.len - i < 3 ? s.len - i : 3), bits = 0;
        for (unsigned k = 0; k < 3; k++)
            bits = bits << 8 | (k < n ? (unsigned char)s.ptr[i + k] : 0U);
        for (unsigned k = 0; k < 4; k++)
            outbuf_putc(out, k <= n ? digits[bits >> (18 - 6 * k) & 63] : '=');
    }
}

/* The log lines, each with its end; over buf of LINES_MAX bytes. */
static slice lines_of(const struct alert *a, char *buf)
{
    size_t n = 0;

    for (unsigned i = 0; i < a->samples_count; i++) {
        size_t len = strlen(a->samples[i].text);
        memcpy(buf + n, a->samples[i].text, len);
        n += len;
        buf[n++] = '\n';
    }
    return (slice){buf, n};
}

/* ---- version 4 ---- */

static void put_party(struct json *j, const char *key, const struct run_info *run)
{
    slice address = slice_of(run->reporter_address);
    struct json_mark party = json_object(j, key);

    json_text(j, "org", slice_of(run->reporter_name));
    json_text(j, "contact", address);
    json_text(j, "domain", slice_from(address, slice_find_byte(address, '@') + 1));
    json_close(j, party);
}

static void put_tags(struct json *j, const struct alert *a)
{
    struct json_mark tags = json_array(j, "tags");
    char text[96];

    json_string(j, NULL, "tool:relaywatch");
    snprintf(text, sizeof text, "severity:%s", severity_levels(a->severity)->word);
    json_string(j, NULL, text);
    snprintf(text, sizeof text, "custom:%s", alert_rule(a)->type);
    json_string(j, NULL, text);
    json_close(j, tags);
}

static void put_evidence(struct json *j, const struct alert *a)
{
    char buf[LINES_MAX];
    slice lines = lines_of(a, buf);
    struct outbuf payload;
    struct json_mark list = json_array(j, "evidence"), item = json_object(j, NULL);

    if (lines.len > 0) {
        outbuf_init(&payload, 2 * LINES_MAX);
        put_base64(&payload, lines);
        json_string(j, "content_type", "text/plain");
        json_string(j, "description", "lines of the mail server's log, in UTC as written there");
        outbuf_putc(&payload, '\0');
        json_string(j, "payload", payload.ptr);
        json_u64(j, "size", lines.len);
        outbuf_fini(&payload);
    }
    json_close(j, item);
    json_close(j, list);
}

static void put_count(struct json *j, const char *key, const struct alert *a)
{
    if (a->observed >= 1 && a->observed < 2147483647)
        json_u64(j, key, (uint64_t)a->observed);
}

static void put_kind4(struct json *j, const struct alert *a)
{
    enum kind kind = kind_of(a);

    json_string(j, "protocol", kind == KIND_SPAM ? "smtp" : "tcp");
    if (kind == KIND_SPAM) {
        json_text(j, "smtp_from", slice_of(a->sender));
        if (ocsf_is_email(slice_of(a->recipient)))
            json_text(j, "smtp_to", slice_of(a->recipient));
        json_text(j, "message_id", slice_first(slice_of(a->message_id), MESSAGE_ID_MAX));
        put_count(j, "recipient_count", a);
        return;
    }
    if (kind == KIND_SCAN)
        json_string(j, "scan_type", "service_enumeration");
    json_time(j, "first_seen", a->first_us);
    json_time(j, "last_seen", a->last_us);
    put_count(j, kind == KIND_SCAN ? "total_requests" : "attempt_count", a);
}

static void put_version4(struct json *j, const struct run_info *run, const struct culprit *c)
{
    static const char *const categories[] = {"connection", "messaging", "connection"};
    static const char *const types[] = {"vulnerability_scan", "spam", "login_attack"};
    const struct alert *a = c->alert;
    char name[UUID_SIZE + 16], id[UUID_SIZE], text[ALERT_MESSAGE_MAX];
    struct json_mark top = json_object(j, NULL);

    snprintf(name, sizeof name, "%s/xarf", a->id);
    alert_id_of(name, id);
    json_string(j, "xarf_version", "4.2.0");
    json_string(j, "report_id", id);
    json_time(j, "timestamp", a->last_us);
    put_party(j, "reporter", run);
    put_party(j, "sender", run);
    json_ip(j, "source_identifier", &c->ip);
    if (port_of(c) != 0)
        json_u64(j, "source_port", port_of(c));
    json_string(j, "category", categories[kind_of(a)]);
    json_string(j, "type", types[kind_of(a)]);
    json_string(j, "evidence_source", "automated_filter");
    json_real(j, "confidence", a->confidence / 100.0);
    json_text(j, "description", alert_message(a, text));
    put_tags(j, a);
    put_evidence(j, a);
    put_kind4(j, a);
    json_close(j, top);
}

/* ---- version 3 ---- */

static void put_reporter3(struct json *j, const struct run_info *run)
{
    slice address = slice_of(run->reporter_address);
    struct json_mark info = json_object(j, "ReporterInfo");

    json_text(j, "ReporterOrg", slice_of(run->reporter_name));
    json_text(j, "ReporterOrgDomain", slice_from(address, slice_find_byte(address, '@') + 1));
    json_text(j, "ReporterOrgEmail", address);
    json_close(j, info);
}

static void put_samples3(struct json *j, const struct alert *a)
{
    struct json_mark samples = json_array(j, "Samples");

    for (unsigned i = 0; i < a->samples_count; i++) {
        struct json_mark sample = json_object(j, NULL);
        json_string(j, "ContentType", "text/plain");
        json_bool(j, "Base64Encoded", false);
        json_string(j, "Description", "line of the mail server's log");
        json_text_kept(j, "Payload", slice_of(a->samples[i].text));
        json_close(j, sample);
    }
    json_close(j, samples);
}

static void put_report3(struct json *j, const struct culprit *c)
{
    const struct alert *a = c->alert;
    bool spam = kind_of(a) == KIND_SPAM;
    struct json_mark report = json_object(j, "Report");

    json_string(j, "ReportClass", "Activity");
    json_string(j, "ReportType", spam ? "Spam" : "LoginAttack");
    json_time(j, "Date", a->last_us);
    json_time(j, "FirstSeen", a->first_us);
    json_ip(j, "SourceIp", &c->ip);
    if (port_of(c) != 0)
        json_u64(j, "SourcePort", port_of(c));
    if (c->is_source && a->place.as_number != 0)
        json_u64(j, "ASN", a->place.as_number);
    if (spam && sender_is_email(a))
        json_text(j, "SmtpMailFromAddress", slice_of(a->sender));
    if (spam && ocsf_is_email(slice_of(a->recipient)))
        json_text(j, "SmtpRcptToAddress", slice_of(a->recipient));
    json_bool(j, "Ongoing", a->state != ALERT_ENDED);
    json_string(j, "ReporterCaseID", a->id);
    put_samples3(j, a);
    json_close(j, report);
}

static void put_version3(struct json *j, const struct run_info *run, const struct culprit *c)
{
    struct json_mark top = json_object(j, NULL);

    json_string(j, "Version", "3");
    put_reporter3(j, run);
    json_bool(j, "Disclosure", true);
    put_report3(j, c);
    json_close(j, top);
}

/* ---- writers ---- */

/* One report for each address and kind: the first, which is of the most severe incident. */
static bool is_told(const struct culprits *c, unsigned at)
{
    for (unsigned i = at; i > 0 && ip_addr_eq(&c->list[i - 1].ip, &c->list[at].ip); i--)
        if (c->list[i - 1].is_source && kind_of(c->list[i - 1].alert) == kind_of(c->list[at].alert))
            return true;
    return false;
}

static void put_reports(const struct run_info *run, const struct alert *const *incidents,
                        unsigned count, bool only3, struct outbuf *out)
{
    struct culprits culprits;

    culprits_build(run, incidents, count, &culprits);
    culprits_by_address(&culprits);
    for (unsigned i = 0; i < culprits.count; i++) {
        const struct culprit *c = &culprits.list[i];
        bool version4 = !only3 && fits_version4(c);
        struct json j = json_begin(out, ALERT_SAMPLE_MAX);
        if (!c->is_source || is_told(&culprits, i) || (!version4 && kind_of(c->alert) == KIND_SCAN))
            continue;
        if (version4)
            put_version4(&j, run, c);
        else
            put_version3(&j, run, c);
        outbuf_putc(out, '\n');
    }
    culprits_free(&culprits);
}

static void write_latest(const struct run_info *run, const struct summary *summary,
                         const struct alert *const *incidents, unsigned count, struct outbuf *out)
{
    (void)summary;
    put_reports(run, incidents, count, false, out);
}

static void write_version3(const struct run_info *run, const struct summary *summary,
                           const struct alert *const *incidents, unsigned count, struct outbuf *out)
{
    (void)summary;
    put_reports(run, incidents, count, true, out);
}

const struct writer xarf_writer = {.name = "xarf",
                                   .media_type = "application/x-ndjson",
                                   .whole = true,
                                   .needs_reporter = true,
                                   .summary = write_latest};

const struct writer xarf3_writer = {.name = "xarf3",
                                    .media_type = "application/x-ndjson",
                                    .whole = true,
                                    .needs_reporter = true,
                                    .summary = write_version3};
