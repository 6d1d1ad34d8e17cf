/* risk.c - weights, decay, and one minus the product of what is left of safety
 * source:   the design's section on the risk score (weights D1 to D12, half-life 24 h)
 * limits:   a login after guessing counts with the stolen accounts, since the account is as good as
 *           stolen. Below medium a detector has noted something but has not crossed its alert
 *           line: low counts for 0.3 and info for 0.1 of it. An incident without a threshold counts
 *           as having reached it */
#include "alert/risk.h"

#include <math.h>

#include "base/panic.h"

static const double half_life_us = 86400e6;

static const struct {
    const char *name;
    double weight;
} kinds[RISK_KINDS] = {
    [RISK_RELAY] = {"relay", 1.0},       [RISK_ACCOUNT] = {"account", 0.9},
    [RISK_INSIDE] = {"inside", 0.8},     [RISK_LISTED] = {"listed", 0.6},
    [RISK_QUEUE] = {"queue", 0.4},       [RISK_BACKSCATTER] = {"backscatter", 0.6},
    [RISK_PROTOCOL] = {"protocol", 0.3}, [RISK_GUESSING] = {"guessing", 0.35},
    [RISK_VICTIM] = {"victim", 0.25},    [RISK_HARVEST] = {"harvest", 0.2},
    [RISK_SPOOF] = {"spoof", 0.15},      [RISK_PROBE] = {"probe", 0.1},
};

/* RISK_KINDS for a rule that is no risk to the mail server. */
static enum risk_kind kind_of(enum rule rule)
{
    switch (rule) {
    case RULE_RELAY_ACCEPTED:
        return RISK_RELAY;
    case RULE_ACCOUNT_BURST:
    case RULE_SASL_BRUTE_SUCCESS:
        return RISK_ACCOUNT;
    case RULE_HOST_BURST:
        return RISK_INSIDE;
    case RULE_LISTED:
        return RISK_LISTED;
    case RULE_BACKSCATTER:
    case RULE_REVERSE_NDR:
        return RISK_BACKSCATTER;
    case RULE_QUEUE_NDR:
        return RISK_QUEUE;
    case RULE_SASL_BRUTE:
    case RULE_SASL_SPRAY:
    case RULE_SASL_DISTRIBUTED:
        return RISK_GUESSING;
    case RULE_PROTOCOL:
        return RISK_PROTOCOL;
    case RULE_NDR_FLOOD:
        return RISK_VICTIM;
    case RULE_HARVEST:
        return RISK_HARVEST;
    case RULE_SPOOF_LOCAL:
        return RISK_SPOOF;
    case RULE_RELAY_PROBE:
        return RISK_PROBE;
    default:
        return RISK_KINDS;
    }
}

static double strength(enum severity severity)
{
    if (severity >= SEVERITY_MEDIUM)
        return 1;
    return severity == SEVERITY_LOW ? 0.3 : 0.1;
}

/* s of one incident, 0..1 */
static double certainty(const struct alert *a, int64_t end_us)
{
    double ratio = a->threshold > 0 ? a->observed / a->threshold : 1;
    double age_us = end_us > a->last_us ? (double)(end_us - a->last_us) : 0;
    double s = ratio * exp2(-age_us / half_life_us);

    return strength(a->severity) * (s < 1 ? s : 1);
}

struct risk risk_of(const struct alert *const *incidents, unsigned count, int64_t end_us)
{
    struct risk risk = {0};
    double safe = 1;

    for (unsigned i = 0; i < count; i++) {
        enum risk_kind kind = kind_of(incidents[i]->rule);
        double share =
            kind == RISK_KINDS ? 0 : 100 * kinds[kind].weight * certainty(incidents[i], end_us);
        if (kind != RISK_KINDS && share > risk.share[kind])
            risk.share[kind] = share;
    }
    for (unsigned kind = 0; kind < RISK_KINDS; kind++)
        safe *= 1 - risk.share[kind] / 100;
    risk.score = 100 * (1 - safe);
    return risk;
}

const char *risk_kind_name(enum risk_kind kind)
{
    ASSERT((unsigned)kind < RISK_KINDS);
    return kinds[kind].name;
}
