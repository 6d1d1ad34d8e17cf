/* population_devices.c - machines: inside senders, monitoring, service providers with our domain
 * algorithm: an application and a list manager inside (bad shares of clean and dirty lists), a
 * scanner, a monitoring host every minute, 20 service providers and 10 forwarders outside that use
 * senders of ours
 * source:    the design's evaluation protocol */
#include <stdio.h>

#include "population.h"
#include "visit.h"

struct machine {
    struct rng rng;
    struct mail_client client;
    char sender[MAIL_ADDRESS_MAX];
    uint64_t list;
    uint32_t sent, size; /* size: of its list; 0: always somebody new */
    double bad, pause_s;
    int64_t from_us, to_us; /* hours of the day it works in */
};

static bool at_work(const struct world *w, const struct machine *m, int64_t now_us)
{
    int64_t hour_us = site_into_day(&w->site, now_us);
    return hour_us >= m->from_us && hour_us < m->to_us;
}

static void send_out(struct world *w, void *actor, int64_t now_us)
{
    struct machine *m = actor;
    char rcpt[MAIL_ADDRESS_MAX];
    struct visit v;
    struct fate f;

    world_at(w, now_us + SECONDS(rng_exp(&m->rng, m->pause_s)), send_out, m);
    if (!at_work(w, m, now_us))
        return;
    life_remote(w, &m->rng,
                population_stranger(m->list, m->size > 0 ? m->sent % m->size : m->sent, rcpt), rcpt,
                m->bad, now_us, &f);
    m->sent++;
    visit_begin(&v, w, &m->rng, &m->client, false, now_us);
    visit_send(&v, m->sender, &f, 1, BOUNCE_DELIVERED);
    visit_end(&v);
}

static void send_in(struct world *w, void *actor, int64_t now_us)
{
    struct machine *m = actor;
    uint32_t user = rng_below(&m->rng, w->site.users);
    char rcpt[MAIL_ADDRESS_MAX];
    struct visit v;
    struct fate f;

    world_at(w, now_us + SECONDS(rng_exp(&m->rng, m->pause_s)), send_in, m);
    if (!at_work(w, m, now_us))
        return;
    site_user(user, rcpt);
    life_local(w, &m->rng, rcpt, user, &f);
    visit_begin(&v, w, &m->rng, &m->client, false, now_us);
    visit_send(&v, m->sender, &f, 1, BOUNCE_DELIVERED);
    visit_end(&v);
}

static void look_after(struct world *w, void *actor, int64_t now_us)
{
    struct machine *m = actor;
    struct visit v;

    visit_begin(&v, w, &m->rng, &m->client, false, now_us);
    visit_end(&v);
    world_at(w, now_us + MINUTES(1), look_after, m);
}

static struct machine *new_machine(struct world *w, uint32_t number, double pause_s)
{
    struct machine *m = world_alloc(sizeof *m);

    rng_seed(&m->rng, w->site.seed, UINT64_C(4000000) + number);
    m->list = rng_u64(&m->rng);
    m->pause_s = pause_s;
    m->to_us = HOURS(24);
    return m;
}

static void add_inside(struct world *w)
{
    const struct params *params = &w->site.params;
    double scale = w->site.users / 5000.0;
    struct machine *app = new_machine(w, 1, 60 / (scale + .2));
    struct machine *list = new_machine(w, 2, .8 / (scale + .2));
    struct machine *scanner = new_machine(w, 3, 600), *monitor = new_machine(w, 4, 60);

    site_inside(40, "app", &app->client);
    snprintf(app->sender, sizeof app->sender, "noreply@" SITE_DOMAIN);
    app->bad = params_share(&params->clean_bad, &app->rng);
    site_inside(41, "lists", &list->client);
    snprintf(list->sender, sizeof list->sender, "news@" SITE_DOMAIN);
    list->bad = params_share(&params->clean_bad, &list->rng);
    list->size = 2000;
    list->from_us = HOURS(9);
    list->to_us = HOURS(9.7);
    site_inside(60, "scanner", &scanner->client);
    snprintf(scanner->sender, sizeof scanner->sender, "scanner@" SITE_DOMAIN);
    site_inside(9, "monitor", &monitor->client);
    world_at(w, w->site.start_us, send_out, app);
    world_at(w, w->site.start_us, send_out, list);
    world_at(w, w->site.start_us, send_in, scanner);
    world_at(w, w->site.start_us, look_after, monitor);
    truth_benign(w->truth, app->client.ip, "application");
    truth_benign(w->truth, list->client.ip, "list_manager");
}

/* Customers' systems, payroll, tickets; and mail of ours that comes back from a forwarder. */
static void add_providers(struct world *w)
{
    static const char *const names[] = {"tickets", "payroll", "survey",    "travel", "booking",
                                        "crm",     "events",  "marketing", "shop",   "backup"};

    for (unsigned i = 0; i < 30; i++) {
        struct machine *m =
            new_machine(w, 100 + i, (double)(rng_hash(w->site.seed, i) % 4000) + 2000);
        site_mail_server(rng_u64(&m->rng), &m->client);
        if (i < 20)
            snprintf(m->sender, sizeof m->sender, "%s%s@" SITE_DOMAIN, names[i % 10],
                     i < 10 ? "" : "-team");
        else
            site_user(rng_below(&m->rng, w->site.users), m->sender);
        m->from_us = HOURS(6);
        m->to_us = HOURS(20);
        truth_benign(w->truth, m->client.ip, i < 20 ? "provider" : "forward_back");
        world_at(w, w->site.start_us + HOURS(rng_range(&m->rng, 0, 8)), send_in, m);
    }
}

void population_devices(struct world *w)
{
    add_inside(w);
    add_providers(w);
}
