/* event.c - the names of its kinds, fields and enum values
 *
 * The names of kinds and fields come from the two .def tables; the small enums have a table here
 * each. They are part of the --events output and of golden files: never rename one, only add.
 * source: RFC 5321 (stages), RFC 3464 2.3.3 (notification actions). */
#include "event/event.h"

static const char *const kind_names[] = {
#define EVENT_KIND(id, name, meaning) [EVENT_##id] = name,
#include "event/event_kinds.def"
#undef EVENT_KIND
};

static const char *const field_names[] = {
#define EVENT_FIELD(id, key, meaning) [EF_##id] = key,
#include "event/event_fields.def"
#undef EVENT_FIELD
};

static const char *const stage_names[STAGE_COUNT] = {
    [STAGE_NONE] = "",     [STAGE_CONNECT] = "connect",   [STAGE_HELO] = "helo",
    [STAGE_AUTH] = "auth", [STAGE_STARTTLS] = "starttls", [STAGE_MAIL] = "mail",
    [STAGE_RCPT] = "rcpt", [STAGE_DATA] = "data",         [STAGE_END_OF_DATA] = "end_of_data",
    [STAGE_VRFY] = "vrfy", [STAGE_ETRN] = "etrn",         [STAGE_OTHER] = "other",
};

static const char *const outcome_names[OUTCOME_COUNT] = {
    [OUTCOME_NONE] = "",
    [OUTCOME_ACCEPTED] = "accepted",
    [OUTCOME_REFUSED] = "refused",
    [OUTCOME_TEMPFAIL] = "tempfail",
    [OUTCOME_HELD] = "held",
    [OUTCOME_DISCARDED] = "discarded",
    [OUTCOME_WARNED] = "warned",
    [OUTCOME_DELIVERED] = "delivered",
    [OUTCOME_DEFERRED] = "deferred",
    [OUTCOME_BOUNCED] = "bounced",
    [OUTCOME_EXPIRED] = "expired",
    [OUTCOME_PROBED] = "probed",
};

static const char *const route_names[ROUTE_COUNT] = {
    [ROUTE_NONE] = "",           [ROUTE_MAILBOX] = "mailbox",
    [ROUTE_REMOTE] = "remote",   [ROUTE_LOOPBACK] = "loopback",
    [ROUTE_FORWARD] = "forward", [ROUTE_COMMAND] = "command",
};

static const char *const dsn_names[] = {
    [DSN_NONE] = "",
    [DSN_FAILED] = "failed",
    [DSN_DELAYED] = "delayed",
    [DSN_DELIVERED] = "delivered",
    [DSN_RELAYED] = "relayed",
    [DSN_EXPANDED] = "expanded",
    [DSN_POSTMASTER] = "postmaster",
};

static const char *const done_names[] = {
    [DONE_NONE] = "",           [DONE_REMOVED] = "removed",   [DONE_CANCELLED] = "cancelled",
    [DONE_DELETED] = "deleted", [DONE_REQUEUED] = "requeued",
};

static const char *const anomaly_names[ANOMALY_COUNT] = {
    [ANOMALY_NONE] = "",
    [ANOMALY_PIPELINING] = "pipelining",
    [ANOMALY_BARE_LF] = "bare_lf",
    [ANOMALY_PREGREET] = "pregreet",
    [ANOMALY_NON_SMTP] = "non_smtp",
    [ANOMALY_HANGUP] = "hangup",
    [ANOMALY_COMMAND_LIMIT] = "command_limit",
    [ANOMALY_BAD_SYNTAX] = "bad_syntax",
};

static const char *const ground_names[GROUND_COUNT] = {
    [GROUND_UNKNOWN] = "",
    [GROUND_SERVED] = "served",
    [GROUND_RIGHT] = "relay_right",
};

static const char *const teller_names[TELLER_COUNT] = {
    [TELLER_ONLY] = "",
    [TELLER_DOOR] = "door",
    [TELLER_BEHIND] = "behind",
    [TELLER_FILTER] = "filter",
};

static const char *name_at(const char *const *names, size_t count, size_t i)
{
    return i < count && names[i] != NULL ? names[i] : "";
}

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

const char *event_kind_name(enum event_kind kind)
{
    return name_at(kind_names, COUNT_OF(kind_names), kind);
}

const char *event_field_name(enum event_field field)
{
    return name_at(field_names, COUNT_OF(field_names), field);
}

const char *event_stage_name(enum smtp_stage stage)
{
    return name_at(stage_names, COUNT_OF(stage_names), stage);
}

const char *event_outcome_name(enum event_outcome outcome)
{
    return name_at(outcome_names, COUNT_OF(outcome_names), outcome);
}

const char *event_route_name(enum route route)
{
    return name_at(route_names, COUNT_OF(route_names), route);
}

const char *event_dsn_name(enum dsn_action action)
{
    return name_at(dsn_names, COUNT_OF(dsn_names), action);
}

const char *event_done_name(enum done_how how)
{
    return name_at(done_names, COUNT_OF(done_names), how);
}

const char *event_anomaly_name(enum anomaly anomaly)
{
    return name_at(anomaly_names, COUNT_OF(anomaly_names), anomaly);
}

const char *event_ground_name(enum ground ground)
{
    return name_at(ground_names, COUNT_OF(ground_names), ground);
}

const char *event_teller_name(enum teller teller)
{
    return name_at(teller_names, COUNT_OF(teller_names), teller);
}
