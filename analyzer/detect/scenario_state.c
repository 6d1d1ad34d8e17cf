/* scenario_state.c - leaky, window, distinct, ratio, cusum and seq on one group
 * algorithm: window and distinct remember `count` times (values), and LATE_ROOM more so that an
 *            event out of order finds its neighbours; ratio counts in SCENARIO_SLOTS parts; seq
 *            keeps for each step the latest beginning of a chain that has come so far
 * source:    the definitions are those of scenario_state.h
 * limits:    `distinct` of leaky and cusum is exact to 8 values in a group, then nearly so */
#include "detect/scenario_state.h"

#include <math.h>
#include <string.h>

enum { LATE_ROOM = 32 };
#define LATE_US ((int64_t)SCENARIO_LATE_S * 1000000)

/* What a kind keeps behind struct scenario_group. */
struct leaky {
    struct scenario_group group;
    double level; /* as of group.last_us */
    struct distinct values;
};

struct window {
    struct scenario_group group;
    uint32_t used;
    int64_t times[]; /* sorted, room for count + LATE_ROOM */
};

struct seen_value {
    uint64_t value;
    int64_t time_us;
};

struct values {
    struct scenario_group group;
    uint32_t used;
    struct seen_value seen[]; /* room for count + LATE_ROOM */
};

struct ratio {
    struct scenario_group group;
    int64_t slot; /* number of the latest part */
    uint32_t all[SCENARIO_SLOTS], bad[SCENARIO_SLOTS];
};

struct turned {
    struct scenario_group group;
    struct cusum cusum;
    uint32_t bad;
    struct distinct values;
};

struct seq {
    struct scenario_group group;
    int64_t start_us[SCENARIO_STEPS_MAX]; /* of the chain that ends in this step; 0 none */
    int64_t end_us[SCENARIO_STEPS_MAX];
    int64_t seen_us[SCENARIO_STEPS_MAX]; /* the step was seen last; 0 never */
    bool shuffled;                       /* an event came after a later one */
};

/* A group begins with its head, whatever follows. */
#define AS(type, group) ((struct type *)(void *)(group))

size_t scenario_state_size(const struct scenario *s)
{
    switch (s->kind) {
    case SCENARIO_LEAKY:
        return sizeof(struct leaky);
    case SCENARIO_WINDOW:
        return sizeof(struct window) + (s->count + LATE_ROOM) * sizeof(int64_t);
    case SCENARIO_DISTINCT:
        return sizeof(struct values) + (s->count + LATE_ROOM) * sizeof(struct seen_value);
    case SCENARIO_RATIO:
        return sizeof(struct ratio);
    case SCENARIO_CUSUM:
        return sizeof(struct turned);
    case SCENARIO_SEQ:
        return sizeof(struct seq);
    default:
        return sizeof(struct scenario_group);
    }
}

void scenario_state_reset(const struct scenario *s, struct scenario_group *group)
{
    memset(group, 0, scenario_state_size(s));
}

/* ---- leaky ---- */

/* While the bucket does not run empty the order of its drops makes no difference: a late one adds
 * all of itself. */
static enum scenario_answer add_leaky(const struct scenario *s, struct leaky *b,
                                      const struct scenario_input *in)
{
    double leaked = (double)(in->time_us - b->group.last_us) / (double)s->leak_us;

    if (leaked > 0)
        b->level = fmax(0, b->level - leaked);
    if (b->level == 0) {
        distinct_reset(&b->values);
        b->group.counted = 0;
        b->group.first_us = in->time_us;
    }
    if (s->distinct != FACT_NONE && !distinct_add(&b->values, in->value))
        return SCENARIO_MORE;
    b->level += s->distinct != FACT_NONE ? 1 : in->repeat;
    return b->level > s->capacity + 1e-8 ? SCENARIO_ENOUGH : SCENARIO_MORE;
}

/* ---- window ---- */

