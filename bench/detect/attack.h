/* attack.h - attacks to be had: what each row of attacks.def implements
 *
 * An attack is asked for as NAME[:key=value,...], for example
 * "account:style=botnet,count=4,day=1,evasion=1". It puts its acts on the agenda and tells the
 * truth. One specification may make several attacks (count). */
#ifndef ATTACK_H
#define ATTACK_H

#include "population.h"
#include "visit.h"

enum { ATTACK_WORD_MAX = 24 };

struct attack_spec {
    const char *name;
    char style[ATTACK_WORD_MAX], result[ATTACK_WORD_MAX];
    unsigned count, level; /* level 0 low, 1 medium, 2 high */
    bool evasion;
    unsigned day;    /* 0 is the first */
    double hour;     /* when the first begins; negative: drawn between 8 and 16 */
    double x;        /* how many times the usual rate, where the attack is measured by it */
    double minutes;  /* how long, where that can be chosen */
    unsigned number; /* of this specification on the command line: its own random stream */
};

/* attack_start - read a specification and start it; false: cannot be read */
bool attack_start(struct world *w, const char *text, unsigned number);

/* attack_rng - the stream of attack number i of this specification */
void attack_rng(const struct world *w, const struct attack_spec *spec, unsigned i, struct rng *ret);

/* attack_time - when attack number i of this specification begins */
int64_t attack_time(const struct world *w, const struct attack_spec *spec, struct rng *rng);

/* attack_begin - its entry in the truth */
struct truth_attack *attack_begin(struct world *w, const struct attack_spec *spec,
                                  const char *class);

/* attack_is - is this its style? */
bool attack_is(const struct attack_spec *spec, const char *style);

#define ATTACK(name, summary) void attack_##name(struct world *w, const struct attack_spec *spec);
#include "attacks.def"
#undef ATTACK

#endif
