/* policy.c - files of the kind "policies" -> the values of policy.def
 * source:    docs/signatures.md; signatures/schema.json
 * limits:    a rule that has no row in policy.def cannot be set */
#include "detect/policy.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/duration.h"
#include "base/panic.h"
#include "event/address.h"

enum policy_type {
    TYPE_COUNT,
    TYPE_TIME,
    TYPE_SHARE,
    TYPE_SEVERITY,
    TYPE_CLASS,
    TYPE_FORMS,
    TYPE_NAMES
};

static const struct row {
    enum rule rule;
    const char *name;
    enum policy_type type;
    double min, max;
} rows[POLICY_COUNT] = {
#define POLICY(rule, name, type, min, max, meaning)                                                \
    [POLICY_##rule##_##name] = {RULE_##rule, #name, TYPE_##type, min, max},
#include "detect/policy.def"
#undef POLICY
};

/* Which of the lists of struct policy a NAMES setting has: they are counted in the table's order.
 */
static unsigned list_of(unsigned setting)
{
    unsigned n = 0;

    for (unsigned i = 0; i < setting; i++)
        n += rows[i].type == TYPE_NAMES;
    ASSERT(n < POLICY_LISTS);
    return n;
}

/* ---- one value ---- */

struct reader {
    const struct signature_entry *e;
    struct policy *policy;
    struct error *reterr;
};

static bool wrong(struct reader *r, const char *name, const char *allowed)
{
    return signature_entry_error(r->e, r->reterr, "\"%s\" must be %s", name, allowed);
}

static bool take_number(struct reader *r, unsigned i, const cJSON *m)
{
    const struct row *row = &rows[i];
    bool whole = row->type == TYPE_COUNT;
    double n = cJSON_IsNumber(m) ? m->valuedouble : row->min - 1;
    char allowed[80];

    snprintf(allowed, sizeof allowed, "a %snumber from %g to %g", whole ? "whole " : "", row->min,
             row->max);
    if (n < row->min || n > row->max || (whole && n != (double)(int64_t)n))
        return wrong(r, row->name, allowed);
    r->policy->value[i] = n;
    return true;
}

static bool take_time(struct reader *r, unsigned i, const cJSON *m)
{
    const struct row *row = &rows[i];
    int64_t us = 0;

    if (!cJSON_IsString(m) || !duration_parse(slice_of(m->valuestring), &us) ||
        (double)us < row->min * 1e6 || (double)us > row->max * 1e6)
        return wrong(r, row->name, "a time from 1m to 30d, such as \"10m\", \"2h\", \"1d\"");
    r->policy->value[i] = (double)us;
    return true;
}

static bool take_severity(struct reader *r, unsigned i, const cJSON *m)
{
    enum severity severity;

    if (!cJSON_IsString(m) || !severity_parse(slice_of(m->valuestring), &severity))
        return wrong(r, rows[i].name, "one of info, low, medium, high, critical");
    r->policy->value[i] = severity;
    return true;
}

static bool take_class(struct reader *r, unsigned i, const cJSON *m)
{
    static const char *const names[] = {"ignore", "sloppy", "bot"};

    for (unsigned k = 0; cJSON_IsString(m) && k < 3; k++)
        if (strcmp(m->valuestring, names[k]) == 0) {
            r->policy->value[i] = k;
            return true;
        }
    return wrong(r, rows[i].name, "one of ignore, sloppy, bot");
}

static uint32_t form_of(const cJSON *m)
{
    for (unsigned k = 0; cJSON_IsString(m) && k < ADDRESS_FORM_COUNT; k++)
        if (strcmp(m->valuestring, address_form_name(1U << k)) == 0)
            return 1U << k;
    return 0;
}

static bool take_forms(struct reader *r, unsigned i, const cJSON *m)
{
    char allowed[256] = "a list of";
    size_t n = strlen(allowed);
    uint32_t forms = 0;
    bool good = cJSON_IsArray(m);
    const cJSON *item;

    cJSON_ArrayForEach(item, m)
    {
        good &= form_of(item) != 0;
        forms |= form_of(item);
    }
    r->policy->value[i] = forms;
    if (good)
        return true;
    for (unsigned k = 0; k < ADDRESS_FORM_COUNT && n < sizeof allowed; k++)
        n += (size_t)snprintf(allowed + n, sizeof allowed - n, "%s %s", k == 0 ? "" : ",",
                              address_form_name(1U << k));
    return wrong(r, rows[i].name, allowed);
}

static bool is_name(slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] < 'a' || text.ptr[i] > 'z')
            return false;
    return text.len > 0 && text.len < POLICY_NAME_MAX;
}

static bool take_names(struct reader *r, unsigned i, const cJSON *m)
{
    struct policy_names *to = &r->policy->names[list_of(i)];
    bool good = cJSON_IsArray(m) && cJSON_GetArraySize(m) <= POLICY_NAMES_MAX;
    const cJSON *item;

    to->count = 0;
    for (item = good ? m->child : NULL; good && item != NULL; item = item->next) {
        slice text = slice_of(cJSON_GetStringValue(item));
        good = is_name(text);
        if (good)
            slice_keep(text, to->name[to->count++], POLICY_NAME_MAX);
    }
    r->policy->value[i] = list_of(i);
    return good ||
           wrong(r, rows[i].name, "a list of at most 32 words of 1 to 23 small letters a to z");
}

