/* summary_names.c - the words of summary.h: verdict states, topics, dimensions of the top tables
 *
 * They are keys and values of the summary document, which scripts read: never rename one.
 * source:  the contract of the summary document (docs).
 * limits:  an enum value outside its range is a programmer error and ends the program. */
#include "alert/summary.h"

#include "base/panic.h"

static const char *const states[] = {
    [VERDICT_NO] = "no",
    [VERDICT_ATTEMPTED] = "attempted",
    [VERDICT_EXPOSED] = "exposed",
    [VERDICT_YES] = "yes",
};

static const char *const topics[TOPIC_COUNT] = {
    [TOPIC_RELAY] = "relay",     [TOPIC_BACKSCATTER] = "backscatter", [TOPIC_VICTIM] = "victim",
    [TOPIC_ACCOUNT] = "account", [TOPIC_INSIDE] = "inside",
};

static const char *const dimensions[TOP_COUNT] = {
    [TOP_CLIENTS] = "clients",
    [TOP_ACCOUNTS] = "accounts",
    [TOP_SENDERS] = "senders",
    [TOP_SENDER_DOMAINS] = "sender_domains",
    [TOP_RECIPIENT_DOMAINS] = "recipient_domains",
    [TOP_NDR_VICTIMS] = "ndr_victims",
    [TOP_RELAY_DENIED] = "relay_denied",
    [TOP_AUTH_FAILED] = "auth_failed",
};

static const char *const traffic[TRAFFIC_COUNT] = {
    [TRAFFIC_ACCEPTED] = "accepted",       [TRAFFIC_DELIVERED] = "delivered",
    [TRAFFIC_REFUSED] = "refused",         [TRAFFIC_BOUNCED] = "bounced",
    [TRAFFIC_AUTH_FAILED] = "auth_failed", [TRAFFIC_NULL_IN] = "null_in",
};

const char *verdict_state_name(enum verdict_state state)
{
    ASSERT((unsigned)state < sizeof(states) / sizeof(states[0]));
    return states[state];
}

const char *verdict_topic_name(enum verdict_topic topic)
{
    ASSERT((unsigned)topic < TOPIC_COUNT);
    return topics[topic];
}

const char *top_dimension_name(enum top_dimension dim)
{
    ASSERT((unsigned)dim < TOP_COUNT);
    return dimensions[dim];
}

const char *traffic_name(enum traffic what)
{
    ASSERT((unsigned)what < TRAFFIC_COUNT);
    return traffic[what];
}
