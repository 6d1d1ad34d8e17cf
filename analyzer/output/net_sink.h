/* net_sink.h - finished messages to a collector: tcp://HOST:PORT, tls://HOST[:PORT],
 * udp://HOST:PORT, unix:/PATH
 *
 * Never holds the run up for a collector that is away: messages wait in a bounded queue, are sent
 * when it takes them, and what does not fit is dropped and counted (output/backlog.h). A lost
 * connection is made again; the message it cut, and those that the other end has not acknowledged
 * or only within the last second, are sent again: at least once.
 *
 * source: RFC 6587 3.4 (framing over TCP), RFC 5425 (TLS), RFC 5426 (UDP), GELF 1.1 (NUL over TCP).
 */
#ifndef OUTPUT_NET_SINK_H
#define OUTPUT_NET_SINK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/slice.h"
#include "output/backlog.h"
#include "output/tls.h"

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

/* net_sink_is_tls - is it one by TLS */
bool net_sink_is_tls(const char *path);

/* net_sink_tcp_port - the port that will be connected to
 *
 *   out       ret_port   0 when it is not a number
 *   result    false: none by TCP, or not a collector */
bool net_sink_tcp_port(const char *path, unsigned *ret_port);

/* net_sink_open - look the address up and begin to connect
 *
 *   in        tls     its files are read now; NULL: the defaults
 *   result    NULL with *reterr (ERROR_OUTPUT) when the path or the name makes no sense, or
 * (ERROR_CONFIG) TLS is left out or its files are no good; a collector that is not there yet is no
 * error */
struct net_sink *net_sink_open(const char *path, enum net_frame frame,
                               const struct tls_settings *tls, struct error *reterr);

/* net_sink_write - send one message, or queue it
 *
 *   in        message   without its frame; an end of line is left out
 *   result    false when it, or one before it, was dropped */
bool net_sink_write(struct net_sink *s, slice message);

/* net_sink_backlog - what waits; the sink's. A spool is given to it before the first message */
struct backlog *net_sink_backlog(const struct net_sink *s);

/* net_sink_poll - send what waits, without waiting for the collector; to be called now and then */
void net_sink_poll(struct net_sink *s);

/* net_sink_sync - what waits is on the disk; false when it is in memory only */
bool net_sink_sync(struct net_sink *s);

/* net_sink_settle - wait at most some seconds until all has arrived; what has not stays in the
 * spool or is dropped
 *
 *   result    false when messages were lost, now or before */
bool net_sink_settle(struct net_sink *s);

/* net_sink_dropped - messages lost so far */
uint64_t net_sink_dropped(const struct net_sink *s);

/* net_sink_close - wait at most some seconds for the queue, close and free; *s becomes NULL
 *
 *   result    false when messages were lost */
bool net_sink_close(struct net_sink **s);

#endif
