/* incident_table.h - what incident.c and incident_state.c share: how incidents are kept
 *
 * Private to the two; others use alert/incident.h. */
#ifndef ALERT_INCIDENT_TABLE_H
#define ALERT_INCIDENT_TABLE_H

#include "alert/aside_set.h"
#include "alert/incident.h"
#include "base/state.h"
#include "base/table.h"

struct incident {
    struct alert alert;
    bool closed;
    bool changed; /* since the last announcement */
    int64_t told_us;
    double told_observed;
};

struct entity_rules { /* which rules an entity text stands under, for the top tables */
    uint32_t rules;
};

struct incidents {
    struct incident_config config;
    struct table *table, *entities;
    struct aside_set *asides; /* of those that gave way */
    uint32_t members;
    uint64_t dropped;
    int64_t next_scan_us;
    struct state_texts texts; /* of alerts that were read from a state */
    struct kept_text *kept;   /* what scenarios said that are no more, see incident_renew.c */
    struct kept_rule *kept_rules;
};

/* incidents_forget_kept - release those; at the end */
void incidents_forget_kept(struct incidents *s);

/* incident_take_members - add the members of a finding to those of an alert, within the bounds */
void incident_take_members(struct incidents *s, struct alert *a, const struct finding *f);

#endif
