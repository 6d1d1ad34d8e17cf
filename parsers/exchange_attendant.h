/* exchange_attendant.h - what the System Attendant's tracking logs have in common (Exchange 4.0 to
 * 2003)
 *
 * Each row or record is one event of one message: a number, an id, recipients. What a number means
 * is the same in both generations of the file.
 *
 * source: Microsoft KB Q173364, Q174078 (0 to 1018), 246959, 311739, 821905 (1019 to 1042). */
#ifndef PARSERS_EXCHANGE_ATTENDANT_H
#define PARSERS_EXCHANGE_ATTENDANT_H

#include "smtp_out.h"

enum { ATTENDANT_RECENT = 512, ATTENDANT_ID = 120 };

/* One event of one recipient. Slices are borrowed, absent where there is nothing. */
struct attendant_row {
    unsigned number;
    slice id;      /* of the message */
    slice linked;  /* of another one: the report */
    slice client;  /* address, or name */
    slice name;    /* of the client, as it says or as it is looked up */
    slice partner; /* the other host of a transfer */
    slice sender, rcpt;
    slice status; /* of a recipient in a report: "0" delivered, "1" not */
    uint64_t size;
    uint32_t recipients;
    bool null_sender; /* "<>" was said */
};

/* Messages of which the first row was told: a log has one row a recipient. Zeroed at start. */
struct attendant {
    char recent[ATTENDANT_RECENT][ATTENDANT_ID];
};

/* exchange_attendant_tell - one row to events
 *
 *   result    PARSE_SKIP for numbers that say nothing about relaying or bounces; numbers that are
 *             not known are data, not errors */
enum parse_result exchange_attendant_tell(struct attendant *a, const struct attendant_row *row,
                                          struct smtp_out *out);

/* exchange_attendant_time - "2003-8-12" or "2002.4.29", and "0:58:14" or "18:32:9"; UTC
 *
 *   out       ret_us
 *   result    false when either is none; what follows the clock (" GMT") is ignored */
bool exchange_attendant_time(slice date, slice clock, int64_t *ret_us);

#endif