/* Put a time at its place; the earliest gives way when there is no room. Result: where it is. */
static unsigned insert_time(struct window *w, unsigned room, int64_t time_us)
{
    unsigned at;

    if (w->used == room) {
        if (time_us < w->times[0])
            return room; /* earlier than all that is remembered */
        memmove(w->times, w->times + 1, (room - 1) * sizeof w->times[0]);
        w->used--;
    }
    for (at = w->used; at > 0 && w->times[at - 1] > time_us; at--)
        w->times[at] = w->times[at - 1];
    w->times[at] = time_us;
    w->used++;
    return at;
}

static enum scenario_answer add_window(const struct scenario *s, struct window *w,
                                       const struct scenario_input *in)
{
    unsigned at = 0, n = s->count;
    uint32_t times = in->repeat < n ? in->repeat : n;

    for (uint32_t i = 0; i < times; i++)
        at = insert_time(w, n + LATE_ROOM, in->time_us);
    /* any n neighbours of which this one is one */
    for (unsigned i = at < n ? 0 : at - n + 1; i <= at && i + n <= w->used; i++)
        if (w->times[i + n - 1] - w->times[i] < s->within_us) {
            w->group.first_us = w->times[i];
            w->group.counted = n - times;
            return SCENARIO_ENOUGH;
        }
    return SCENARIO_MORE;
}

/* ---- distinct ---- */

static struct seen_value *find_value(struct values *v, unsigned room, uint64_t value)
{
    struct seen_value *oldest = v->seen;

    for (uint32_t i = 0; i < v->used; i++) {
        if (v->seen[i].value == value)
            return &v->seen[i];
        if (v->seen[i].time_us < oldest->time_us)
            oldest = &v->seen[i];
    }
    if (v->used < room)
        oldest = &v->seen[v->used++];
    *oldest = (struct seen_value){value, INT64_MIN};
    return oldest;
}

static unsigned count_values(const struct values *v, int64_t now_us, int64_t within_us,
                             int64_t *ret_first_us)
{
    unsigned n = 0;

    *ret_first_us = now_us;
    for (uint32_t i = 0; i < v->used; i++) {
        int64_t t = v->seen[i].time_us;
        if (t > now_us || now_us - t >= within_us)
            continue;
        *ret_first_us = t < *ret_first_us ? t : *ret_first_us;
        n++;
    }
    return n;
}

static enum scenario_answer add_value(const struct scenario *s, struct values *v,
                                      const struct scenario_input *in)
{
    struct seen_value *seen = find_value(v, s->count + LATE_ROOM, in->value);
    int64_t latest = in->time_us > v->group.last_us ? in->time_us : v->group.last_us, first_us;

    if (in->time_us > seen->time_us)
        seen->time_us = in->time_us;
    if (count_values(v, latest, s->within_us, &first_us) < s->count &&
        count_values(v, in->time_us, s->within_us, &first_us) < s->count)
        return SCENARIO_MORE;
    v->group.first_us = first_us;
    return SCENARIO_ENOUGH;
}

/* ---- ratio ---- */

static int64_t slot_of(const struct scenario *s, int64_t time_us)
{
    int64_t part = s->within_us / SCENARIO_SLOTS;

    return time_us / part - (time_us % part < 0);
}

static unsigned slot_index(int64_t slot)
{
    return (unsigned)((slot % SCENARIO_SLOTS + SCENARIO_SLOTS) % SCENARIO_SLOTS);
}

static void turn_slots(struct ratio *r, int64_t slot)
{
    if (slot - r->slot >= SCENARIO_SLOTS) {
        memset(r->all, 0, sizeof r->all);
        memset(r->bad, 0, sizeof r->bad);
        r->slot = slot;
    }
    while (r->slot < slot) {
        unsigned at = slot_index(++r->slot);
        r->all[at] = r->bad[at] = 0;
    }
}

static void sum_slots(const struct ratio *r, double *ret_all, double *ret_bad)
{
    *ret_all = *ret_bad = 0;
    for (unsigned i = 0; i < SCENARIO_SLOTS; i++) {
        *ret_all += r->all[i];
        *ret_bad += r->bad[i];
    }
}

