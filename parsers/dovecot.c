/* dovecot.c - logins of Dovecot: imap, pop3, submission, sieve, and its authentication service
 *
 * Grammar:  [SERVICE "-login: "] ["Info: "] "Login: " KEYS
 *           [SERVICE "-login: "] ["Info: "] STATE " (auth failed, " N " attempts" ... ")" ": " KEYS
 *           [PREFIX] DRIVER "(" USER "," IP ["," ["<" SESSION ">"]] "): " TEXT      auth,
 * auth-worker "auth(" USER "," IP "," ... ")<" SESSION ">: Info: " DRIVER ": " TEXT   2.4
 *           "pam_unix(dovecot:auth): authentication failure; ... ruser=" USER " rhost=" IP
 *           KEYS = ["user=<" USER ">"] ", method=" M ", rip=" IP ", lip=" IP ...
 * USER is the client's text before a login: the address is the last rip= of a login line, the last
 * rhost= of PAM's. In DRIVER(...) auth_username_chars keeps commas and brackets out of it.
 * source:   Dovecot 2.3 and 2.4 src/login-common/client-common.c, src/auth/auth-request.c
 * algorithm: one failure is told by up to three lines: PAM's, the driver's, and the summary of the
 *           login process. Of an address, what one kind has told is not told again by another
 * limits:   the driver's line of a login over SMTP comes beside the one of the mail server itself,
 *           and both count; it is written with auth_verbose = yes only */
#include "mail_line.h"

#include "base/cursor.h"

enum { CELLS = 1024, TOLD_PAM = 0, TOLD_DRIVER, TOLD_LOGIN, TELLERS };

static const int64_t memory_us = INT64_C(600) * 1000000;

struct dovecot_shared {
    struct cell {
        struct ip_addr ip;
        int64_t time_us;
        uint32_t told[TELLERS];
    } cell[CELLS];
};

struct dovecot_state {
    struct dovecot_shared *shared;
};

/* How many of n failures told by one kind of line are news. */
static uint32_t news(struct mail_line *line, const struct ip_addr *ip, unsigned teller, uint32_t n)
{
    struct dovecot_shared *sh = line->shared;
    struct cell *c = &sh->cell[(ip->hi ^ ip->lo ^ ip->lo >> 13) % CELLS];
    uint32_t before = 0, after = 0;

    int64_t age_us = line->rec->time_us - c->time_us;

    if (!ip_addr_eq(&c->ip, ip) || age_us > memory_us || age_us < -memory_us)
        *c = (struct cell){.ip = *ip};
    c->time_us = line->rec->time_us;
    for (unsigned i = 0; i < TELLERS; i++)
        before = c->told[i] > before ? c->told[i] : before;
    c->told[teller] += n;
    for (unsigned i = 0; i < TELLERS; i++)
        after = c->told[i] > after ? c->told[i] : after;
    return after - before;
}

struct login {
    slice user, mechanism, service, text;
    struct ip_addr ip;
};

static enum parse_result emit_auth(struct mail_line *line, const struct login *l,
                                   enum event_outcome outcome, uint32_t times)
{
    struct event *ev = mail_begin(line, EVENT_AUTH);

    ev->stage = STAGE_AUTH;
    ev->outcome = outcome;
    ev->client = l->ip;
    ev->repeat = ev->repeat * (times == 0 ? 1 : times);
    event_set(ev, EF_SERVICE, l->service);
    if (l->user.len > 0)
        event_set(ev, EF_USER, l->user);
    if (l->mechanism.len > 0)
        event_set(ev, EF_MECHANISM, l->mechanism);
    if (l->text.len > 0)
        event_set(ev, EF_TEXT, l->text);
    return mail_emit(line);
}

static enum parse_result emit_failure(struct mail_line *line, const struct login *l,
                                      unsigned teller, uint32_t n)
{
    uint32_t times = l->ip.family == 0 ? n : news(line, &l->ip, teller, n);

    return times == 0 ? PARSE_SKIP : emit_auth(line, l, OUTCOME_REFUSED, times);
}

/* ---- the login processes ---- */

static slice last_value(slice text, slice key)
{
    slice found = SLICE_NONE;

    for (slice at = mail_after(text, key); at.ptr != NULL; at = mail_after(at, key))
        found = at;
    return slice_first(found, slice_find_byte(found, ','));
}

/* KEYS; the address decides whether they are any. */
static bool read_keys(slice text, struct login *l)
{
    slice user = mail_after(text, SLICE_LIT("user=<"));

    l->user = slice_first(user, slice_find(user, SLICE_LIT(">,")));
    l->mechanism = last_value(text, SLICE_LIT("method="));
    return ip_addr_parse(last_value(text, SLICE_LIT("rip=")), &l->ip);
}

