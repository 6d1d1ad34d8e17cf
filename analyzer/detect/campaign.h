/* campaign.h - many sources, one purpose: who takes part in something that no single source does
 * often enough
 *
 * A campaign is keyed by what its members share (a network, a target domain, a victim). It counts
 * distinct members and events over about a day and remembers the first members, so that an alert
 * can name those that came before it was due. Used by several detectors; knows nothing of rules or
 * thresholds. */
#ifndef DETECT_CAMPAIGN_H
#define DETECT_CAMPAIGN_H

#include <stdint.h>

#include "alert/alert.h"
#include "base/distinct.h"
#include "base/ip_addr.h"
#include "base/table.h"
#include "detect/crowd.h"

struct state_io;

enum { CAMPAIGN_EARLY_MEMBERS = 12, CAMPAIGN_NAMED = 16 };

struct campaign {
    int64_t first_us, last_us;
    uint32_t events;
    uint32_t early_count;
    uint32_t named;       /* members with an alert of their own since the campaign was told of */
    uint32_t outstanding; /* and those that stood out, see crowd.h */
    struct distinct members;
    struct ip_addr early[CAMPAIGN_EARLY_MEMBERS];
};

struct campaigns;

/* campaigns_new - room for capacity keys; a campaign without events for idle_us starts over.
 * campaigns_free: NULL */
struct campaigns *campaigns_new(const char *name, uint32_t capacity, int64_t idle_us);
struct campaigns *campaigns_free(struct campaigns *c);

/* campaigns_add - one event of a member
 *
 *   in        key           hash of what the members share
 *             member_hash   identity of the member (a client, or its network)
 *             member        its address, kept for the list of early members
 *   result    the campaign, valid until the next call */
struct campaign *campaigns_add(struct campaigns *c, uint64_t key, uint64_t member_hash,
                               const struct ip_addr *member, int64_t time_us);

/* campaign_members - the early members and the present one, as related entities
 *
 *   out       ret     room for CAMPAIGN_EARLY_MEMBERS + 1
 *   result    how many were filled */
unsigned campaign_members(const struct campaign *c, const struct ip_addr *present,
                          struct alert_related *ret);

/* campaign_covers - of a campaign that is told of: enough of its members have an alert of their
 * own, another one needs none. Counts the member otherwise. Spread: see crowd_covers() */
bool campaign_covers(struct campaign *c, unsigned spread);

/* campaigns_evictions - campaigns given up for want of room */
uint64_t campaigns_evictions(const struct campaigns *c);
/* campaigns_bytes - memory reserved */
size_t campaigns_bytes(const struct campaigns *c);

/* campaigns_persist - to a state or back, see base/state.h */
void campaigns_persist(struct campaigns *c, struct state_io *io);

#endif
