/* ocsf.c - the "ocsf" writer: Detection Finding (class 2004) of OCSF 1.6.0, one NDJSON line each
 *
 * One finding per alert id: new, ongoing, ended are Create, Update, Close. Evidence 0 is the source
 * with what it did; further ones are the members of a campaign.
 * source:   OCSF 1.6.0, Detection Finding with the security_control profile; MITRE ATT&CK v18.1.
 * limits:   email_t wants local@label.label: the null sender, quoted local parts and UTF-8
 *           addresses stand in "unmapped". Alerts only: OCSF has no class for the summary. */
#include "output/ocsf.h"

#include <stdio.h>

#include "output/alert_view.h"
#include "output/attack.h"
#include "output/json_fit.h"
#include "output/writers.h"

enum { CLASS_UID = 2004, EVIDENCE_MEMBERS = 8 };
enum { OBSERVABLE_HOSTNAME = 1, OBSERVABLE_IP = 2, OBSERVABLE_USER = 4, OBSERVABLE_EMAIL = 5 };
enum { OBSERVABLE_SUBNET = 12 };

struct doc {
    struct json *j;
    const struct run_info *run;
    const struct alert *alert;
    const struct rule_info *rule;
    const struct json_detail *detail;
};

static bool is_word_byte(char c, const char *more)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr(more, c) != NULL);
}

static bool all_word_bytes(slice s, const char *more)
{
    for (size_t i = 0; i < s.len; i++)
        if (!is_word_byte(s.ptr[i], more))
            return false;
    return s.len > 0;
}

bool ocsf_is_email(slice text)
{
    size_t at = slice_find_byte(text, '@');
    slice domain = slice_from(text, at + 1);
    size_t dot = slice_find_byte(domain, '.');

    return all_word_bytes(slice_first(text, at), "!#$%&'*+,-./=?^_`{|}~") &&
           all_word_bytes(slice_first(domain, dot), "-") &&
           all_word_bytes(slice_from(domain, dot + 1), "-.");
}

/* A cut address is another address: it counts as none. */
static bool is_shown_email(const struct doc *d, const char *text)
{
    slice s = slice_of(text);
    return s.len <= d->j->text_max && ocsf_is_email(s);
}

static void put_pair(struct json *j, const char *key, unsigned id, const char *caption)
{
    char name[32];
    snprintf(name, sizeof name, "%s_id", key);
    json_u64(j, name, id);
    json_string(j, key, caption);
}

static void put_class(struct doc *d)
{
    static const char *const activities[] = {"Create", "Update", "Close"};
    static const char *const types[] = {"Detection Finding: Create", "Detection Finding: Update",
                                        "Detection Finding: Close"};
    static const char *const statuses[] = {"New", "In Progress", "Resolved"};
    static const unsigned status_ids[] = {1, 2, 4};
    unsigned state = (unsigned)d->alert->state;

    json_u64(d->j, "class_uid", CLASS_UID);
    json_string(d->j, "class_name", "Detection Finding");
    json_u64(d->j, "category_uid", 2);
    json_string(d->j, "category_name", "Findings");
    json_u64(d->j, "activity_id", state + 1);
    json_string(d->j, "activity_name", activities[state]);
    json_u64(d->j, "type_uid", CLASS_UID * 100 + state + 1);
    json_string(d->j, "type_name", types[state]);
    json_i64(d->j, "time", d->alert->last_us / 1000);
    json_i64(d->j, "timezone_offset", 0);
    put_pair(d->j, "status", status_ids[state], statuses[state]);
    json_bool(d->j, "is_alert", true);
}

static void put_severity(struct doc *d)
{
    static const char *const confidences[] = {"Low", "Medium", "High"};
    static const char *const risks[] = {"Info", "Low", "Medium", "High", "Critical"};
    const struct severity_levels *levels = severity_levels(d->alert->severity);
    unsigned third = d->alert->confidence >= 67 ? 2 : d->alert->confidence >= 34;

    put_pair(d->j, "severity", levels->ocsf, levels->ocsf_name);
    put_pair(d->j, "confidence", third + 1, confidences[third]);
    json_u64(d->j, "confidence_score", d->alert->confidence);
    json_u64(d->j, "risk_score", severity_score(d->alert->severity));
    put_pair(d->j, "risk_level", (unsigned)d->alert->severity, risks[d->alert->severity]);
}

