/* exchange_tracking.h - one row of message tracking, whatever file it came in
 *
 * The tracking log itself, the extended download of Exchange Online and the export of
 * Get-MessageTrackingLog have the same columns under different spellings. A reader fills the cells
 * and calls exchange_tracking_emit().
 *
 * lifetime: everything is borrowed from the record for one parse(). */
#ifndef PARSERS_EXCHANGE_TRACKING_H
#define PARSERS_EXCHANGE_TRACKING_H

#include "event/parser.h"

/* The columns that are read; the order of exchange_tracking_columns. */
enum exchange_tracking_column {
    TRACKING_TIME,
    TRACKING_CLIENT_IP,
    TRACKING_CLIENT_HOSTNAME,
    TRACKING_SERVER_IP,
    TRACKING_SERVER_HOSTNAME,
    TRACKING_SOURCE_CONTEXT,
    TRACKING_CONNECTOR,
    TRACKING_SOURCE,
    TRACKING_EVENT,
    TRACKING_INTERNAL_ID,
    TRACKING_MESSAGE_ID,
    TRACKING_NETWORK_ID,
    TRACKING_RECIPIENTS,
    TRACKING_STATUS,
    TRACKING_BYTES,
    TRACKING_COUNT,
    TRACKING_RELATED,
    TRACKING_REFERENCE,
    TRACKING_SENDER,
    TRACKING_RETURN_PATH,
    TRACKING_INFO,
    TRACKING_DIRECTIONALITY,
    TRACKING_ORIGINAL_CLIENT,
    TRACKING_ORIGINAL_SERVER,
    TRACKING_CUSTOM,
    TRACKING_COLUMNS
};

extern const char *const exchange_tracking_columns[TRACKING_COLUMNS];

struct exchange_tracking {
    const struct record *rec;
    struct event *ev;
    const struct event_sink *sink;
    slice cell[TRACKING_COLUMNS];
    char separator; /* between the members of a list */
    slice host;     /* of the server whose queue the row is about; exchange_tracking_emit() */
    char host_room[64];
};

/* exchange_tracking_emit - the events of a row
 *
 *   in        row   all but host filled */
enum parse_result exchange_tracking_emit(struct exchange_tracking *row);

/* ---- for the files exchange_tracking_*.c ---- */

/* exchange_tracking_begin - an event of this row, with its time, server and ids */
struct event *exchange_tracking_begin(struct exchange_tracking *row, enum event_kind kind);
/* exchange_tracking_give - hand the event out */
enum parse_result exchange_tracking_give(struct exchange_tracking *row);
/* exchange_tracking_recipients - how many recipients the row must have; 0 when it does not say */
size_t exchange_tracking_recipients(const struct exchange_tracking *row);
/* exchange_tracking_bare - without angle brackets; present and empty for "<>" */
slice exchange_tracking_bare(slice text);
/* exchange_tracking_is - is a cell this word, in any case */
bool exchange_tracking_is(slice cell, const char *word);

/* exchange_tracking_receive - a message enters a queue: RECEIVE
 * exchange_tracking_fate - recipients of a message are done with, or wait: SEND, DELIVER, FAIL ...
 * exchange_tracking_dsn - a notification was made: DSN
 * exchange_tracking_rewrite - recipients were replaced: EXPAND, REDIRECT, RESOLVE
 * exchange_tracking_split - some recipients go on in a copy: TRANSFER */
enum parse_result exchange_tracking_receive(struct exchange_tracking *row);
enum parse_result exchange_tracking_fate(struct exchange_tracking *row);
enum parse_result exchange_tracking_dsn(struct exchange_tracking *row);
enum parse_result exchange_tracking_rewrite(struct exchange_tracking *row);
enum parse_result exchange_tracking_split(struct exchange_tracking *row);

#endif
