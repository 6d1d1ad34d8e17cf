/* exim.h - what the files of the Exim parser share: the host part, and the readers
 *
 * exim.c takes times, process id and message id off and picks the reader. A reader begins an event,
 * fills it and emits it; or it says PARSE_SKIP (known and of no interest) or PARSE_REJECT. */
#ifndef PARSERS_EXIM_H
#define PARSERS_EXIM_H

#include "mail_line.h"

enum { EXIM_TOLD = 1024, EXIM_LOGS = 3, EXIM_FATES = 1024 }; /* main, reject and panic log */

/* What goes on in the next file, and what another log of the same server has told already. */
struct exim_shared {
    struct exim_told {
        uint64_t hash; /* of time and text */
        uint32_t most; /* how often it happened: as often as one log tells it */
        struct {
            uint32_t source, count; /* count 0: free */
        } log[EXIM_LOGS];
    } told[EXIM_TOLD];
    struct exim_fate {
        uint64_t hash; /* of a message id */
        enum dsn_action action;
    } fate[EXIM_FATES];
};

/* exim_take_host - read [name] ["(" helo ")"] "[" ip "]" [":" port], as it stands after "H=",
 * "from " and "for "
 *
 *   result    false when it is no host part; then nothing moves
 *   limits    a HELO with blanks or brackets in it, which helo_accept_junk_hosts alone lets in, is
 *             not read */
bool exim_take_host(slice *cur, struct mail_host *ret);

/* exim_take_message_id - read an id of 16 or 23 characters and the blank after it */
bool exim_take_message_id(slice *cur, slice *ret);

/* exim_note_fate - remember what became of a message, for the notification about it */
void exim_note_fate(struct exim_shared *shared, slice queue_id, enum dsn_action action);

/* Readers. PARSE_FOREIGN: not of the reader's kind, and nothing was emitted; exim_session_read() is
 * the last and never says it. */
enum parse_result exim_message_read(struct mail_line *line);
enum parse_result exim_reject_read(struct mail_line *line);
enum parse_result exim_session_read(struct mail_line *line);

#endif
