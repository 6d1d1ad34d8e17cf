/* attack_guess.c - A13: passwords are guessed
 * algorithm: fast: one client, one account, one a second; slow: one client, three accounts in turn,
 * one in half an hour; spray: one client, another account each minute; target: one account from 60
 * clients, one to three tries each; distributed: a tenth of the site's logins (share = x percent)
 * come from fresh clients with one to three tries at accounts of ours. Evasion: slow keeps to one
 * account, the others rotate three times as slowly
 * source:    the design's evaluation protocol; Javed and Paxson (2013) for the last
 * limits:    that the log names the account in failures is the site's choice */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "attack.h"

struct guesser {
    struct rng rng;
    struct truth_attack *truth;
    struct mail_client client;
    uint32_t tried, most, first_user, accounts;
    double pause_s;
};

static void account_of(const struct world *w, const struct guesser *g, char buf[MAIL_ADDRESS_MAX])
{
    site_user((g->first_user + g->tried % g->accounts * 13) % w->site.users, buf);
}

static void guess_once(struct world *w, void *actor, int64_t now_us)
{
    struct guesser *g = actor;
    char user[MAIL_ADDRESS_MAX];
    struct visit v;

    account_of(w, g, user);
    visit_begin(&v, w, &g->rng, &g->client, true, now_us);
    v.s->mechanism = "LOGIN";
    visit_login(&v, user, false);
    truth_step(g->truth, v.now_us);
    visit_hang_up(&v, "AUTH");
    if (++g->tried < g->most)
        world_at(w, now_us + SECONDS(rng_exp(&g->rng, g->pause_s)), guess_once, g);
}

static struct guesser *new_guesser(struct world *w, const struct attack_spec *spec, unsigned i,
                                   struct truth_attack *truth)
{
    struct guesser *g = world_alloc(sizeof *g);

    attack_rng(w, spec, i, &g->rng);
    site_bot(rng_u64(&g->rng), &g->client);
    g->truth = truth;
    g->first_user = rng_below(&g->rng, w->site.users);
    g->accounts = 1;
    truth_actor(truth, g->client.ip);
    return g;
}

static void start_target(struct world *w, const struct attack_spec *spec)
{
    struct truth_attack *truth = attack_begin(w, spec, "auth_bruteforce_distributed");
    uint32_t victim = 0;
    char user[MAIL_ADDRESS_MAX];

    for (unsigned i = 0; i < 60; i++) {
        struct guesser *g = new_guesser(w, spec, i, truth);
        victim = i == 0 ? g->first_user : victim;
        g->first_user = victim;
        g->most = 1 + rng_below(&g->rng, 3);
        g->pause_s = spec->evasion ? 3600 : 300;
        world_at(w, attack_time(w, spec, &g->rng) + MINUTES(rng_range(&g->rng, 0, 300)), guess_once,
                 g);
    }
    site_user(victim, user);
    truth_victim(truth, user);
}

/* How many logins an hour the site has in the whole of that day's hours from now on. */
static void start_distributed(struct world *w, const struct attack_spec *spec)
{
    const struct site *s = &w->site;
    struct truth_attack *truth = attack_begin(w, spec, "auth_bruteforce_distributed");
    double logins = s->users * s->params.user_messages * .8 * site_day_factor(s, spec->day);
    double share = spec->x / 100, clients = logins * share / (1 - share) / 2;
    struct rng rng;
    int64_t start_us;

    truth_want_logins(w->truth);
    attack_rng(w, spec, UINT32_C(1000000), &rng);
    start_us = attack_time(w, spec, &rng);
    for (unsigned i = 0; i < (unsigned)clients; i++) {
        int64_t at_us = site_day_us(s, spec->day) + site_day_time(&rng);
        struct guesser *g;
        if (at_us < start_us)
            continue;
        g = new_guesser(w, spec, i, truth);
        g->most = 1 + rng_below(&g->rng, 3);
        g->accounts = 500;
        g->pause_s = spec->evasion ? 1800 : 200;
        world_at(w, at_us, guess_once, g);
    }
}

void attack_guess(struct world *w, const struct attack_spec *spec)
{
    bool fast = attack_is(spec, "fast"), slow = attack_is(spec, "slow");

    if (attack_is(spec, "target") || attack_is(spec, "distributed")) {
        (attack_is(spec, "target") ? start_target : start_distributed)(w, spec);
        return;
    }
    for (unsigned i = 0; i < spec->count; i++) {
        struct guesser *g = new_guesser(w, spec, i, attack_begin(w, spec, "auth_bruteforce"));
        g->accounts = fast ? 1 : slow ? (spec->evasion ? 1 : 3) : 500;
        g->most = fast ? 300 : slow ? 30 : 120;
        g->pause_s = (fast ? 1 : slow ? 1800 : 60) * (spec->evasion && !slow ? 3 : 1);
        if (spec->level == 0)
            g->most /= 2;
        world_at(w, slow ? site_day_us(&w->site, spec->day) : attack_time(w, spec, &g->rng),
                 guess_once, g);
    }
}
