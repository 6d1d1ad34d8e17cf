/* syslog.c - the "syslog" and "syslog-json" writers: RFC 5424 messages, one a line
 *
 * The message part is a CEF line, or the ECS document of the json writer. Alerts have facility
 * authpriv, the summary has mail. The host is that of the log, the time that of the last
 * contributing line. No byte order mark: it breaks the parsers behind.
 * source:   RFC 5424; RFC 6587 3.4.2 for the end of line as a frame.
 * limits:   PROCID is "-", so that two runs give the same bytes. Structured data is "origin" only:
 *           names of our own would need an enterprise number. */
#include "output/alert_view.h"
#include "output/cef.h"
#include "output/json.h"
#include "output/line_text.h"
#include "output/writers.h"

enum { FACILITY_MAIL = 2, FACILITY_AUTHPRIV = 10, LEVEL_INFO = 6 };

static void put_header(const struct run_info *run, unsigned priority, int64_t time_us,
                       const char *host, const char *msgid, struct outbuf *out)
{
    outbuf_printf(out, "<%u>1 ", priority);
    outbuf_time_iso(out, time_us);
    outbuf_putc(out, ' ');
    line_word(out, slice_of(host), 255);
    outbuf_puts(out, " relaywatch - ");
    line_word(out, slice_of(msgid), 32);
    outbuf_puts(out, " [origin software=\"relaywatch\" swVersion=\"");
    line_word(out, slice_of(run->version), 32);
    outbuf_puts(out, "\"] ");
}

static void put_alert_header(const struct run_info *run, const struct alert *a, struct outbuf *out)
{
    unsigned level = severity_levels(a->severity)->syslog;
    put_header(run, FACILITY_AUTHPRIV * 8 + level, a->last_us, a->host, alert_rule(a)->id, out);
}

static void write_cef(const struct run_info *run, const struct alert *a, struct outbuf *out)
{
    put_alert_header(run, a, out);
    cef_line(run, a, out);
    outbuf_putc(out, '\n');
}

static void write_json(const struct run_info *run, const struct alert *a, struct outbuf *out)
{
    put_alert_header(run, a, out);
    json_alert(run, a, out);
}

/* "relay=yes backscatter=no ... lines=1234 alerts=7": what a person greps for */
static void write_summary(const struct run_info *run, const struct summary *s,
                          const struct alert *const *incidents, unsigned incidents_count,
                          struct outbuf *out)
{
    (void)incidents;
    put_header(run, FACILITY_MAIL * 8 + LEVEL_INFO, s->input.last_us, s->coverage.server_host,
               "SUMMARY", out);
    for (unsigned i = 0; i < TOPIC_COUNT; i++)
        outbuf_printf(out, "%s=%s ", verdict_topic_name((enum verdict_topic)i),
                      s->verdict[i].no_evidence ? "no-evidence"
                                                : verdict_state_name(s->verdict[i].state));
    outbuf_printf(out, "lines=%llu incidents=%u\n", (unsigned long long)s->input.lines,
                  incidents_count);
}

const struct writer syslog_writer = {.name = "syslog",
                                     .media_type = "text/plain",
                                     .frame = FRAME_OCTETS,
                                     .alert = write_cef,
                                     .summary = write_summary};

const struct writer syslog_json_writer = {.name = "syslog-json",
                                          .media_type = "text/plain",
                                          .frame = FRAME_OCTETS,
                                          .alert = write_json,
                                          .summary = write_summary};