/* "auth failed, N attempts", "N authentication attempts": N; 0 when there was none. */
static uint32_t attempts_in(slice state)
{
    slice cur = mail_after(state, SLICE_LIT("(auth failed, "));
    uint64_t n = 0;

    if (cur.ptr != NULL)
        return cursor_take_uint(&cur, 10000, &n) && n > 0 ? (uint32_t)n : 1;
    if (slice_has(state, SLICE_LIT("(proxy dest auth failed)")))
        return 1;
    cur = mail_after(state, SLICE_LIT("("));
    return cursor_take_uint(&cur, 10000, &n) &&
                   slice_starts(cur, SLICE_LIT(" authentication attempts"))
               ? (uint32_t)n
               : 0;
}

static enum parse_result refuse(struct mail_line *line, const struct login *l, slice text)
{
    struct event *ev = mail_begin(line, EVENT_REFUSAL);

    ev->stage = STAGE_AUTH;
    ev->outcome = OUTCOME_REFUSED;
    ev->client = l->ip;
    event_set(ev, EF_SERVICE, l->service);
    event_set(ev, EF_COMMAND, SLICE_LIT("AUTH"));
    event_set(ev, EF_TEXT, text);
    return mail_emit(line);
}

/* It came and went without a login. */
static enum parse_result leave(struct mail_line *line, const struct login *l, slice text)
{
    struct event *ev = mail_begin(line, EVENT_LOST);

    ev->client = l->ip;
    event_set(ev, EF_SERVICE, l->service);
    event_set(ev, EF_TEXT, text);
    return mail_emit(line);
}

static enum parse_result read_login(struct mail_line *line, slice service, slice cur)
{
    struct login l = {.service = service};
    slice state;

    (void)cursor_take_lit(&cur, SLICE_LIT("Info: "));
    if (slice_starts(cur, SLICE_LIT("Login: ")) && read_keys(cur, &l))
        return emit_auth(line, &l, OUTCOME_ACCEPTED, 1);
    state = mail_before(mail_before(cur, SLICE_LIT("user=<")), SLICE_LIT("rip="));
    uint32_t n = attempts_in(state);
    if (!read_keys(cur, &l))
        return PARSE_SKIP;
    if (n == 0 && slice_has(state, SLICE_LIT("(tried to use dis")))
        return refuse(line, &l, SLICE_LIT("plaintext authentication is not allowed"));
    if (slice_eq(state, SLICE_LIT("Aborted login: ")) && l.user.len > 0 && l.mechanism.len > 0)
        n = 1; /* of 1.0 */
    if (n == 0)
        return leave(line, &l, slice_first(state, slice_find_byte(state, ':')));
    l.text = SLICE_LIT("auth failed");
    return emit_failure(line, &l, TOLD_LOGIN, n);
}

/* ---- the authentication service ---- */

static bool is_failure(slice text)
{
    static const char *const rows[] = {
        "unknown user",           "Unknown user",        "user not found",
        "Password mismatch",      "password mismatch",   "pam_authenticate() failed",
        "invalid credentials",    "Invalid credentials", "authentication failure",
        "Authentication failure", "Invalid password",    NULL};
    return mail_starts_any(text, rows);
}

/* USER "," IP ["," ["<" SESSION ">"]]: from the right. */
static bool read_subject(slice text, struct login *l)
{
    size_t comma;

    if (slice_ends(text, SLICE_LIT(">")) || slice_ends(text, SLICE_LIT(",")))
        text = slice_first(text, slice_rfind_byte(text, ','));
    comma = slice_rfind_byte(text, ',');
    if (comma == text.len || !ip_addr_parse(slice_from(text, comma + 1), &l->ip))
        return false;
    l->user = slice_first(text, comma);
    return true;
}

/* The word before the first "(" that holds an address. */
static enum parse_result read_driver(struct mail_line *line, slice text)
{
    struct login l = {.service = SLICE_LIT("auth")};
    slice cur = text, subject;

    while (cursor_take_past(&cur, '(', &subject)) {
        size_t end = slice_find(cur, SLICE_LIT("): "));
        if (end == cur.len)
            return PARSE_SKIP;
        if (!read_subject(slice_first(cur, end), &l))
            continue;
        l.text = slice_from(cur, end + 3);
        return is_failure(l.text) ? emit_failure(line, &l, TOLD_DRIVER, 1) : PARSE_SKIP;
    }
    return PARSE_SKIP;
}

static enum parse_result read_pam(struct mail_line *line, slice text)
{
    struct login l = {.service = SLICE_LIT("auth"), .text = SLICE_LIT("authentication failure")};
    slice head = text, ruser = mail_after(text, SLICE_LIT(" ruser="));

