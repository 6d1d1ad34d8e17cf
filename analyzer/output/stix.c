/* stix.c - the "stix" writer: one STIX 2.1 bundle a run
 *
 * For each incident an indicator over the addresses of those who did it, and a sighting of it; then
 * each address once, with its AS where a database told it. All ids are made of what they stand for,
 * so that a second run updates and does not double.
 * source:   STIX 2.1 (OASIS), 2.9 for ids of observables; MITRE ATT&CK v18.1.
 * limits:   addresses of servers that many share are no indicators. A pattern has at most
 *           PATTERN_ADDRESSES of them. */
#include <stdio.h>

#include "alert/alert_id.h"
#include "base/uuid.h"
#include "output/alert_view.h"
#include "output/attack.h"
#include "output/culprits.h"
#include "output/json_build.h"
#include "output/writers.h"

enum { PATTERN_ADDRESSES = 64, SIGHTED_MAX = 999999999, NAME_MAX_BYTES = 512, ID_TEXT = 96 };

/* The namespace of observables; STIX 2.1, 2.9. */
static const uint8_t observable_namespace[16] = {0x00, 0xab, 0xed, 0xb4, 0xaa, 0x42, 0x46, 0x6c,
                                                 0x9c, 0x01, 0xfe, 0xd2, 0x33, 0x15, 0xa9, 0xb7};
/* An identity with an id of its name has no other time of making. */
static const char identity_time[] = "2026-01-01T00:00:00.000Z";

struct doc {
    struct json j;
    const struct run_info *run;
    const struct summary *summary;
    char identity[ID_TEXT];
};

static void make_id(const char *type, const char *of, char *ret)
{
    char name[ID_TEXT + 256], uuid[UUID_TEXT];

    snprintf(name, sizeof name, "stix/%s/%s", type, of);
    alert_id_of(name, uuid);
    snprintf(ret, ID_TEXT, "%s--%s", type, uuid);
}

static void address_id(const struct ip_addr *ip, char *ret)
{
    char text[IP_ADDR_TEXT], json[IP_ADDR_TEXT + 16], uuid[UUID_TEXT];

    ip_addr_format(ip, text);
    snprintf(json, sizeof json, "{\"value\":\"%s\"}", text);
    uuid5(observable_namespace, slice_of(json), uuid);
    snprintf(ret, ID_TEXT, "ipv%u-addr--%s", (unsigned)ip->family, uuid);
}

static void as_id(uint32_t number, char *ret)
{
    char json[32], uuid[UUID_TEXT];

    snprintf(json, sizeof json, "{\"number\":%u}", number);
    uuid5(observable_namespace, slice_of(json), uuid);
    snprintf(ret, ID_TEXT, "autonomous-system--%s", uuid);
}

static struct json_mark begin_object(struct json *j, const char *type, const char *id)
{
    struct json_mark object;

    object = json_object(j, NULL);
    json_string(j, "type", type);
    json_string(j, "spec_version", "2.1");
    json_string(j, "id", id);
    return object;
}

static void put_identity(struct doc *d)
{
    const char *name = d->run->reporter_name;
    struct json_mark object;

    make_id("identity", name != NULL ? name : "relaywatch", d->identity);
    object = begin_object(&d->j, "identity", d->identity);
    json_string(&d->j, "created", identity_time);
    json_string(&d->j, "modified", identity_time);
    json_string(&d->j, "name", name != NULL ? name : "relaywatch");
    json_string(&d->j, "identity_class", name != NULL ? "organization" : "system");
    json_string(&d->j, "contact_information", d->run->reporter_address);
    json_close(&d->j, object);
}

/* "[ipv4-addr:value = '192.0.2.25' OR ipv6-addr:value = '2001:db8::1']"; members of one incident
 * stand together. */
