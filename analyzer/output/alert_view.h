/* alert_view.h - what several formats say of an alert, decided once
 *
 * Ids, times and severities are the alert's own; this file has what is derived from them: the
 * sentence, the direction, what the server did, the levels other systems use. Texts borrow from the
 * alert or are static; those of a log are raw bytes, which each writer makes safe.
 *
 * source: the mapping of severities and of effects is the product's; levels are those of RFC 5424,
 *         OCSF 1.6, CEF 0.1, LEEF 2.0, Splunk CIM 8.5 and MISP. */
#ifndef OUTPUT_ALERT_VIEW_H
#define OUTPUT_ALERT_VIEW_H

#include "alert/alert.h"

enum { ALERT_MESSAGE_MAX = 768, ALERT_NUMBER_MAX = 32 }; /* bytes with NUL */

/* alert_message - "Open relay probing: ip 192.0.2.25, 14 refused recipients in 600 s (threshold 3)"
 *
 *   result    over buf, which has ALERT_MESSAGE_MAX bytes */
slice alert_message(const struct alert *a, char *buf);

/* alert_number - a count for people and for text formats: "14", "212.5"
 *
 *   result    over buf, which has ALERT_NUMBER_MAX bytes */
slice alert_number(double value, char *buf);

/* alert_direction - which way the mail of a rule goes, seen from the server: "inbound", "outbound"
 */
const char *alert_direction(const struct alert *a);

/* alert_is_login - is it about logins rather than about mail */
bool alert_is_login(const struct alert *a);

/* alert_user - the account it is about: the entity when that is one, else that of the first event;
 * "" when none */
const char *alert_user(const struct alert *a);

/* What the server did with what the alert is about. */
enum alert_effect { EFFECT_DENIED, EFFECT_ALLOWED, EFFECT_OBSERVED };
enum alert_effect alert_effect(const struct alert *a);

/* alert_seconds - from the first to the last contributing line, rounded up */
int64_t alert_seconds(const struct alert *a);

/* alert_related_total - members or victims in all, listed or not */
uint32_t alert_related_total(const struct alert *a);

/* The same severity in other systems' numbers. */
struct severity_levels {
    unsigned ocsf, cef, syslog, misp; /* CEF serves LEEF too; syslog serves GELF */
    const char *ocsf_name, *word;     /* "Informational"; "informational" as Splunk and tags say */
};
/* severity_levels - the row of a severity; static */
const struct severity_levels *severity_levels(enum severity severity);

#endif
