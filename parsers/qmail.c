/* qmail.c - qmail, netqmail, notqmail and s/qmail: multilog files and syslog
 *
 * Grammar:  LINE = "@" TAI64N " " TEXT             multilog
 *           LINE = SYSLOG " qmail: " [SECONDS "." FRACTION " "] TEXT     splogger
 *           TEXT = that of qmail_send.c | PROGRAM ": " that of qmail_smtpd.c
 * source:   notqmail qmail-send.c, qmail-local.c, splogger.c; s/qmail qmail-smtpd.c and
 *           qmail-log(5); ucspi-tcp tcpserver.c, rblsmtpd.c; vpopmail vchkpw.c
 * limits:   nothing in the log ties a message to the client that brought it: the log of qmail-send
 *           shows no client at all, and who relays is not known */
#include "qmail.h"

#include "base/cursor.h"
#include "event/timestamp.h"

struct qmail_state {
    struct timestamp time;
    struct qmail_shared *shared;
    char room[QMAIL_TEXT];
};

/* "1157520813.485077 " of splogger. */
static void skip_splogger(slice *cur)
{
    slice rest = *cur;
    uint64_t seconds, fraction;

    if (cursor_take_uint(&rest, UINT32_MAX, &seconds) && cursor_take_byte(&rest, '.') &&
        cursor_take_uint(&rest, 999999999, &fraction) && cursor_take_byte(&rest, ' '))
        *cur = rest;
}

/* Words that nobody but these programs begins a line with. */
static bool is_qmails(slice text)
{
    static const char *const rows[] = {"new msg ",        "info msg ",          "end msg ",
                                       "bounce msg ",     "starting delivery ", "delivery ",
                                       "status: local ",  "status: exiting",    "tcpserver: ",
                                       "sslserver: ",     "qmail-smtpd: ",      "rblsmtpd: ",
                                       "triple bounce: ", "double bounce: ",    NULL};
    return mail_starts_any(text, rows);
}

static bool is_label(slice line)
{
    if (line.len < 27 || line.ptr[0] != '@' || line.ptr[25] != ' ')
        return false;
    for (size_t i = 1; i < 25; i++)
        if (!((line.ptr[i] >= '0' && line.ptr[i] <= '9') ||
              (line.ptr[i] >= 'a' && line.ptr[i] <= 'f')))
            return false;
    return true;
}

static unsigned qmail_probe(slice head)
{
    for (int lines = 0; lines < 20 && head.len > 0; lines++) {
        size_t eol = slice_find_byte(head, '\n');
        slice line = slice_first(head, eol);
        if (is_label(line) && is_qmails(slice_from(line, 26)))
            return 90;
        head = slice_from(head, eol + 1);
    }
    return 0;
}

static enum record_status qmail_read(void *state, slice line, struct record *rec)
{
    struct qmail_state *s = state;
    slice cur = line;

    if (line.ptr == NULL || line.len == 0)
        return RECORD_SKIP;
    if (!is_label(line) || !is_qmails(slice_from(line, 26)) ||
        !timestamp_take_tai64n(&s->time, &cur, &rec->time_us))
        return RECORD_FOREIGN;
    rec->has_time = true;
    rec->host = rec->tag = rec->pid = SLICE_NONE;
    rec->text = slice_from(cur, 1);
    rec->repeat = 1;
    rec->note = 0;
    return RECORD_READY;
}

static bool qmail_claims(slice tag)
{
    static const char *const rows[] = {"qmail",     "qmail-send", "qmail-smtpd", "rblsmtpd",
                                       "tcpserver", "sslserver",  "vpopmail",    NULL};

    for (const char *const *t = rows; *t != NULL; t++)
        if (slice_eq(tag, slice_of(*t)))
            return true;
    return false;
}

static enum parse_result qmail_parse(void *state, const struct record *rec, struct event *ev,
                                     const struct event_sink *sink)
{
    struct qmail_state *s = state;
    struct mail_line line = {.rec = rec,
                             .ev = ev,
                             .sink = sink,
                             .shared = s->shared,
                             .instance = SLICE_LIT("qmail"),
                             .program = rec->tag.len > 0 ? rec->tag : SLICE_LIT("qmail"),
                             .queue_id = SLICE_NONE,
                             .text = rec->text};

    if (rec->tag.len > 0)
        skip_splogger(&line.text);
    enum parse_result result = qmail_send_read(&line, s->room);
    if (result == PARSE_FOREIGN)
        result = qmail_smtpd_read(&line);
    return result;
}

static void qmail_start(void *state, const struct parser_env *env)
{
    struct qmail_state *s = state;

    timestamp_init(&s->time, env->zone, env->year, env->reference_us);
    s->shared = env->shared;
}

static uint64_t qmail_evictions(const void *shared)
{
    return ((const struct qmail_shared *)shared)->lost;
}

const struct parser parser_qmail = {
    .name = "qmail",
    .summary = "qmail, netqmail, notqmail, s/qmail: multilog or syslog; tcpserver, vpopmail",
    .source = "notqmail 1.09, s/qmail 4",
    .claims = qmail_claims,
    .parse = qmail_parse,
    .state_size = sizeof(struct qmail_state),
    .shared_size = sizeof(struct qmail_shared),
    .evictions = qmail_evictions,
    .start = qmail_start,
    .probe = qmail_probe,
    .read = qmail_read,
};