static enum scenario_answer add_ratio(const struct scenario *s, struct ratio *r,
                                      const struct scenario_input *in)
{
    int64_t slot = slot_of(s, in->time_us);
    unsigned at = slot_index(slot);
    double all, bad;

    turn_slots(r, slot);
    if (r->slot - slot >= SCENARIO_SLOTS)
        return SCENARIO_LATE;
    r->all[at] += in->repeat;
    r->bad[at] += in->bad ? in->repeat : 0;
    sum_slots(r, &all, &bad);
    if (all < s->count || bad < s->share * all - 1e-9)
        return SCENARIO_MORE;
    if (r->group.first_us < (r->slot - SCENARIO_SLOTS + 1) * (s->within_us / SCENARIO_SLOTS))
        r->group.first_us = (r->slot - SCENARIO_SLOTS + 1) * (s->within_us / SCENARIO_SLOTS);
    return SCENARIO_ENOUGH;
}

/* ---- cusum ---- */

static enum scenario_answer add_cusum(const struct scenario *s, struct turned *t,
                                      const struct scenario_input *in)
{
    if (s->distinct != FACT_NONE && !distinct_add(&t->values, in->value))
        return SCENARIO_MORE;
    for (uint32_t i = 0; i < in->repeat && i < SCENARIO_COUNT_MAX; i++)
        cusum_add(&t->cusum, in->time_us, s->half_life_us, in->bad ? s->llr.bad : s->llr.good);
    t->bad += in->bad ? in->repeat : 0;
    if (t->cusum.s <= 0) { /* a new excursion begins with the next bad one */
        t->bad = 0;
        distinct_reset(&t->values);
    }
    if ((double)t->cusum.s < s->limit - 1e-6 || t->bad < s->count)
        return SCENARIO_MORE;
    t->group.first_us = t->cusum.start_us;
    return SCENARIO_ENOUGH;
}

/* ---- seq ---- */

/* Where events came out of order: a late one may be the missing link of what was seen before it. */
static bool chain_of_seen(const struct scenario *s, const struct seq *q)
{
    for (unsigned i = 0; i < s->steps_count; i++)
        if (q->seen_us[i] == 0 || (i > 0 && q->seen_us[i] < q->seen_us[i - 1]))
            return false;
    return q->seen_us[s->steps_count - 1] - q->seen_us[0] <= s->within_us;
}

static bool all_seen(const struct scenario *s, const struct seq *q)
{
    int64_t first = INT64_MAX, last = INT64_MIN;

    for (unsigned i = 0; i < s->steps_count; i++) {
        if (q->seen_us[i] == 0)
            return false;
        first = q->seen_us[i] < first ? q->seen_us[i] : first;
        last = q->seen_us[i] > last ? q->seen_us[i] : last;
    }
    return last - first <= s->within_us;
}

/* The last step first: one event is one step of a chain. */
static bool add_step(const struct scenario *s, struct seq *q, unsigned step, int64_t time_us)
{
    int64_t start = step == 0 ? time_us : q->start_us[step - 1];

    if (start == 0 || time_us - start > s->within_us || (step > 0 && q->end_us[step - 1] > time_us))
        return false;
    if (start > q->start_us[step]) {
        q->start_us[step] = start;
        q->end_us[step] = time_us;
    }
    return step + 1 == s->steps_count;
}

/* When the chain began that ends now. */
static int64_t first_seen(const struct scenario *s, const struct seq *q)
{
    int64_t first = INT64_MAX;

    if (s->ordered && q->start_us[s->steps_count - 1] != 0)
        return q->start_us[s->steps_count - 1];
    for (unsigned i = 0; i < s->steps_count; i++)
        first = q->seen_us[i] < first ? q->seen_us[i] : first;
    return first;
}

