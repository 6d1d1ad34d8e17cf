/* stream.h - events put in any order come out in the order of time, as log lines
 *
 * The dialect renders each event when its time has come. Lines may then be disturbed the way log
 * collectors do it: shuffled within some seconds, lost, doubled. */
#ifndef STREAM_H
#define STREAM_H

#include <stdio.h>

#include "dialect.h"
#include "rng.h"

struct stream_options {
    FILE *out;
    const struct dialect *dialect;
    struct dialect_options options;
    double shuffle_s, lost, doubled; /* all 0: the log as it was written */
    uint64_t seed;
};

struct stream;

/* stream_new - stream_free flushes nothing; NULL is allowed */
struct stream *stream_new(const struct stream_options *options);
void stream_free(struct stream *s);

/* stream_event - an empty event of this kind, with references to session and message taken (each
 * may be NULL); the caller fills in the rest and hands it to stream_put()
 *
 * lifetime: the stream's again after stream_put(), which releases it once it is rendered */
struct mail_event *stream_event(struct stream *s, enum mail_kind kind, int64_t time_us,
                                struct mail_session *session, struct mail_message *message);
void stream_put(struct stream *s, struct mail_event *ev);

/* stream_flush - render all events before this time; nothing earlier may be put afterwards */
void stream_flush(struct stream *s, int64_t before_us);

/* stream_line - for dialects: one line of the log, without its newline */
void stream_line(struct stream *s, int64_t time_us, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* stream_events, stream_lines - how many there were */
uint64_t stream_events(const struct stream *s);
uint64_t stream_lines(const struct stream *s);

#endif
