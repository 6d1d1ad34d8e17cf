/* json.c - the "json" writer: Elastic Common Schema documents as NDJSON
 *
 * An alert document per alert as it is raised or updated, one summary document at the end. No wall
 * clock and no counter of this run goes in, so two runs over one log give the same bytes.
 * source:  ECS 8.17.0; json_alert.c and json_summary.c hold the documents. */
#include "output/json.h"

#include "output/writers.h"

void json_put_head(struct json *j, int64_t time_us)
{
    if (time_us == 0) /* a log without a time; ECS requires the member */
        json_string(j, "@timestamp", "1970-01-01T00:00:00.000Z");
    json_time(j, "@timestamp", time_us);
    struct json_mark ecs = json_object(j, "ecs");
    json_string(j, "version", "8.17.0");
    json_close(j, ecs);
}

void json_put_observer(struct json *j, const struct run_info *run)
{
    struct json_mark observer = json_object(j, "observer");
    json_string(j, "vendor", "relaywatch");
    json_string(j, "product", "relaywatch");
    json_string(j, "version", run->version);
    json_string(j, "type", "mail-log-analyzer");
    json_string(j, "name", run->observer_host);
    json_close(j, observer);
}

const struct writer json_writer = {
    .name = "json",
    .media_type = "application/x-ndjson",
    .frame = FRAME_LINE,
    .alert = json_alert,
    .summary = json_summary,
};

const struct writer ecs_writer = {
    .name = "ecs",
    .media_type = "application/x-ndjson",
    .frame = FRAME_LINE,
    .alert = json_alert,
    .summary = json_summary,
};
