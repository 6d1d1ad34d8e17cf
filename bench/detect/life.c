/* life.c - deliveries as Postfix schedules them: first attempt, waiting, bounce, removal
 * algorithm: every attempt is put into the stream when the message is accepted; retries double
 * from 300 s to 4,000 s; a message is removed when its last recipient is served
 * source:    RFC 5321 4.5.4.1 (retries), 6.1 (notifications)
 * limits:    a waiting recipient shows at most RETRIES_MAX attempts; nothing expires within the
 *            days of a world */
#include "life.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "listing.h"

enum { RETRIES_MAX = 12 };
static const char *const timed_out = "connect to mx: Connection timed out";

static void start(struct fate *f, const char *rcpt, enum mail_place place, double first_s)
{
    f->orig[0] = f->host[0] = f->ip[0] = f->text[0] = f->status[0] = '\0';
    mail_copy(f->rcpt, sizeof f->rcpt, rcpt);
    f->place = place;
    f->why = WHY_NONE;
    f->end = LIFE_DELIVERED;
    f->wait_text = NULL;
    f->first_s = first_s;
    f->wait_s = 0;
}

static void at_remote(struct fate *f, const struct remote *r)
{
    mail_copy(f->host, sizeof f->host, r->host);
    mail_copy(f->ip, sizeof f->ip, r->ip);
}

void life_unknown_local(struct rng *rng, const char *rcpt, struct fate *ret)
{
    start(ret, rcpt, PLACE_MAILBOX, rng_range(rng, .05, .4));
    ret->why = WHY_RCPT_UNKNOWN;
    ret->end = LIFE_BOUNCED;
    mail_copy(ret->status, sizeof ret->status, "5.1.1");
}

void life_local(const struct world *w, struct rng *rng, const char *rcpt, uint32_t user,
                struct fate *ret)
{
    char outside[MAIL_ADDRESS_MAX];
    struct remote r;

    start(ret, rcpt, PLACE_MAILBOX, rng_range(rng, .05, .4));
    if (site_is_full(&w->site, user)) {
        ret->why = WHY_MAILBOX_FULL;
        ret->end = LIFE_BOUNCED;
        mail_copy(ret->status, sizeof ret->status, "5.2.2");
    } else if (site_forwards(&w->site, user, outside)) {
        remote_at(&w->site, 3, w->site.start_us, &r);
        start(ret, outside, PLACE_REMOTE, rng_range(rng, .3, 1.5));
        mail_copy(ret->orig, sizeof ret->orig, rcpt);
        at_remote(ret, &r);
    }
}

void life_branch(struct rng *rng, const char *rcpt, bool known, struct fate *ret)
{
    start(ret, rcpt, PLACE_REMOTE, rng_range(rng, .2, .8));
    mail_copy(ret->host, sizeof ret->host, "gw." SITE_BRANCH);
    mail_copy(ret->ip, sizeof ret->ip, "192.0.2.30");
    if (known)
        return;
    ret->end = LIFE_BOUNCED;
    snprintf(ret->text, sizeof ret->text,
             "550 5.1.1 <%s>: Recipient address rejected: User unknown", rcpt);
    mail_copy(ret->status, sizeof ret->status, "5.1.1");
}

/* What refuses for good: two thirds unknown recipients, the rest unknown domains and policies. */
static void refused(struct rng *rng, const struct remote *r, struct fate *f)
{
    double kind = rng_unit(rng);

    f->end = LIFE_BOUNCED;
    if (kind < .15) {
        f->place = PLACE_NOBODY;
        mail_copy(f->status, sizeof f->status, "5.4.4");
        snprintf(f->text, sizeof f->text,
                 "Host or domain name not found. Name service error for name=%s type=AAAA: Host "
                 "not found",
                 r->domain);
        return;
    }
    remote_says(r,
                kind < .82   ? ANSWER_UNKNOWN
                : kind < .91 ? ANSWER_POLICY
                             : ANSWER_CONTENT,
                f->rcpt, f->text, f->status);
}

/* What refuses for reasons that say nothing about the sender. */
static void unlucky(struct rng *rng, const struct remote *r, struct fate *f)
{
    double kind = rng_unit(rng);

    f->end = LIFE_BOUNCED;
    remote_says(r,
                kind < .6     ? ANSWER_FULL
                : kind < .9   ? ANSWER_DISABLED
                : kind < .985 ? ANSWER_URL_LISTED
                              : ANSWER_LIST_ERROR,
                f->rcpt, f->text, f->status);
}

void life_remote(const struct world *w, struct rng *rng, uint32_t domain, const char *rcpt,
                 double bad, int64_t now_us, struct fate *ret)
{
    struct remote r;

    remote_at(&w->site, domain, now_us, &r);
    start(ret, rcpt, PLACE_REMOTE, fmin(rng_lognormal(rng, .8, .6), 30));
    at_remote(ret, &r);
    if (now_us >= r.outage_us && now_us < r.outage_end_us) {
        ret->wait_text = timed_out;
        ret->wait_s = (double)(r.outage_end_us - now_us) / 1e6 + rng_range(rng, 60, 900);
    } else if (r.greylists && rng_chance(rng, .3)) {
        ret->wait_text = "450 4.2.0 Recipient address rejected: Greylisted, try again later";
        ret->wait_s = 300;
    }
    if (listing_refuses(w, &r, now_us, ret->text, ret->status)) {
        ret->end = LIFE_BOUNCED;
    } else if (rng_chance(rng, bad)) {
        refused(rng, &r, ret);
    } else if (rng_chance(rng, .006)) {
        unlucky(rng, &r, ret);
    }
}

/* ---- running it ---- */

