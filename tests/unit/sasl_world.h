/* sasl_world.h - logins and failures for the tests of the detectors of password guessing */
#ifndef TESTS_SASL_WORLD_H
#define TESTS_SASL_WORLD_H

#include "detect_world.h"

/* user: NULL when the log does not name it. */
static inline void sasl_event(struct world *w, int64_t at_us, const char *ip, const char *user,
                              enum event_outcome outcome)
{
    struct event ev;

    world_begin(&ev, day_start + at_us, EVENT_AUTH);
    world_client(&ev, ip);
    event_set(&ev, EF_USER, slice_of(user));
    ev.stage = STAGE_AUTH;
    ev.outcome = outcome;
    ev.reply_code = outcome == OUTCOME_ACCEPTED ? 235 : outcome == OUTCOME_REFUSED ? 535 : 454;
    world_event(w, &ev);
}

static inline void sasl_fail(struct world *w, int64_t at_us, const char *ip, const char *user)
{
    sasl_event(w, at_us, ip, user, OUTCOME_REFUSED);
}

static inline void sasl_login(struct world *w, int64_t at_us, const char *ip, const char *user)
{
    sasl_event(w, at_us, ip, user, OUTCOME_ACCEPTED);
}

/* n failures, from at_us on; with %u in ip or user each its number. */
struct sasl_run {
    const char *ip, *user;
    unsigned n, first;
    int64_t at_us, gap_us;
};

static inline void sasl_run(struct world *w, const struct sasl_run *r)
{
    char ip[64], user[64];

    for (unsigned i = 0; i < r->n; i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(ip, sizeof ip, r->ip, r->first + i);
        snprintf(user, sizeof user, r->user, r->first + i);
#pragma GCC diagnostic pop
        sasl_fail(w, r->at_us + (int64_t)i * r->gap_us, ip, user);
    }
}

#endif
