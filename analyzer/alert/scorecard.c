/* scorecard.c - one small function a row: facts to a result and one clause of evidence
 * algorithm: a MUST or MUST NOT is PASS or FAIL only on its evidence and above a least number of
 *            cases; an ability is SEEN once it was used, else NOT SEEN; what headers or settings
 *            alone would show is INDIRECT at best. Shares are rounded down, so that 100% is all
 * source:    RFC 2505 2.1 to 2.13; RFC 5321 3.6.2, 4.5.1, 6.1, 6.2; RFC 2142; RFC 7208
 * limits:    7a and 7b tell a refused address from a refused domain only by a second address of the
 *            domain; 10 cannot know which local parts exist */
#include "alert/scorecard.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { ENOUGH = 20 }; /* cases below which a share says nothing */

static const char pass[] = "PASS", fail[] = "FAIL", seen[] = "SEEN", not_seen[] = "NOT SEEN",
                  warn[] = "WARN", unknown[] = "UNKNOWN", indirect[] = "INDIRECT";

typedef const struct scorecard_facts facts;

static void set(struct scorecard_row *row, const char *result, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void set(struct scorecard_row *row, const char *result, const char *format, ...)
{
    va_list args;

    row->result = result;
    va_start(args, format);
    vsnprintf(row->evidence, sizeof row->evidence, format, args);
    va_end(args);
}

/* part of whole in tenths of a percent, rounded down */
static unsigned permille(uint64_t part, uint64_t whole)
{
    return whole == 0 ? 0 : (unsigned)((double)part * 1000 / (double)whole);
}

/* "all 812 WHAT", or "796 of 812 WHAT (98.0%)", into buf[96] */
static const char *share(uint64_t part, uint64_t whole, const char *what, char *buf)
{
    unsigned p = permille(part, whole);

    if (part == whole)
        snprintf(buf, 96, "all %" PRIu64 " %s", whole, what);
    else
        snprintf(buf, 96, "%" PRIu64 " of %" PRIu64 " %s (%u.%u%%)", part, whole, what, p / 10,
                 p % 10);
    return buf;
}

static const char *s_of(uint64_t n)
{
    return n == 1 ? "" : "s";
}

/* ---- RFC 2505 ---- */

static void judge_relay(facts *f, struct scorecard_row *row)
{
    if (f->relay_delivered + f->relay_accepted > 0)
        set(row, fail, "%" PRIu64 " recipient%s relayed for strangers, %" PRIu64 " more accepted",
            f->relay_delivered, s_of(f->relay_delivered), f->relay_accepted);
    else if (f->relay_unsettled > 0)
        set(row, warn,
            "%" PRIu64 " hidden foreign recipient%s accepted, what became of it is not logged",
            f->relay_unsettled, s_of(f->relay_unsettled));
    else if (f->relay_bounced > 0)
        set(row, warn,
            "%" PRIu64 " recipient%s for strangers taken, then bounced here, none relayed",
            f->relay_bounced, s_of(f->relay_bounced));
    else if (!f->coverage_enough)
        set(row, unknown, "the log shows too little to tell");
    else if (f->relay_refused >= ENOUGH)
        set(row, pass, "%" PRIu64 " attempts refused, none accepted", f->relay_refused);
    else
        set(row, unknown, "%" PRIu64 " attempt%s refused, none accepted; %d would prove it",
            f->relay_refused, s_of(f->relay_refused), ENOUGH);
}

static void judge_received(facts *f, struct scorecard_row *row)
{
    char client[96], helo[96];

    if (f->messages_client == 0 || f->refusals_helo == 0)
        set(row, unknown, "headers are not logged");
    else
        set(row, indirect, "headers are not logged; client address known for %s, HELO for %s",
            share(f->messages_client, f->messages, "messages", client),
            share(f->refusals_helo, f->refusals, "refusals", helo));
}

static void judge_trace(facts *f, struct scorecard_row *row)
{
    char text[96];
    unsigned p = permille(f->outcomes_joined, f->outcomes);
    const char *result = p >= 990 ? pass : p >= 900 ? warn : fail;

    share(f->outcomes_joined, f->outcomes, "recipients", text);
    if (f->outcomes < ENOUGH)
        set(row, unknown, "outcomes of %" PRIu64 " recipient%s: too few to tell", f->outcomes,
            s_of(f->outcomes));
    else if (p < 990 && f->joins_lost > 0)
        set(row, unknown, "%s traceable, but our own tables were too small (--memory)", text);
    else
        set(row, result, "%s with client, sender and outcome", text);
}

static void judge_refusal_log(facts *f, struct scorecard_row *row)
{
    char text[96];

    if (f->rcpt_refusals < ENOUGH)
        set(row, unknown, "%" PRIu64 " refused recipient%s: too few to tell", f->rcpt_refusals,
            s_of(f->rcpt_refusals));
    else
        set(row, permille(f->rcpt_logged, f->rcpt_refusals) >= 990 ? pass : warn,
            "%s with time, reason, recipient and client",
            share(f->rcpt_logged, f->rcpt_refusals, "refusals", text));
}

static const char no_dialogue[] = "this log shows no SMTP sessions";

/* An ability: seen when it was used in the dialogue. */
static void set_seen(facts *f, struct scorecard_row *row, uint64_t times, const char *noun,
                     const char *rest)
{
    if (times > 0)
        set(row, seen, "%" PRIu64 " %s%s%s", times, noun, s_of(times), rest);
    else if (!f->dialogue_visible)
        set(row, unknown, "%s", no_dialogue);
    else
        set(row, not_seen, "no %s%s", noun, rest);
}

static void judge_client(facts *f, struct scorecard_row *row)
{
    set_seen(f, row, f->client_refused, "refusal", " of a client by address, name or list");
}

static void judge_null(facts *f, struct scorecard_row *row)
{
    if (f->null_refused > 0)
        set(row, fail, "%" PRIu64 " refusal%s of <> as a sender", f->null_refused,
            s_of(f->null_refused));
    else if (f->null_multi > 0)
        set(row, fail, "%" PRIu64 " refusal%s of <> with more than one recipient", f->null_multi,
            s_of(f->null_multi));
    else if (f->null_taken > 0)
        set(row, pass, "%" PRIu64 " message%s of <> taken from outside, none refused for it",
            f->null_taken, s_of(f->null_taken));
    else
        set(row, unknown, "no message of <> came from outside");
}

static void judge_own_sender(facts *f, struct scorecard_row *row)
{
    if (f->own_refused > 0)
        set(row, warn, "%" PRIu64 " refused; usual today (SPF, DMARC), but it hits forwarders",
            f->own_refused);
    else if (f->own_taken > 0)
        set(row, pass, "%" PRIu64 " message%s taken, none refused for it", f->own_taken,
            s_of(f->own_taken));
    else
        set(row, unknown, "none came from outside");
}

static void judge_sender(facts *f, struct scorecard_row *row)
{
    set_seen(f, row, f->sender_refused, "refusal", " of a sender by policy");
}

static void judge_sender_domain(facts *f, struct scorecard_row *row)
{
    set_seen(f, row, f->sender_domain_refused, "refusal", " of a second address of one domain");
}

static void judge_rate(facts *f, struct scorecard_row *row)
{
    set_seen(f, row, f->rate_limited, "rate limit", " reached");
}

static void judge_dns(facts *f, struct scorecard_row *row)
{
    if (f->sender_dns_broken > 0)
        set(row, fail, "%" PRIu64 " refused for good (5xx) while DNS did not answer",
            f->sender_dns_broken);
    else
        set_seen(f, row, f->sender_dns, "sender", " refused because of the domain in DNS");
}

static void judge_local_part(facts *f, struct scorecard_row *row)
{
    char text[96];
    uint64_t refused = f->login_refused + f->part_refused;

    if (refused > 0)
        set(row, seen, "%" PRIu64 " sender%s refused: not of the account, or no such user", refused,
            s_of(refused));
    else if (f->logged_in_other > 0)
        set(row, not_seen, "%s with a login have another sender than the login, none refused",
            share(f->logged_in_other, f->logged_in, "messages", text));
    else if (f->logged_in > 0)
        set(row, unknown, "%" PRIu64 " message%s with a login, each with that login as the sender",
            f->logged_in, s_of(f->logged_in));
    else
        set(row, unknown, "no message with a login");
}

static void judge_vrfy(facts *f, struct scorecard_row *row)
{
    if (f->vrfy_mailbox > 0)
        set(row, fail, "%" PRIu64 " answer%s to strangers with a mailbox (250)", f->vrfy_mailbox,
            s_of(f->vrfy_mailbox));
    else if (f->vrfy_taken > 0)
        set(row, warn, "%" PRIu64 " VRFY of strangers answered; with 250 or 252 is not logged",
            f->vrfy_taken);
    else if (f->vrfy_refused > 0)
        set(row, pass, "%" PRIu64 " VRFY of strangers, none told a mailbox", f->vrfy_refused);
    else
        set(row, unknown, "no stranger asked");
}

static void judge_etrn(facts *f, struct scorecard_row *row)
{
    if (f->etrn_taken > 0)
        set(row, fail, "%" PRIu64 " ETRN of strangers obeyed", f->etrn_taken);
    else if (f->etrn_refused > 0)
        set(row, pass, "%" PRIu64 " ETRN of strangers, all refused", f->etrn_refused);
    else
        set(row, unknown, "no stranger asked");
}

static void judge_codes(facts *f, struct scorecard_row *row)
{
    if (!f->dialogue_visible)
        set(row, unknown, "%s", no_dialogue);
    else
        set(row, f->policy_4xx > 0 && f->policy_5xx > 0 ? seen : not_seen,
            "policy answers: %" PRIu64 " with 4xx, %" PRIu64 " with 5xx", f->policy_4xx,
            f->policy_5xx);
}

/* ---- hygiene ---- */

static void judge_role(const struct role_facts *role, struct scorecard_row *row)
{
    if (role->refused > 0)
        set(row, fail, "%" PRIu64 " refused, %" PRIu64 " taken", role->refused, role->taken);
    else if (role->held_off > 0)
        set(row, warn, "%" PRIu64 " taken, %" PRIu64 " refused because of client or content",
            role->taken, role->held_off);
    else if (role->taken > 0)
        set(row, pass, "%" PRIu64 " taken, none refused", role->taken);
    else
        set(row, unknown, "nobody wrote to it");
}

static void judge_postmaster(facts *f, struct scorecard_row *row)
{
    judge_role(&f->postmaster, row);
}

static void judge_abuse(facts *f, struct scorecard_row *row)
{
    judge_role(&f->abuse, row);
}

static void judge_double_bounce(facts *f, struct scorecard_row *row)
{
    if (f->dsn_about_null > 0)
        set(row, fail, "%" PRIu64 " notification%s about mail of <>", f->dsn_about_null,
            s_of(f->dsn_about_null));
    else if (f->null_failed > 0)
        set(row, pass, "%" PRIu64 " recipient%s of <> failed, nobody was notified", f->null_failed,
            s_of(f->null_failed));
    else
        set(row, unknown, "no mail of <> failed");
}

static void judge_unknown_rcpt(facts *f, struct scorecard_row *row)
{
    uint64_t all = f->unknown_refused + f->unknown_bounced;
    unsigned p = permille(f->unknown_bounced, all);

    if (all < ENOUGH)
        set(row, unknown, "%" PRIu64 " unknown recipient%s: too few to tell", all, s_of(all));
    else if (!f->dialogue_visible)
        set(row, warn, "%" PRIu64 " taken and bounced later; how many were refused is not logged",
            f->unknown_bounced);
    else
        set(row,
            f->unknown_bounced >= ENOUGH && p >= 100 ? fail
            : p >= 10                                ? warn
                                                     : pass,
            "%" PRIu64 " refused in the dialogue, %" PRIu64 " taken and bounced later",
            f->unknown_refused, f->unknown_bounced);
}

static void judge_relay_code(facts *f, struct scorecard_row *row)
{
    uint64_t all = f->relay_5xx + f->relay_4xx;

    if (f->relay_4xx > 0)
        set(row, warn, "%" PRIu64 " of %" PRIu64 " answered 4xx: they come again", f->relay_4xx,
            all);
    else if (all > 0)
        set(row, pass, "%" PRIu64 " answered 5xx, none 4xx", all);
    else
        set(row, unknown, "no attempt was refused");
}

static void judge_repute(facts *f, struct scorecard_row *row)
{
    if (f->remote_refused > 0)
        set(row, warn, "%" PRIu64 " of %" PRIu64 " replies refuse our mail for one of these",
            f->remote_refused, f->remote_replies);
    else
        set(row, unknown, "no complaint in %" PRIu64 " repl%s of other servers", f->remote_replies,
            f->remote_replies == 1 ? "y" : "ies");
}

static const struct {
    const char *number, *title;
    void (*judge)(facts *, struct scorecard_row *);
} rows_in_order[] = {
    {"1", "does not relay for strangers", judge_relay},
    {"2", "Received lines let mail be traced", judge_received},
    {"3", "the log lets mail be traced", judge_trace},
    {"4", "refusals are logged in full", judge_refusal_log},
    {"5", "can refuse a host or a network", judge_client},
    {"6a", "does not refuse the null sender", judge_null},
    {"6b", "does not refuse own senders as such", judge_own_sender},
    {"7a", "can refuse a sender", judge_sender},
    {"7b", "can refuse a sender domain", judge_sender_domain},
    {"8", "limits rates", judge_rate},
    {"9", "checks sender domains in DNS", judge_dns},
    {"10", "checks the senders of its own users", judge_local_part},
    {"11", "VRFY and EXPN tell strangers nothing", judge_vrfy},
    {"12", "ETRN is not for strangers", judge_etrn},
    {"13", "answers 4xx or 5xx, rule by rule", judge_codes},
    {"H1", "mail for postmaster is taken", judge_postmaster},
    {"H2", "mail for abuse is taken", judge_abuse},
    {"H3", "no bounce answers a bounce", judge_double_bounce},
    {"H4", "unknown recipients are refused, not bounced", judge_unknown_rcpt},
    {"H5", "relaying is refused for good", judge_relay_code},
    {"H6", "our host name, SPF, DKIM, DMARC satisfy others", judge_repute},
};

enum { ROWS = sizeof rows_in_order / sizeof rows_in_order[0] };
_Static_assert((int)ROWS <= (int)SCORECARD_ROWS_MAX, "the summary has room for all rows");

unsigned scorecard_fill(const struct scorecard_facts *f, struct scorecard_row *rows)
{
    if (f->events == 0)
        return 0;
    for (unsigned i = 0; i < ROWS; i++) {
        rows[i].number = rows_in_order[i].number;
        rows[i].title = rows_in_order[i].title;
        rows_in_order[i].judge(f, &rows[i]);
    }
    return ROWS;
}

bool scorecard_is_hygiene(const struct scorecard_row *row)
{
    return row->number[0] == 'H';
}