static int64_t attempt(struct world *w, struct mail_message *m, const struct fate *f, bool waits,
                       int64_t queued_us, int64_t at_us)
{
    struct mail_event *ev = stream_event(w->stream, MAIL_DELIVERY, at_us, NULL, m);

    mail_copy(ev->rcpt, sizeof ev->rcpt, f->rcpt);
    mail_copy(ev->orig, sizeof ev->orig, f->orig);
    mail_copy(ev->host, sizeof ev->host, f->host);
    mail_copy(ev->ip, sizeof ev->ip, f->ip);
    ev->place = f->place;
    ev->why = f->why;
    ev->delay_s = (double)(at_us - queued_us) / 1e6;
    ev->verdict = waits                      ? MAIL_LATER
                  : f->end == LIFE_BOUNCED   ? MAIL_NO
                  : f->end == LIFE_DELIVERED ? MAIL_OK
                                             : MAIL_LATER;
    if (waits) {
        mail_copy(ev->text, sizeof ev->text, f->wait_text);
        mail_copy(ev->status, sizeof ev->status, f->wait_text == timed_out ? "4.4.1" : "4.2.0");
        ev->place = f->wait_text == timed_out ? PLACE_NOBODY : f->place;
    } else {
        mail_copy(ev->text, sizeof ev->text, f->text);
        mail_copy(ev->status, sizeof ev->status, f->status);
    }
    stream_put(w->stream, ev);
    return at_us;
}

/* All attempts for one recipient; result: when it was served, or INT64_MAX. */
static int64_t serve(struct world *w, struct mail_message *m, const struct fate *f,
                     int64_t queued_us)
{
    int64_t at_us = queued_us + SECONDS(f->first_s), until_us = at_us + SECONDS(f->wait_s);
    double pause_s = 300;

    for (unsigned n = 0; n < RETRIES_MAX && f->wait_text != NULL && at_us <= until_us; n++) {
        attempt(w, m, f, true, queued_us, at_us);
        at_us += SECONDS(pause_s);
        pause_s = fmin(2 * pause_s, 4000);
    }
    if (f->end != LIFE_STUCK)
        return attempt(w, m, f, false, queued_us, at_us > until_us ? at_us : until_us);
    for (unsigned n = 0; n < RETRIES_MAX && at_us < w->end_us; n++) {
        attempt(w, m, f, false, queued_us, at_us);
        at_us += SECONDS(pause_s);
        pause_s = fmin(2 * pause_s, 4000);
    }
    return INT64_MAX;
}

static void done(struct world *w, struct mail_message *m, int64_t at_us)
{
    stream_put(w->stream, stream_event(w->stream, MAIL_DONE, at_us, NULL, m));
}

static void queued(struct world *w, struct mail_message *m, int64_t at_us)
{
    stream_put(w->stream, stream_event(w->stream, MAIL_QUEUED, at_us, m->session, m));
}

static bool is_ours(const char *address)
{
    const char *at = strrchr(address, '@');
    return at != NULL && strcmp(at + 1, SITE_DOMAIN) == 0;
}

/* The fate of a bounce to this sender. */
static void bounce_fate(struct world *w, const char *sender, enum life_bounce bounce,
                        struct fate *f)
{
    struct rng rng;
    const char *at = strrchr(sender, '@');

    rng_seed(&rng, w->next_message, 21);
    if (is_ours(sender)) {
        start(f, sender, PLACE_MAILBOX, .2);
        return;
    }
    start(f, sender, PLACE_REMOTE, rng_range(&rng, .4, 3));
    snprintf(f->host, sizeof f->host, "mx1.%.50s", at != NULL ? at + 1 : "nowhere.example");
    site_ip(rng_u64(&rng), f->ip);
    if (bounce == BOUNCE_STUCK) {
        f->end = LIFE_STUCK;
        f->place = PLACE_NOBODY;
        mail_copy(f->text, sizeof f->text, timed_out);
        mail_copy(f->status, sizeof f->status, "4.4.1");
    } else if (bounce == BOUNCE_REFUSED) {
        f->end = LIFE_BOUNCED;
        snprintf(f->text, sizeof f->text, "550 5.1.1 <%.100s>: User unknown", sender);
        mail_copy(f->status, sizeof f->status, "5.1.1");
    }
}

static void notify(struct world *w, struct mail_message *m, int64_t at_us, enum life_bounce bounce)
{
    struct mail_event *ev = stream_event(w->stream, MAIL_DSN, at_us, NULL, m);
    struct mail_message *child = mail_message_new(NULL, "", ++w->next_message);
    struct fate f;

    child->size = m->size + 2000;
    child->nrcpt = 1;
    ev->child = mail_message_keep(child);
    ev->verdict = MAIL_NO;
    stream_put(w->stream, ev);
    bounce_fate(w, m->sender, bounce, &f);
    life_run(w, child, &f, 1, at_us + 5000, bounce);
    mail_message_drop(child);
}

int64_t life_run(struct world *w, struct mail_message *m, const struct fate *fates, unsigned count,
                 int64_t queued_us, enum life_bounce bounce)
{
    int64_t last_us = queued_us, bounced_us = 0;
    bool stuck = false;

    m->nrcpt = count;
    queued(w, m, queued_us);
    for (unsigned i = 0; i < count; i++) {
        int64_t at_us = serve(w, m, &fates[i], queued_us);
        if (at_us == INT64_MAX)
            stuck = true;
        else if (at_us > last_us)
            last_us = at_us;
        if (at_us != INT64_MAX && fates[i].end == LIFE_BOUNCED && at_us > bounced_us)
            bounced_us = at_us;
    }
    if (bounced_us > 0 && m->sender[0] != '\0')
        notify(w, m, bounced_us + 2000, bounce);
    if (!stuck)
        done(w, m, last_us + 4000);
    return stuck ? w->end_us : last_us;
}
