/* misp.c - the "misp" writer: one MISP event a run, with the day of the log's end
 *
 * An ip-src attribute for each address, an authentication-failure-report object for each incident
 * of guessing. The uuids are made of what they stand for: importing the file again updates.
 * source:    MISP core format (event, attribute, object); template authentication-failure-report
 *            4.
 * limits:    not published, for the own organisation only: the admin decides. Addresses of servers
 *            that many share carry to_ids false. */
#include <stdio.h>

#include "alert/alert_id.h"
#include "base/uuid.h"
#include "output/alert_view.h"
#include "output/attack.h"
#include "output/culprits.h"
#include "output/json_build.h"
#include "output/writers.h"

enum { TEXT_MAX = 256, TAGS_MAX = 32, DATE_LEN = 10 };

struct doc {
    struct json *j;
    char date[DATE_LEN + 1];
    char key[TEXT_MAX]; /* of the event: its day and server */
};

static void put_uuid(struct json *j, const char *what, const char *of)
{
    char name[2 * TEXT_MAX + 64], uuid[UUID_TEXT];

    snprintf(name, sizeof name, "misp/%s/%s", what, of);
    alert_id_of(name, uuid);
    json_string(j, "uuid", uuid);
}

static void put_timestamp(struct json *j, int64_t time_us)
{
    char text[32];

    snprintf(text, sizeof text, "%lld", (long long)(time_us / 1000000));
    json_string(j, "timestamp", text);
}

struct attribute {
    const char *type, *category, *relation; /* relation: within an object, else NULL */
    slice value;
    bool to_ids;
    const char *comment;
};

static void put_attribute(struct doc *d, const struct alert *a, const struct attribute *what)
{
    struct json *j = d->j;
    char key[2 * TEXT_MAX];
    struct json_mark object = json_object(j, NULL);

    snprintf(key, sizeof key, "%s/%s/%.*s", what->relation != NULL ? a->id : d->key,
             what->relation != NULL ? what->relation : what->type, (int)what->value.len,
             what->value.ptr);
    put_uuid(j, "attribute", key);
    json_string(j, "type", what->type);
    json_string(j, "category", what->category);
    json_text(j, "value", what->value);
    json_bool(j, "to_ids", what->to_ids);
    put_timestamp(j, a->last_us);
    json_string(j, "distribution", "5");
    json_text_kept(j, "comment", slice_of(what->comment));
    json_bool(j, "disable_correlation", false);
    json_string(j, "object_relation", what->relation);
    json_close(j, object);
}

static bool is_new_as(const struct culprits *c, unsigned at)
{
    uint32_t number = c->list[at].alert->place.as_number;

    if (!c->list[at].is_source || number == 0)
        return false;
    for (unsigned i = 0; i < at; i++)
        if (c->list[i].is_source && c->list[i].alert->place.as_number == number)
            return false;
    return true;
}

static void put_addresses(struct doc *d, const struct culprits *c)
{
    struct json_mark list = json_array(d->j, "Attribute");

    for (unsigned i = 0; i < c->count; i++) {
        const struct alert *a = c->list[i].alert;
        char text[IP_ADDR_TEXT], comment[128], as[16];
        if (!culprits_is_first(c, i))
            continue;
        snprintf(comment, sizeof comment, "%s %s", alert_rule(a)->id, a->id);
        put_attribute(d, a,
                      &(struct attribute){"ip-src", "Network activity", NULL,
                                          ip_addr_format(&c->list[i].ip, text), !c->list[i].shared,
                                          comment});
        if (!is_new_as(c, i))
            continue;
        snprintf(as, sizeof as, "%u", a->place.as_number);
        put_attribute(
            d, a,
            &(struct attribute){"AS", "Network activity", NULL, slice_of(as), false, comment});
    }
    json_close(d->j, list);
}

static void put_guessing(struct doc *d, const struct culprit *c)
{
    struct json *j = d->j;
    const struct alert *a = c->alert;
    char address[IP_ADDR_TEXT], total[ALERT_NUMBER_MAX];
    struct json_mark object = json_object(j, NULL), list;

    put_uuid(j, "object", a->id);
    json_string(j, "name", "authentication-failure-report");
    json_string(j, "meta-category", "network");
    json_string(j, "description", "Authentication Failure Report");
    json_string(j, "template_uuid", "9b39afe0-9809-4fe0-8a0b-4cec2b140dd2");
    json_string(j, "template_version", "4");
    put_timestamp(j, a->last_us);
    json_string(j, "distribution", "5");
    json_string(j, "comment", a->id);
    list = json_array(j, "Attribute");
    put_attribute(d, a,
                  &(struct attribute){"text", "Other", "type", SLICE_LIT("smtp-sasl"), false, ""});
    put_attribute(d, a,
                  &(struct attribute){"counter", "Other", "total",
                                      alert_number((double)(int64_t)a->observed, total), false,
                                      ""});
    put_attribute(d, a,
                  &(struct attribute){"ip-src", "Network activity", "ip-src",
                                      ip_addr_format(&c->ip, address), !c->shared, ""});
    if (alert_user(a)[0] != '\0')
        put_attribute(d, a,
                      &(struct attribute){"text", "Other", "username",
                                          slice_first(slice_of(alert_user(a)), TEXT_MAX / 2), false,
                                          ""});
    json_close(j, list);
    json_close(j, object);
}

