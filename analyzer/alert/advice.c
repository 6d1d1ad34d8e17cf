/* advice.c - looks up the text of advice.def and advice_unix.def for a rule and an MTA
 *
 * A verdict shares its text with the rule that explains it best (topic_rules), so that the report
 * says a thing once. MTA families are told by the parser's name; the Exchange generations differ in
 * their dialogs, not in their aims.
 * limits:  a rule without a row for the family, or an unknown MTA, gets the row for ANY. */
#include "alert/advice.h"

#include "base/panic.h"

enum family {
    FAMILY_ANY,
    FAMILY_POSTFIX,
    FAMILY_EXCHANGE,
    FAMILY_EXCHANGE_2003,
    FAMILY_EXCHANGE_55,
    FAMILY_EXIM,
    FAMILY_SENDMAIL,
    FAMILY_OPENSMTPD,
    FAMILY_QMAIL
};

static const struct {
    enum rule rule;
    enum family family;
    const char *text;
} rows[] = {
#define ADVICE(rule, family, text) {RULE_##rule, FAMILY_##family, text},
#include "alert/advice.def"
#include "alert/advice_unix.def"
#undef ADVICE
};

/* The rule whose advice a verdict repeats, by topic and state; "no" needs none. */
static const enum rule topic_rules[TOPIC_COUNT][VERDICT_YES + 1] = {
    [TOPIC_RELAY] = {[VERDICT_ATTEMPTED] = RULE_RELAY_PROBE,
                     [VERDICT_EXPOSED] = RULE_RELAY_ACCEPTED,
                     [VERDICT_YES] = RULE_RELAY_ACCEPTED},
    [TOPIC_BACKSCATTER] = {[VERDICT_ATTEMPTED] = RULE_BACKSCATTER,
                           [VERDICT_EXPOSED] = RULE_BACKSCATTER,
                           [VERDICT_YES] = RULE_BACKSCATTER},
    [TOPIC_VICTIM] = {[VERDICT_ATTEMPTED] = RULE_NDR_FLOOD,
                      [VERDICT_EXPOSED] = RULE_NDR_FLOOD,
                      [VERDICT_YES] = RULE_NDR_FLOOD},
    [TOPIC_ACCOUNT] = {[VERDICT_ATTEMPTED] = RULE_SASL_BRUTE,
                       [VERDICT_EXPOSED] = RULE_SASL_BRUTE_SUCCESS,
                       [VERDICT_YES] = RULE_ACCOUNT_BURST},
    [TOPIC_INSIDE] = {[VERDICT_ATTEMPTED] = RULE_HOST_BURST,
                      [VERDICT_EXPOSED] = RULE_HOST_BURST,
                      [VERDICT_YES] = RULE_HOST_BURST},
};

/* First row whose word is part of the parser's name wins: the special before the general. */
static const struct {
    const char *word;
    enum family family;
} families[] = {
    {"postfix", FAMILY_POSTFIX},
    {"exchange55", FAMILY_EXCHANGE_55},
    {"ims", FAMILY_EXCHANGE_55},
    {"imc", FAMILY_EXCHANGE_55},
    {"tracking55", FAMILY_EXCHANGE_55},
    {"ncsa", FAMILY_EXCHANGE_2003},
    {"eventlog", FAMILY_ANY}, /* of 5.5 and of 2000: their dialogs differ */
    {"2003", FAMILY_EXCHANGE_2003},
    {"2000", FAMILY_EXCHANGE_2003},
    {"w3c", FAMILY_EXCHANGE_2003},
    {"iis", FAMILY_EXCHANGE_2003},
    {"exchange", FAMILY_EXCHANGE},
    {"exim", FAMILY_EXIM},
    {"sendmail", FAMILY_SENDMAIL},
    {"opensmtpd", FAMILY_OPENSMTPD},
    {"qmail", FAMILY_QMAIL},
};

static enum family family_of(const char *mta)
{
    if (mta == NULL)
        return FAMILY_ANY;
    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
        if (strstr(mta, families[i].word) != NULL)
            return families[i].family;
    return FAMILY_ANY;
}

static const char *find(enum rule rule, enum family family)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (rows[i].rule == rule && rows[i].family == family)
            return rows[i].text;
    return NULL;
}

const char *advice_for_rule(enum rule rule, const char *mta)
{
    ASSERT((unsigned)rule < RULE_COUNT);
    const char *text = find(rule, family_of(mta));
    if (text == NULL)
        text = find(rule, FAMILY_ANY);
    return text == NULL ? "" : text;
}

const char *advice_for_topic(enum verdict_topic topic, enum verdict_state state, const char *mta)
{
    ASSERT((unsigned)topic < TOPIC_COUNT && (unsigned)state <= VERDICT_YES);
    return state == VERDICT_NO ? "" : advice_for_rule(topic_rules[topic][state], mta);
}
