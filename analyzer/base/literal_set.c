/* literal_set.c - many literals in one pass: Aho-Corasick as a full automaton
 * algorithm: a trie over classes of bytes (each byte that occurs in a literal has its class, all
 *            others share one); breadth-first, missing moves are filled in from the longest proper
 *            suffix. A move is the start of the row of the next state, shifted left by one, with
 *            the low bit set when a literal ends there
 * source:    Aho and Corasick (1975)
 * limits:    states times classes below 2^31; ASCII case only */
#include "base/literal_set.h"

#include <limits.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/panic.h"

enum { NO_INDEX = -1 };

struct state {
    uint32_t suffix; /* longest proper suffix that is a state */
    uint32_t output; /* nearest state on the way along the suffixes, itself included, where a
                        literal ends; 0: none */
    int first;       /* latest literal that ends exactly here, chained by same */
    int lowest;      /* lowest index that ends here or at a suffix */
};

struct literal_set {
    uint8_t class_of[256];
    uint32_t classes, states;
    uint32_t *moves; /* states x classes */
    struct state *state;
    int *same; /* per literal: the next with the same text */
    unsigned count;
};

static void assign_classes(struct literal_set *set, const slice *literals)
{
    set->classes = 1;
    for (unsigned i = 0; i < set->count; i++)
        for (size_t j = 0; j < literals[i].len; j++) {
            uint8_t *class = &set->class_of[(uint8_t)slice_lower(literals[i].ptr[j])];
            if (*class == 0)
                *class = (uint8_t)set->classes++;
        }
    for (unsigned c = 'A'; c <= 'Z'; c++)
        set->class_of[c] = set->class_of[c + ('a' - 'A')];
}

/* While building, a move is the number of a state, 0 when there is none. */
static uint32_t *move_of(const struct literal_set *set, uint32_t state, uint32_t class)
{
    return &set->moves[(size_t)state * set->classes + class];
}

static void insert(struct literal_set *set, slice literal, unsigned index)
{
    uint32_t at = 0;

    for (size_t i = 0; i < literal.len; i++) {
        uint32_t *move = move_of(set, at, set->class_of[(uint8_t)literal.ptr[i]]);
        if (*move == 0) {
            set->state[set->states] = (struct state){.first = NO_INDEX, .lowest = INT_MAX};
            *move = set->states++;
        }
        at = *move;
    }
    if (at == 0)
        return;
    set->same[index] = set->state[at].first;
    set->state[at].first = (int)index;
    if ((int)index < set->state[at].lowest)
        set->state[at].lowest = (int)index;
}

/* The state is complete once its suffix is, which is nearer to the root. */
static void complete(struct literal_set *set, uint32_t at)
{
    struct state *s = &set->state[at];
    const struct state *suffix = &set->state[s->suffix];

    s->output = s->first != NO_INDEX ? at : suffix->output;
    if (suffix->lowest < s->lowest)
        s->lowest = suffix->lowest;
}

static void link_breadth_first(struct literal_set *set)
{
    uint32_t *queue = panic_calloc(set->states, sizeof(*queue)), head = 0, tail = 1;

    for (; head < tail; head++) {
        uint32_t at = queue[head];
        if (at != 0)
            complete(set, at);
        for (uint32_t c = 0; c < set->classes; c++) {
            uint32_t *move = move_of(set, at, c);
            uint32_t by_suffix = at == 0 ? 0 : *move_of(set, set->state[at].suffix, c);
            if (*move == 0) {
                *move = by_suffix;
                continue;
            }
            set->state[*move].suffix = by_suffix;
            queue[tail++] = *move;
        }
    }
    free(queue);
}

static void encode_moves(struct literal_set *set)
{
    for (size_t i = 0; i < (size_t)set->states * set->classes; i++) {
        uint32_t to = set->moves[i];
        set->moves[i] = (to * set->classes) << 1 | (set->state[to].output != 0);
    }
}

struct literal_set *literal_set_new(const slice *literals, unsigned count)
{
    struct literal_set *set = panic_calloc(1, sizeof(*set));
    size_t states = 1;

    set->count = count;
    assign_classes(set, literals);
    for (unsigned i = 0; i < count; i++)
        states += literals[i].len;
    ASSERT(count <= INT_MAX && states * set->classes < UINT32_C(1) << 31);
    set->moves = panic_calloc(states * set->classes, sizeof(*set->moves));
    set->state = panic_calloc(states, sizeof(*set->state));
    set->same = panic_calloc(count, sizeof(*set->same));
    set->state[0] = (struct state){.first = NO_INDEX, .lowest = INT_MAX};
    set->states = 1;
    for (unsigned i = 0; i < count; i++)
        insert(set, literals[i], i);
    link_breadth_first(set);
    encode_moves(set);
    return set;
}

struct literal_set *literal_set_of(const slice *first, size_t stride, unsigned count)
{
    slice *literals = panic_calloc(count, sizeof *literals);
    struct literal_set *set;

    for (unsigned i = 0; i < count; i++)
        literals[i] = *(const slice *)(const void *)((const char *)first + i * stride);
    set = literal_set_new(literals, count);
    free(literals);
    return set;
}

struct literal_set *literal_set_free(struct literal_set *set)
{
    if (set == NULL)
        return NULL;
    free(set->moves);
    free(set->state);
    free(set->same);
    free(set);
    return NULL;
}

void literal_set_scan(const struct literal_set *set, slice text,
                      void (*hit)(void *arg, unsigned index), void *arg)
{
    uint32_t move = 0;

    for (size_t i = 0; i < text.len; i++) {
        move = set->moves[(move >> 1) + set->class_of[(uint8_t)text.ptr[i]]];
        if ((move & 1) == 0)
            continue;
        uint32_t at = set->state[(move >> 1) / set->classes].output;
        for (; at != 0; at = set->state[set->state[at].suffix].output)
            for (int index = set->state[at].first; index != NO_INDEX; index = set->same[index])
                hit(arg, (unsigned)index);
    }
}

int literal_set_first(const struct literal_set *set, slice text)
{
    uint32_t move = 0;
    int lowest = INT_MAX;

    for (size_t i = 0; i < text.len && lowest > 0; i++) {
        move = set->moves[(move >> 1) + set->class_of[(uint8_t)text.ptr[i]]];
        if ((move & 1) == 0)
            continue;
        int here = set->state[(move >> 1) / set->classes].lowest;
        lowest = here < lowest ? here : lowest;
    }
    return lowest == INT_MAX ? -1 : lowest;
}

size_t literal_set_bytes(const struct literal_set *set)
{
    return sizeof(*set) + (size_t)set->states * set->classes * sizeof(*set->moves) +
           set->states * sizeof(*set->state) + set->count * sizeof(*set->same);
}
