/* postfix_postscreen.c - the screen in front of the SMTP server
 *
 * Grammar:  "CONNECT from " PEER [" to " PEER] | "DISCONNECT " PEER
 *           "PREGREET " N " after " T " from " PEER ": " DATA
 *           "HANGUP after " T " from " PEER " in tests " ...
 *           "NON-SMTP COMMAND from " PEER " after " WORD ": " DATA
 *           "COMMAND PIPELINING from " PEER " after " DATA
 *           "BARE NEWLINE from " PEER " after " WORD
 *           "COMMAND " ("TIME" | "COUNT" | "LENGTH") " LIMIT from " PEER " after " WORD
 * and the policy lines of postfix_policy.c. PEER is "[" ADDR "]:" PORT: no name, and one process
 * serves all clients at once, so there is no session key but address and port.
 * source:   Postfix src/postscreen/. */
#include "postfix.h"

#include "base/cursor.h"
#include "postfix_text.h"

/* "PREGREET 11 after 0.12 from PEER: DATA" is read by its own words, the rest by what stands after
 * the peer. */
struct fault {
    const char *head;
    enum anomaly anomaly;
};

static const struct fault faults[] = {
    {"NON-SMTP COMMAND from ", ANOMALY_NON_SMTP},
    {"COMMAND PIPELINING from ", ANOMALY_PIPELINING},
    {"BARE NEWLINE from ", ANOMALY_BARE_LF},
    {"COMMAND TIME LIMIT from ", ANOMALY_COMMAND_LIMIT},
    {"COMMAND COUNT LIMIT from ", ANOMALY_COMMAND_LIMIT},
    {"COMMAND LENGTH LIMIT from ", ANOMALY_COMMAND_LIMIT},
    {"DATA without valid RCPT from ", ANOMALY_BAD_SYNTAX},
    {"BDAT without valid RCPT from ", ANOMALY_BAD_SYNTAX},
};

static struct event *begin_fault(struct postfix_line *line, enum anomaly anomaly,
                                 const struct postfix_peer *peer)
{
    struct event *ev = postfix_begin(line, EVENT_PROTOCOL);

    ev->anomaly = anomaly;
    postfix_set_client(ev, peer);
    return ev;
}

static enum parse_result read_connect(struct postfix_line *line, slice cur)
{
    struct postfix_peer peer, listener = {0};

    if (!postfix_take_peer(&cur, &peer))
        return PARSE_REJECT;
    if (cursor_take_lit(&cur, SLICE_LIT(" to ")))
        (void)postfix_take_peer(&cur, &listener);
    struct event *ev = postfix_begin(line, EVENT_CONNECT);
    ev->stage = STAGE_CONNECT;
    ev->listener_port = listener.port;
    postfix_set_client(ev, &peer);
    return postfix_emit(line);
}

static enum parse_result read_disconnect(struct postfix_line *line, slice cur)
{
    struct postfix_peer peer;

    if (!postfix_take_peer(&cur, &peer))
        return PARSE_REJECT;
    postfix_set_client(postfix_begin(line, EVENT_DISCONNECT), &peer);
    return postfix_emit(line);
}

/* N " after " T " from " PEER ": " DATA, or T " from " PEER " in tests ..." */
static enum parse_result read_timed(struct postfix_line *line, slice cur, enum anomaly anomaly)
{
    struct postfix_peer peer;
    slice word;

    if (!cursor_take_token(&cur, &word))
        return PARSE_REJECT;
    if (cursor_take_lit(&cur, SLICE_LIT(" after ")) && !cursor_take_token(&cur, &word))
        return PARSE_REJECT;
    if (!cursor_take_lit(&cur, SLICE_LIT(" from ")) || !postfix_take_peer(&cur, &peer))
        return PARSE_REJECT;
    struct event *ev = begin_fault(line, anomaly, &peer);
    ev->stage = STAGE_CONNECT;
    if (anomaly == ANOMALY_PREGREET && cursor_take_lit(&cur, SLICE_LIT(": ")))
        event_set(ev, EF_TEXT, cur);
    else
        event_set(ev, EF_TEXT, slice_from(cur, cur.len > 0));
    return postfix_emit(line);
}

