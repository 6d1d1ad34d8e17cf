/* postfix.c - Postfix log text to events: tag, severity, queue id, then the daemon's own reader
 *
 * Grammar:  TAG  = INSTANCE "/" [SERVICE "/"] DAEMON | "postfix"
 *           TEXT = [("warning" | "error" | "fatal" | "panic") ": "] [ID ": "] MESSAGE
 * source:   Postfix 3.12-20260821, checked against 2.0 to 3.11: src/global/mail_task.c (tag),
 *           src/util/msg_output.c (severity), src/global/mail_queue.h (ids)
 * samples:  samples/postfix/
 * limits:   debug lines of "-v" and debug_peer_list are skipped by their looks; syslog_name may be
 *           anything, so a tag is known by the daemon's name after its last slash. */
#include "postfix.h"

#include "base/cursor.h"
#include "postfix_text.h"

struct daemon_row {
    const char *name;
    enum postfix_daemon daemon;
};

/* By length of the name, so that a look-up compares one or two rows. */
static const struct daemon_row len4[] = {{"qmgr", POSTFIX_D_QMGR},
                                         {"smtp", POSTFIX_D_SMTP},
                                         {"lmtp", POSTFIX_D_LMTP},
                                         {"pipe", POSTFIX_D_PIPE},
                                         {0}};
static const struct daemon_row len5[] = {
    {"smtpd", POSTFIX_D_SMTPD},  {"local", POSTFIX_D_LOCAL},  {"error", POSTFIX_D_ERROR},
    {"relay", POSTFIX_D_SMTP},   {"retry", POSTFIX_D_ERROR},  {"anvil", POSTFIX_D_SILENT},
    {"oqmgr", POSTFIX_D_QMGR},   {"nqmgr", POSTFIX_D_QMGR},   {"defer", POSTFIX_D_BOUNCE},
    {"trace", POSTFIX_D_BOUNCE}, {"flush", POSTFIX_D_SILENT}, {"showq", POSTFIX_D_SILENT},
    {"spawn", POSTFIX_D_SILENT}, {"qmqpd", POSTFIX_D_SMTPD},  {0}};
static const struct daemon_row len6[] = {{"bounce", POSTFIX_D_BOUNCE},
                                         {"pickup", POSTFIX_D_PICKUP},
                                         {"master", POSTFIX_D_MASTER},
                                         {"scache", POSTFIX_D_SILENT},
                                         {"tlsmgr", POSTFIX_D_SILENT},
                                         {"verify", POSTFIX_D_SILENT},
                                         {0}};
static const struct daemon_row len7[] = {
    {"cleanup", POSTFIX_D_CLEANUP}, {"virtual", POSTFIX_D_LOCAL},  {"discard", POSTFIX_D_DISCARD},
    {"dnsblog", POSTFIX_D_SILENT},  {"postlog", POSTFIX_D_SILENT}, {"postmap", POSTFIX_D_SILENT},
    {"postcat", POSTFIX_D_SILENT},  {"postfix", POSTFIX_D_MASTER}, {0}};
static const struct daemon_row len8[] = {
    {"tlsproxy", POSTFIX_D_SILENT}, {"proxymap", POSTFIX_D_SILENT}, {"sendmail", POSTFIX_D_SILENT},
    {"postdrop", POSTFIX_D_SILENT}, {"postlogd", POSTFIX_D_SILENT}, {"postconf", POSTFIX_D_SILENT},
    {"postkick", POSTFIX_D_SILENT}, {"postlock", POSTFIX_D_SILENT}, {0}};
static const struct daemon_row len9[] = {{"postsuper", POSTFIX_D_POSTSUPER},
                                         {"postqueue", POSTFIX_D_SILENT},
                                         {"postalias", POSTFIX_D_SILENT},
                                         {"postmulti", POSTFIX_D_SILENT},
                                         {0}};
static const struct daemon_row len10[] = {
    {"postscreen", POSTFIX_D_POSTSCREEN}, {"proxywrite", POSTFIX_D_SILENT}, {0}};
static const struct daemon_row longer[] = {
    {"postfix-script", POSTFIX_D_MASTER},     {"trivial-rewrite", POSTFIX_D_SILENT},
    {"postmulti-script", POSTFIX_D_MASTER},   {"postfix-wrapper", POSTFIX_D_SILENT},
    {"postfix-tls-script", POSTFIX_D_SILENT}, {"post-install", POSTFIX_D_SILENT},
    {"postfix-logger", POSTFIX_D_SILENT},     {0}};

static enum postfix_daemon find_daemon(slice name)
{
    static const struct daemon_row *const by_len[] = {len4, len5, len6, len7, len8, len9, len10};
    const struct daemon_row *row = name.len > 10  ? longer
                                   : name.len < 4 ? NULL
                                                  : by_len[name.len - 4];

