/* postfix.h - what the files of the Postfix parser share: the line being read, and the readers
 *
 * postfix.c picks the reader by the daemon's name in the tag. A reader gets the text after an id,
 * if there was one, begins an event, fills it and emits it; or it says PARSE_SKIP (known and of no
 * interest) or PARSE_REJECT. */
#ifndef PARSERS_POSTFIX_H
#define PARSERS_POSTFIX_H

#include "event/parser.h"

/* Families of daemons: the programs of one family write the same lines. */
enum postfix_daemon {
    POSTFIX_NOT_OURS,
    POSTFIX_D_SMTPD,
    POSTFIX_D_POSTSCREEN,
    POSTFIX_D_CLEANUP,
    POSTFIX_D_PICKUP,
    POSTFIX_D_QMGR,
    POSTFIX_D_SMTP,
    POSTFIX_D_LMTP,
    POSTFIX_D_LOCAL, /* local, virtual */
    POSTFIX_D_PIPE,
    POSTFIX_D_ERROR, /* error, retry */
    POSTFIX_D_DISCARD,
    POSTFIX_D_BOUNCE, /* bounce, defer, trace */
    POSTFIX_D_POSTSUPER,
    POSTFIX_D_MASTER, /* master, postfix-script */
    POSTFIX_D_SILENT  /* anvil, scache, tlsmgr ...: never an event */
};

struct postfix_line {
    const struct record *rec;
    struct event *ev;
    const struct event_sink *sink;
    enum postfix_daemon daemon;
    slice instance, service, program; /* parts of the tag; service may be absent */
    slice queue_id;                   /* absent: none, or NOQUEUE */
    slice text;                       /* after severity and id */
    bool has_id;                      /* an id or NOQUEUE stood in front */
};

/* postfix_begin - empty the event and set its kind and what every event carries */
struct event *postfix_begin(struct postfix_line *line, enum event_kind kind);

/* postfix_emit - hand the event over; result is PARSE_EVENT */
enum parse_result postfix_emit(struct postfix_line *line);

struct postfix_peer;

/* postfix_emit_protocol - begin, fill and emit a PROTOCOL event
 *
 *   in        command   the phase it came after; may be absent
 *             peer      the client
 *             text      the client's own words; may be absent */
enum parse_result postfix_emit_protocol(struct postfix_line *line, enum anomaly anomaly,
                                        slice command, const struct postfix_peer *peer, slice text);

/* postfix_after_colon - what follows ": " at the cursor, or the absent slice */
slice postfix_after_colon(slice cur);

/* Readers of texts without "warning: " in front. */
enum parse_result postfix_smtpd_read(struct postfix_line *line);
enum parse_result postfix_postscreen_read(struct postfix_line *line);
enum parse_result postfix_cleanup_read(struct postfix_line *line);
enum parse_result postfix_pickup_read(struct postfix_line *line);
enum parse_result postfix_qmgr_read(struct postfix_line *line);
enum parse_result postfix_bounce_read(struct postfix_line *line);
enum parse_result postfix_postsuper_read(struct postfix_line *line);
enum parse_result postfix_master_read(struct postfix_line *line);
enum parse_result postfix_delivery_read(struct postfix_line *line);

/* Readers of texts after "warning: ". */
enum parse_result postfix_smtpd_warning(struct postfix_line *line);
enum parse_result postfix_queue_warning(struct postfix_line *line);

/* postfix_policy_read - "ACTION: STAGE from name[addr]: TEXT; context" of smtpd, cleanup (milter)
 * and postscreen
 *
 *   in        line->text   at ACTION
 *   result    PARSE_REJECT when the text is no such line; nothing was emitted then */
enum parse_result postfix_policy_read(struct postfix_line *line);

#endif
