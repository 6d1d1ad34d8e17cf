/* attack_relay.c - A1 to A4: relaying tried, and relaying that works
 * algorithm: probe: refused recipients; nmap: sixteen address forms in a session; slow: one plain
 * try in 20 minutes by one client; network: eight clients of one /24, one try each; target: fifteen
 * networks towards one domain. relay: one address form (style) and what came of it (result):
 * refused, accepted (and no mail follows), delivered, bounced here, bounced there, deferred.
 * Evasion: an hour between tries
 * source:    RFC 2505; the forms of the nmap script and of Microsoft's relay tests; the numbers of
 * a relay sinkhole: 25 recipients a connection */
#include <stdio.h>
#include <string.h>

#include "attack.h"

struct form {
    const char *style, *pattern; /* %u: a number */
    bool plain;
};

/* What stands behind the last @ is ours, or nothing. */
static const struct form forms[] = {
    {"plain", "u%u@relaytest.example", true},
    {"percent", "u%u%%relaytest.example@" SITE_DOMAIN, false},
    {"percent_bare", "u%u%%relaytest.example", false},
    {"bang", "relaytest.example!u%u@" SITE_DOMAIN, false},
    {"quoted", "\"u%u@relaytest.example\"@" SITE_DOMAIN, false},
    {"double_at", "u%u@relaytest.example@" SITE_DOMAIN, false},
    {"source_route", "@" SITE_DOMAIN ":u%u@relaytest.example", true},
    {"imcea", "IMCEASMTP-u%u+40relaytest+2Eexample@" SITE_DOMAIN, false},
};
enum { FORMS = sizeof forms / sizeof forms[0] };

static void make_form(const struct form *form, unsigned n, char buf[MAIL_ADDRESS_MAX])
{
    const char *hole = strstr(form->pattern, "%u");
    char tail[MAIL_ADDRESS_MAX];
    unsigned length = 0;

    for (const char *p = hole + 2; *p != '\0'; p++) {
        p += p[0] == '%' && p[1] == '%';
        tail[length++] = *p;
    }
    tail[length] = '\0';
    snprintf(buf, MAIL_ADDRESS_MAX, "%.*s%u%.80s", (int)(hole - form->pattern), form->pattern, n,
             tail);
}

struct prober {
    struct rng rng;
    struct truth_attack *truth;
    struct mail_client client;
    unsigned tried, most;
    double pause_s;
    char style;
};

static void refuse(struct visit *v, struct prober *p, const char *rcpt, bool later)
{
    char sender[MAIL_ADDRESS_MAX];
    struct mail_message *m;

    population_stranger(p->most, p->tried, sender);
    m = visit_mail(v, sender);
    visit_rcpt(v, m, rcpt, later ? MAIL_LATER : MAIL_NO, WHY_RELAY_DENIED);
    mail_message_drop(m);
    truth_step(p->truth, v->now_us);
}

static void probe_once(struct world *w, void *actor, int64_t now_us)
{
    struct prober *p = actor;
    char rcpt[MAIL_ADDRESS_MAX];
    struct visit v;

    visit_begin(&v, w, &p->rng, &p->client, false, now_us);
    if (p->style == 'n') {
        for (unsigned i = 0; i < 16; i++) {
            make_form(&forms[i % FORMS], i, rcpt);
            refuse(&v, p, rcpt, false);
        }
    } else {
        snprintf(rcpt, sizeof rcpt,
                 p->style == 't' ? "inbox@dropbox%u.example" : "t%u@test.example",
                 p->style == 't' ? 1 : rng_below(&p->rng, 100000));
        refuse(&v, p, rcpt, w->site.seed % 3 == 0);
    }
    visit_end(&v);
    if (++p->tried < p->most)
        world_at(w, now_us + SECONDS(rng_exp(&p->rng, p->pause_s)), probe_once, p);
}

void attack_probe(struct world *w, const struct attack_spec *spec)
{
    bool network = attack_is(spec, "network"), target = attack_is(spec, "target");
    unsigned clients = network ? 8 : target ? 15 : spec->count;
    struct truth_attack *truth = NULL;
    struct mail_client first;

    for (unsigned i = 0; i < clients; i++) {
        struct prober *p = world_alloc(sizeof *p);
        attack_rng(w, spec, i, &p->rng);
        site_bot(rng_u64(&p->rng), &p->client);
        if (i == 0)
            first = p->client;
        else if (network)
            site_ip_in(first.ip, i + 1, true, p->client.ip);
        if (truth == NULL || (!network && !target))
            truth = attack_begin(w, spec, "open_relay_probe");
        p->truth = truth;
        p->style = network ? 'x' : spec->style[0];
        p->most = p->style == 's' ? 12 : 1;
        p->pause_s = spec->evasion ? 3600 : 1200;
        truth_actor(truth, p->client.ip);
        if (target)
            truth_victim(truth, "dropbox1.example");
        world_at(w,
                 attack_time(w, spec, &p->rng) +
                     MINUTES(network || target ? rng_range(&p->rng, 0, 240) : 0),
                 probe_once, p);
    }
    truth_verdict(w->truth, "attempted");
}