static void put_pattern(struct doc *d, const struct culprit *list, unsigned count)
{
    struct outbuf pattern;
    char text[IP_ADDR_TEXT];

    outbuf_init(&pattern, PATTERN_ADDRESSES * (IP_ADDR_TEXT + 32));
    for (unsigned i = 0; i < count && i < PATTERN_ADDRESSES; i++) {
        outbuf_puts(&pattern, i == 0 ? "[" : " OR ");
        outbuf_printf(&pattern, "ipv%u-addr:value = '", (unsigned)list[i].ip.family);
        outbuf_put(&pattern, ip_addr_format(&list[i].ip, text));
        outbuf_putc(&pattern, '\'');
    }
    outbuf_puts(&pattern, "]");
    outbuf_putc(&pattern, '\0');
    json_string(&d->j, "pattern", pattern.ptr);
    outbuf_fini(&pattern);
}

/* "Credential Access" -> "credential-access" */
static void put_phases(struct doc *d, const struct rule_info *rule)
{
    slice rest = slice_of(rule->tactics);
    struct json_mark list = json_array(&d->j, "kill_chain_phases");

    for (slice id = attack_next(&rest); id.ptr != NULL; id = attack_next(&rest)) {
        char name[64];
        slice_keep(attack_name(id), name, sizeof name);
        for (char *p = name; *p != '\0'; p++)
            *p = *p == ' ' ? '-' : slice_lower(*p);
        if (name[0] == '\0')
            continue;
        struct json_mark phase = json_object(&d->j, NULL);
        json_string(&d->j, "kill_chain_name", "mitre-attack");
        json_string(&d->j, "phase_name", name);
        json_close(&d->j, phase);
    }
    json_close(&d->j, list);
}

static void put_references(struct doc *d, const struct alert *a)
{
    slice rest = slice_of(alert_rule(a)->techniques);
    struct json_mark list = json_array(&d->j, "external_references"), item;

    for (slice id = attack_next(&rest); id.ptr != NULL; id = attack_next(&rest)) {
        size_t dot = slice_find_byte(id, '.');
        slice sub = slice_from(id, dot + 1);
        char url[96];
        item = json_object(&d->j, NULL);
        json_string(&d->j, "source_name", "mitre-attack");
        json_text(&d->j, "external_id", id);
        snprintf(url, sizeof url, "https://attack.mitre.org/techniques/%.*s/%.*s%s", (int)dot,
                 id.ptr, (int)sub.len, sub.ptr, sub.len > 0 ? "/" : "");
        json_string(&d->j, "url", url);
        json_close(&d->j, item);
    }
    item = json_object(&d->j, NULL);
    json_string(&d->j, "source_name", "relaywatch");
    json_string(&d->j, "external_id", a->id);
    json_close(&d->j, item);
    json_close(&d->j, list);
}

static void put_made(struct doc *d, const struct alert *a)
{
    json_string(&d->j, "created_by_ref", d->identity);
    json_time(&d->j, "created", a->raised_us);
    json_time(&d->j, "modified", a->last_us);
}

static void put_indicator(struct doc *d, const char *id, const struct culprit *list, unsigned count)
{
    const struct alert *a = list[0].alert;
    char text[ALERT_MESSAGE_MAX];
    struct json *j = &d->j;
    struct json_mark object = begin_object(j, "indicator", id), words;

    put_made(d, a);
    json_string(j, "name", alert_rule(a)->name);
    json_text(j, "description", alert_message(a, text));
    json_words(j, "indicator_types", "malicious-activity");
    put_pattern(d, list, count);
    json_string(j, "pattern_type", "stix");
    json_string(j, "pattern_version", "2.1");
    json_time(j, "valid_from", a->first_us);
    json_time(j, "valid_until", culprits_expire_us(d->run, a));
    json_u64(j, "confidence", a->confidence <= 100 ? a->confidence : 100);
    words = json_array(j, "labels");
    json_string(j, NULL, alert_rule(a)->type);
    json_close(j, words);
    put_phases(d, alert_rule(a));
    put_references(d, a);
    json_close(j, object);
}

