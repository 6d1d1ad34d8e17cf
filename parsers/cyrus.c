/* cyrus.c - Cyrus: logins of imapd and pop3d, and saslauthd
 *
 * Grammar:  "badlogin: " [NAME " "] "[" IP "] " MECH " " (USER " " | "[") "SASL(" N "): " TEXT
 *           "login: " [NAME " "] "[" IP "] " USER " " MECH ... " User logged in"
 *           "do_auth" " : auth failure: [user=" USER "] [service=" S "] [realm=" R "] [mech=" M "]
 *               [reason=" TEXT "]"
 *           ("AUTHENTICATE " M | "Login") " failure" ... "host=" [NAME " "] "[" IP "]"     UW imapd
 * The address stands before the client's text in the lines of Cyrus.
 * source:   Cyrus imapd imap/imapd.c, pop3d.c; cyrus-sasl saslauthd/saslauthd-main.c
 * limits:   saslauthd does not know the client: such a failure has an account and nobody to blame
 */
#include "cyrus.h"

#include "base/cursor.h"

static bool cyrus_claims(slice tag)
{
    static const char *const rows[] = {"saslauthd", "imap",  "imaps",  "pop3",
                                       "pop3s",     "sieve", "ipop3d", NULL};

    if (slice_starts(tag, SLICE_LIT("cyrus/")))
        return true;
    for (const char *const *t = rows; *t != NULL; t++)
        if (slice_eq(tag, slice_of(*t)))
            return true;
    return false;
}

/* [NAME " "] "[" IP "]"; older versions print "NAME[IP]". */
static bool take_peer(slice *cur, struct mail_host *ret)
{
    slice rest = *cur, name;

    *ret = (struct mail_host){0};
    size_t open = slice_find_byte(slice_first(rest, 260), '[');
    if (open == rest.len || open >= 260)
        return false;
    name = slice_trim(slice_first(rest, open));
    if (slice_find_byte(name, ' ') < name.len)
        return false;
    rest = slice_from(rest, open);
    if (!mail_take_ip(&rest, &ret->ip))
        return false;
    ret->name = name.len > 0 ? name : SLICE_NONE;
    (void)cursor_take_byte(&rest, ' ');
    *cur = rest;
    return true;
}

static struct event *begin_auth(struct mail_line *line, const struct mail_host *host,
                                enum event_outcome outcome)
{
    struct event *ev = mail_begin(line, EVENT_AUTH);

    ev->stage = STAGE_AUTH;
    ev->outcome = outcome;
    ev->client = host->ip;
    event_set(ev, EF_SERVICE, line->rec->tag);
    return ev;
}

static enum parse_result read_bad_login(struct mail_line *line, slice cur)
{
    struct mail_host host;
    slice mechanism, user;

    if (!take_peer(&cur, &host) || !cursor_take_token(&cur, &mechanism))
        return PARSE_REJECT;
    (void)cursor_take_byte(&cur, ' ');
    size_t sasl = slice_find(cur, SLICE_LIT("SASL("));
    user = slice_trim(slice_first(cur, sasl));
    struct event *ev = begin_auth(line, &host, OUTCOME_REFUSED);
    event_set(ev, EF_MECHANISM, mechanism);
    if (user.len > 0 && user.ptr[0] != '[')
        event_set(ev, EF_USER, user);
    event_set(ev, EF_TEXT, slice_from(cur, sasl));
    return mail_emit(line);
}

static enum parse_result read_login(struct mail_line *line, slice cur)
{
    struct mail_host host;
    slice user;

    if (!take_peer(&cur, &host) || !cursor_take_token(&cur, &user))
        return PARSE_SKIP;
    event_set(begin_auth(line, &host, OUTCOME_ACCEPTED), EF_USER, user);
    return mail_emit(line);
}

/* VALUE of "[KEY=VALUE]". */
static slice bracket(slice text, slice key)
{
    slice value = mail_after(text, key);
    return slice_first(value, slice_find(value, SLICE_LIT("] [")));
}

static enum parse_result read_saslauthd(struct mail_line *line, slice cur)
{
    static const struct mail_host nobody;
    slice user = bracket(cur, SLICE_LIT("[user="));
    struct event *ev = begin_auth(line, &nobody, OUTCOME_REFUSED);

    event_set(ev, EF_SERVICE, bracket(cur, SLICE_LIT("[service=")));
    if (user.len > 0)
        event_set(ev, EF_USER, user);
    slice reason = mail_after(cur, SLICE_LIT("[reason="));
    event_set(ev, EF_TEXT, slice_first(reason, slice_rfind_byte(reason, ']')));
    return mail_emit(line);
}

static enum parse_result cyrus_parse(void *state, const struct record *rec, struct event *ev,
                                     const struct event_sink *sink)
{
    struct mail_line line = {.rec = rec,
                             .ev = ev,
                             .sink = sink,
                             .instance = SLICE_LIT("cyrus"),
                             .program = rec->tag,
                             .queue_id = SLICE_NONE,
                             .text = rec->text};
    (void)state;
    return cyrus_parse_text(&line);
}

/* "... failure host=NAME [IP]" of UW imapd: the host is at the end. */
static enum parse_result read_uw(struct mail_line *line, slice text, enum event_outcome outcome)
{
    struct mail_host host;
    slice cur, found = SLICE_NONE, user = mail_after(text, SLICE_LIT("user="));

    for (cur = mail_after(text, SLICE_LIT("host=")); cur.ptr != NULL;
         cur = mail_after(cur, SLICE_LIT("host=")))
        found = cur;
    if (found.ptr == NULL || !take_peer(&found, &host))
        return PARSE_SKIP;
    struct event *ev = begin_auth(line, &host, outcome);
    if (user.ptr != NULL)
        event_set(ev, EF_USER, mail_before(user, SLICE_LIT(" host=")));
    return mail_emit(line);
}

enum parse_result cyrus_parse_text(struct mail_line *line)
{
    slice cur = line->text;

    if (cursor_take_lit(&cur, SLICE_LIT("badlogin: ")))
        return read_bad_login(line, cur);
    if (cursor_take_lit(&cur, SLICE_LIT("login: ")))
        return read_login(line, cur);
    if (slice_starts(cur, SLICE_LIT("do_auth")) && slice_has(cur, SLICE_LIT("auth failure: [")))
        return read_saslauthd(line, cur);
    if (slice_starts(cur, SLICE_LIT("Authenticated user=")) ||
        slice_starts(cur, SLICE_LIT("Login user=")))
        return read_uw(line, cur, OUTCOME_ACCEPTED);
    if (slice_starts(cur, SLICE_LIT("AUTHENTICATE ")) ||
        slice_starts(cur, SLICE_LIT("Login failed")))
        return read_uw(line, cur, OUTCOME_REFUSED);
    return PARSE_SKIP;
}

const struct parser parser_cyrus = {
    .name = "cyrus",
    .summary = "Cyrus imapd and pop3d, saslauthd: logins",
    .source = "Cyrus imapd 3, cyrus-sasl 2.1",
    .logins_only = true,
    .claims = cyrus_claims,
    .parse = cyrus_parse,
};
