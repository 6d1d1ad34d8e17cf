/* truth.h - what really happened: the file that alerts are scored against
 *
 * JSON, readable by tests/lab/score.py; members beyond its own: per attack id, name, level,
 * evasion, style and steps (when each attempt or recipient came), per benign actor its class. */
#ifndef TRUTH_H
#define TRUTH_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct truth;
struct truth_attack;

/* truth_new - truth_free: NULL is allowed */
struct truth *truth_new(void);
void truth_free(struct truth *t);

struct truth_label {
    const char *class; /* as in tests/lab/score.py */
    const char *name, *style;
    unsigned level; /* 0 low, 1 medium, 2 high */
    bool evasion;
};

/* truth_begin - a new attack; lifetime: the truth's */
struct truth_attack *truth_begin(struct truth *t, const struct truth_label *label);

/* truth_actor, truth_victim - who does it, to whom; a name already there is not added again when it
 * is the last one */
void truth_actor(struct truth_attack *a, const char *name);
void truth_victim(struct truth_attack *a, const char *name);

/* truth_step - one attempt or recipient; truth_extra - this attack explains alerts, but is not
 * counted for recall */
void truth_step(struct truth_attack *a, int64_t time_us);
void truth_extra(struct truth_attack *a);

/* truth_attempts - a series of the whole site that others are measured by: one login or failure */
void truth_login(struct truth *t, int64_t time_us);
void truth_want_logins(struct truth *t);

/* truth_benign - an actor about whom nothing bad may be said */
void truth_benign(struct truth *t, const char *actor, const char *class);

/* truth_verdict - the relay state that is right for the day */
void truth_verdict(struct truth *t, const char *state);

/* What is known of the day itself. */
struct truth_day {
    const char *scenario;
    uint64_t seed, events, lines;
    char set;
    bool names_in_failures;
    uint32_t users;
    unsigned days;
    int64_t start_us;
};

/* truth_write - the whole file */
void truth_write(const struct truth *t, const struct truth_day *day, FILE *out);

#endif
