/* scenario_facts.h - what a scenario may ask about an event, by name and by number
 *
 * The table is scenario_facts.def. A fact is read from the event, or from what the correlator
 * joined to it: the client that brought a message in, the account of its session. */
#ifndef DETECT_SCENARIO_FACTS_H
#define DETECT_SCENARIO_FACTS_H

#include "correlate/correlate.h"

enum fact {
    FACT_NONE,
#define FACT(id, name, type, kinds, meaning) FACT_##id,
#include "detect/scenario_facts.def"
#undef FACT
    FACT_COUNT
};

enum fact_type {
    FACT_TYPE_TEXT,
    FACT_TYPE_WORD,
    FACT_TYPE_NUMBER,
    FACT_TYPE_ADDRESS,
    FACT_TYPE_FLAG,
    FACT_TYPE_SET
};

enum { FACT_TEXT_MAX = 64 }; /* of a text that is made, not borrowed */

struct fact_value {
    bool present;
    slice text;        /* TEXT: borrowed from the event, its context or buf */
    uint32_t words;    /* WORD: 1 << its number; SET: all of them; FLAG: 0 or 1 */
    double number;     /* NUMBER */
    struct ip_addr ip; /* ADDRESS */
    char buf[FACT_TEXT_MAX];
};

/* fact_find - by name; FACT_NONE when there is none */
enum fact fact_find(slice name);

/* fact_name, fact_type, fact_kinds - from the table; kinds is a set of 1 << enum event_kind */
const char *fact_name(enum fact fact);
enum fact_type fact_type(enum fact fact);
uint32_t fact_kinds(enum fact fact);

/* fact_word - the names of a WORD or SET by number
 *
 *   result    NULL beyond the last; "" for a number that has no name */
const char *fact_word(enum fact fact, unsigned number);

/* fact_read - the value for this event; a text may lie in ret, which is not to be copied
 *
 *   cost      no allocation */
void fact_read(enum fact fact, const struct event *ev, const struct context *cx,
               struct fact_value *ret);

/* fact_hash - the value as a part of a key; 0 when it is absent */
uint64_t fact_hash(enum fact fact, const struct event *ev, const struct context *cx);

#endif