static bool take(struct reader *r, unsigned i, const cJSON *m)
{
    static bool (*const takers[])(struct reader * r, unsigned i, const cJSON *m) = {
        [TYPE_COUNT] = take_number,      [TYPE_TIME] = take_time,   [TYPE_SHARE] = take_number,
        [TYPE_SEVERITY] = take_severity, [TYPE_CLASS] = take_class, [TYPE_FORMS] = take_forms,
        [TYPE_NAMES] = take_names};
    struct policy checked_only;
    struct reader aside = *r;

    if (r->policy->set[i]) { /* an earlier file decides; this one must be good all the same */
        checked_only = *r->policy;
        aside.policy = &checked_only;
        r = &aside;
    }
    r->policy->set[i] = true;
    return takers[rows[i].type](r, i, m);
}

/* ---- one entry ---- */

static bool rule_error(struct reader *r, const char *id)
{
    char allowed[200] = "";
    size_t n = 0;

    for (unsigned i = 0; i < POLICY_COUNT && n < sizeof allowed; i++)
        if (i == 0 || rows[i].rule != rows[i - 1].rule)
            n += (size_t)snprintf(allowed + n, sizeof allowed - n, "%s%s", n == 0 ? "" : ", ",
                                  rule_info(rows[i].rule)->id);
    if (id == NULL)
        return signature_entry_error(r->e, r->reterr, "\"id\" is missing; allowed: %s", allowed);
    return signature_entry_error(r->e, r->reterr, "\"id\": \"%.40s\" has no policy; allowed: %s",
                                 id, allowed);
}

static bool setting_error(struct reader *r, enum rule rule, const char *name)
{
    char allowed[500] = "";
    size_t n = 0;

    for (unsigned i = 0; i < POLICY_COUNT && n < sizeof allowed; i++)
        if (rows[i].rule == rule)
            n += (size_t)snprintf(allowed + n, sizeof allowed - n, "%s%s", n == 0 ? "" : ", ",
                                  rows[i].name);
    return signature_entry_error(r->e, r->reterr,
                                 "\"settings\": there is no \"%.40s\"; allowed: "
                                 "%s",
                                 name, allowed);
}

static bool take_setting(struct reader *r, enum rule rule, const cJSON *m)
{
    for (const cJSON *before = m->prev; before != NULL && before->next != NULL;
         before = before->prev)
        if (strcmp(before->string, m->string) == 0)
            return signature_entry_error(r->e, r->reterr,
                                         "\"settings\": \"%.40s\" stands there "
                                         "twice",
                                         m->string);
    for (unsigned i = 0; i < POLICY_COUNT; i++)
        if (rows[i].rule == rule && strcmp(rows[i].name, m->string) == 0)
            return take(r, i, m);
    return setting_error(r, rule, m->string);
}

static int rule_of(const char *id)
{
    for (unsigned i = 0; id != NULL && i < POLICY_COUNT; i++)
        if (strcmp(rule_info(rows[i].rule)->id, id) == 0)
            return (int)rows[i].rule;
    return -1;
}

static bool read_entry(struct reader *r)
{
    static const char *const members[] = {"id", "settings", "source", "match", "nomatch", NULL};
    const cJSON *settings, *m;
    const char *id;
    int rule;

    if (!signature_entry_members(r->e, members, r->reterr))
        return false;
    id = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(r->e->object, "id"));
    if ((rule = rule_of(id)) < 0)
        return rule_error(r, id);
    settings = cJSON_GetObjectItemCaseSensitive(r->e->object, "settings");
    if (!cJSON_IsObject(settings))
        return signature_entry_error(r->e, r->reterr,
                                     "\"settings\" must be values {\"name\": value, ...}");
    cJSON_ArrayForEach(m, settings)
    {
        if (!take_setting(r, (enum rule)rule, m))
            return false;
    }
    return true;
}

/* ---- all ---- */

static bool all_set(const struct policy *p, struct error *reterr)
{
    for (unsigned i = 0; i < POLICY_COUNT; i++)
        if (!p->set[i])
            return error_set(reterr, ERROR_CONFIG,
                             "no signature file sets \"%s\" of %s: a file that replaces a built-in "
                             "policy must set all that this one sets",
                             rows[i].name, rule_info(rows[i].rule)->id);
    return true;
}

static bool keep_entry(void *arg, const struct signature_entry *e, unsigned from, unsigned index,
                       struct error *reterr)
{
    (void)from, (void)index;
    return read_entry(&(struct reader){e, arg, reterr});
}

static bool load(const struct signature_set *files, struct policy *ret, struct error *reterr)
{
    memset(ret, 0, sizeof *ret);
    return signature_set_each(files, SIGNATURE_POLICIES, keep_entry, ret, reterr) &&
           all_set(ret, reterr);
}

bool policy_load(const struct signature_set *files, struct policy *ret, struct error *reterr)
{
    struct signature_set *builtin;
    bool good;

    if (files != NULL)
        return load(files, ret, reterr);
    builtin = panic_calloc(1, sizeof *builtin);
    good = signature_set_load(NULL, builtin, reterr) && load(builtin, ret, reterr);
    signature_set_free(builtin);
    free(builtin);
    return good;
}

struct policy *policy_copy(const struct policy *given)
{
    struct policy *p = panic_calloc(1, sizeof *p);
    struct error error = {0};
    bool good = true;

    if (given != NULL)
        *p = *given;
    else
        good = policy_load(NULL, p, &error);
    if (!good)
        fprintf(stderr, "relaywatch: %s\n", error.text);
    ASSERT(good);
    return p;
}
