/* json.h - the two documents of the json (ECS) writer, one NDJSON line each
 *
 * source: ECS 8.17.0 for everything outside "relaywatch"; the product's contract for what is
 * inside. */
#ifndef OUTPUT_JSON_H
#define OUTPUT_JSON_H

#include "output/json_build.h"
#include "output/writer.h"

/* Bytes of an alert line with its newline: log shippers cut at 10,000. */
enum { JSON_LINE_MAX = 9999 };

/* json_alert - append one alert document and "\n"
 *
 *   result    at most JSON_LINE_MAX bytes: lists, samples and long texts are cut until
 *             it fits, and then relaywatch.truncated is true
 *   lifetime  borrows all for the call */
void json_alert(const struct run_info *run, const struct alert *alert, struct outbuf *out);

/* json_summary - append the summary document and "\n"
 *
 *   in        incidents   not used: each was an alert document already
 *   result    one line; it may be longer than an alert's. Top tables are cut to run->top rows,
 *             0 = all */
void json_summary(const struct run_info *run, const struct summary *summary,
                  const struct alert *const *incidents, unsigned incidents_count,
                  struct outbuf *out);

/* json_put_head - members that both documents begin with: @timestamp and ecs.version
 *
 *   in        time_us   0 (nothing in the log had a time) gives the beginning of 1970 */
void json_put_head(struct json *j, int64_t time_us);

/* json_put_observer - the observer object: this program and, when known, its host */
void json_put_observer(struct json *j, const struct run_info *run);

/* json_put_threat - the threat object of a rule; nothing when the rule has no ATT&CK ids */
void json_put_threat(struct json *j, const struct rule_info *rule);

#endif
