/* exchange_ims.h - what the two files of the Internet Mail Service log parser share
 *
 * exchange_ims.c makes records of lines and knows where message text begins and ends;
 * exchange_ims_dialogue.c makes events of records. Sessions follow each other in a file, so a
 * record carries the number of its session (note) and finds its dialogue by that alone. */
#ifndef PARSERS_EXCHANGE_IMS_H
#define PARSERS_EXCHANGE_IMS_H

#include "smtp_outbound.h"
#include "smtp_pending.h"
#include "smtp_session.h"

enum { IMS_DIALOGUES = 3, IMS_HELD = 600 };

enum ims_role { IMS_ROLE_UNKNOWN, IMS_ROLE_SERVER, IMS_ROLE_CLIENT };

/* Which way a line went, as its arrow says. */
enum ims_arrow { IMS_NO_ARROW, IMS_RECEIVED, IMS_SENT };

/* The text of a record in its parts. */
struct ims_text {
    enum ims_arrow arrow;
    bool raw;   /* "IO: |": bytes as they came, told again by the line after */
    slice text; /* command, reply or sentence */
};

/* One session; kept apart from the others by its number. */
struct ims_dialogue {
    uint32_t number; /* 0: free */
    enum ims_role role;
    struct smtp_session in;
    struct smtp_outbound out;
    struct smtp_pending pending;
    bool opened; /* the session's CONNECT was said */
    enum ims_arrow held_arrow;
    uint16_t held_len; /* a raw line that waits for its twin; 0: none */
    char held[IMS_HELD];
};

struct ims_dialogues {
    struct ims_dialogue list[IMS_DIALOGUES];
};

/* exchange_ims_split - take arrow and raw mark off the text of a record */
void exchange_ims_split(slice text, struct ims_text *ret);

/* exchange_ims_opening - is it "A connection was accepted from X" or "A connection to X was
 * established"?
 *
 *   out       ret_peer   X without the full stop
 *   result    IMS_ROLE_UNKNOWN when it is neither */
enum ims_role exchange_ims_opening(slice text, slice *ret_peer);

/* exchange_ims_dialogue_read - one record to events; rec->note is the session's number, > 0 */
enum parse_result exchange_ims_dialogue_read(struct ims_dialogues *all, const struct record *rec,
                                             struct event *ev, const struct event_sink *sink);

#endif
