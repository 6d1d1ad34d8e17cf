/* attack_misc.c - A10, A12, A14, A15: forged senders, block lists, broken protocol, floods
 * algorithm: spoof: board: several departments' addresses to 20 users; many: senders of ours at
 * random, 60 messages. protocol: smuggle: bare newline and commands ahead after DATA; pipeline:
 * commands ahead after DATA; pregreet: talks before the greeting. listed: `count` remote domains
 * refuse us for `minutes`; style quoted: with our address. flood: x fresh clients a second for
 * `minutes`, each with one unknown recipient, or two (twice). Evasion of spoof: one sender
 * source:    the design's evaluation protocol; Postfix smtpd_forbid_bare_newline */
#include <stdio.h>

#include "attack.h"
#include "listing.h"

struct intruder {
    struct rng rng;
    struct truth_attack *truth;
    struct mail_client client;
    unsigned sent, most;
    bool one_sender;
    char style;
};

static void next(struct world *w, struct intruder *p, int64_t now_us, double pause_s,
                 world_act *act)
{
    truth_step(p->truth, now_us);
    if (++p->sent < p->most)
        world_at(w, now_us + SECONDS(rng_exp(&p->rng, pause_s)), act, p);
}

static void forge_sender(struct world *w, void *actor, int64_t now_us)
{
    static const char *const roles[] = {"ceo", "finance", "it-support", "hr", "president"};
    struct intruder *p = actor;
    uint32_t user = rng_below(&p->rng, w->site.users);
    char sender[MAIL_ADDRESS_MAX], rcpt[MAIL_ADDRESS_MAX];
    struct visit v;
    struct fate f;

    if (p->style == 'b')
        snprintf(sender, sizeof sender, "%s@" SITE_DOMAIN,
                 roles[p->one_sender ? 0 : rng_below(&p->rng, 5)]);
    else
        site_user(p->one_sender ? 0 : rng_below(&p->rng, w->site.users), sender);
    site_user(user, rcpt);
    life_local(w, &p->rng, rcpt, user, &f);
    visit_begin(&v, w, &p->rng, &p->client, false, now_us);
    visit_send(&v, sender, &f, 1, BOUNCE_DELIVERED);
    visit_end(&v);
    next(w, p, now_us, 30, forge_sender);
}

static void break_protocol(struct world *w, void *actor, int64_t now_us)
{
    struct intruder *p = actor;
    struct visit v;

    if (p->style == 'p' && p->one_sender) {
        struct mail_session *s = mail_session_new(&p->client);
        struct mail_event *ev;
        s->screened = true;
        s->number = ++w->next_session;
        stream_put(w->stream, stream_event(w->stream, MAIL_CONNECT, now_us, s, NULL));
        ev = stream_event(w->stream, MAIL_ANOMALY, now_us + 110000, s, NULL);
        ev->anomaly = ANOMALY_PREGREET;
        snprintf(ev->text, sizeof ev->text, "EHLO User");
        stream_put(w->stream, ev);
        stream_put(w->stream, stream_event(w->stream, MAIL_DISCONNECT, now_us + 300000, s, NULL));
        mail_session_drop(s);
    } else {
        visit_begin(&v, w, &p->rng, &p->client, false, now_us);
        if (p->style == 's') {
            v.s->count.bare_lf = true;
            visit_anomaly(&v, ANOMALY_BARE_LF, "DATA");
        }
        visit_anomaly(&v, ANOMALY_PIPELINE_DATA, "MAIL FROM:<x@example.org>\\r\\nRCPT TO:<a>");
        visit_end(&v);
    }
    next(w, p, now_us, 200, break_protocol);
}

static struct intruder *new_intruder(struct world *w, const struct attack_spec *spec, unsigned i,
                                     const char *class)
{
    struct intruder *p = world_alloc(sizeof *p);

    attack_rng(w, spec, i, &p->rng);
    site_bot(rng_u64(&p->rng), &p->client);
    p->truth = attack_begin(w, spec, class);
    p->style = spec->style[0];
    p->one_sender = spec->evasion;
    truth_actor(p->truth, p->client.ip);
    return p;
}

void attack_spoof(struct world *w, const struct attack_spec *spec)
{
    for (unsigned i = 0; i < spec->count; i++) {
        struct intruder *p = new_intruder(w, spec, i, "spoofed_local_sender");
        p->most = spec->level == 0 ? 20 : 60;
        world_at(w, attack_time(w, spec, &p->rng), forge_sender, p);
    }
}

void attack_protocol(struct world *w, const struct attack_spec *spec)
{
    for (unsigned i = 0; i < spec->count; i++) {
        struct intruder *p = new_intruder(w, spec, i, "protocol_abuse");
        p->most = 1 + 3 * spec->level;
        p->one_sender = attack_is(spec, "pregreet");
        if (p->one_sender)
            truth_extra(p->truth);
        world_at(w, attack_time(w, spec, &p->rng), break_protocol, p);
    }
}

void attack_listed(struct world *w, const struct attack_spec *spec)
{
    struct listing *l = world_alloc(sizeof *l);
    struct rng rng;

    attack_rng(w, spec, 0, &rng);
    l->from_us = attack_time(w, spec, &rng);
    l->to_us = l->from_us + MINUTES(spec->minutes > 0 ? spec->minutes : 300);
    l->quotes_us = attack_is(spec, "quoted");
    l->list = rng_chance(&rng, .5) ? "zen.spamhaus.org" : "bl.spamcop.net";
    l->remotes = spec->count < LISTING_REMOTES ? spec->count : LISTING_REMOTES;
    for (unsigned i = 0; i < l->remotes; i++)
        l->remote[i] = (unsigned)(w->site.seed + i) % REMOTE_BIG;
    l->attack = attack_begin(w, spec, "dnsbl_listed");
    truth_actor(l->attack, l->list);
    w->listing = l;
}

/* ---- floods ---- */

struct flood {
    struct rng rng;
    int64_t end_us;
    double per_s;
    uint64_t key, sent;
    bool twice;
};

static void flood_once(struct world *w, void *actor, int64_t now_us)
{
    struct flood *f = actor;
    struct mail_client client;
    struct mail_message *m;
    char rcpt[MAIL_ADDRESS_MAX];
    struct visit v;

    site_bot(rng_hash(f->key, f->twice ? f->sent / 2 : f->sent), &client);
    f->sent++;
    visit_begin(&v, w, &f->rng, &client, false, now_us);
    m = visit_mail(&v, "x@nowhere.example");
    site_unknown(rng_u64(&f->rng), rcpt);
    visit_rcpt(&v, m, rcpt, MAIL_NO, WHY_RCPT_UNKNOWN);
    mail_message_drop(m);
    visit_end(&v);
    if (now_us < f->end_us)
        world_at(w, now_us + SECONDS(rng_exp(&f->rng, 1 / f->per_s)), flood_once, f);
}

void attack_flood(struct world *w, const struct attack_spec *spec)
{
    struct flood *f = world_alloc(sizeof *f);
    struct truth_attack *truth = attack_begin(w, spec, "directory_harvest");
    int64_t start_us;

    attack_rng(w, spec, 0, &f->rng);
    start_us = attack_time(w, spec, &f->rng);
    f->end_us = start_us + MINUTES(spec->minutes > 0 ? spec->minutes : 60);
    f->per_s = spec->x;
    f->key = rng_u64(&f->rng);
    f->twice = attack_is(spec, "twice");
    truth_extra(truth);
    truth_victim(truth, SITE_DOMAIN);
    truth_step(truth, start_us);
    truth_step(truth, f->end_us);
    world_at(w, start_us, flood_once, f);
}
