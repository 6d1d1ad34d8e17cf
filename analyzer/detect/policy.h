/* policy.h - thresholds, severities and lists of the built-in rules, read from files
 *
 * What is a rule of thumb of D1, D8, D10 and D12 is not in the code but in
 * signatures/policy-*.json, where an admin can change it; what is measured or proven stays in the
 * detectors. Of several files that set the same, the first decides: one of the admin's own may set
 * a single value. The table is policy.def. */
#ifndef DETECT_POLICY_H
#define DETECT_POLICY_H

#include "alert/alert.h"
#include "match/signature_set.h"

enum policy_setting {
#define POLICY(rule, name, type, min, max, meaning) POLICY_##rule##_##name,
#include "detect/policy.def"
#undef POLICY
    POLICY_COUNT
};

enum { POLICY_NAMES_MAX = 32, POLICY_NAME_MAX = 24, POLICY_LISTS = 3 };

/* CLASS */
enum policy_class { POLICY_IGNORE, POLICY_SLOPPY, POLICY_BOT };

struct policy_names {
    unsigned count;
    char name[POLICY_NAMES_MAX][POLICY_NAME_MAX];
};

/* Plain values: may be copied. */
struct policy {
    double value[POLICY_COUNT]; /* TIME in microseconds; SEVERITY, CLASS, FORMS: the number */
    bool set[POLICY_COUNT];
    struct policy_names names[POLICY_LISTS]; /* of the NAMES; value is the index */
};

/* policy_load - the policies of all files
 *
 *   in        files    NULL: the built-in ones, which are good or the program ends
 *   out       ret
 *   result    false with *reterr (ERROR_CONFIG): file, entry, member, and what is allowed; or what
 *             no file sets */
bool policy_load(const struct signature_set *files, struct policy *ret, struct error *reterr);

/* policy_copy - of the policies given, or of the built-in ones when NULL; free() it */
struct policy *policy_copy(const struct policy *given);

/* policy_number, policy_unsigned, policy_severity - a value */
static inline double policy_number(const struct policy *p, enum policy_setting s)
{
    return p->value[s];
}

static inline unsigned policy_unsigned(const struct policy *p, enum policy_setting s)
{
    return (unsigned)p->value[s];
}

static inline enum severity policy_severity(const struct policy *p, enum policy_setting s)
{
    return (enum severity)p->value[s];
}

/* policy_names - a list */
static inline const struct policy_names *policy_names(const struct policy *p, enum policy_setting s)
{
    return &p->names[(unsigned)p->value[s]];
}

#endif
