/* advice.h - what the admin should do, in the words of the MTA that wrote the log
 *
 * Constant texts in advice.def, one per rule and MTA family, with a general one for every rule.
 * Format: sentences, to be wrapped by whoever shows them; "\n" starts a new line; a line that
 * starts with two blanks is a command or a setting to be copied and is at most 70 bytes long. Plain
 * ASCII.
 *
 * source: postconf(5), postsuper(1) and BACKSCATTER_README of Postfix 3.7; the Exchange
 * administration manuals and the Microsoft articles named in advice.def; RFC 2505. */
#ifndef ALERT_ADVICE_H
#define ALERT_ADVICE_H

#include "alert/alert.h"
#include "alert/summary.h"

/* advice_for_rule - the steps against what this rule found
 *
 *   in        mta   name of the parser ("postfix", "exchange..."); NULL or an unknown one gives
 *             the general text
 *   result    a static text, never NULL, never empty */
const char *advice_for_rule(enum rule rule, const char *mta);

/* advice_for_topic - the steps that a verdict asks for
 *
 *   in        mta   as above
 *   result    a static text, never NULL; "" when the state is "no": nothing is to be done */
const char *advice_for_topic(enum verdict_topic topic, enum verdict_state state, const char *mta);

#endif
