/* rules.c - the constant tables behind alert.h: rules, severities, entity types, alert states
 *
 * One row per rule comes from rules.def, so the enum and the table cannot disagree.
 * source:  rules.def; the severity scores are those Elastic Security gives its own four levels.
 * limits:  an enum value outside its range is a programmer error and ends the program. */
#include "alert/alert.h"

#include "base/panic.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const struct rule_info rules[RULE_COUNT] = {
#define RULE(rule, id_, type_, name_, category_, action_, ecs_category_, ecs_type_, outcome_,      \
             tactics_, techniques_, description_)                                                  \
    [RULE_##rule] = {.id = id_,                                                                    \
                     .type = type_,                                                                \
                     .name = name_,                                                                \
                     .category = category_,                                                        \
                     .action = action_,                                                            \
                     .ecs_category = ecs_category_,                                                \
                     .ecs_type = ecs_type_,                                                        \
                     .outcome = outcome_,                                                          \
                     .tactics = tactics_,                                                          \
                     .techniques = techniques_,                                                    \
                     .description = description_},
#include "alert/rules.def"
#undef RULE
};

static const struct {
    const char *name;
    unsigned score;
} severities[SEVERITY_COUNT] = {
    [SEVERITY_INFO] = {"info", 1},          [SEVERITY_LOW] = {"low", 21},
    [SEVERITY_MEDIUM] = {"medium", 47},     [SEVERITY_HIGH] = {"high", 73},
    [SEVERITY_CRITICAL] = {"critical", 99},
};

static const char *const entity_types[] = {
    [ENTITY_IP] = "ip",         [ENTITY_NETWORK] = "network", [ENTITY_USER] = "user",
    [ENTITY_DOMAIN] = "domain", [ENTITY_ADDRESS] = "address", [ENTITY_HOST] = "host",
    [ENTITY_LIST] = "list",
};

static const char *const alert_states[] = {
    [ALERT_NEW] = "new", [ALERT_ONGOING] = "ongoing", [ALERT_ENDED] = "ended"};

const struct rule_info *rule_info(enum rule rule)
{
    ASSERT((unsigned)rule < RULE_COUNT);
    return &rules[rule];
}

const char *severity_name(enum severity severity)
{
    ASSERT((unsigned)severity < SEVERITY_COUNT);
    return severities[severity].name;
}

unsigned severity_score(enum severity severity)
{
    ASSERT((unsigned)severity < SEVERITY_COUNT);
    return severities[severity].score;
}

bool severity_parse(slice text, enum severity *ret)
{
    for (unsigned i = 0; i < SEVERITY_COUNT; i++)
        if (slice_ieq(text, slice_of(severities[i].name))) {
            *ret = (enum severity)i;
            return true;
        }
    return false;
}

const char *entity_type_name(enum entity_type type)
{
    ASSERT((unsigned)type < COUNT_OF(entity_types));
    return entity_types[type];
}

const char *alert_state_name(enum alert_state state)
{
    ASSERT((unsigned)state < COUNT_OF(alert_states));
    return alert_states[state];
}
