/* events.h - normalised events as NDJSON for --events: one line for each event of a parser */
#ifndef OUTPUT_EVENTS_H
#define OUTPUT_EVENTS_H

#include "base/outbuf.h"
#include "event/event.h"

/* events_write - append one line for ev
 *
 * One JSON object and "\n". Members come in this order, each only when it is present:
 * @timestamp, kind, parser; the text fields by their keys in the order of event_fields.def (the
 * null sender is "sender":""); stage, outcome, route, dsn, done, anomaly, ground, teller by name;
 * reply_code, status, repeat (from 2 on), nrcpt, size, delay_ms, uid, client_port, listener_port;
 * client, orig_client, remote; null_sender, soft, local_submit, late_delivery, may_repeat,
 * auth_hidden when true; counters; source (index) and line (number).
 *
 *   in        parser_name   of the parser that made it
 *   lifetime  borrows the event for the call */
void events_write(const struct event *ev, const char *parser_name, struct outbuf *out);

#endif