    for (; row != NULL && row->name != NULL; row++)
        if (row->name[0] == name.ptr[0] && slice_eq(slice_of(row->name), name))
            return row->daemon;
    return POSTFIX_NOT_OURS;
}

/* INSTANCE "/" [SERVICE "/"] DAEMON; false when the tag is not ours. */
static bool split_tag(slice tag, struct postfix_line *line)
{
    size_t last = slice_rfind_byte(tag, '/');

    line->service = SLICE_NONE;
    if (last == tag.len) {
        line->instance = line->program = tag;
        line->daemon = slice_eq(tag, SLICE_LIT("postfix")) ? POSTFIX_D_MASTER : POSTFIX_NOT_OURS;
        return line->daemon != POSTFIX_NOT_OURS;
    }
    line->program = slice_from(tag, last + 1);
    line->daemon = find_daemon(line->program);
    if (line->daemon == POSTFIX_NOT_OURS)
        return false;
    size_t first = slice_find_byte(tag, '/');
    line->instance = slice_first(tag, first);
    if (first < last)
        line->service = slice_first(slice_from(tag, first + 1), last - first - 1);
    return true;
}

/* A tag taken apart, in 32 bits: daemon, index of its last slash + 1, of its first slash + 1. */
static uint32_t postfix_tag_note(slice tag)
{
    struct postfix_line line;

    if (tag.len > UINT8_MAX || !split_tag(tag, &line))
        return 0;
    return (uint32_t)line.daemon << 16 | (uint32_t)(tag.len - line.program.len) << 8 |
           (uint32_t)(line.instance.len == tag.len ? 0 : line.instance.len + 1);
}

/* split_tag() by what postfix_tag_note() found. */
static bool read_tag(const struct record *rec, struct postfix_line *line)
{
    slice tag = rec->tag;
    size_t program = rec->note >> 8 & 255, service = rec->note & 255;

    if (rec->note == 0)
        return split_tag(tag, line);
    line->daemon = (enum postfix_daemon)(rec->note >> 16);
    line->program = (slice){tag.ptr + program, tag.len - program};
    line->instance = service == 0 ? tag : (slice){tag.ptr, service - 1};
    line->service =
        program > service ? (slice){tag.ptr + service, program - service - 1} : SLICE_NONE;
    return true;
}

static bool postfix_claims(slice tag)
{
    struct postfix_line line;

    return split_tag(tag, &line);
}

struct event *postfix_begin(struct postfix_line *line, enum event_kind kind)
{
    struct event *ev = line->ev;

    record_event(line->rec, kind, ev);
    event_set(ev, EF_INSTANCE, line->instance);
    event_set(ev, EF_SERVICE, line->service);
    event_set(ev, EF_PROGRAM, line->program);
    event_set(ev, EF_QUEUE_ID, line->queue_id);
    if (line->daemon == POSTFIX_D_SMTPD)
        event_set(ev, EF_SESSION, line->rec->pid);
    return ev;
}

enum parse_result postfix_emit(struct postfix_line *line)
{
    line->sink->take(line->sink->arg, line->ev);
    return PARSE_EVENT;
}

enum parse_result postfix_emit_protocol(struct postfix_line *line, enum anomaly anomaly,
                                        slice command, const struct postfix_peer *peer, slice text)
{
    struct event *ev = postfix_begin(line, EVENT_PROTOCOL);

    ev->anomaly = anomaly;
    if (command.ptr != NULL)
        ev->stage = postfix_stage(command);
    event_set(ev, EF_COMMAND, command);
    event_set(ev, EF_TEXT, text);
    postfix_set_client(ev, peer);
    return postfix_emit(line);
}

slice postfix_after_colon(slice cur)
{
    if (!cursor_take_byte(&cur, ':'))
        return SLICE_NONE;
    (void)cursor_take_byte(&cur, ' ');
    return cur;
}

/* Pass "warning: " or the like: 'w', 'e', 'f', 'p', or '\0' when there is none. */
static char take_severity(slice *text)
{
    char first = text->len == 0 ? '\0' : text->ptr[0];

    switch (first) {
    case 'w':
        return cursor_take_lit(text, SLICE_LIT("warning: ")) ? first : '\0';
    case 'e':
        return cursor_take_lit(text, SLICE_LIT("error: ")) ? first : '\0';
    case 'f':
        return cursor_take_lit(text, SLICE_LIT("fatal: ")) ? first : '\0';
    case 'p':
        return cursor_take_lit(text, SLICE_LIT("panic: ")) ? first : '\0';
    default:
        return '\0';
    }
}

