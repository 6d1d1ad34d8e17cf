/* remote.h - the mail domains of the rest of the world, and how their servers answer */
#ifndef REMOTE_H
#define REMOTE_H

#include "site.h"

enum { REMOTE_DOMAINS = 20000, REMOTE_BIG = 12 };

struct remote {
    uint32_t index;
    char domain[MAIL_HOST_MAX], host[MAIL_HOST_MAX], ip[MAIL_IP_MAX];
    unsigned style; /* whose wordings its server uses */
    bool greylists;
    int64_t outage_us, outage_end_us; /* of the present day; equal when there is none */
};

/* remote_at - domain number index; remote_pick - as often as people write to them */
void remote_at(const struct site *s, uint32_t index, int64_t now_us, struct remote *ret);
uint32_t remote_pick(struct rng *r);

/* A server's answer to a recipient. */
enum remote_answer {
    ANSWER_OK,
    ANSWER_UNKNOWN,
    ANSWER_POLICY,
    ANSWER_CONTENT,
    ANSWER_FULL,
    ANSWER_GREY,
    ANSWER_DISABLED,
    ANSWER_URL_LISTED, /* content that a domain list names: says nothing about us */
    ANSWER_LIST_ERROR  /* the remote's own list look-up is broken */
};

/* remote_says - text and RFC 3463 status; the text has no "host X said:" */
void remote_says(const struct remote *r, enum remote_answer answer, const char *rcpt,
                 char text[MAIL_TEXT_MAX], char status[8]);

#endif