static void put_effect(struct doc *d)
{
    static const struct {
        unsigned action, disposition;
        const char *action_name, *disposition_name;
    } effects[] = {[EFFECT_DENIED] = {2, 25, "Denied", "Rejected"},
                   [EFFECT_ALLOWED] = {1, 1, "Allowed", "Allowed"},
                   [EFFECT_OBSERVED] = {3, 19, "Observed", "Alert"}};
    enum alert_effect effect = alert_effect(d->alert);

    put_pair(d->j, "action", effects[effect].action, effects[effect].action_name);
    put_pair(d->j, "disposition", effects[effect].disposition, effects[effect].disposition_name);
}

static void put_count(struct doc *d, const char *key)
{
    if (d->alert->observed >= 1 && d->alert->observed < 2147483647)
        json_u64(d->j, key, (uint64_t)d->alert->observed);
}

static void put_what(struct doc *d)
{
    char text[ALERT_MESSAGE_MAX];

    json_text(d->j, "message", alert_message(d->alert, text));
    put_count(d, "count");
    json_i64(d->j, "start_time", d->alert->first_us / 1000);
    json_i64(d->j, "end_time", d->alert->last_us / 1000);
}

static void put_metadata(struct doc *d)
{
    const struct alert *a = d->alert;
    struct json *j = d->j;
    struct json_mark metadata = json_object(j, "metadata"), list;

    json_string(j, "version", "1.6.0");
    json_string(j, "uid", a->event_id);
    json_string(j, "correlation_uid", a->id);
    json_string(j, "event_code", d->rule->id);
    if (a->samples_count > 0)
        json_text(j, "log_name", slice_of(a->samples[0].source));
    json_string(j, "log_provider", a->mta);
    json_i64(j, "logged_time", a->raised_us / 1000);
    json_time(j, "original_time", a->last_us);
    json_u64(j, "sequence", a->sequence);
    json_words(j, "profiles", "security_control");
    struct json_mark product = json_object(j, "product");
    json_string(j, "name", "relaywatch");
    json_string(j, "vendor_name", "relaywatch");
    json_string(j, "version", d->run->version);
    json_close(j, product);
    list = json_array(j, "labels");
    json_string(j, NULL, d->rule->category);
    json_close(j, list);
    json_close(j, metadata);
}

static void put_id_and_name(struct json *j, const char *key, slice id)
{
    struct json_mark object = json_object(j, key);
    json_text(j, "uid", id);
    json_text(j, "name", attack_name(id));
    json_close(j, object);
}

/* Tactics and techniques of a rule are parallel lists; the longer one goes on alone. */
static void put_attacks(struct doc *d)
{
    slice tactics = slice_of(d->rule->tactics), techniques = slice_of(d->rule->techniques);
    struct json_mark attacks = json_array(d->j, "attacks");

    for (;;) {
        slice tactic = attack_next(&tactics), technique = attack_next(&techniques);
        size_t dot = slice_find_byte(technique, '.');
        if (tactic.len == 0 && technique.len == 0)
            break;
        struct json_mark attack = json_object(d->j, NULL);
        json_string(d->j, "version", "18.1");
        put_id_and_name(d->j, "tactic", tactic);
        put_id_and_name(d->j, "technique", slice_first(technique, dot));
        if (dot < technique.len)
            put_id_and_name(d->j, "sub_technique", technique);
        json_close(d->j, attack);
    }
    json_close(d->j, attacks);
}

static void put_finding(struct doc *d)
{
    const struct alert *a = d->alert;
    struct json *j = d->j;
    struct json_mark info = json_object(j, "finding_info");

    json_string(j, "uid", a->id);
    json_string(j, "title", d->rule->name);
    json_string(j, "desc", d->rule->description);
    json_words(j, "types", d->rule->type);
    struct json_mark analytic = json_object(j, "analytic");
    json_string(j, "uid", d->rule->id);
    json_string(j, "name", d->rule->name);
    put_pair(j, "type", 1, "Rule");
    json_string(j, "category", d->rule->category);
    json_string(j, "version", "1");
    json_close(j, analytic);
    put_attacks(d);
    json_i64(j, "created_time", a->raised_us / 1000);
    json_i64(j, "first_seen_time", a->first_us / 1000);
    json_i64(j, "last_seen_time", a->last_us / 1000);
    struct json_mark sources = json_array(j, "data_sources");
    json_string(j, NULL, a->mta);
    json_close(j, sources);
    put_count(d, "related_events_count");
    json_close(j, info);
}

static void put_place(struct json *j, const struct geo_place *p)
{
    if (p->country[0] != '\0' || p->city_name[0] != '\0') {
        struct json_mark location = json_object(j, "location");
        json_text(j, "city", slice_of(p->city_name));
        json_text(j, "country", slice_of(p->country));
        json_text(j, "continent", slice_of(p->continent_name));
        if (p->located) {
            json_real(j, "lat", p->lat);
            json_real(j, "long", p->lon);
        }
        json_close(j, location);
    }
    struct json_mark as = json_object(j, "autonomous_system");
    if (p->as_number != 0)
        json_u64(j, "number", p->as_number);
    json_text(j, "name", slice_of(p->as_name));
    json_close(j, as);
}

