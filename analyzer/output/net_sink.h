/* net_sink.h - finished messages to a collector: tcp://HOST:PORT, udp://HOST:PORT, unix:/PATH
 *
 * Never holds the run up for a collector that is away: messages wait in a bounded queue, are sent
 * when it takes them, and what does not fit is dropped and counted. A lost connection is made
 * again; the message it cut is sent again from its beginning.
 *
 * source: RFC 6587 3.4 (framing over TCP), RFC 5426 (UDP), GELF 1.1 (NUL over TCP). */
#ifndef OUTPUT_NET_SINK_H
#define OUTPUT_NET_SINK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/slice.h"

/* How a stream tells where a message ends. A datagram is a message by itself. */
enum net_frame {
    FRAME_NONE,   /* the format has no messages: not for the network */
    FRAME_LINE,   /* "\n" behind it */
    FRAME_OCTETS, /* its length and a blank in front */
    FRAME_NUL     /* a NUL byte behind it */
};

struct net_sink;

/* net_sink_is - does a path name a collector rather than a file */
bool net_sink_is(const char *path);

/* net_sink_open - look the address up and begin to connect
 *
 *   result    NULL with *reterr (ERROR_OUTPUT) when the path or the name makes no sense; a
 * collector that is not there yet is no error */
struct net_sink *net_sink_open(const char *path, enum net_frame frame, struct error *reterr);

/* net_sink_write - send one message, or queue it
 *
 *   in        message   without its frame; an end of line is left out
 *   result    false when it, or one before it, was dropped */
bool net_sink_write(struct net_sink *s, slice message);

/* net_sink_dropped - messages lost so far */
uint64_t net_sink_dropped(const struct net_sink *s);

/* net_sink_close - wait at most some seconds for the queue, close and free; *s becomes NULL
 *
 *   result    false when messages were lost */
bool net_sink_close(struct net_sink **s);

#endif
