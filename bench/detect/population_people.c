/* population_people.c - users: mail of a working day, from where they are
 * algorithm: gamma(.8) x 15 messages a day each, four of five to one recipient; a share of first
 * contacts beta(2,6), of bad recipients beta(.5,30); one in a hundred travels, one in two hundred
 * has a device with an old password, one in a hundred forgets to authenticate once
 * source:    the design's evaluation protocol, Appendix A
 * limits:    an answer of the other side (vacation, receipt, late bounce) comes for one message in
 * eighty */
#include <stdio.h>

#include "population.h"
#include "visit.h"

enum { CONTACTS = 24, RECIPIENTS = 6 };

struct person {
    struct rng rng;
    uint32_t index, fresh; /* number of the next first contact */
    unsigned forgot;       /* how often it forgot to authenticate */
    float volume, bad, first;
    uint8_t places;
};

static struct mail_client where(const struct world *w, struct person *p)
{
    struct mail_client client;
    unsigned place = 0;

    if (p->places > 2)
        place = rng_below(&p->rng, p->places);
    else if (p->places == 2)
        place = rng_chance(&p->rng, .25);
    population_home(w, p->index, place, &client);
    return client;
}

/* An answer with the null sender: vacation notes, receipts, bounces of servers that accept first.
 */
struct answer {
    uint32_t user, domain;
};

static void send_answer(struct world *w, void *actor, int64_t now_us)
{
    struct answer *a = actor;
    struct mail_client client;
    struct remote r;
    struct visit v;
    struct fate f;
    struct rng rng;
    char user[MAIL_ADDRESS_MAX];

    rng_seed(&rng, w->next_message, 31);
    remote_at(&w->site, a->domain, now_us, &r);
    mail_copy(client.ip, sizeof client.ip, r.ip);
    mail_copy(client.name, sizeof client.name, r.host);
    mail_copy(client.helo, sizeof client.helo, r.host);
    site_user(a->user, user);
    life_local(w, &rng, user, a->user, &f);
    visit_begin(&v, w, &rng, &client, false, now_us);
    visit_send(&v, "", &f, 1, BOUNCE_DELIVERED);
    visit_end(&v);
}

static void maybe_answer(struct world *w, struct person *p, const struct fate *f, uint32_t domain,
                         int64_t now_us)
{
    struct answer *a;

    if (domain == UINT32_MAX || f->end != LIFE_DELIVERED || !rng_chance(&p->rng, .0125))
        return;
    a = world_alloc(sizeof *a);
    *a = (struct answer){p->index, domain};
    world_at(w, now_us + SECONDS(rng_exp(&p->rng, 900)) + SECONDS(5), send_answer, a);
}

static unsigned fill(struct world *w, struct person *p, int64_t now_us, struct fate *fates)
{
    unsigned n = rng_chance(&p->rng, .8) ? 1 : 2 + rng_below(&p->rng, RECIPIENTS - 1);
    char address[MAIL_ADDRESS_MAX];

    for (unsigned i = 0; i < n; i++) {
        double known = rng_unit(&p->rng);
        uint32_t k = rng_chance(&p->rng, (double)p->first) ? CONTACTS + p->fresh++
                                                           : (uint32_t)(known * known * CONTACTS);
        uint32_t colleague, domain = population_contact(w, p->index, k, &colleague, address);
        population_contact_fate(w, &p->rng, p->index, k, (double)p->bad, now_us, &fates[i]);
        maybe_answer(w, p, &fates[i], domain, now_us);
    }
    return n;
}

static void write_one(struct world *w, void *actor, int64_t now_us)
{
    struct person *p = actor;
    struct mail_client client = where(w, p);
    struct fate fates[RECIPIENTS];
    char user[MAIL_ADDRESS_MAX];
    struct visit v;

    site_user(p->index, user);
    visit_begin(&v, w, &p->rng, &client, true, now_us);
    if (rng_chance(&p->rng, .003)) /* mistyped */
        visit_login(&v, user, false);
    visit_login(&v, user, true);
    visit_send(&v, user, fates, fill(w, p, now_us, fates), BOUNCE_DELIVERED);
    visit_end(&v);
}

