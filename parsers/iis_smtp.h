/* iis_smtp.h - rows of the IIS SMTP service (Exchange 2000 and 2003, and IIS alone) to events
 *
 * Three text formats hold the same row: W3C extended, NCSA, and Microsoft's own. Each parser cuts
 * its rows; what a row means is here. A row of an incoming session is one command with its answer's
 * code; of an outgoing one there are two, command and answer. No row names its session: rows belong
 * together by client address, name and service, in the order of the file.
 *
 * source: rows of real logs; IIS documentation of the fields; formats that write "+" for a blank do
 *         not write a plus sign otherwise. */
#ifndef PARSERS_IIS_SMTP_H
#define PARSERS_IIS_SMTP_H

#include "smtp_outbound.h"
#include "smtp_pending.h"
#include "smtp_session.h"

enum { IIS_INBOUND = 192, IIS_OUTBOUND = 32, IIS_PEER = 48, IIS_TEXT = 2048 };

/* One row; slices are borrowed, absent where the file has no such column. */
struct iis_row {
    slice peer;    /* client, or for an outgoing row the remote server */
    slice name;    /* HELO name, or OutboundConnectionCommand, ...Response */
    slice service; /* SMTPSVC1 */
    slice computer;
    slice server_ip; /* "-" in outgoing rows */
    slice port;      /* "0" in incoming rows */
    slice verb, query;
    slice status, sent, received; /* sc-status, sc-bytes, cs-bytes */
    bool plus;                    /* "+" stands for a blank */
};

struct iis_inbound {
    char peer[IIS_PEER];
    char name[SMTP_NAME_MAX]; /* as the rows have it; "" before HELO */
    char service[24];
    struct smtp_session session;
};

struct iis_outbound {
    char peer[IIS_PEER];
    char service[24];
    unsigned live; /* sessions with this remote that have begun and not ended */
    struct smtp_outbound out;
    struct smtp_pending pending;
};

/* State of one input; zeroed at start. */
struct iis_sessions {
    uint32_t use, serial;
    bool auth_logged;                                              /* a row with AUTH was seen */
    uint32_t inbound_use[IIS_INBOUND], outbound_use[IIS_OUTBOUND]; /* last use; 0 free */
    struct iis_inbound inbound[IIS_INBOUND];
    struct iis_outbound outbound[IIS_OUTBOUND];
    char text[IIS_TEXT]; /* arguments of the row in hand, with blanks */
    char reply[IIS_TEXT];
};

/* iis_smtp_is_service - "SMTPSVC" and a number */
bool iis_smtp_is_service(slice service);

/* iis_smtp_read - one row to events
 *
 *   result    PARSE_REJECT for a row without peer or name */
enum parse_result iis_smtp_read(struct iis_sessions *all, const struct iis_row *row,
                                const struct record *rec, struct event *ev,
                                const struct event_sink *sink);

/* iis_smtp_text - an argument with its blanks: "+" outside "<>" becomes one, but for those in front
 * of the at-sign of an address without brackets
 *
 *   out       buf   IIS_TEXT bytes; the result borrows it, or text when nothing changed */
slice iis_smtp_text(slice text, char *buf);

/* iis_smtp_refusal - what refused recipients were told, where the length of the answer shows it
 *
 *   in        rcpt    as the client wrote it
 *             sent    bytes of the answer with its line end; 0 not known
 *   out       ret     status and text; text borrows buf (IIS_TEXT bytes). Left alone when no known
 *                     text has exactly this length */
void iis_smtp_refusal(slice rcpt, uint64_t sent, char *buf, struct smtp_reply *ret);

#endif
