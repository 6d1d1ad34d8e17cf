/* attack_account.c - A5: a stolen account sends
 * algorithm: burst: 2,000 recipients at 10 to 60 a minute, one network; steady: 600 at 2 a minute,
 * three networks; slow: 100 at one in 3 minutes, twenty networks; botnet: 1,000 at 6 a minute,
 * fifty networks; guest: an account of a device, 300 at 10 a minute; stuffed: as burst, after
 * guesses from the same client. The owner goes on working. Half of the thieves write under another
 * sender. Level 0 has a third of the recipients. Evasion: half of the recipients are the owner's
 * contacts, the list is three times cleaner, no foreign sender
 * source:    the design's evaluation protocol, Appendix A; set B: every other list is the cleaner
 * one */
#include <stdio.h>

#include "attack.h"

enum { NETWORKS_MAX = 50 };

struct thief {
    struct rng rng;
    struct truth_attack *truth;
    char user[MAIL_ADDRESS_MAX], sender[MAIL_ADDRESS_MAX];
    struct mail_client bots[NETWORKS_MAX];
    unsigned networks;
    uint32_t owner, sent, most;
    uint64_t list;
    double bad, first, pause_s;
    bool guesses;
};

static void send_stolen(struct world *w, void *actor, int64_t now_us)
{
    struct thief *t = actor;
    const struct mail_client *client = &t->bots[rng_below(&t->rng, t->networks)];
    char rcpt[MAIL_ADDRESS_MAX];
    struct visit v;
    struct fate f;

    visit_begin(&v, w, &t->rng, client, true, now_us);
    visit_login(&v, t->user, true);
    if (rng_chance(&t->rng, t->first))
        life_remote(w, &t->rng, population_stranger(t->list, t->sent, rcpt), rcpt, t->bad, now_us,
                    &f);
    else
        population_contact_fate(w, &t->rng, t->owner, rng_below(&t->rng, 24), t->bad, now_us, &f);
    visit_send(&v, t->sender, &f, 1, BOUNCE_DELIVERED);
    visit_end(&v);
    truth_actor(t->truth, client->ip);
    truth_step(t->truth, now_us);
    if (++t->sent < t->most)
        world_at(w, now_us + SECONDS(rng_exp(&t->rng, t->pause_s)), send_stolen, t);
}

/* Passwords from a leak: others fail, one fits. */
static void guess_first(struct world *w, void *actor, int64_t now_us)
{
    struct thief *t = actor;
    struct truth_attack *guesses = truth_begin(
        w->truth, &(struct truth_label){"auth_bruteforce", "account", "stuffed", 1, false});
    struct visit v;

    truth_extra(guesses);
    truth_actor(guesses, t->bots[0].ip);
    truth_actor(guesses, t->user);
    for (unsigned i = 0; i < 8; i++) {
        char user[MAIL_ADDRESS_MAX];
        site_user(rng_below(&t->rng, w->site.users), user);
        visit_begin(&v, w, &t->rng, &t->bots[0], true, now_us + SECONDS(7.0 * i));
        visit_login(&v, i == 6 ? t->user : user, false);
        truth_step(guesses, v.now_us);
        visit_end(&v);
    }
    world_at(w, now_us + MINUTES(10), send_stolen, t);
}

static void set_style(struct thief *t, const struct attack_spec *spec)
{
    t->networks = 1;
    t->most = 2000;
    t->pause_s = 60 / rng_range(&t->rng, 10, 60);
    if (attack_is(spec, "steady")) {
        t->networks = 3;
        t->most = 600;
        t->pause_s = 30;
    } else if (attack_is(spec, "slow")) {
        t->networks = 20;
        t->most = 100;
        t->pause_s = 180;
    } else if (attack_is(spec, "botnet")) {
        t->networks = 50;
        t->most = 1000;
        t->pause_s = 10;
    } else if (attack_is(spec, "guest")) {
        t->most = 300;
        t->pause_s = 6;
    } else if (attack_is(spec, "stuffed")) {
        t->most = 600;
        t->guesses = true;
    }
    if (spec->level == 0)
        t->most /= 3;
}

static void set_list(const struct world *w, struct thief *t, bool clean)
{
    const struct params *p = &w->site.params;

    t->bad = params_share(clean ? &p->stolen_clean_bad : &p->stolen_bad, &t->rng);
    t->first = clean ? p->stolen_clean_first : p->stolen_first;
}

static void set_account(const struct world *w, struct thief *t, const struct attack_spec *spec)
{
    t->owner = rng_below(&t->rng, w->site.users);
    if (attack_is(spec, "guest"))
        mail_copy(t->user, sizeof t->user, "scanner@" SITE_DOMAIN);
    else
        site_user(t->owner, t->user);
    mail_copy(t->sender, sizeof t->sender, t->user);
    if (!spec->evasion && rng_chance(&t->rng, .5))
        population_stranger(t->owner, 12345, t->sender);
    for (unsigned i = 0; i < t->networks; i++)
        site_bot(rng_u64(&t->rng), &t->bots[i]);
}

void attack_account(struct world *w, const struct attack_spec *spec)
{
    for (unsigned i = 0; i < spec->count; i++) {
        bool clean = spec->evasion || (i + spec->number) % 2 == 1;
        struct attack_spec named = *spec;
        struct thief *t = world_alloc(sizeof *t);

        attack_rng(w, spec, i, &t->rng);
        t->list = rng_u64(&t->rng);
        set_style(t, spec);
        set_list(w, t, clean);
        set_account(w, t, spec);
        if (spec->evasion) {
            t->bad /= 3;
            t->first = .5;
        }
        if (clean && w->site.params.set != 'A' && !spec->evasion)
            snprintf(named.style, sizeof named.style, "%.12s clean list", spec->style);
        t->truth = attack_begin(w, &named, "account_compromised");
        truth_actor(t->truth, t->user);
        world_at(w, attack_time(w, spec, &t->rng), t->guesses ? guess_first : send_stolen, t);
    }
}
