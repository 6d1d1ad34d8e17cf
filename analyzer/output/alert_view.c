/* alert_view.c - derived facts of an alert
 * source:   the rule's own row (ecs_type says whether the server denied or allowed)
 * limits:   the direction is that of the rule; an alert about both ways says the more telling one
 */
#include "output/alert_view.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "base/panic.h"

static const struct severity_levels levels[SEVERITY_COUNT] = {
    [SEVERITY_INFO] = {1, 2, 6, 4, "Informational", "informational"},
    [SEVERITY_LOW] = {2, 3, 5, 3, "Low", "low"},
    [SEVERITY_MEDIUM] = {3, 5, 4, 2, "Medium", "medium"},
    [SEVERITY_HIGH] = {4, 8, 3, 2, "High", "high"},
    [SEVERITY_CRITICAL] = {5, 10, 2, 1, "Critical", "critical"},
};

const struct severity_levels *severity_levels(enum severity severity)
{
    ASSERT((unsigned)severity < SEVERITY_COUNT);
    return &levels[severity];
}

slice alert_number(double value, char *buf)
{
    bool whole = isfinite(value) && value == floor(value) && fabs(value) < 1e15;
    snprintf(buf, ALERT_NUMBER_MAX, whole ? "%.0f" : "%.6g", value);
    return slice_of(buf);
}

int64_t alert_seconds(const struct alert *a)
{
    return (a->last_us - a->first_us + 999999) / 1000000;
}

slice alert_message(const struct alert *a, char *buf)
{
    char observed[ALERT_NUMBER_MAX], threshold[ALERT_NUMBER_MAX], span[40] = "", limit[64] = "";

    alert_number(a->observed, observed);
    alert_number(a->threshold, threshold);
    if (alert_seconds(a) > 0)
        snprintf(span, sizeof span, " in %" PRId64 " s", alert_seconds(a));
    if (a->threshold > 0)
        snprintf(limit, sizeof limit, " (threshold %s)", threshold);
    snprintf(buf, ALERT_MESSAGE_MAX, "%s: %s %s, %s %s%s%s", alert_rule(a)->name,
             entity_type_name(a->entity_type), a->entity, observed, a->unit == NULL ? "" : a->unit,
             span, limit);
    return slice_of(buf);
}

const char *alert_direction(const struct alert *a)
{
    switch (a->rule) {
    case RULE_RELAY_ACCEPTED:
    case RULE_ACCOUNT_BURST:
    case RULE_HOST_BURST:
    case RULE_BACKSCATTER:
    case RULE_QUEUE_NDR:
    case RULE_LISTED:
        return "outbound";
    default:
        return "inbound";
    }
}

bool alert_is_login(const struct alert *a)
{
    return slice_has(slice_of(alert_rule(a)->ecs_category), SLICE_LIT("authentication"));
}

const char *alert_user(const struct alert *a)
{
    return a->entity_type == ENTITY_USER ? a->entity : a->user;
}

enum alert_effect alert_effect(const struct alert *a)
{
    slice type = slice_of(alert_rule(a)->ecs_type);

    if (slice_has(type, SLICE_LIT("denied")))
        return EFFECT_DENIED;
    return slice_has(type, SLICE_LIT("allowed")) ? EFFECT_ALLOWED : EFFECT_OBSERVED;
}

uint32_t alert_related_total(const struct alert *a)
{
    return a->related_total > a->related_count ? a->related_total : a->related_count;
}