/* Does the text begin with a name in C style: "qmgr_active_feed:", "unknown_x_action = ",
 * "dict_open["? */
static bool begins_with_name(slice text)
{
    bool underscore = false;
    size_t n = 0;

    while (n < text.len && ((text.ptr[n] >= 'a' && text.ptr[n] <= 'z') || text.ptr[n] == '_' ||
                            (n > 0 && text.ptr[n] >= '0' && text.ptr[n] <= '9'))) {
        underscore |= text.ptr[n] == '_';
        n++;
    }
    slice rest = slice_from(text, n);
    return underscore && rest.len > 0 &&
           (strchr(":[(", rest.ptr[0]) != NULL || slice_starts(rest, SLICE_LIT(" = ")));
}

/* Lines of debug mode ("-v", debug_peer_list): the dialogue, calls and attributes. Asked only about
 * texts that no reader knew and that have no queue id. */
static bool is_debug(slice text)
{
    static const char *const words[] = {
        "> ",
        "< ",
        ">>> ",
        "send attr ",
        "input attribute ",
        "connect to subsystem ",
        "private/",
        "public/",
        "mynetworks: ",
        "request",
        "done ",
        "start ",
        "end ",
        "wakeup ",
        "trying",
        "auto_clnt",
        "watchdog",
        "process generation",
        "been_here: ",
        "fsspace: ",
        "dict_",
        "before input_transp",
        "after input_transp",
        "event_",
        "idle timeout",
        "vstream",
        "reading ",
        "connection established",
        "connection closed",
        "initial envelope",
        "extracted envelope",
        "cleanup flags",
        "begin ",
        "lookup ",
        "connecting to ",
        "pref ",
        "open ",
        "master disconnect",
        "Compiled against",
        "Run-time linked",
        "master_",
    };

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (slice_starts(text, slice_of(words[i])))
            return true;
    return begins_with_name(text) || slice_has(text, SLICE_LIT(" socket: wanted attribute")) ||
           slice_ends(text, SLICE_LIT(" stream disconnect"));
}

static enum parse_result read_info(struct postfix_line *line)
{
    switch (line->daemon) {
    case POSTFIX_D_SMTPD:
        return postfix_smtpd_read(line);
    case POSTFIX_D_POSTSCREEN:
        return postfix_postscreen_read(line);
    case POSTFIX_D_CLEANUP:
        return postfix_cleanup_read(line);
    case POSTFIX_D_PICKUP:
        return postfix_pickup_read(line);
    case POSTFIX_D_QMGR:
        return postfix_qmgr_read(line);
    case POSTFIX_D_BOUNCE:
        return postfix_bounce_read(line);
    case POSTFIX_D_POSTSUPER:
        return postfix_postsuper_read(line);
    case POSTFIX_D_MASTER:
        return postfix_master_read(line);
    case POSTFIX_D_SMTP:
    case POSTFIX_D_LMTP:
    case POSTFIX_D_LOCAL:
    case POSTFIX_D_PIPE:
    case POSTFIX_D_ERROR:
    case POSTFIX_D_DISCARD:
        return postfix_delivery_read(line);
    default:
        return PARSE_SKIP;
    }
}

static enum parse_result read_warning(struct postfix_line *line)
{
    switch (line->daemon) {
    case POSTFIX_D_SMTPD:
        return postfix_smtpd_warning(line);
    case POSTFIX_D_CLEANUP:
    case POSTFIX_D_QMGR:
    case POSTFIX_D_MASTER:
        return postfix_queue_warning(line);
    default:
        return PARSE_SKIP;
    }
}

static enum parse_result postfix_parse(void *state, const struct record *rec, struct event *ev,
                                       const struct event_sink *sink)
{
    struct postfix_line line = {.rec = rec, .ev = ev, .sink = sink, .text = rec->text};
    (void)state;

    if (!read_tag(rec, &line))
        return PARSE_FOREIGN;
    char severity = take_severity(&line.text);
    if (severity != '\0' && severity != 'w')
        return PARSE_SKIP; /* a local fault: it stops this process, and is nobody's doing */
    line.has_id = postfix_take_queue_id(&line.text, &line.queue_id);
    if (severity == 'w')
        return read_warning(&line);
    enum parse_result result = read_info(&line);
    return result == PARSE_REJECT && !line.has_id && is_debug(line.text) ? PARSE_SKIP : result;
}

const struct parser parser_postfix = {
    .name = "postfix",
    .summary = "Postfix 2.0 to 3.12, syslog, journal or maillog_file",
    .source = "Postfix 3.12-20260821",
    .claims = postfix_claims,
    .tag_note = postfix_tag_note,
    .parse = postfix_parse,
};
