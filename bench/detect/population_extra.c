/* population_extra.c - benign classes that set A does not have: what a rule has not been tuned on
 * algorithm: a shared mailbox used from many networks; phones that change networks all day; a
 * conference that invites 150 strangers; an office behind one address on the day its passwords
 * expire; a helpdesk whose correspondents are all new; an inside list manager whose senders change
 * with every message
 * limits:    one or two of each for 5,000 users */
#include <stdio.h>

#include "population.h"
#include "visit.h"

enum extra_kind { SHARED_MAILBOX, WANDERING_PHONE, CONFERENCE, HELPDESK };

struct extra {
    struct rng rng;
    enum extra_kind kind;
    uint32_t user, sent, most;
    uint64_t list;
    double bad, pause_s;
    int64_t from_us, to_us;
};

static void place_of(const struct world *w, struct extra *e, struct mail_client *client)
{
    unsigned places = e->kind == SHARED_MAILBOX ? 4 : e->kind == WANDERING_PHONE ? 5 : 1;

    population_home(w, e->user, 2 + rng_below(&e->rng, places), client);
    if (e->kind == WANDERING_PHONE)
        site_ip_in(client->ip, rng_u64(&e->rng), false, client->ip);
}

static void send_extra(struct world *w, void *actor, int64_t now_us)
{
    struct extra *e = actor;
    int64_t hour_us = site_into_day(&w->site, now_us);
    char user[MAIL_ADDRESS_MAX], rcpt[MAIL_ADDRESS_MAX];
    bool stranger = e->kind == CONFERENCE || (e->kind == HELPDESK && rng_chance(&e->rng, .8));
    struct mail_client client;
    struct visit v;
    struct fate f;

    world_at(w, now_us + SECONDS(rng_exp(&e->rng, e->pause_s)), send_extra, e);
    if (hour_us < e->from_us || hour_us >= e->to_us || e->sent >= e->most)
        return;
    e->sent++;
    site_user(e->user, user);
    place_of(w, e, &client);
    if (stranger)
        life_remote(w, &e->rng, population_stranger(e->list, e->sent, rcpt), rcpt, e->bad, now_us,
                    &f);
    else
        population_contact_fate(w, &e->rng, e->user, rng_below(&e->rng, 24), e->bad, now_us, &f);
    visit_begin(&v, w, &e->rng, &client, true, now_us);
    visit_login(&v, user, true);
    visit_send(&v, user, &f, 1, BOUNCE_DELIVERED);
    visit_end(&v);
}

static void add_account(struct world *w, enum extra_kind kind, unsigned number, double pause_s,
                        const char *class)
{
    struct extra *e = world_alloc(sizeof *e);
    char user[MAIL_ADDRESS_MAX];

    rng_seed(&e->rng, w->site.seed, UINT64_C(5000000) + number);
    e->kind = kind;
    e->user = rng_below(&e->rng, w->site.users);
    e->list = rng_u64(&e->rng);
    e->bad = params_share(&w->site.params.user_bad, &e->rng);
    e->pause_s = pause_s;
    e->most = kind == CONFERENCE ? 150 : UINT32_MAX;
    e->from_us = HOURS(8);
    e->to_us = HOURS(18);
    site_user(e->user, user);
    truth_benign(w->truth, user, class);
    world_at(w, w->site.start_us + HOURS(8), send_extra, e);
}

/* ---- the office whose passwords have expired ---- */

struct office {
    struct rng rng;
    struct mail_client client;
    uint32_t first_user, users;
};

static void office_login(struct world *w, void *actor, int64_t now_us)
{
    struct office *o = actor;
    char user[MAIL_ADDRESS_MAX];
    struct visit v;

    site_user((o->first_user + rng_below(&o->rng, o->users)) % w->site.users, user);
    visit_begin(&v, w, &o->rng, &o->client, true, now_us);
    if (rng_chance(&o->rng, .4))
        visit_login(&v, user, false);
    visit_login(&v, user, true);
    visit_end(&v);
    if (site_into_day(&w->site, now_us) < HOURS(17))
        world_at(w, now_us + SECONDS(rng_exp(&o->rng, 240)), office_login, o);
}

static void add_office(struct world *w, unsigned number)
{
    struct office *o = world_alloc(sizeof *o);

    rng_seed(&o->rng, w->site.seed, UINT64_C(5100000) + number);
    site_bot(rng_u64(&o->rng), &o->client);
    o->first_user = rng_below(&o->rng, w->site.users);
    o->users = 25;
    truth_benign(w->truth, o->client.ip, "office");
    for (unsigned day = 0; day < w->site.days; day++)
        world_at(w, site_day_us(&w->site, day) + HOURS(8), office_login, o);
}

/* ---- the list manager that marks every sender ---- */

struct manager {
    struct rng rng;
    struct mail_client client;
    uint32_t sent;
    double bad;
};

static void manager_send(struct world *w, void *actor, int64_t now_us)
{
    struct manager *m = actor;
    int64_t hour_us = site_into_day(&w->site, now_us);
    char rcpt[MAIL_ADDRESS_MAX], sender[MAIL_ADDRESS_MAX];
    struct visit v;
    struct fate f;

    world_at(w, now_us + SECONDS(rng_exp(&m->rng, 3)), manager_send, m);
    if (hour_us < HOURS(10) || hour_us >= HOURS(10.5))
        return;
    life_remote(w, &m->rng, population_stranger(w->site.seed ^ 77, m->sent++ % 500, rcpt), rcpt,
                m->bad, now_us, &f);
    snprintf(sender, sizeof sender, "club-bounces+%u=%.40s@" SITE_DOMAIN, m->sent % 500, "member");
    visit_begin(&v, w, &m->rng, &m->client, false, now_us);
    visit_send(&v, sender, &f, 1, BOUNCE_DELIVERED);
    visit_end(&v);
}

static void add_manager(struct world *w)
{
    struct manager *m = world_alloc(sizeof *m);

    rng_seed(&m->rng, w->site.seed, 5200000);
    site_inside(42, "club", &m->client);
    m->bad = params_share(&w->site.params.clean_bad, &m->rng);
    truth_benign(w->truth, m->client.ip, "list_manager_verp");
    world_at(w, w->site.start_us, manager_send, m);
}

void population_extra(struct world *w)
{
    uint32_t n = population_of(w, 5000, 1);

    for (uint32_t i = 0; i < n; i++) {
        add_account(w, SHARED_MAILBOX, 10 * i, 300, "shared_mailbox");
        add_account(w, WANDERING_PHONE, 10 * i + 1, 900, "wandering_phone");
        add_account(w, CONFERENCE, 10 * i + 2, 60, "conference");
        add_account(w, HELPDESK, 10 * i + 3, 240, "helpdesk");
        add_office(w, i);
    }
    add_manager(w);
}
