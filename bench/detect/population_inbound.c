/* population_inbound.c - those who write to us: mail servers, lists, forwarders, stray bounces
 * algorithm: .65 servers for each user, recipients a day lognormal(5, 1.5), a share of unknown
 * ones beta(.3,6); one list server for a hundred of them with 1 to 3 mailings of 300 to 1,000
 * recipients in five minutes, unknown beta(2,18); one forwarder for four hundred with 10 to 40 %
 * unknown. Unknown recipients are departed staff and typing errors, half and half
 * source:    the design's evaluation protocol, Appendix A; the tenth of a percent of stray bounces
 * is a site whose domain is forged a little, always */
#include <math.h>
#include <stdio.h>

#include "population.h"
#include "visit.h"

enum { MAILING_MAX = 1000, IN_ONE_SESSION = 40, DAY_MAX = 3000 };

struct server {
    struct rng rng;
    struct mail_client client;
    uint32_t number, sent;
    double mean, unknown;
};

static void sender_of(struct server *s, char buf[MAIL_ADDRESS_MAX])
{
    const char *domain = s->client.name;

    for (; *domain != '\0' && *domain != '.'; domain++)
        ;
    snprintf(buf, MAIL_ADDRESS_MAX, "person%u@%s", rng_below(&s->rng, 40),
             *domain == '.' ? domain + 1 : "nowhere.example");
}

static void unknown_name(const struct world *w, struct server *s, char buf[MAIL_ADDRESS_MAX])
{
    if (rng_chance(&s->rng, .5)) /* departed: many servers know the same ones */
        site_unknown(rng_below(&s->rng, w->site.users / 10 + 20), buf);
    else
        site_unknown(rng_u64(&s->rng), buf);
}

/* One recipient in the session; true when it was accepted. */
static bool try_one(struct world *w, struct visit *v, struct mail_message *m, struct server *s,
                    struct fate *f)
{
    char rcpt[MAIL_ADDRESS_MAX];
    uint32_t user = rng_below(&s->rng, w->site.users);

    if (rng_chance(&s->rng, s->unknown)) {
        unknown_name(w, s, rcpt);
        visit_rcpt(v, m, rcpt, MAIL_NO, WHY_RCPT_UNKNOWN);
        return false;
    }
    site_user(user, rcpt);
    if (w->site.quota_at_rcpt && site_is_full(&w->site, user)) {
        visit_rcpt(v, m, rcpt, MAIL_NO, WHY_MAILBOX_FULL);
        return false;
    }
    if (rng_chance(&s->rng, .03)) {
        snprintf(rcpt, sizeof rcpt, "b%u@" SITE_BRANCH, rng_below(&s->rng, 60));
        life_branch(&s->rng, rcpt, true, f);
    } else {
        life_local(w, &s->rng, rcpt, user, f);
    }
    visit_rcpt(v, m, rcpt, MAIL_OK, WHY_NONE);
    return true;
}

static void deliver(struct world *w, struct server *s, const char *sender, unsigned count,
                    int64_t now_us)
{
    struct fate fates[IN_ONE_SESSION];
    struct mail_message *m;
    struct visit v;
    unsigned n = 0;

    visit_begin(&v, w, &s->rng, &s->client, false, now_us);
    m = visit_mail(&v, sender);
    for (unsigned i = 0; i < count; i++)
        n += try_one(w, &v, m, s, &fates[n]);
    if (n > 0)
        visit_data(&v, m, fates, n, BOUNCE_DELIVERED);
    mail_message_drop(m);
    visit_end(&v);
}

/* ---- mail servers ---- */

static void send_one(struct world *w, void *actor, int64_t now_us)
{
    struct server *s = actor;
    char sender[MAIL_ADDRESS_MAX];

    sender_of(s, sender);
    deliver(w, s, sender, 1, now_us);
}

static void plan_server(struct world *w, void *actor, int64_t now_us)
{
    struct server *s = actor;
    unsigned day = (unsigned)((now_us - w->site.start_us) / HOURS(24));
    uint32_t n = rng_poisson(&s->rng, s->mean * site_day_factor(&w->site, day));

    for (uint32_t i = 0; i < n && i < DAY_MAX; i++)
        world_at(w, now_us + site_day_time(&s->rng), send_one, s);
    world_at(w, now_us + HOURS(24), plan_server, s);
}

/* ---- lists: a mailing, then perhaps another ---- */