static void put_source(struct doc *d, const struct ip_addr *ip)
{
    struct json_mark source = json_object(d->j, "src_endpoint");
    json_ip(d->j, "ip", ip);
    if (ip->family != 0 && ip_addr_eq(ip, &d->alert->client)) {
        json_text(d->j, "hostname", slice_of(d->alert->client_name));
        if (d->alert->client_port != 0)
            json_u64(d->j, "port", d->alert->client_port);
    }
    if (ip->family != 0)
        put_place(d->j, &d->alert->place);
    json_close(d->j, source);
}

static void put_mail(struct doc *d)
{
    const struct alert *a = d->alert;
    bool from = is_shown_email(d, a->sender), to = is_shown_email(d, a->recipient);
    struct json_mark email, list;

    if (!from && !to) /* one of them must be there */
        return;
    email = json_object(d->j, "email");
    if (to) {
        list = json_array(d->j, "to");
        json_text(d->j, NULL, slice_of(a->recipient));
        json_close(d->j, list);
    }
    if (from)
        json_text(d->j, "from", slice_of(a->sender));
    json_text(d->j, "uid", slice_of(a->queue_id));
    json_text(d->j, "message_uid", slice_of(a->message_id));
    json_close(d->j, email);
}

static void put_user(struct doc *d)
{
    slice user = slice_of(alert_user(d->alert));
    size_t at = slice_rfind_byte(user, '@');

    if (at == 0) /* no name */
        return;
    struct json_mark object = json_object(d->j, "user");
    json_text(d->j, "name", slice_first(user, at));
    json_text(d->j, "domain", slice_from(user, at + 1));
    if (is_shown_email(d, user.ptr))
        json_text(d->j, "email_addr", user);
    json_close(d->j, object);
}

static void put_data(struct doc *d)
{
    struct json_mark data = json_object(d->j, "data"), counters;
    json_samples(d->j, "samples", d->alert, d->detail);
    counters = json_object(d->j, "counters");
    for (unsigned i = 0; i < d->alert->counters_count; i++)
        json_u64(d->j, d->alert->counters[i].name, d->alert->counters[i].value);
    json_close(d->j, counters);
    json_close(d->j, data);
}

/* The n-th member that is an address other than the source; false when there is none. */
static bool member_at(const struct doc *d, unsigned n, struct ip_addr *ret)
{
    struct ip_addr source = alert_source(d->alert);

    for (unsigned i = 0; i < d->alert->related_count; i++)
        if (d->alert->related[i].type == ENTITY_IP &&
            ip_addr_parse(slice_of(d->alert->related[i].value), ret) && !ip_addr_eq(ret, &source) &&
            n-- == 0)
            return true;
    return false;
}

static unsigned members_shown(const struct doc *d)
{
    return d->detail->related < EVIDENCE_MEMBERS ? d->detail->related : EVIDENCE_MEMBERS;
}

static void put_evidences(struct doc *d)
{
    struct json *j = d->j;
    struct json_mark list = json_array(j, "evidences"), evidence = json_object(j, NULL);
    struct ip_addr ip = alert_source(d->alert);

    put_source(d, &ip);
    struct json_mark destination = json_object(j, "dst_endpoint");
    json_text(j, "hostname", slice_of(d->alert->host));
    json_close(j, destination);
    put_mail(d);
    put_user(d);
    put_data(d);
    json_close(j, evidence);
    for (unsigned i = 0; i < members_shown(d) && member_at(d, i, &ip); i++) {
        evidence = json_object(j, NULL);
        struct json_mark source = json_object(j, "src_endpoint");
        json_ip(j, "ip", &ip);
        json_close(j, source);
        json_close(j, evidence);
    }
    json_close(j, list);
}

static void put_observable(struct json *j, const char *name, unsigned type, const char *caption,
                           slice value)
{
    if (value.len == 0)
        return;
    struct json_mark object = json_object(j, NULL);
    json_string(j, "name", name);
    put_pair(j, "type", type, caption);
    json_text(j, "value", value);
    json_close(j, object);
}

