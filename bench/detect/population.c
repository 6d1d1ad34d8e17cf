/* population.c - who knows whom, and where people are
 * limits: contacts are a function of user and number; a third are colleagues */
#include "population.h"

#include <math.h>
#include <stdio.h>

uint32_t population_of(const struct world *w, double users, uint32_t least)
{
    uint32_t n = (uint32_t)floor(w->site.users / users + .5);
    return n > least ? n : least;
}

uint32_t population_contact(const struct world *w, uint32_t user, uint32_t k, uint32_t *ret_user,
                            char buf[MAIL_ADDRESS_MAX])
{
    struct rng rng;
    uint32_t domain;

    rng_seed(&rng, rng_hash(w->site.seed, user), k);
    if (rng_chance(&rng, .35)) {
        *ret_user = rng_below(&rng, w->site.users);
        site_user(*ret_user, buf);
        return UINT32_MAX;
    }
    domain = remote_pick(&rng);
    if (domain < REMOTE_BIG)
        snprintf(buf, MAIL_ADDRESS_MAX, "p%u@bigmail%u.example", rng_below(&rng, 9000000), domain);
    else
        snprintf(buf, MAIL_ADDRESS_MAX, "p%u@dom%u.example", rng_below(&rng, 900), domain);
    return domain;
}

void population_contact_fate(const struct world *w, struct rng *rng, uint32_t user, uint32_t k,
                             double bad, int64_t now_us, struct fate *ret)
{
    char address[MAIL_ADDRESS_MAX];
    uint32_t colleague = 0, domain = population_contact(w, user, k, &colleague, address);

    if (domain == UINT32_MAX)
        life_local(w, rng, address, colleague, ret);
    else
        life_remote(w, rng, domain, address, bad, now_us, ret);
}

bool population_home(const struct world *w, uint32_t user, unsigned place, struct mail_client *ret)
{
    uint64_t h = rng_hash(w->site.seed ^ 0x40, user);

    if (place == 0 && h % 2 == 0) {
        site_inside(100 + (unsigned)(h / 2 % 100), "pc", ret);
        return true;
    }
    site_bot(rng_hash(h, place), ret);
    snprintf(ret->helo, sizeof ret->helo, "[10.0.0.%u]", 2 + (unsigned)(h / 256 % 200));
    return false;
}

uint32_t population_stranger(uint64_t list, uint64_t n, char buf[MAIL_ADDRESS_MAX])
{
    struct rng rng;
    uint32_t domain;

    rng_seed(&rng, list, n);
    domain = remote_pick(&rng);
    if (domain < REMOTE_BIG)
        snprintf(buf, MAIL_ADDRESS_MAX, "x%u@bigmail%u.example", rng_below(&rng, 90000000), domain);
    else
        snprintf(buf, MAIL_ADDRESS_MAX, "x%u@dom%u.example", rng_below(&rng, 9000), domain);
    return domain;
}
