/* pipeline_reload.c - another configuration while a run goes on
 * algorithm: all that may fail is done first (pipeline_prepare); then every part takes what is its
 *            own. Indexes of patterns and scenarios are sought again by their ids
 * limits:    tables keep their sizes. Scenarios where there were none get the part of the memory
 *            that they would have had, which is on top of the budget until the next start */
#include <stdlib.h>

#include "check_examples.h"
#include "pipeline_parts.h"

struct pipeline_change {
    struct signatures *signatures; /* NULL: the files say what they said */
    struct scenario_set *scenarios;
    struct policy policy;
    uint64_t signatures_hash;
    struct sinks_change *sinks;
};

static bool load_files(const struct config *config, struct pipeline_change *c, struct error *reterr)
{
    c->signatures = signatures_load(config->signatures, reterr);
    if (c->signatures == NULL)
        return false;
    c->scenarios = scenarios_load(c->signatures->files, reterr);
    return c->scenarios != NULL && policy_load(c->signatures->files, &c->policy, reterr) &&
           signatures_check(c->signatures, reterr) &&
           check_examples(config, c->signatures->files, false, reterr);
}

struct pipeline_change *pipeline_prepare(struct pipeline *p, const struct config *config,
                                         struct error *reterr)
{
    struct pipeline_change *c = panic_calloc(1, sizeof *c);

    c->signatures_hash = signature_set_hash(config->signatures);
    if ((c->signatures_hash == p->signatures_hash || load_files(config, c, reterr)) &&
        (c->sinks = sinks_prepare(p->sinks, config, reterr)) != NULL)
        return c;
    pipeline_abandon(c);
    return NULL;
}

void pipeline_abandon(struct pipeline_change *c)
{
    if (c == NULL)
        return;
    scenarios_free(c->scenarios);
    signatures_free(c->signatures);
    sinks_abandon(c->sinks);
    free(c);
}

static void renew_detectors(struct pipeline *p)
{
    p->env.signatures = p->signatures;
    p->env.scenarios = p->scenarios;
    for (unsigned i = 0; i < p->detectors_count; i++)
        if (p->detectors[i].detector->renew != NULL)
            p->detectors[i].detector->renew(p->detectors[i].state, &p->env);
    pipeline_start_detectors(p);
}

static void take_signatures(struct pipeline *p, struct pipeline_change *c)
{
    struct signatures *before = p->signatures;
    struct scenario_set *scenarios = p->scenarios;
    struct alert_mark *marks;

    p->signatures_hash = c->signatures_hash;
    p->signatures = c->signatures;
    p->scenarios = c->scenarios;
    p->policy = c->policy;
    marks = pipeline_describe_marks(p);
    incidents_renew(p->incidents);
    correlate_renew(p->correlate, p->signatures);
    marks_renew(p->marks, p->signatures->patterns);
    relay_tests_renew(p->tests, p->signatures->testers,
                      signature_set_same(before->files, p->signatures->files, SIGNATURE_TESTERS));
    renew_detectors(p);
    free(marks);
    scenarios_free(scenarios);
    signatures_free(before);
}

static void renew_geo(struct pipeline *p)
{
    const struct geo_config config = pipeline_geo(p);

    if (p->geo != NULL)
        (void)geo_renew(p->geo, &config);
}

void pipeline_take(struct pipeline *p, struct pipeline_change *c)
{
    if (c->signatures != NULL)
        take_signatures(p, c);
    sinks_take(p->sinks, c->sinks);
    renew_geo(p);
    free(c);
}

void pipeline_reopen(struct pipeline *p)
{
    sinks_reopen(p->sinks);
    renew_geo(p);
}
