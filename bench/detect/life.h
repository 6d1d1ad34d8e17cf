/* life.h - what becomes of a message: attempts, outcomes, notifications, the end */
#ifndef LIFE_H
#define LIFE_H

#include "remote.h"
#include "world.h"

enum life_end { LIFE_DELIVERED, LIFE_BOUNCED, LIFE_STUCK };

/* What will become of one recipient. */
struct fate {
    char rcpt[MAIL_ADDRESS_MAX], orig[MAIL_ADDRESS_MAX];
    enum mail_place place;
    enum mail_why why; /* of a mailbox that refuses */
    enum life_end end;
    char host[MAIL_HOST_MAX], ip[MAIL_IP_MAX];
    char text[MAIL_TEXT_MAX], status[8];
    const char *wait_text; /* while it waits; NULL: never waits */
    double first_s;        /* from the queue to the first attempt's end */
    double wait_s;         /* how long it then waits */
};

/* life_local - a recipient of ours, as this site treats it; life_unknown_local - one that is
 * accepted and then turns out not to exist */
void life_local(const struct world *w, struct rng *rng, const char *rcpt, uint32_t user,
                struct fate *ret);
void life_unknown_local(struct rng *rng, const char *rcpt, struct fate *ret);

/* life_remote - a recipient elsewhere: bad is the chance that its server refuses it for good */
void life_remote(const struct world *w, struct rng *rng, uint32_t domain, const char *rcpt,
                 double bad, int64_t now_us, struct fate *ret);

/* life_branch - a recipient of the domain we are MX for; known: does the branch know it? */
void life_branch(struct rng *rng, const char *rcpt, bool known, struct fate *ret);

/* How the bounce of a message fares, if there will be one. */
enum life_bounce { BOUNCE_DELIVERED, BOUNCE_REFUSED, BOUNCE_STUCK };

/* life_run - the whole life from the moment it is queued
 *
 *   in        m  the caller's reference; its nrcpt is set
 *   result    when the last recipient was served, or the world's end when some never are */
int64_t life_run(struct world *w, struct mail_message *m, const struct fate *fates, unsigned count,
                 int64_t queued_us, enum life_bounce bounce);

#endif
