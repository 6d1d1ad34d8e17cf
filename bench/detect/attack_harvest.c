/* attack_harvest.c - A9: recipients are guessed
 * algorithm: fast: 600 at one a second, ten a session; medium: 480 at one in 30 s; slow: 144 at
 *            one in ten minutes; distributed: 1,000 clients with 4 tries each, over `minutes` (120
 *            if not given). 95 % of the names do not exist. Level 0 has a third as many names.
 *            Evasion: a quarter of the names exist, and the order is no alphabet
 * source:    the design's evaluation protocol, Appendix A */
#include <stdio.h>

#include "attack.h"

struct harvester {
    struct rng rng;
    struct truth_attack *truth;
    struct mail_client client;
    uint32_t tried, most, at_once;
    double unknown, pause_s;
    bool ordered;
};

static void try_name(struct world *w, struct visit *v, struct mail_message *m, struct harvester *h)
{
    bool unknown = rng_chance(&h->rng, h->unknown);
    char rcpt[MAIL_ADDRESS_MAX];

    if (!unknown)
        site_user(rng_below(&h->rng, w->site.users), rcpt);
    else if (h->ordered)
        snprintf(rcpt, sizeof rcpt, "%c%c%u@" SITE_DOMAIN, (int)('a' + h->tried / 26 % 26),
                 (int)('a' + h->tried % 26), (unsigned)(10000 + rng_below(&h->rng, 80000)));
    else
        site_unknown(rng_u64(&h->rng), rcpt);
    visit_rcpt(v, m, rcpt, unknown ? MAIL_NO : MAIL_OK, unknown ? WHY_RCPT_UNKNOWN : WHY_NONE);
    truth_step(h->truth, v->now_us);
    h->tried++;
}

static void try_some(struct world *w, void *actor, int64_t now_us)
{
    struct harvester *h = actor;
    char sender[MAIL_ADDRESS_MAX];
    struct mail_message *m;
    struct visit v;
    unsigned n = 0;

    population_stranger(h->most, h->tried, sender);
    visit_begin(&v, w, &h->rng, &h->client, false, now_us);
    m = visit_mail(&v, sender);
    for (; n < h->at_once && h->tried < h->most; n++) {
        try_name(w, &v, m, h);
        if (h->at_once > 1)
            v.now_us += SECONDS(rng_exp(&h->rng, h->pause_s));
    }
    mail_message_drop(m);
    if (rng_chance(&h->rng, .5))
        visit_end(&v);
    else
        visit_hang_up(&v, "RCPT");
    if (h->tried < h->most)
        world_at(w, v.now_us + SECONDS(rng_exp(&h->rng, h->pause_s)), try_some, h);
}

static struct harvester *new_harvester(const struct world *w, const struct attack_spec *spec,
                                       unsigned i, struct truth_attack *truth)
{
    struct harvester *h = world_alloc(sizeof *h);

    attack_rng(w, spec, i, &h->rng);
    site_bot(rng_u64(&h->rng), &h->client);
    h->truth = truth;
    h->unknown = spec->evasion ? .75 : w->site.params.harvest_unknown;
    h->ordered = !spec->evasion && i % 2 == 0;
    h->at_once = 1;
    truth_actor(truth, h->client.ip);
    return h;
}

static void start_distributed(struct world *w, const struct attack_spec *spec)
{
    struct truth_attack *truth = attack_begin(w, spec, "directory_harvest");
    double minutes = spec->minutes > 0 ? spec->minutes : 120;
    unsigned clients = spec->level == 0 ? 300 : 1000;
    struct rng rng;
    int64_t start_us;

    attack_rng(w, spec, UINT32_C(1000000), &rng);
    start_us = attack_time(w, spec, &rng);
    truth_victim(truth, SITE_DOMAIN);
    for (unsigned i = 0; i < clients; i++) {
        struct harvester *h = new_harvester(w, spec, i, truth);
        h->most = 4;
        h->at_once = spec->evasion ? 1 : 2;
        h->pause_s = spec->evasion ? 600 : 20;
        h->ordered = false;
        world_at(w, start_us + MINUTES(rng_range(&rng, 0, minutes)), try_some, h);
    }
}

void attack_harvest(struct world *w, const struct attack_spec *spec)
{
    if (attack_is(spec, "distributed")) {
        start_distributed(w, spec);
        return;
    }
    for (unsigned i = 0; i < spec->count; i++) {
        struct harvester *h = new_harvester(w, spec, i, attack_begin(w, spec, "directory_harvest"));
        bool fast = attack_is(spec, "fast"), slow = attack_is(spec, "slow");

        h->most = fast ? 600 : slow ? 144 : 480;
        h->pause_s = fast ? 1 : slow ? 600 : 30;
        h->at_once = fast ? 10 : 1;
        if (spec->level == 0)
            h->most /= 3;
        world_at(w, slow ? site_day_us(&w->site, spec->day) : attack_time(w, spec, &h->rng),
                 try_some, h);
    }
}
