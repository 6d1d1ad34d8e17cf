/* attack_host.c - A6: an infected machine inside relays out by its address
 * algorithm: random: another foreign sender and HELO name for each message; steady: one sender of
 * ours; domains: many senders of a few foreign domains. Level: a message in two minutes, five, or
 * thirty a minute; 400 in all. Evasion: a list three times cleaner
 * source:    the design's evaluation protocol; SPOT (Duan et al. 2012) for the setting */
#include <stdio.h>

#include "attack.h"

struct zombie {
    struct rng rng;
    struct truth_attack *truth;
    struct mail_client client;
    const struct attack_spec *spec;
    uint64_t list;
    uint32_t sent;
    double bad, pause_s;
    char style;
};

static void make_sender(struct zombie *z, char buf[MAIL_ADDRESS_MAX])
{
    uint32_t n = rng_below(&z->rng, 100000);

    if (z->style == 's')
        snprintf(buf, MAIL_ADDRESS_MAX, "pc%s@" SITE_DOMAIN, z->client.ip + 8);
    else if (z->style == 'd')
        snprintf(buf, MAIL_ADDRESS_MAX, "offer%u@shop%u.example", n, n % 4);
    else
        snprintf(buf, MAIL_ADDRESS_MAX, "user%u@dom%u.example", n % 977, n);
}

static void send_spam(struct world *w, void *actor, int64_t now_us)
{
    struct zombie *z = actor;
    char sender[MAIL_ADDRESS_MAX], rcpt[MAIL_ADDRESS_MAX];
    struct visit v;
    struct fate f;

    if (z->style == 'r')
        snprintf(z->client.helo, sizeof z->client.helo, "h%x", rng_below(&z->rng, 1 << 20));
    make_sender(z, sender);
    life_remote(w, &z->rng, population_stranger(z->list, z->sent, rcpt), rcpt, z->bad, now_us, &f);
    visit_begin(&v, w, &z->rng, &z->client, false, now_us);
    visit_send(&v, sender, &f, 1, BOUNCE_REFUSED);
    visit_end(&v);
    truth_step(z->truth, now_us);
    if (++z->sent < 400)
        world_at(w, now_us + SECONDS(rng_exp(&z->rng, z->pause_s)), send_spam, z);
}

void attack_host(struct world *w, const struct attack_spec *spec)
{
    static const double pauses_s[] = {120, 12, 2};

    for (unsigned i = 0; i < spec->count; i++) {
        struct zombie *z = world_alloc(sizeof *z);
        attack_rng(w, spec, i, &z->rng);
        z->list = rng_u64(&z->rng);
        z->style = spec->style[0];
        z->pause_s = pauses_s[spec->level];
        z->bad = params_share(&w->site.params.stolen_bad, &z->rng) / (spec->evasion ? 3 : 1);
        site_inside(201 + (spec->number * 7 + i) % 50, "pc", &z->client);
        z->truth = attack_begin(w, spec, "internal_spam_source");
        truth_actor(z->truth, z->client.ip);
        world_at(w, attack_time(w, spec, &z->rng), send_spam, z);
    }
}