static void put_objects(struct doc *d, const struct culprits *c)
{
    struct json_mark list = json_array(d->j, "Object");

    for (unsigned i = 0; i < c->count; i++)
        if (c->list[i].is_source && alert_is_login(c->list[i].alert))
            put_guessing(d, &c->list[i]);
    json_close(d->j, list);
}

static bool is_new(slice id, slice *seen, unsigned *count)
{
    for (unsigned i = 0; i < *count; i++)
        if (slice_eq(seen[i], id))
            return false;
    if (*count == TAGS_MAX)
        return false;
    seen[(*count)++] = id;
    return true;
}

static void put_tag(struct json *j, const char *name)
{
    struct json_mark tag = json_object(j, NULL);
    json_string(j, "name", name);
    json_close(j, tag);
}

static void put_tags(struct json *j, const struct culprits *c)
{
    slice seen[TAGS_MAX];
    unsigned count = 0;
    struct json_mark list = json_array(j, "Tag");

    put_tag(j, "tlp:amber");
    for (unsigned i = 0; i < c->count; i++) {
        slice rest = slice_of(alert_rule(c->list[i].alert)->techniques);
        for (slice id = attack_next(&rest); id.ptr != NULL; id = attack_next(&rest)) {
            slice name = attack_name(id);
            char text[160];
            if (name.len == 0 || !is_new(id, seen, &count))
                continue;
            snprintf(text, sizeof text, "misp-galaxy:mitre-attack-pattern=\"%.*s - %.*s\"",
                     (int)name.len, name.ptr, (int)id.len, id.ptr);
            put_tag(j, text);
        }
    }
    json_close(j, list);
}

static const char *threat_level(const struct culprits *c)
{
    static const char *const levels[] = {"1", "2", "3", "4"};
    unsigned best = 4;

    for (unsigned i = 0; i < c->count; i++) {
        unsigned level = severity_levels(c->list[i].alert->severity)->misp;
        best = level < best ? level : best;
    }
    return levels[best - 1];
}

static void begin_day(struct doc *d, const struct summary *summary)
{
    struct outbuf day;

    outbuf_init(&day, 64);
    outbuf_time_iso(&day, summary->input.last_us);
    slice_keep(slice_first(outbuf_slice(&day), DATE_LEN), d->date, sizeof d->date);
    outbuf_fini(&day);
    snprintf(d->key, sizeof d->key, "%s/%s", d->date, summary->coverage.server_host);
}

static void put_event(struct doc *d, const struct summary *summary, const struct culprits *c)
{
    struct json *j = d->j;
    char info[64];
    struct json_mark event = json_object(j, "Event");

    begin_day(d, summary);
    put_uuid(j, "event", d->key);
    snprintf(info, sizeof info, "relaywatch: mail abuse %s", d->date);
    json_string(j, "info", info);
    json_string(j, "date", d->date);
    put_timestamp(j, summary->input.last_us);
    json_bool(j, "published", false);
    json_string(j, "analysis", "2");
    json_string(j, "threat_level_id", threat_level(c));
    json_string(j, "distribution", "0");
    put_tags(j, c);
    put_addresses(d, c);
    put_objects(d, c);
    json_close(j, event);
}

static void write_event(const struct run_info *run, const struct summary *summary,
                        const struct alert *const *incidents, unsigned count, struct outbuf *out)
{
    struct json j = json_begin(out, TEXT_MAX);
    struct doc d = {.j = &j};
    struct json_mark top = json_object(&j, NULL);
    struct culprits culprits;

    culprits_build(run, incidents, count, &culprits);
    culprits_by_address(&culprits);
    put_event(&d, summary, &culprits);
    culprits_free(&culprits);
    json_close(&j, top);
    outbuf_putc(out, '\n');
}

const struct writer misp_writer = {
    .name = "misp", .media_type = "application/json", .whole = true, .summary = write_event};