static enum scenario_answer add_seq(const struct scenario *s, struct seq *q,
                                    const struct scenario_input *in)
{
    bool done = false;

    for (unsigned i = s->steps_count; i-- > 0;) {
        if (!(in->steps >> i & 1))
            continue;
        if (in->time_us > q->seen_us[i])
            q->seen_us[i] = in->time_us;
        done |= s->ordered && add_step(s, q, i, in->time_us);
    }
    q->shuffled |= in->time_us < q->group.last_us;
    if (s->ordered && q->shuffled)
        done |= chain_of_seen(s, q);
    if (!s->ordered)
        done = all_seen(s, q);
    if (done)
        q->group.first_us = first_seen(s, q);
    return done ? SCENARIO_ENOUGH : SCENARIO_MORE;
}

/* ---- all ---- */

static enum scenario_answer add(const struct scenario *s, struct scenario_group *group,
                                const struct scenario_input *in)
{
    switch (s->kind) {
    case SCENARIO_LEAKY:
        return add_leaky(s, AS(leaky, group), in);
    case SCENARIO_WINDOW:
        return add_window(s, AS(window, group), in);
    case SCENARIO_DISTINCT:
        return add_value(s, AS(values, group), in);
    case SCENARIO_RATIO:
        return add_ratio(s, AS(ratio, group), in);
    case SCENARIO_CUSUM:
        return add_cusum(s, AS(turned, group), in);
    case SCENARIO_SEQ:
        return add_seq(s, AS(seq, group), in);
    default:
        return SCENARIO_ENOUGH;
    }
}

/* How long what was counted can still matter; a group that was quiet for longer starts anew. */
static bool is_over(const struct scenario *s, const struct scenario_group *g, int64_t time_us)
{
    int64_t idle = time_us - g->last_us;

    if (s->kind == SCENARIO_CUSUM)
        return false;
    if (s->kind == SCENARIO_LEAKY)
        return (double)idle / (double)s->leak_us > s->capacity + 1;
    return s->kind != SCENARIO_TRIGGER && idle > s->within_us + LATE_US;
}

enum scenario_answer scenario_state_add(const struct scenario *s, struct scenario_group *group,
                                        const struct scenario_input *in)
{
    enum scenario_answer answer;

    if (group->counted > 0 && group->last_us - in->time_us > LATE_US)
        return SCENARIO_LATE;
    if (group->counted > 0 && is_over(s, group, in->time_us))
        scenario_state_reset(s, group);
    if (group->counted == 0)
        group->first_us = group->last_us = in->time_us;
    answer = add(s, group, in);
    if (in->time_us < group->first_us)
        group->first_us = in->time_us;
    if (in->time_us > group->last_us)
        group->last_us = in->time_us;
    group->counted =
        in->repeat < UINT32_MAX - group->counted ? group->counted + in->repeat : UINT32_MAX;
    return answer;
}

static double level_of_seq(const struct scenario *s, const struct seq *q)
{
    unsigned n = 0;

    for (unsigned i = 0; i < s->steps_count; i++)
        n += s->ordered ? q->start_us[i] != 0 : q->seen_us[i] != 0;
    return n;
}

/* The most events that a window ending with the latest holds. */
static double level_of_window(const struct scenario *s, const struct window *w)
{
    unsigned n = 0;

    while (n < w->used && w->times[w->used - 1] - w->times[w->used - 1 - n] < s->within_us)
        n++;
    return n;
}

double scenario_state_level(const struct scenario *s, const struct scenario_group *group)
{
    double all, bad;
    int64_t first_us;

    switch (s->kind) {
    case SCENARIO_LEAKY:
        return ((const struct leaky *)(const void *)group)->level;
    case SCENARIO_WINDOW:
        return level_of_window(s, (const struct window *)(const void *)group);
    case SCENARIO_DISTINCT:
        return count_values((const struct values *)(const void *)group, group->last_us,
                            s->within_us, &first_us);
    case SCENARIO_RATIO:
        sum_slots((const struct ratio *)(const void *)group, &all, &bad);
        return all == 0 ? 0 : bad / all;
    case SCENARIO_CUSUM:
        return (double)((const struct turned *)(const void *)group)->cusum.s;
    case SCENARIO_SEQ:
        return level_of_seq(s, (const struct seq *)(const void *)group);
    default:
        return group->counted;
    }
}
