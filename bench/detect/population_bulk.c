/* population_bulk.c - much mail through accounts: newsletters nobody declared, invitations
 * algorithm: in the proportions of the design's simulation, 40 clean and 10 dirty newsletters and
 * 50 people who invite others for 50,000 users (so that an attack day of 5,000 users has 4, 1 and
 * 5); a newsletter has 500 to 5,000 recipients .2 to .7 s apart and is sent every day at its hour,
 * a dirty one renews half its list; an invitation goes to 20 to 80, 2 to 20 s apart
 * source:    the design's evaluation protocol, Appendix A */
#include <stdio.h>

#include "population.h"
#include "visit.h"

struct mailing {
    struct rng rng;
    uint32_t user, left, next;
    uint64_t list;
    double bad, renewed, gap_low_s, gap_high_s;
    bool invitation;
};

static void send_next(struct world *w, void *actor, int64_t now_us)
{
    struct mailing *m = actor;
    char user[MAIL_ADDRESS_MAX], rcpt[MAIL_ADDRESS_MAX];
    struct mail_client client;
    struct visit v;
    struct fate f;
    uint32_t domain;

    site_user(m->user, user);
    population_home(w, m->user, 0, &client);
    domain = population_stranger(m->list, m->next, rcpt);
    life_remote(w, &m->rng, domain, rcpt, m->bad, now_us, &f);
    visit_begin(&v, w, &m->rng, &client, true, now_us);
    v.step_s = .01;
    visit_login(&v, user, true);
    visit_send(&v, user, &f, 1, BOUNCE_DELIVERED);
    visit_end(&v);
    m->next++;
    if (--m->left > 0)
        world_at(w, now_us + SECONDS(rng_range(&m->rng, m->gap_low_s, m->gap_high_s)), send_next,
                 m);
}

/* The list starts over: what was renewed of it is new, the rest has had mail before. */
static void begin_mailing(struct world *w, void *actor, int64_t now_us)
{
    struct mailing *m = actor;
    uint32_t size = m->invitation ? 20 + rng_below(&m->rng, 61) : 500 + rng_below(&m->rng, 4501);

    m->next = (uint32_t)(m->renewed * m->next);
    m->left = size < w->site.users ? size : w->site.users;
    send_next(w, m, now_us);
    if (!m->invitation)
        world_at(w, now_us + HOURS(24), begin_mailing, m);
}

static struct mailing *new_mailing(struct world *w, uint32_t number, const char *class)
{
    struct mailing *m = world_alloc(sizeof *m);
    char user[MAIL_ADDRESS_MAX];

    rng_seed(&m->rng, w->site.seed, UINT64_C(3000000) + number);
    m->user = rng_below(&m->rng, w->site.users);
    m->list = rng_u64(&m->rng);
    m->gap_low_s = .2;
    m->gap_high_s = .7;
    site_user(m->user, user);
    truth_benign(w->truth, user, class);
    return m;
}

static void add_newsletters(struct world *w, uint32_t count, bool dirty)
{
    const struct params *params = &w->site.params;

    for (uint32_t i = 0; i < count; i++) {
        struct mailing *m =
            new_mailing(w, i + (dirty ? 100000U : 0), dirty ? "newsletter_dirty" : "newsletter");
        m->bad = params_share(dirty ? &params->dirty_bad : &params->clean_bad, &m->rng);
        m->renewed = dirty ? params->dirty_first : .05;
        world_at(w, w->site.start_us + HOURS(rng_range(&m->rng, 7, 17)), begin_mailing, m);
    }
}

static void add_invitations(struct world *w, uint32_t count)
{
    for (uint32_t i = 0; i < count * w->site.days; i++) {
        struct mailing *m = new_mailing(w, 200000 + i, "invitations");
        m->invitation = true;
        m->bad = params_share(&w->site.params.invitation_bad, &m->rng);
        m->renewed = 1;
        m->gap_low_s = 2;
        m->gap_high_s = 20;
        world_at(w, site_day_us(&w->site, i % w->site.days) + HOURS(rng_range(&m->rng, 8, 18)),
                 begin_mailing, m);
    }
}

void population_bulk(struct world *w)
{
    add_newsletters(w, population_of(w, 1250, 1), false);
    add_newsletters(w, population_of(w, 5000, 0), true);
    add_invitations(w, population_of(w, 1000, 1));
}
