/* site.c - names, addresses and the course of the day
 * limits: the hours' weights are those of an office with some evening mail; UTC */
#include "site.h"

#include <stdio.h>
#include <string.h>

static const char *const first_names[] = {
    "anna",  "ben",   "clara", "david", "emma",  "felix", "greta", "hugo",
    "ida",   "jonas", "karin", "lena",  "marco", "nina",  "oscar", "paula",
    "quinn", "rosa",  "simon", "tina",  "uwe",   "vera",  "willi", "xenia",
    "yara",  "zeno",  "alma",  "bruno", "carla", "dario", "elsa",  "frida"};
static const char *const last_names[] = {
    "abel",   "berg",  "conti", "dahl",  "egger", "frank", "garcia", "holm",   "ivers",
    "jansen", "klein", "lund",  "meyer", "novak", "olsen", "peter",  "quist",  "rossi",
    "stein",  "thoma", "ulmer", "vogel", "weber", "xaver", "young",  "ziegler"};
enum { FIRST = 32, LAST = 26 };

void site_user(uint32_t i, char buf[MAIL_ADDRESS_MAX])
{
    uint32_t n = i / (FIRST * LAST), k = i * 7919U % (FIRST * LAST);

    if (n == 0)
        snprintf(buf, MAIL_ADDRESS_MAX, "%s.%s@" SITE_DOMAIN, first_names[k % FIRST],
                 last_names[k / FIRST]);
    else
        snprintf(buf, MAIL_ADDRESS_MAX, "%s.%s%u@" SITE_DOMAIN, first_names[k % FIRST],
                 last_names[k / FIRST], n);
}

void site_unknown(uint64_t i, char buf[MAIL_ADDRESS_MAX])
{
    uint64_t h = rng_hash(i, 11);

    if (h % 3 == 0)
        snprintf(buf, MAIL_ADDRESS_MAX, "%s%u@" SITE_DOMAIN, first_names[h / 8 % FIRST],
                 (unsigned)(1000 + h / 512 % 900000));
    else
        snprintf(buf, MAIL_ADDRESS_MAX, "%c%s%u@" SITE_DOMAIN, (int)('a' + h / 3 % 26),
                 last_names[h / 128 % LAST], (unsigned)(1000 + h / 4096 % 900000));
}

bool site_is_full(const struct site *s, uint32_t user)
{
    return rng_hash(s->seed ^ 0xf0, user) % 50 == 0;
}

bool site_forwards(const struct site *s, uint32_t user, char buf[MAIL_ADDRESS_MAX])
{
    uint64_t h = rng_hash(s->seed ^ 0xf1, user);

    if (h % 80 != 0)
        return false;
    snprintf(buf, MAIL_ADDRESS_MAX, "private%u@freemail.example", (unsigned)(h / 80 % 1000000));
    return true;
}

/* ---- addresses ---- */

static bool is_reserved(unsigned a, unsigned b)
{
    return a == 0 || a == 10 || a == 127 || a >= 224 || (a == 172 && b >= 16 && b < 32) ||
           (a == 192 && (b == 0 || b == 168)) || (a == 169 && b == 254) ||
           (a == 100 && b >= 64 && b < 128);
}

void site_ip(uint64_t hash, char buf[MAIL_IP_MAX])
{
    uint64_t h = hash;
    unsigned a, b;

    do {
        h = rng_hash(h, 5);
        a = (unsigned)(h & 255);
        b = (unsigned)(h >> 8 & 255);
    } while (is_reserved(a, b));
    snprintf(buf, MAIL_IP_MAX, "%u.%u.%u.%u", a, b, (unsigned)(h >> 16 & 255),
             1 + (unsigned)(h >> 24 & 255) % 254);
}

void site_ip_in(const char *ip, uint64_t hash, bool narrow, char buf[MAIL_IP_MAX])
{
    unsigned a = 1, b = 1, c = 1;
    uint64_t h = rng_hash(hash, 6);

    sscanf(ip, "%u.%u.%u", &a, &b, &c);
    if (!narrow)
        c = (unsigned)(h & 255);
    snprintf(buf, MAIL_IP_MAX, "%u.%u.%u.%u", a, b, c, 1 + (unsigned)(h >> 8 & 255) % 254);
}

void site_mail_server(uint64_t hash, struct mail_client *ret)
{
    site_ip(hash, ret->ip);
    snprintf(ret->name, sizeof ret->name, "mail%u.org%u.example", (unsigned)(hash % 7),
             (unsigned)(hash / 8 % 1000000));
    memcpy(ret->helo, ret->name, sizeof ret->helo);
}

void site_bot(uint64_t hash, struct mail_client *ret)
{
    site_ip(hash, ret->ip);
    ret->name[0] = '\0';
    if (hash % 3 == 0)
        snprintf(ret->name, sizeof ret->name, "dyn-%u.isp%u.example", (unsigned)(hash / 7 % 100000),
                 (unsigned)(hash / 3 % 50));
    snprintf(ret->helo, sizeof ret->helo, "win-%x", (unsigned)(hash & 0xfffff));
}

void site_inside(unsigned n, const char *name, struct mail_client *ret)
{
    snprintf(ret->ip, sizeof ret->ip, "192.0.2.%u", n);
    snprintf(ret->name, sizeof ret->name, "%s%u." SITE_DOMAIN, name, n);
    memcpy(ret->helo, ret->name, sizeof ret->helo);
}

/* ---- time ---- */

static const double hour_weight[24] = {.15, .1,  .1,  .1,  .15, .3,  .7, 1.4, 2.2, 2.4, 2.3, 2.1,
                                       1.5, 1.9, 2.1, 2.0, 1.7, 1.2, .8, .7,  .65, .55, .4,  .25};

static double total_weight(void)
{
    double sum = 0;

    for (unsigned i = 0; i < 24; i++)
        sum += hour_weight[i];
    return sum;
}

/* Half an hour of one hour's weight runs into the next: the morning rises without steps. */
int64_t site_day_time(struct rng *r)
{
    double left = rng_unit(r) * total_weight(), at;
    unsigned hour = 0;

    while (hour < 23 && left >= hour_weight[hour])
        left -= hour_weight[hour++];
    at = hour + rng_unit(r) + rng_unit(r) - .5;
    return HOURS(at < 0 ? at + 24 : at >= 24 ? at - 24 : at);
}

double site_weight(int64_t day_us)
{
    return hour_weight[day_us / HOURS(1) % 24] * 24 / total_weight();
}

double site_day_factor(const struct site *s, unsigned day)
{
    int64_t weekday = (s->start_us / HOURS(24) + day + 3) % 7; /* 0 is Monday */
    return weekday >= 5 ? .35 : 1;
}

int64_t site_day_us(const struct site *s, unsigned day)
{
    return s->start_us + HOURS(24) * (int64_t)day;
}

int64_t site_into_day(const struct site *s, int64_t time_us)
{
    return (time_us - s->start_us) % HOURS(24);
}
