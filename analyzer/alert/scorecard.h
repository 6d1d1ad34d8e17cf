/* scorecard.h - the 13 recommendations of RFC 2505 and the mail hygiene of this server, judged by
 * what the log shows
 *
 * Facts are plain counts; who counts them (correlate/hygiene.c, the relay board) is not known here.
 * A row says PASS or FAIL only on the evidence that its recommendation asks for; where the log
 * cannot show it the row is UNKNOWN, and a mere ability is SEEN or NOT SEEN.
 *
 * source: RFC 2505 (BCP 30) 2.1 to 2.13; RFC 5321 3.6.2, 4.5.1, 6.1, 6.2; RFC 2142 2 and 4. */
#ifndef ALERT_SCORECARD_H
#define ALERT_SCORECARD_H

#include "alert/summary.h"

/* Mail for a name that every domain must take mail for. */
struct role_facts {
    uint64_t taken;    /* put into a mailbox */
    uint64_t refused;  /* for good, because of the recipient: in the dialogue or by a bounce */
    uint64_t held_off; /* for good, because of the client or the content */
};

/* Counts over the whole log. "Refused" is 5xx, warn_if_reject is no refusal; clients outside are
 * those that have not logged in. */
struct scorecard_facts {
    uint64_t events;
    /* from the relay board and the coverage */
    uint64_t relay_refused, relay_delivered; /* recipients */
    uint64_t relay_accepted;                 /* ... taken, not delivered */
    uint64_t relay_unsettled;                /* ... hidden ones taken, fate unknown */
    uint64_t relay_bounced;                  /* ... taken and bounced here: not relayed */
    bool coverage_enough;                    /* for a "no" */
    bool dialogue_visible;                   /* SMTP sessions are in the log, not queues only */
    uint64_t joins_lost;                     /* message records given up for want of room */
    /* what a trace would need */
    uint64_t messages, messages_client;  /* taken by SMTP; with the client's address */
    uint64_t refusals, refusals_helo;    /* of any stage, 4xx and 5xx; with the HELO argument */
    uint64_t outcomes, outcomes_joined;  /* final, of a recipient; with client and sender */
    uint64_t rcpt_refusals, rcpt_logged; /* at RCPT; with recipient, client and text */
    /* what is refused, for good or not */
    uint64_t client_refused;                /* by address, name, list */
    uint64_t null_taken, null_refused;      /* <> from outside: messages; refused for being <> */
    uint64_t null_multi;                    /* ... refused for a second recipient */
    uint64_t own_taken, own_refused;        /* senders of ours from outside */
    uint64_t sender_refused;                /* by policy */
    uint64_t sender_domain_refused;         /* ... another address of a domain refused before */
    uint64_t rate_limited;                  /* 4xx rate answers and limits reached */
    uint64_t sender_dns, sender_dns_broken; /* domain checked in DNS; 5xx though DNS was away */
    uint64_t login_refused, part_refused;   /* sender not the account's; own sender unknown */
    uint64_t logged_in, logged_in_other; /* messages with a login and a sender of ours; not its */
    uint64_t vrfy_taken, vrfy_refused;   /* from outside */
    uint64_t vrfy_mailbox;               /* ... answered 250 with a mailbox */
    uint64_t etrn_taken, etrn_refused;   /* from outside */
    uint64_t policy_4xx, policy_5xx;
    /* hygiene */
    struct role_facts postmaster, abuse;
    uint64_t null_failed, dsn_about_null;      /* recipients of <> failed; notifications about <> */
    uint64_t unknown_refused, unknown_bounced; /* unknown recipients: in the dialogue; after it */
    uint64_t relay_5xx, relay_4xx;             /* answers to relaying */
    uint64_t remote_replies, remote_refused;   /* by others; for our name, SPF, DKIM, DMARC */
};

/* scorecard_fill - the rows in the order of printing: RFC 2505, then hygiene ("H1" ...)
 *
 *   out       rows    room for SCORECARD_ROWS_MAX
 *   result    how many were set; 0 when there was no event at all */
unsigned scorecard_fill(const struct scorecard_facts *f, struct scorecard_row *rows);

/* scorecard_is_hygiene - does the row belong to the second list */
bool scorecard_is_hygiene(const struct scorecard_row *row);

#endif
