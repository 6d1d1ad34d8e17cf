/* block_crowdsec.c - the "crowdsec" writer: decisions for `cscli decisions import -i FILE.json`
 * source:   CrowdSec 1.4.6 and later: a bare JSON array; durations are Go's, without days.
 * limits:   a JSON file has no comments: what is not listed is told by the other lists. */
#include <stdio.h>

#include "output/block_head.h"
#include "output/json_build.h"
#include "output/writers.h"

/* "relaywatch/relay-probe" */
static void put_reason(struct json *j, const char *rule)
{
    char text[96];
    size_t n = 0;
    slice id = slice_of(rule);

    if (slice_starts(id, SLICE_LIT("RW-")))
        id = slice_from(id, 3);
    snprintf(text, sizeof text, "relaywatch/");
    n = strlen(text);
    for (size_t i = 0; i < id.len && n + 1 < sizeof text; i++)
        text[n++] = slice_lower(id.ptr[i]);
    text[n] = '\0';
    json_string(j, "reason", text);
}

static void put_decision(struct json *j, const struct block_set *set, const struct block_entry *e)
{
    char text[IP_NET_TEXT], duration[32];
    struct json_mark object;

    outbuf_puts(j->out, j->comma ? "" : "\n");
    object = json_object(j, NULL);
    snprintf(duration, sizeof duration, "%llds", (long long)block_left_s(set, e));
    json_string(j, "duration", duration);
    put_reason(j, e->rules[0]);
    json_string(j, "scope", block_is_single(&e->net) ? "ip" : "range");
    json_string(j, "type", "ban");
    json_text(j, "value", block_net_text(&e->net, text));
    json_close(j, object);
    outbuf_putc(j->out, '\n');
}

static void write_list(const struct run_info *run, const struct summary *summary,
                       const struct alert *const *incidents, unsigned count, struct outbuf *out)
{
    struct block_set set;
    struct json j = json_begin(out, IP_NET_TEXT);
    struct json_mark list = json_array(&j, NULL);

    block_of_run(run, summary, incidents, count, &set);
    for (unsigned i = 0; i < set.count; i++)
        put_decision(&j, &set, &set.entries[i]);
    json_close_kept(&j, list);
    outbuf_putc(out, '\n');
    block_set_free(&set);
}

const struct writer crowdsec_writer = {.name = "crowdsec",
                                       .media_type = "application/json",
                                       .whole = true,
                                       .live = true,
                                       .summary = write_list};