/* ---- relaying by form and result ---- */

struct relayer {
    struct rng rng;
    struct truth_attack *truth;
    struct mail_client client;
    const struct form *form;
    char result[ATTACK_WORD_MAX];
    unsigned sent, most;
};

static bool result_is(const struct relayer *r, const char *result)
{
    return strcmp(r->result, result) == 0;
}

static void outcome(const struct world *w, struct relayer *r, const char *rcpt, int64_t now_us,
                    struct fate *f)
{
    struct remote remote;

    memset(f, 0, sizeof *f);
    remote_at(&w->site, 30, now_us, &remote);
    snprintf(f->rcpt, sizeof f->rcpt, "u%u@relaytest.example", r->sent);
    if (!r->form->plain)
        mail_copy(f->orig, sizeof f->orig, rcpt);
    f->place = PLACE_REMOTE;
    snprintf(f->host, sizeof f->host, "mx1.relaytest.example");
    mail_copy(f->ip, sizeof f->ip, remote.ip);
    f->first_s = .7;
    if (result_is(r, "deferred")) {
        f->end = LIFE_STUCK;
        f->place = PLACE_NOBODY;
        snprintf(f->text, sizeof f->text,
                 "connect to mx1.relaytest.example[%s]:25: Connection timed out", remote.ip);
        snprintf(f->status, sizeof f->status, "4.4.1");
    } else if (result_is(r, "bounced_there")) {
        f->end = LIFE_BOUNCED;
        snprintf(f->text, sizeof f->text, "550 5.1.1 <%.60s>: User unknown", f->rcpt);
        snprintf(f->status, sizeof f->status, "5.1.1");
    } else if (result_is(r, "bounced_here")) {
        mail_copy(f->rcpt, sizeof f->rcpt, rcpt);
        f->orig[0] = '\0';
        f->end = LIFE_BOUNCED;
        f->place = PLACE_NOBODY;
        snprintf(f->text, sizeof f->text, "User unknown in virtual alias table");
        snprintf(f->status, sizeof f->status, "5.1.1");
    }
}

static void relay_once(struct world *w, void *actor, int64_t now_us)
{
    struct relayer *r = actor;
    char rcpt[MAIL_ADDRESS_MAX];
    struct mail_message *m;
    struct visit v;
    struct fate f;

    make_form(r->form, r->sent, rcpt);
    visit_begin(&v, w, &r->rng, &r->client, false, now_us);
    m = visit_mail(&v, "tester@relaytest.example");
    if (result_is(r, "refused")) {
        visit_rcpt(&v, m, rcpt, MAIL_NO, WHY_RELAY_DENIED);
    } else {
        visit_rcpt(&v, m, rcpt, MAIL_OK, WHY_NONE);
        outcome(w, r, rcpt, now_us, &f);
        if (!result_is(r, "accepted"))
            visit_data(&v, m, &f, 1, BOUNCE_DELIVERED);
    }
    mail_message_drop(m);
    visit_end(&v);
    truth_step(r->truth, now_us);
    if (++r->sent < r->most)
        world_at(w, now_us + SECONDS(rng_exp(&r->rng, 40)), relay_once, r);
}

static const char *verdict_of(const struct relayer *r)
{
    if (result_is(r, "delivered"))
        return "yes";
    if (result_is(r, "deferred") || result_is(r, "bounced_there"))
        return "exposed";
    return "attempted";
}

void attack_relay(struct world *w, const struct attack_spec *spec)
{
    static const unsigned numbers[] = {3, 25, 75};
    struct relayer *r = world_alloc(sizeof *r);
    const char *verdict;

    attack_rng(w, spec, 0, &r->rng);
    site_bot(rng_u64(&r->rng), &r->client);
    r->form = &forms[0];
    for (unsigned i = 0; i < FORMS; i++)
        if (attack_is(spec, forms[i].style))
            r->form = &forms[i];
    snprintf(r->result, sizeof r->result, "%s", spec->result);
    r->most = numbers[spec->level];
    verdict = verdict_of(r);
    r->truth = attack_begin(
        w, spec, strcmp(verdict, "attempted") == 0 ? "open_relay_probe" : "relay_accepted");
    if (result_is(r, "accepted") || result_is(r, "bounced_here"))
        truth_extra(r->truth);
    truth_actor(r->truth, r->client.ip);
    truth_verdict(w->truth, verdict);
    world_at(w, attack_time(w, spec, &r->rng), relay_once, r);
}
