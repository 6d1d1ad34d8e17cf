/* event.h - the normalised mail event: what every parser produces and every later stage reads
 *
 * One struct, filled in place for each line and never copied on the hot path. Text fields are
 * borrowed from the line: they are valid until the next line of the same source is read. Read them
 * through event_field(): a slice whose bit in `present` is not set holds rubbish by design, so that
 * a reset costs a few stores.
 *
 * source: RFC 5321 (session, envelope), RFC 3463 (status), RFC 3464 (notifications). */
#ifndef EVENT_EVENT_H
#define EVENT_EVENT_H

#include <stdint.h>

#include "base/bytes.h"
#include "base/ip_addr.h"
#include "base/slice.h"

enum event_kind {
#define EVENT_KIND(id, name, meaning) EVENT_##id,
#include "event/event_kinds.def"
#undef EVENT_KIND
    EVENT_KIND_COUNT
};

enum event_field {
#define EVENT_FIELD(id, key, meaning) EF_##id,
#include "event/event_fields.def"
#undef EVENT_FIELD
    EF_COUNT
};
_Static_assert(EVENT_KIND_COUNT <= 32 && EF_COUNT <= 32, "both are used as 32-bit sets");

/* Phase of the SMTP dialogue (RFC 5321 3) that the line speaks of. */
enum smtp_stage {
    STAGE_NONE,
    STAGE_CONNECT,
    STAGE_HELO,
    STAGE_AUTH,
    STAGE_STARTTLS,
    STAGE_MAIL,
    STAGE_RCPT,
    STAGE_DATA,
    STAGE_END_OF_DATA,
    STAGE_VRFY,
    STAGE_ETRN,
    STAGE_OTHER,
    STAGE_COUNT
};

/* What was decided or what came out. RCPT, REFUSAL, AUTH and ACTION use the first group, DELIVERY
 * the second. */
enum event_outcome {
    OUTCOME_NONE,
    OUTCOME_ACCEPTED,  /* RCPT accepted; AUTH succeeded */
    OUTCOME_REFUSED,   /* permanent: 5xx; AUTH failed (535) */
    OUTCOME_TEMPFAIL,  /* 4xx; AUTH could not be checked (454) */
    OUTCOME_HELD,      /* ACTION */
    OUTCOME_DISCARDED, /* ACTION */
    OUTCOME_WARNED,    /* ACTION: logged only (warn_if_reject, info, redirect, filter ...) */
    OUTCOME_DELIVERED, /* DELIVERY: handed over with 2xx, or put into a mailbox */
    OUTCOME_DEFERRED,  /* DELIVERY: will be tried again */
    OUTCOME_BOUNCED,   /* DELIVERY: failed for good */
    OUTCOME_EXPIRED,   /* DELIVERY: queue lifetime over, returned to sender */
    OUTCOME_PROBED,    /* DELIVERY: address probe (sendmail -bv, verify), nothing was delivered */
    OUTCOME_COUNT
};

/* Where a DELIVERY went. */
enum route {
    ROUTE_NONE,     /* no contact (relay=none) or not known */
    ROUTE_MAILBOX,  /* final delivery on this system: mailbox, LMTP store, pipe to a command */
    ROUTE_REMOTE,   /* another host by SMTP */
    ROUTE_LOOPBACK, /* a filter or next queue on this host */
    ROUTE_FORWARD,  /* alias or .forward: a child message carries on (child_id) */
    ROUTE_COMMAND,  /* a program on this host, which may store the mail or send it on (Postfix pipe)
                     */
    ROUTE_COUNT
};

/* RFC 3464 2.3.3 Action of a notification. */
enum dsn_action {
    DSN_NONE,
    DSN_FAILED,
    DSN_DELAYED,
    DSN_DELIVERED,
    DSN_RELAYED,
    DSN_EXPANDED,
    DSN_POSTMASTER
};

/* How a message left the queue (DONE). */
enum done_how { DONE_NONE, DONE_REMOVED, DONE_CANCELLED, DONE_DELETED, DONE_REQUEUED };

/* PROTOCOL anomalies. */
enum anomaly {
    ANOMALY_NONE,
    ANOMALY_PIPELINING, /* command = the phase it came after */
    ANOMALY_BARE_LF,
    ANOMALY_PREGREET,
    ANOMALY_NON_SMTP,
    ANOMALY_HANGUP,
    ANOMALY_COMMAND_LIMIT,
    ANOMALY_BAD_SYNTAX,
    ANOMALY_COUNT
};

/* RCPT: why the server decided as it did, where its log shows it. */
enum ground {
    GROUND_UNKNOWN,
    GROUND_SERVED, /* it serves the domain: accepted though the session may not relay, or looked up
                      in its own directory */
    GROUND_RIGHT,  /* the session may relay to anywhere, as the server itself says */
    GROUND_COUNT
};

/* Which of several logs of one session tells a decision: what one has told counts once, when
 * another tells it too. */
