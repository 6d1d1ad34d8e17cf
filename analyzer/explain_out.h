/* explain_out.h - one explained line as text for a person or as one JSON object, by the same calls
 *
 * Sections become objects or indented blocks, rows become members or "key  value". Keys and words
 * are our own; explain_out_text() takes bytes of a log and makes them safe for either. */
#ifndef EXPLAIN_OUT_H
#define EXPLAIN_OUT_H

#include "base/ip_addr.h"
#include "base/outbuf.h"
#include "output/json_build.h"
#include "output/page.h"

enum { EXPLAIN_OUT_DEPTH = 8 };

struct explain_out {
    bool json;
    struct outbuf buf; /* what is finished and what is begun */
    struct page page;
    struct json writer;
    struct explain_level {
        struct json_mark mark;
        bool list; /* not seen in text */
    } levels[EXPLAIN_OUT_DEPTH];
    unsigned depth, columns;
    bool colour;
};

/* explain_out_init - columns and colour as for the text report; explain_out_fini releases */
void explain_out_init(struct explain_out *o, bool json, unsigned columns, bool colour);
void explain_out_fini(struct explain_out *o);

/* explain_out_begin, explain_out_end - one document: a JSON line, or lines of text and a blank one
 *
 *   in        title   the headline, in text only: may hold bytes of a log, such as a file name */
void explain_out_begin(struct explain_out *o, slice title);
void explain_out_end(struct explain_out *o);

/* explain_out_open - a section; key NULL in a list. name stands beside the key in text only: "event
 * rcpt". explain_out_list: sections to come, of which text shows the headings only.
 * explain_out_close: the section or list opened last */
void explain_out_open(struct explain_out *o, const char *key, const char *heading,
                      const char *name);
void explain_out_list(struct explain_out *o, const char *key);
void explain_out_close(struct explain_out *o);

/* explain_out_text - bytes of a log; written even when empty, left out when absent */
void explain_out_text(struct explain_out *o, const char *key, slice value);
/* explain_out_words - our own words; left out when NULL or empty */
void explain_out_words(struct explain_out *o, const char *key, const char *words);
/* explain_out_set - our own words as a list; words is "a,b,c", left out when empty */
void explain_out_set(struct explain_out *o, const char *key, const char *words);
/* explain_out_number, explain_out_real, explain_out_ip, explain_out_time - a value; an address of
 * family 0 and the time 0 are left out */
void explain_out_number(struct explain_out *o, const char *key, uint64_t value);
void explain_out_real(struct explain_out *o, const char *key, double value);
void explain_out_ip(struct explain_out *o, const char *key, const struct ip_addr *ip);
void explain_out_time(struct explain_out *o, const char *key, int64_t time_us);
/* explain_out_positive - explain_out_number(), left out when 0; explain_out_true: "yes" or nothing
 */
void explain_out_positive(struct explain_out *o, const char *key, uint64_t value);
void explain_out_true(struct explain_out *o, const char *key, bool value);

#endif
