/* site.h - the server under observation: its domains, networks, users, and the addresses of others
 *
 * Names and addresses are functions of a number, so that 100,000 users cost no memory. Clients are
 * spread over the whole IPv4 space, because the diversity of networks is evidence. */
#ifndef SITE_H
#define SITE_H

#include "mail_event.h"
#include "params.h"

#define SITE_DOMAIN  "example.org"
#define SITE_BRANCH  "branch.example" /* we are its MX, and do not know its recipients */
#define SITE_TRUSTED "192.0.2.0/24"

struct site {
    uint64_t seed;
    uint32_t users;
    struct params params;
    int64_t start_us;
    unsigned days;
    bool quota_at_rcpt; /* full mailboxes are refused at RCPT, not bounced */
};

/* site_user - address and login of user i; more than `users` gives names that do not exist */
void site_user(uint32_t i, char buf[MAIL_ADDRESS_MAX]);

/* site_unknown - an address of ours that does not exist, the same for the same number */
void site_unknown(uint64_t i, char buf[MAIL_ADDRESS_MAX]);

/* site_is_full - does this user's mailbox overflow? two of a hundred do */
bool site_is_full(const struct site *s, uint32_t user);

/* site_forwards - does this user have all mail sent on to an outside address? fills it in */
bool site_forwards(const struct site *s, uint32_t user, char buf[MAIL_ADDRESS_MAX]);

/* site_ip - a public address from a hash; site_ip_in - another one in the same /16, or the same
 * /24 when narrow */
void site_ip(uint64_t hash, char buf[MAIL_IP_MAX]);
void site_ip_in(const char *ip, uint64_t hash, bool narrow, char buf[MAIL_IP_MAX]);

/* site_client - an outside client: a mail server with a name, or an unnamed host */
void site_mail_server(uint64_t hash, struct mail_client *ret);
void site_bot(uint64_t hash, struct mail_client *ret);

/* site_inside - host number n of the trusted network */
void site_inside(unsigned n, const char *name, struct mail_client *ret);

/* site_day_time - microseconds into a day, drawn from the course of a working day; site_weight -
 * how busy that hour is, mean 1; site_day_factor - how busy day number `day` is (weekends) */
int64_t site_day_time(struct rng *r);
double site_weight(int64_t day_us);
double site_day_factor(const struct site *s, unsigned day);

/* site_day_us - when day number `day` begins; site_into_day - time of day of a moment */
int64_t site_day_us(const struct site *s, unsigned day);
int64_t site_into_day(const struct site *s, int64_t time_us);

/* seconds and minutes in the microseconds of the event clock */
#define SECONDS(n) ((int64_t)((n)*1e6))
#define MINUTES(n) ((int64_t)((n)*60e6))
#define HOURS(n)   ((int64_t)((n)*3600e6))

#endif
