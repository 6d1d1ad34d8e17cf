/* remote.c - remote domains as a function of their number
 * source: wordings as sent by Postfix, Exchange Online and large providers, RFC 3463 codes as they
 *         use them
 * limits: a domain has one server */
#include "remote.h"

#include <math.h>
#include <stdio.h>

void remote_at(const struct site *s, uint32_t index, int64_t now_us, struct remote *ret)
{
    uint64_t h = rng_hash(s->seed ^ 0x11, index);
    unsigned day = (unsigned)((now_us - s->start_us) / HOURS(24));
    uint64_t today = rng_hash(h, day);

    ret->index = index;
    if (index < REMOTE_BIG)
        snprintf(ret->domain, sizeof ret->domain, "bigmail%u.example", index);
    else
        snprintf(ret->domain, sizeof ret->domain, "dom%u.example", index);
    snprintf(ret->host, sizeof ret->host, "mx1.%.50s", ret->domain);
    site_ip(h, ret->ip);
    ret->style = index < REMOTE_BIG ? index % 3 : (unsigned)(h / 16 % 4);
    ret->greylists = index >= REMOTE_BIG && h % 10 < 3;
    ret->outage_us = ret->outage_end_us = 0;
    if (index >= REMOTE_BIG && today % 200 == 0) {
        ret->outage_us = site_day_us(s, day) + HOURS((double)(today / 256 % 18));
        ret->outage_end_us = ret->outage_us + MINUTES(20 + (double)(today / 65536 % 240));
    }
}

uint32_t remote_pick(struct rng *r)
{
    if (rng_chance(r, .55))
        return rng_below(r, REMOTE_BIG);
    return (uint32_t)(REMOTE_BIG * pow(REMOTE_DOMAINS / (double)REMOTE_BIG, rng_unit(r)));
}

/* ---- wordings ---- */

struct wording {
    const char *status, *text;
};

static const struct wording unknown_words[] = {
    {"5.1.1", "550 5.1.1 <%s>: Recipient address rejected: User unknown in virtual mailbox table"},
    {"5.1.10", "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient %s not found by SMTP address "
               "lookup"},
    {"5.1.1", "550-5.1.1 The email account that you tried to reach does not exist. Please try 550 "
              "5.1.1 double-checking the recipient's email address <%s>"},
    {"5.1.1", "550 5.1.1 <%s>... User unknown"}};
static const struct wording policy_words[] = {
    {"5.7.1", "554 5.7.1 <%s>: Recipient address rejected: Access denied"},
    {"5.7.1", "550 5.7.1 Delivery not authorized, message refused by policy (%s)"},
    {"5.7.1", "550 5.7.1 Command rejected due to security policy (%s)"},
    {"5.7.0", "554 5.7.0 Mail for %s refused by administrative prohibition"}};
static const struct wording content_words[] = {
    {"5.7.1", "550 5.7.1 Message rejected as spam by content filtering. (%s)"},
    {"5.7.1", "554 5.7.1 Spam message rejected (%s)"},
    {"5.7.0", "552-5.7.0 This message was blocked because its content presents a potential 552 "
              "5.7.0 security issue. (%s)"},
    {"5.7.1", "554 5.7.1 This message has been identified as spam (%s)"}};

static struct wording words_of(enum remote_answer answer, unsigned style)
{
    switch (answer) {
    case ANSWER_UNKNOWN:
        return unknown_words[style];
    case ANSWER_POLICY:
        return policy_words[style];
    case ANSWER_CONTENT:
        return content_words[style];
    case ANSWER_FULL:
        return (struct wording){"5.2.2", "552 5.2.2 <%s> Over quota"};
    case ANSWER_GREY:
        return (struct wording){"4.2.0", "450 4.2.0 <%s>: Recipient address rejected: Greylisted"};
    case ANSWER_DISABLED:
        return (struct wording){"5.2.1", "550 5.2.1 <%s> account is disabled"};
    case ANSWER_URL_LISTED:
        return (struct wording){
            "5.7.1", "554 5.7.1 Message to %s contains a link listed in dbl.spamhaus.org"};
    case ANSWER_LIST_ERROR:
        return (struct wording){"5.7.1", "554 5.7.1 Service unavailable; %s blocked using "
                                         "zen.spamhaus.org; Error: open resolver; "
                                         "https://www.spamhaus.org/returnc/pub/"};
    default:
        return (struct wording){"2.0.0", "250 2.0.0 Ok %s"};
    }
}

void remote_says(const struct remote *r, enum remote_answer answer, const char *rcpt,
                 char text[MAIL_TEXT_MAX], char status[8])
{
    struct wording w = words_of(answer, r->style);
    const char *hole;

    mail_copy(status, 8, w.status);
    for (hole = w.text; hole[0] != '%'; hole++)
        ;
    snprintf(text, MAIL_TEXT_MAX, "%.*s%s%s", (int)(hole - w.text), w.text, rcpt, hole + 2);
}
