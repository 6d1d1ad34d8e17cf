/* attack_bounce.c - A7, A8, A11: bounces as a weapon, against others, against us, in our queue
 * algorithm: rndr: mail under forged senders for recipients that the branch behind us does not
 *            know, one victim or a thousand; joejob: null-sender mail of as many networks as there
 *            are bounces, to names of ours, steady, as a ramp over `minutes`, or all to one
 *            mailbox; backlog: as rndr with many victims whose servers do not answer. The rate is
 *            x times the base rate: .2 a minute, or what the site's own traffic has of such
 *            bounces, whichever is more
 * source:    Frei et al. (2004); Postfix BACKSCATTER_README, QSHAPE_README; the design's protocol
 * limits:    level changes the length: 20 minutes, an hour, three hours */
#include <math.h>
#include <stdio.h>

#include "attack.h"

struct stream_of_mail {
    struct rng rng;
    struct truth_attack *truth, *also;
    const struct site *site;
    int64_t start_us, end_us;
    double per_min;
    uint32_t sent, victims, clients;
    uint64_t key;
    enum life_bounce bounce;
    bool ramp, single;
};

/* What happens of itself: stray bounces, answers to our own mail, full mailboxes. */
static double base_per_min(const struct world *w, bool incoming)
{
    const struct site *s = &w->site;
    double inbound = s->users * .65 * s->params.mta_median * exp(1.5 * 1.5 / 2) / 1440;
    double outbound = s->users * s->params.user_messages * 1.6 * .65 / 1440;
    double own = incoming ? .0125 * outbound + .01 * s->users / 1440
                          : (s->quota_at_rcpt ? 0 : .02 * inbound);

    return fmax(.2, own);
}

static double rate_now(const struct stream_of_mail *m, int64_t now_us)
{
    double passed = (double)(now_us - m->start_us) / (double)(m->end_us - m->start_us);
    return m->ramp ? m->per_min * fmax(.05, fmin(1, 2 * passed)) : m->per_min;
}

static void again(struct world *w, struct stream_of_mail *m, int64_t now_us, world_act *act)
{
    int64_t next_us = now_us + SECONDS(rng_exp(&m->rng, 60 / rate_now(m, now_us)));

    m->sent++;
    truth_step(m->truth, now_us);
    if (next_us < m->end_us)
        world_at(w, next_us, act, m);
}

/* ---- through us, at others ---- */

static void forge_mail(struct world *w, void *actor, int64_t now_us)
{
    struct stream_of_mail *m = actor;
    uint32_t victim = m->victims == 1 ? 0 : rng_below(&m->rng, m->victims);
    char sender[MAIL_ADDRESS_MAX], rcpt[MAIL_ADDRESS_MAX];
    struct mail_client client;
    struct visit v;
    struct fate f;

    site_bot(rng_hash(m->key, rng_below(&m->rng, m->clients)), &client);
    snprintf(sender, sizeof sender, "victim%u@target%u.example", victim,
             m->bounce == BOUNCE_STUCK ? victim % 9 : victim % 70);
    if (w->site.seed % 2 == 0) {
        snprintf(rcpt, sizeof rcpt, "nobody%u@" SITE_BRANCH, m->sent);
        life_branch(&m->rng, rcpt, false, &f);
    } else {
        site_unknown(m->key + m->sent, rcpt);
        life_unknown_local(&m->rng, rcpt, &f);
    }
    visit_begin(&v, w, &m->rng, &client, false, now_us);
    visit_send(&v, sender, &f, 1, m->bounce);
    visit_end(&v);
    truth_actor(m->truth, client.ip);
    if (m->sent < 400)
        truth_victim(m->truth, sender);
    if (m->also != NULL) {
        truth_actor(m->also, client.ip);
        truth_step(m->also, now_us);
    }
    again(w, m, now_us, forge_mail);
}

/* ---- at us ---- */

static void bounce_at_us(struct world *w, void *actor, int64_t now_us)
{
    struct stream_of_mail *m = actor;
    struct mail_client client;
    struct mail_message *msg;
    char rcpt[MAIL_ADDRESS_MAX];
    struct visit v;
    struct fate f;
    uint32_t user = (uint32_t)(m->key % w->site.users);

    site_mail_server(rng_u64(&m->rng), &client);
    visit_begin(&v, w, &m->rng, &client, false, now_us);
    if (m->single || rng_chance(&m->rng, .2)) {
        user = m->single ? user : rng_below(&m->rng, w->site.users);
        site_user(user, rcpt);
        life_local(w, &m->rng, rcpt, user, &f);
        visit_send(&v, "", &f, 1, BOUNCE_DELIVERED);
    } else {
        msg = visit_mail(&v, "");
        site_unknown(rng_u64(&m->rng), rcpt);
        visit_rcpt(&v, msg, rcpt, MAIL_NO, WHY_RCPT_UNKNOWN);
        mail_message_drop(msg);
    }
    visit_end(&v);
    again(w, m, now_us, bounce_at_us);
}

static struct stream_of_mail *new_stream(struct world *w, const struct attack_spec *spec,
                                         const char *class, bool incoming)
{
    static const double minutes[] = {20, 60, 180};
    struct stream_of_mail *m = world_alloc(sizeof *m);
    double length = spec->minutes > 0 ? spec->minutes : minutes[spec->level];

    struct attack_spec named = *spec;

    snprintf(named.style, sizeof named.style, "%.12s x%.0f", spec->style, spec->x);
    attack_rng(w, spec, 0, &m->rng);
    m->truth = attack_begin(w, &named, class);
    m->key = rng_u64(&m->rng);
    m->start_us = attack_time(w, spec, &m->rng);
    m->end_us = m->start_us + MINUTES(length);
    m->per_min = spec->x * base_per_min(w, incoming);
    m->clients = spec->evasion ? 400 : 12;
    return m;
}

void attack_rndr(struct world *w, const struct attack_spec *spec)
{
    bool single = attack_is(spec, "single");
    struct stream_of_mail *m =
        new_stream(w, spec, single ? "reverse_ndr" : "backscatter_source", false);

    m->victims = single ? 1 : 1000;
    m->bounce = rng_chance(&m->rng, .5) ? BOUNCE_DELIVERED : BOUNCE_REFUSED;
    world_at(w, m->start_us, forge_mail, m);
}

void attack_backlog(struct world *w, const struct attack_spec *spec)
{
    struct stream_of_mail *m = new_stream(w, spec, "ndr_queue_clog", false);

    m->also = attack_begin(w, spec, "backscatter_source");
    truth_extra(m->also);
    m->victims = 5000;
    m->bounce = BOUNCE_STUCK;
    world_at(w, m->start_us, forge_mail, m);
}

void attack_joejob(struct world *w, const struct attack_spec *spec)
{
    struct stream_of_mail *m = new_stream(w, spec, "backscatter_victim", true);
    char victim[MAIL_ADDRESS_MAX];

    m->ramp = attack_is(spec, "ramp");
    m->single = attack_is(spec, "bomb");
    site_user((uint32_t)(m->key % w->site.users), victim);
    if (m->single)
        truth_victim(m->truth, victim);
    truth_victim(m->truth, SITE_DOMAIN);
    world_at(w, m->start_us, bounce_at_us, m);
}
