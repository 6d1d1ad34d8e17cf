/* alert_id.h - ids made of names: the same in a live run, in a nightly batch and in a re-run
 *
 * source: RFC 9562 5.5 (UUIDv5). */
#ifndef ALERT_ALERT_ID_H
#define ALERT_ALERT_ID_H

#include "base/uuid.h"

/* alert_id_of - the UUIDv5 of a name in relaywatch's own namespace
 *
 *   in        name    "RULE/tenant/type/entity/window", "ALERT-ID/sequence", "case/ALERT-ID"
 *   out       ret     text with its NUL */
void alert_id_of(const char *name, char ret[UUID_TEXT]);

#endif