/* PEER [" after " WORD [": " DATA]]; for pipelining WORD is the client's, so it ends at the first
 * ":". */
static enum parse_result read_fault(struct postfix_line *line, slice cur, const struct fault *fault)
{
    struct postfix_peer peer;
    slice after = SLICE_NONE, data = SLICE_NONE;

    if (!postfix_take_peer(&cur, &peer))
        return PARSE_REJECT;
    if (cursor_take_lit(&cur, SLICE_LIT(" after "))) {
        size_t colon = slice_find_byte(cur, ':');
        after = slice_first(cur, colon);
        data = colon < cur.len ? slice_from(cur, colon + 1) : SLICE_NONE;
        (void)cursor_take_byte(&data, ' ');
    }
    struct event *ev = begin_fault(line, fault->anomaly, &peer);
    if (after.ptr != NULL)
        ev->stage = postfix_stage(after);
    event_set(ev, EF_COMMAND, after);
    event_set(ev, EF_TEXT,
              fault->anomaly == ANOMALY_COMMAND_LIMIT || fault->anomaly == ANOMALY_BAD_SYNTAX
                  ? slice_first(line->text, strlen(fault->head) - sizeof " from")
                  : data);
    return postfix_emit(line);
}

/* "DNSBL rank N for PEER": the client reached the threshold; what follows is decided elsewhere. */
static enum parse_result read_rank(struct postfix_line *line, slice cur)
{
    struct postfix_peer peer;
    uint64_t rank;
    slice text = line->text;

    if (!cursor_take_uint(&cur, UINT32_MAX, &rank) || !cursor_take_lit(&cur, SLICE_LIT(" for ")))
        return PARSE_REJECT;
    text = slice_between(text.ptr, cur.ptr - 5);
    if (!postfix_take_peer(&cur, &peer))
        return PARSE_REJECT;
    struct event *ev = postfix_begin(line, EVENT_ACTION);
    ev->stage = STAGE_CONNECT;
    ev->outcome = OUTCOME_WARNED;
    event_set(ev, EF_TEXT, text);
    postfix_set_client(ev, &peer);
    return postfix_emit(line);
}

/* "entering STRESS mode with N connections" */
static enum parse_result read_stress(struct postfix_line *line)
{
    event_set(postfix_begin(line, EVENT_LIMIT), EF_TEXT, line->text);
    return postfix_emit(line);
}

static bool is_silent(slice text)
{
    static const char *const words[] = {
        "PASS ",
        "ALLOWLIST",
        "DENYLIST",
        "WHITELIST",
        "BLACKLIST",
        "leaving STRESS",
        "cache ",
        "close database",
        "table ",
        "[",
        "using backwards-compatible",
    };

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (slice_starts(text, slice_of(words[i])))
            return true;
    return false;
}

enum parse_result postfix_postscreen_read(struct postfix_line *line)
{
    slice cur = line->text;

    if (cursor_take_lit(&cur, SLICE_LIT("CONNECT from ")))
        return read_connect(line, cur);
    if (cursor_take_lit(&cur, SLICE_LIT("DISCONNECT ")))
        return read_disconnect(line, cur);
    if (cursor_take_lit(&cur, SLICE_LIT("PREGREET ")))
        return read_timed(line, cur, ANOMALY_PREGREET);
    if (cursor_take_lit(&cur, SLICE_LIT("HANGUP after ")))
        return read_timed(line, cur, ANOMALY_HANGUP);
    if (cursor_take_lit(&cur, SLICE_LIT("DNSBL rank ")))
        return read_rank(line, cur);
    if (slice_starts(cur, SLICE_LIT("entering STRESS")))
        return read_stress(line);
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
        if (cursor_take_lit(&cur, slice_of(faults[i].head)))
            return read_fault(line, cur, &faults[i]);
    if (is_silent(cur))
        return PARSE_SKIP;
    return postfix_policy_read(line);
}
