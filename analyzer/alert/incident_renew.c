/* incident_renew.c - incidents when the files of scenarios and patterns were read again
 * algorithm: what an alert borrows from the files of before is sought by its id in the new ones;
 *            of a scenario that is not there any more a copy is kept, once for all its incidents
 * limits:    as many copies as scenarios were removed or changed their advice in a run */
#include <stdlib.h>

#include "alert/incident_table.h"
#include "base/panic.h"

struct kept_text {
    struct kept_text *next;
    char text[];
};

struct kept_rule {
    struct kept_rule *next;
    struct rule_info info;
};

static const char *keep_text(struct incidents *s, const char *text)
{
    struct kept_text *t = s->kept;
    size_t size;

    if (text == NULL)
        return NULL;
    while (t != NULL && strcmp(t->text, text) != 0)
        t = t->next;
    if (t != NULL)
        return t->text;
    size = strlen(text) + 1;
    t = panic_calloc(1, sizeof *t + size);
    memcpy(t->text, text, size);
    t->next = s->kept;
    s->kept = t;
    return t->text;
}

static const struct rule_info *keep_rule(struct incidents *s, const struct rule_info *r)
{
    struct kept_rule *k = s->kept_rules;

    while (k != NULL && strcmp(k->info.id, r->id) != 0)
        k = k->next;
    if (k != NULL)
        return &k->info;
    k = panic_calloc(1, sizeof *k);
    k->info = (struct rule_info){.id = keep_text(s, r->id),
                                 .type = keep_text(s, r->type),
                                 .name = keep_text(s, r->name),
                                 .category = keep_text(s, r->category),
                                 .action = keep_text(s, r->action),
                                 .ecs_category = keep_text(s, r->ecs_category),
                                 .ecs_type = keep_text(s, r->ecs_type),
                                 .outcome = keep_text(s, r->outcome),
                                 .tactics = keep_text(s, r->tactics),
                                 .techniques = keep_text(s, r->techniques),
                                 .description = keep_text(s, r->description)};
    k->next = s->kept_rules;
    s->kept_rules = k;
    return &k->info;
}

void incidents_forget_kept(struct incidents *s)
{
    while (s->kept != NULL) {
        struct kept_text *next = s->kept->next;
        free(s->kept);
        s->kept = next;
    }
    while (s->kept_rules != NULL) {
        struct kept_rule *next = s->kept_rules->next;
        free(s->kept_rules);
        s->kept_rules = next;
    }
}

static void renew_scenario(struct incidents *s, struct alert *a)
{
    const struct rule_info *now =
        s->config.scenario == NULL
            ? NULL
            : s->config.scenario(s->config.scenario_arg, slice_of(a->scenario->id));

    a->scenario = now != NULL ? now : keep_rule(s, a->scenario);
    a->advice = keep_text(s, a->advice);
}

static void renew_marks(const struct incidents *s, struct alert *a)
{
    unsigned count = 0;

    for (unsigned i = 0; i < a->marks_count && s->config.mark != NULL; i++) {
        const struct alert_mark *now =
            s->config.mark(s->config.marks_arg, slice_of(a->marks[i]->id));
        if (now != NULL)
            a->marks[count++] = now;
    }
    a->marks_count = count;
}

void incidents_renew(struct incidents *s)
{
    uint32_t cursor = 0;

    for (struct incident *in; (in = table_next(s->table, &cursor)) != NULL;) {
        if (in->alert.scenario != NULL)
            renew_scenario(s, &in->alert);
        renew_marks(s, &in->alert);
    }
}