static void put_sighting(struct doc *d, const char *indicator, const struct alert *a)
{
    char id[ID_TEXT];
    struct json_mark object, where;

    make_id("sighting", a->id, id);
    object = begin_object(&d->j, "sighting", id);
    put_made(d, a);
    json_time(&d->j, "first_seen", a->first_us);
    json_time(&d->j, "last_seen", a->last_us);
    if (a->observed >= 0 && a->observed <= SIGHTED_MAX)
        json_u64(&d->j, "count", (uint64_t)a->observed);
    json_string(&d->j, "sighting_of_ref", indicator);
    where = json_array(&d->j, "where_sighted_refs");
    json_string(&d->j, NULL, d->identity);
    json_close(&d->j, where);
    json_close(&d->j, object);
}

/* Every incident's run of culprits. */
static void put_incidents(struct doc *d, const struct culprits *c)
{
    for (unsigned i = 0, n; i < c->count; i += n) {
        char id[ID_TEXT];
        for (n = 1; i + n < c->count && c->list[i + n].alert == c->list[i].alert;)
            n++;
        make_id("indicator", c->list[i].alert->id, id);
        put_indicator(d, id, &c->list[i], n);
        put_sighting(d, id, c->list[i].alert);
    }
}

static void put_address(struct doc *d, const struct culprit *c)
{
    char id[ID_TEXT], type[16], text[IP_ADDR_TEXT];
    const struct geo_place *place = &c->alert->place;
    struct json_mark object, list;

    address_id(&c->ip, id);
    snprintf(type, sizeof type, "ipv%u-addr", (unsigned)c->ip.family);
    object = begin_object(&d->j, type, id);
    json_text(&d->j, "value", ip_addr_format(&c->ip, text));
    list = json_array(&d->j, "belongs_to_refs");
    if (c->is_source && place->as_number != 0) {
        as_id(place->as_number, id);
        json_string(&d->j, NULL, id);
    }
    json_close(&d->j, list);
    json_close(&d->j, object);
}

/* An AS once: when no earlier source has the same. */
static void put_as(struct doc *d, const struct culprits *c, unsigned at)
{
    const struct geo_place *place = &c->list[at].alert->place;
    char id[ID_TEXT];
    struct json_mark object;

    if (!c->list[at].is_source || place->as_number == 0)
        return;
    for (unsigned i = 0; i < at; i++)
        if (c->list[i].is_source && c->list[i].alert->place.as_number == place->as_number)
            return;
    as_id(place->as_number, id);
    object = begin_object(&d->j, "autonomous-system", id);
    json_u64(&d->j, "number", place->as_number);
    json_text(&d->j, "name", slice_of(place->as_name));
    json_close(&d->j, object);
}

/* Servers that many share are to be reported to their owner, not to be looked for. */
static void drop_shared(struct culprits *c)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < c->count; i++)
        if (!c->list[i].shared)
            c->list[kept++] = c->list[i];
    c->count = kept;
}

static void write_bundle(const struct run_info *run, const struct summary *summary,
                         const struct alert *const *incidents, unsigned count, struct outbuf *out)
{
    struct doc d = {.j = json_begin(out, NAME_MAX_BYTES), .run = run, .summary = summary};
    struct culprits culprits;
    char id[ID_TEXT], name[64];
    struct json_mark top = json_object(&d.j, NULL), list;

    snprintf(name, sizeof name, "%lld/%lld", (long long)summary->input.first_us,
             (long long)summary->input.last_us);
    make_id("bundle", name, id);
    json_string(&d.j, "type", "bundle");
    json_string(&d.j, "id", id);
    list = json_array(&d.j, "objects");
    culprits_build(run, incidents, count, &culprits);
    drop_shared(&culprits);
    put_identity(&d);
    put_incidents(&d, &culprits);
    culprits_by_address(&culprits);
    for (unsigned i = 0; i < culprits.count; i++)
        if (culprits_is_first(&culprits, i)) {
            put_as(&d, &culprits, i);
            put_address(&d, &culprits.list[i]);
        }
    culprits_free(&culprits);
    json_close(&d.j, list);
    json_close(&d.j, top);
    outbuf_putc(out, '\n');
}

const struct writer stix_writer = {
    .name = "stix", .media_type = "application/stix+json", .whole = true, .summary = write_bundle};