static void go_on_mailing(struct world *w, void *actor, int64_t now_us)
{
    struct server *s = actor;
    unsigned n = s->sent < IN_ONE_SESSION ? s->sent : IN_ONE_SESSION;
    char sender[MAIL_ADDRESS_MAX];

    snprintf(sender, sizeof sender, "list%u-bounces@lists%u.example", s->number, s->number);
    deliver(w, s, sender, n, now_us);
    s->sent -= n;
    if (s->sent > 0)
        world_at(w, now_us + SECONDS(rng_range(&s->rng, 5, 14)), go_on_mailing, s);
}

static void start_mailing(struct world *w, void *actor, int64_t now_us)
{
    struct server *s = actor;
    uint32_t most = w->site.users / 2 < MAILING_MAX ? w->site.users / 2 : MAILING_MAX;

    s->sent = most * 3 / 10 + rng_below(&s->rng, most * 7 / 10 + 1);
    go_on_mailing(w, s, now_us);
}

static void plan_list(struct world *w, void *actor, int64_t now_us)
{
    struct server *s = actor;

    for (unsigned n = 1 + rng_below(&s->rng, 3); n > 0; n--)
        world_at(w, now_us + HOURS(4 + 6 * n) + MINUTES(rng_range(&s->rng, 0, 300)), start_mailing,
                 s);
    world_at(w, now_us + HOURS(24), plan_list, s);
}

/* ---- bounces of mail that others sent under our names ---- */

static void stray_bounce(struct world *w, void *actor, int64_t now_us)
{
    struct rng *rng = actor;
    struct mail_client client;
    struct mail_message *m;
    struct visit v;
    char rcpt[MAIL_ADDRESS_MAX];

    site_mail_server(rng_u64(rng), &client);
    visit_begin(&v, w, rng, &client, false, now_us);
    m = visit_mail(&v, "");
    site_unknown(rng_u64(rng), rcpt);
    visit_rcpt(&v, m, rcpt, MAIL_NO, WHY_RCPT_UNKNOWN);
    mail_message_drop(m);
    visit_end(&v);
}

static void plan_strays(struct world *w, void *actor, int64_t now_us)
{
    struct rng *rng = actor;
    uint32_t n = rng_poisson(rng, .01 * w->site.users);

    for (uint32_t i = 0; i < n; i++)
        world_at(w, now_us + HOURS(24 * rng_unit(rng)), stray_bounce, rng);
    world_at(w, now_us + HOURS(24), plan_strays, rng);
}

static struct server *new_server(struct world *w, uint32_t number)
{
    struct server *s = world_alloc(sizeof *s);

    rng_seed(&s->rng, w->site.seed, UINT64_C(2000000) + number);
    site_mail_server(rng_u64(&s->rng), &s->client);
    s->number = number;
    return s;
}

static void add_servers(struct world *w, uint32_t count)
{
    const struct params *params = &w->site.params;

    for (uint32_t i = 0; i < count; i++) {
        struct server *s = new_server(w, i);
        s->mean = fmin(rng_lognormal(&s->rng, params->mta_median, params->mta_sigma), DAY_MAX);
        s->unknown = params_share(&params->mta_unknown, &s->rng);
        world_at(w, w->site.start_us, plan_server, s);
    }
}

static void add_lists(struct world *w, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct server *s = new_server(w, UINT32_C(1000000) + i);
        s->unknown = params_share(&w->site.params.list_unknown, &s->rng);
        truth_benign(w->truth, s->client.ip, "list");
        world_at(w, w->site.start_us, plan_list, s);
    }
}

static void add_forwarders(struct world *w, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct server *s = new_server(w, UINT32_C(2000000) + i);
        s->mean = fmin(500, w->site.users * .3);
        s->unknown = rng_range(&s->rng, .1, .4);
        truth_benign(w->truth, s->client.ip, "forwarder");
        world_at(w, w->site.start_us, plan_server, s);
    }
}

void population_inbound(struct world *w)
{
    uint32_t servers = population_of(w, 1 / .65, 20);
    struct rng *strays = world_alloc(sizeof *strays);

    rng_seed(strays, w->site.seed, 41);
    add_servers(w, servers);
    add_lists(w, population_of(w, 100 / .65, 1));
    add_forwarders(w, population_of(w, 400 / .65, 1));
    world_at(w, w->site.start_us, plan_strays, strays);
}