static void plan_day(struct world *w, void *actor, int64_t now_us)
{
    struct person *p = actor;
    unsigned day = (unsigned)((now_us - w->site.start_us) / HOURS(24));
    uint32_t n = rng_poisson(&p->rng, (double)p->volume * site_day_factor(&w->site, day));

    for (uint32_t i = 0; i < n; i++)
        world_at(w, now_us + site_day_time(&p->rng), write_one, p);
    world_at(w, now_us + HOURS(24), plan_day, p);
}

/* ---- people with a habit ---- */

/* A phone with an old password tries again all day. */
static void fail_again(struct world *w, void *actor, int64_t now_us)
{
    struct person *p = actor;
    struct mail_client client;
    char user[MAIL_ADDRESS_MAX];
    struct visit v;

    site_user(p->index, user);
    population_home(w, p->index, 1, &client);
    visit_begin(&v, w, &p->rng, &client, true, now_us);
    visit_login(&v, user, false);
    visit_end(&v);
    world_at(w, now_us + MINUTES(10) + SECONDS(rng_exp(&p->rng, 900)), fail_again, p);
}

/* Forgot to authenticate: refused once to three times, then it works. */
static void forget_login(struct world *w, void *actor, int64_t now_us)
{
    struct person *p = actor;
    struct mail_client client;
    char user[MAIL_ADDRESS_MAX], rcpt[MAIL_ADDRESS_MAX];
    uint32_t colleague;
    struct visit v;

    site_user(p->index, user);
    population_home(w, p->index, 1, &client);
    if (population_contact(w, p->index, rng_below(&p->rng, CONTACTS), &colleague, rcpt) !=
        UINT32_MAX) {
        struct mail_message *m;
        visit_begin(&v, w, &p->rng, &client, false, now_us);
        m = visit_mail(&v, user);
        visit_rcpt(&v, m, rcpt, MAIL_NO, WHY_RELAY_DENIED);
        mail_message_drop(m);
        visit_end(&v);
    }
    if (++p->forgot < 3 && rng_chance(&p->rng, .6))
        world_at(w, now_us + MINUTES(2), forget_login, p);
}

static void add_habits(struct world *w, struct person *p)
{
    const struct site *s = &w->site;
    char user[MAIL_ADDRESS_MAX];
    struct mail_client client;
    double habit = rng_unit(&p->rng);

    site_user(p->index, user);
    population_home(w, p->index, 1, &client);
    if (habit < .005) {
        truth_benign(w->truth, client.ip, "old_password");
        world_at(w, s->start_us + HOURS(rng_range(&p->rng, 0, 8)), fail_again, p);
    } else if (habit < .015) {
        truth_benign(w->truth, client.ip, "roaming");
        world_at(w, site_day_us(s, rng_below(&p->rng, s->days)) + site_day_time(&p->rng),
                 forget_login, p);
    } else if (habit < .025) {
        p->places = (uint8_t)(3 + rng_below(&p->rng, 4));
        truth_benign(w->truth, user, "traveller");
    }
}

void population_people(struct world *w)
{
    const struct params *params = &w->site.params;
    struct person *all = world_alloc(w->site.users * sizeof *all);

    for (uint32_t i = 0; i < w->site.users; i++) {
        struct person *p = &all[i];
        rng_seed(&p->rng, w->site.seed, UINT64_C(1000000) + i);
        p->index = i;
        p->volume = (float)(params->user_messages * rng_gamma(&p->rng, .8, 1));
        p->bad = (float)params_share(&params->user_bad, &p->rng);
        p->first = (float)params_share(&params->user_first, &p->rng);
        p->places = (uint8_t)(1 + rng_chance(&p->rng, .4));
        add_habits(w, p);
        world_at(w, w->site.start_us, plan_day, p);
    }
}