static void put_observables(struct doc *d)
{
    const struct alert *a = d->alert;
    struct json *j = d->j;
    char text[IP_ADDR_TEXT], path[64];
    struct ip_addr ip = alert_source(a);
    struct json_mark list = json_array(j, "observables");

    put_observable(j, "evidences[0].src_endpoint.ip", OBSERVABLE_IP, "IP Address",
                   ip_addr_format(&ip, text));
    if (is_shown_email(d, a->sender))
        put_observable(j, "evidences[0].email.from", OBSERVABLE_EMAIL, "Email Address",
                       slice_of(a->sender));
    if (is_shown_email(d, alert_user(a)))
        put_observable(j, "evidences[0].user.email_addr", OBSERVABLE_EMAIL, "Email Address",
                       slice_of(alert_user(a)));
    else if (alert_user(a)[0] != '@')
        put_observable(j, "evidences[0].user.name", OBSERVABLE_USER, "User Name",
                       slice_of(alert_user(a)));
    put_observable(j, "evidences[0].dst_endpoint.hostname", OBSERVABLE_HOSTNAME, "Hostname",
                   slice_of(a->host));
    if (a->entity_type == ENTITY_NETWORK)
        put_observable(j, "unmapped.entity.value", OBSERVABLE_SUBNET, "Subnet",
                       slice_of(a->entity));
    for (unsigned i = 0; i < members_shown(d) && member_at(d, i, &ip); i++) {
        snprintf(path, sizeof path, "evidences[%u].src_endpoint.ip", i + 1);
        put_observable(j, path, OBSERVABLE_IP, "IP Address", ip_addr_format(&ip, text));
    }
    json_close(j, list);
}

static void put_resource(struct json *j, slice name, const char *type)
{
    if (name.len == 0)
        return;
    struct json_mark object = json_object(j, NULL);
    json_text(j, "name", name);
    json_string(j, "type", type);
    json_close(j, object);
}

static void put_resources(struct doc *d)
{
    struct json_mark list = json_array(d->j, "resources");
    put_resource(d->j, slice_of(d->alert->host), "mail server");
    put_resource(d->j, slice_of(alert_user(d->alert)), "mail account");
    json_close(d->j, list);
}

static void put_related(struct doc *d)
{
    const struct alert *a = d->alert;
    struct json_mark list = json_array(d->j, "related_entities");

    for (unsigned i = 0; i < a->related_count && i < d->detail->related; i++) {
        struct json_mark object = json_object(d->j, NULL);
        json_string(d->j, "type", entity_type_name(a->related[i].type));
        json_text(d->j, "value", slice_of(a->related[i].value));
        json_close(d->j, object);
    }
    json_close(d->j, list);
    if (alert_related_total(a) > 0)
        json_u64(d->j, "related_total", alert_related_total(a));
}

/* Facts that have no attribute, and addresses that email_t does not take. */
static void put_unmapped(struct doc *d)
{
    const struct alert *a = d->alert;
    struct json *j = d->j;
    struct json_mark unmapped = json_object(j, "unmapped");

    json_key_text(j, "dedup_key", a->dedup_key, d->detail);
    struct json_mark entity = json_object(j, "entity");
    json_string(j, "type", entity_type_name(a->entity_type));
    json_key_text(j, "value", a->entity, d->detail);
    json_close(j, entity);
    json_i64(j, "window_start", a->window_start_us / 1000);
    if (a->threshold > 0)
        json_real(j, "threshold", a->threshold);
    json_real(j, "observed", a->observed);
    json_string(j, "unit", a->unit);
    json_text(j, "reason", slice_of(a->reason));
    json_text(j, "how", slice_of(a->how));
    json_text(j, "helo", slice_of(a->helo));
    if (a->null_sender)
        json_bool(j, "null_sender", true);
    else if (!is_shown_email(d, a->sender))
        json_text(j, "sender", slice_of(a->sender));
    if (!is_shown_email(d, a->recipient))
        json_text(j, "recipient", slice_of(a->recipient));
    json_text(j, "source_region", slice_of(a->place.region_name));
    put_related(d);
    json_close(j, unmapped);
}

static void put_document(struct json *j, const struct run_info *run, const struct alert *alert,
                         const struct json_detail *detail)
{
    struct doc d = {j, run, alert, alert_rule(alert), detail};
    struct json_mark top = json_object(j, NULL);

    put_class(&d);
    put_severity(&d);
    put_effect(&d);
    put_what(&d);
    put_metadata(&d);
    put_finding(&d);
    put_evidences(&d);
    put_observables(&d);
    put_resources(&d);
    put_unmapped(&d);
    json_close(j, top);
}

static void write_alert(const struct run_info *run, const struct alert *alert, struct outbuf *out)
{
    json_fit(run, alert, out, put_document);
}

const struct writer ocsf_writer = {.name = "ocsf",
                                   .media_type = "application/x-ndjson",
                                   .frame = FRAME_LINE,
                                   .alert = write_alert};