    for (slice at = mail_after(text, SLICE_LIT("  user=")); at.ptr != NULL;
         at = mail_after(at, SLICE_LIT("  user=")))
        head = slice_first(text, (size_t)(at.ptr - text.ptr) - 7);
    slice rhost = last_value(head, SLICE_LIT(" rhost="));
    if (ruser.ptr == NULL || !ip_addr_parse(slice_trim(rhost), &l.ip))
        return PARSE_SKIP;
    l.user = slice_first(ruser, (size_t)(rhost.ptr - ruser.ptr) - 7);
    return emit_failure(line, &l, TOLD_PAM, 1);
}

/* Of 2.4: the subject is part of the tag. */
static enum parse_result read_tagged(struct mail_line *line, slice tag, slice text)
{
    struct login l = {.service = SLICE_LIT("auth")};
    slice subject = slice_from(tag, slice_find_byte(tag, '(') + 1), user, ip;

    if (!cursor_take_past(&subject, ',', &user))
        return PARSE_FOREIGN;
    ip = slice_first(subject, slice_find_byte(subject, ','));
    if (!ip_addr_parse(slice_first(ip, slice_find_byte(ip, ')')), &l.ip))
        return PARSE_FOREIGN;
    l.user = user;
    (void)cursor_take_lit(&text, SLICE_LIT("Info: "));
    l.text = mail_after(text, SLICE_LIT(": "));
    return is_failure(l.text) ? emit_failure(line, &l, TOLD_DRIVER, 1) : PARSE_SKIP;
}

/* ---- one line ---- */

static const char *const login_tags[] = {"imap-login", "pop3-login", "submission-login",
                                         "managesieve-login", NULL};

static slice service_of(slice tag)
{
    for (const char *const *t = login_tags; *t != NULL; t++)
        if (slice_eq(tag, slice_of(*t)))
            return slice_first(tag, tag.len - 6);
    return SLICE_NONE;
}

static bool is_auth_tag(slice tag)
{
    return slice_eq(tag, SLICE_LIT("auth")) || slice_eq(tag, SLICE_LIT("dovecot-auth")) ||
           slice_starts(tag, SLICE_LIT("auth(")) || slice_starts(tag, SLICE_LIT("auth-worker"));
}

static bool dovecot_claims(slice tag)
{
    return slice_eq(tag, SLICE_LIT("dovecot")) || service_of(tag).len > 0 || is_auth_tag(tag) ||
           slice_eq(tag, SLICE_LIT("Info")) || slice_eq(tag, SLICE_LIT("Warn"));
}

static enum parse_result read_auth(struct mail_line *line, slice tag, slice text)
{
    if (slice_starts(text, SLICE_LIT("pam_unix(dovecot:auth): authentication failure;")))
        return read_pam(line, text);
    if (slice_starts(tag, SLICE_LIT("auth(")) && slice_find_byte(tag, ',') < tag.len)
        return read_tagged(line, tag, text);
    return read_driver(line, text);
}

/* "imap-login: ...", "auth: ...", "auth-worker(304): ..." in the text of tag "dovecot" or "Info".
 */
static enum parse_result read_inner(struct mail_line *line, slice text)
{
    slice tag, cur = text;

    (void)cursor_take_lit(&cur, SLICE_LIT("dovecot: "));
    if (!cursor_take_past(&cur, ':', &tag) || !cursor_take_byte(&cur, ' '))
        return PARSE_SKIP;
    if (service_of(tag).len > 0)
        return read_login(line, service_of(tag), cur);
    return is_auth_tag(tag) ? read_auth(line, tag, cur) : PARSE_SKIP;
}

static enum parse_result dovecot_parse(void *state, const struct record *rec, struct event *ev,
                                       const struct event_sink *sink)
{
    struct dovecot_state *s = state;
    struct mail_line line = {.rec = rec,
                             .ev = ev,
                             .sink = sink,
                             .shared = s->shared,
                             .instance = SLICE_LIT("dovecot"),
                             .program = SLICE_LIT("dovecot"),
                             .queue_id = SLICE_NONE,
                             .text = rec->text};

    if (service_of(rec->tag).len > 0)
        return read_login(&line, service_of(rec->tag), rec->text);
    return is_auth_tag(rec->tag) ? read_auth(&line, rec->tag, rec->text)
                                 : read_inner(&line, rec->text);
}

static void dovecot_start(void *state, const struct parser_env *env)
{
    ((struct dovecot_state *)state)->shared = env->shared;
}

const struct parser parser_dovecot = {
    .name = "dovecot",
    .summary = "Dovecot 1.0 to 2.4: logins of imap, pop3, submission and sieve",
    .source = "Dovecot 2.4",
    .logins_only = true,
    .claims = dovecot_claims,
    .parse = dovecot_parse,
    .state_size = sizeof(struct dovecot_state),
    .shared_size = sizeof(struct dovecot_shared),
    .start = dovecot_start,
};