enum teller {
    TELLER_ONLY,   /* nobody else tells it */
    TELLER_DOOR,   /* dialogue with the client */
    TELLER_BEHIND, /* the same dialogue, passed on by a front end */
    TELLER_FILTER, /* what a filter decided in that dialogue */
    TELLER_COUNT
};

/* Session counters of a DISCONNECT: accepted and total commands. */
struct session_counters {
    uint32_t auth_ok, auth_all;
    uint32_t mail_ok, mail_all;
    uint32_t rcpt_ok, rcpt_all;
    uint32_t data_ok, data_all;
    uint32_t commands_ok, commands_all;
    uint32_t vrfy_ok, vrfy_all; /* ok: 250 or 252, with or without a mailbox */
    uint32_t etrn_ok, etrn_all;
    uint32_t rset_all;
    bool present, bare_lf;
};

/* Where the line stands: evidence. */
struct line_pos {
    uint64_t offset; /* bytes into the (decompressed) source */
    uint64_t number; /* 1-based line number in the source */
    uint32_t source; /* index of the source, see input */
    slice text;      /* the whole line, borrowed like every other slice */
};

/* event_reset() clears what stands before `field`, and nothing else. */
struct event {
    uint32_t present; /* set of 1 << enum event_field */
    enum event_kind kind;
    enum smtp_stage stage;
    enum event_outcome outcome;
    enum route route;
    enum dsn_action dsn;
    enum done_how done;
    enum anomaly anomaly;
    enum ground ground;
    enum teller teller;
    uint16_t reply_code; /* RFC 5321 4.2: 200..599; 0 absent */
    uint8_t
        status[3];    /* RFC 3463 class, subject, detail; class 0 absent. detail is capped at 255 */
    bool null_sender; /* SENDER is present and empty */
    bool soft;        /* would-be bounce or warn_if_reject: nothing was refused in fact */
    bool local_submit;  /* MAIL by a local process (pickup, sendmail), not by SMTP */
    bool may_repeat;    /* another log of the site may tell the same: what is known counts once */
    bool auth_hidden;   /* MAIL: the log cannot show whether the client had authenticated */
    bool late_delivery; /* QUEUED repeated for a retry: not a new message */
    uint32_t repeat;    /* how many times the event happened (message repeated N times), >= 1 */
    uint32_t nrcpt;     /* QUEUED: recipients; 0 absent */
    uint64_t size;      /* QUEUED: bytes; 0 absent */
    int64_t delay_ms;   /* DELIVERY: since arrival; -1 absent */
    int64_t uid;        /* local submission; -1 absent */
    uint16_t client_port, listener_port;
    struct ip_addr client;      /* the TCP peer; family 0 absent */
    struct ip_addr orig_client; /* told by a filter in front; family 0 absent */
    struct ip_addr remote;      /* DELIVERY: the host that answered; family 0 absent */
    struct session_counters counters;
    slice field[EF_COUNT]; /* borrowed from the line; read through event_field() */
    int64_t time_us;       /* microseconds since 1970-01-01 UTC */
    struct line_pos pos;
};

/* event_reset - make ev an empty event; time and position are kept for the caller to set */
static inline void event_reset(struct event *ev)
{
    /* The slices stay as they are: `present` says which of them may be read. */
    bytes_zero(ev, offsetof(struct event, field));
    ev->repeat = 1;
    ev->delay_ms = -1;
    ev->uid = -1;
}

/* event_set - set a text field; an absent slice leaves it absent */
static inline void event_set(struct event *ev, enum event_field f, slice value)
{
    if (value.ptr == NULL)
        return;
    ev->field[f] = value;
    ev->present |= 1U << f;
}

/* event_has - is the field present */
static inline bool event_has(const struct event *ev, enum event_field f)
{
    return (ev->present >> f & 1U) != 0;
}

/* event_field - a text field, or the absent slice */
static inline slice event_field(const struct event *ev, enum event_field f)
{
    return event_has(ev, f) ? ev->field[f] : SLICE_NONE;
}

/* event_set_sender - set SENDER and the null sender mark; value without angle brackets */
static inline void event_set_sender(struct event *ev, slice value)
{
    event_set(ev, EF_SENDER, value);
    ev->null_sender = value.ptr != NULL && value.len == 0;
}

/* names of enum values and fields, for output, golden files and messages; never NULL, "" for the
 * zero value */
const char *event_kind_name(enum event_kind kind);
const char *event_field_name(enum event_field field);
const char *event_stage_name(enum smtp_stage stage);
const char *event_outcome_name(enum event_outcome outcome);
const char *event_route_name(enum route route);
const char *event_dsn_name(enum dsn_action action);
const char *event_done_name(enum done_how how);
const char *event_anomaly_name(enum anomaly anomaly);
const char *event_ground_name(enum ground ground);
const char *event_teller_name(enum teller teller);

#endif
