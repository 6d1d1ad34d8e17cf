/* own_hosts.c - host names of log lines to small numbers
 * algorithm: a list, with the last answer remembered
 * source:    a syslog line names its host (RFC 5424 6.2.4); Exchange logs may not
 * limits:    hosts beyond the 31st share one number and are called "other hosts" */
#include "detect/own_hosts.h"

static unsigned add_host(struct own_hosts *h, slice name)
{
    if (h->count >= OWN_HOSTS_MAX - 1) {
        h->count = OWN_HOSTS_MAX;
        slice_keep(SLICE_LIT("other hosts"), h->name[OWN_HOSTS_MAX - 1], sizeof h->name[0]);
        return OWN_HOSTS_MAX - 1;
    }
    slice_keep(name, h->name[h->count], sizeof h->name[0]);
    return h->count++;
}

unsigned own_hosts_slot(struct own_hosts *h, const struct event *ev)
{
    slice name = slice_first(event_field(ev, EF_HOST), sizeof h->name[0] - 1);

    if (h->count > 0 && (slice_eq(name, h->last) || slice_ieq(name, h->last)))
        return h->last_slot;
    for (h->last_slot = 0; h->last_slot < h->count; h->last_slot++)
        if (slice_ieq(name, slice_of(h->name[h->last_slot])))
            break;
    if (h->last_slot == h->count || h->last_slot == OWN_HOSTS_MAX - 1)
        h->last_slot = add_host(h, name);
    h->last = slice_of(h->name[h->last_slot]);
    return h->last_slot;
}

slice own_hosts_entity(const struct own_hosts *h, unsigned slot, const struct zones *zones,
                       char *buf)
{
    char domain[1][ALERT_ENTITY_MAX];

    if (h->name[slot][0] != '\0')
        return slice_of(h->name[slot]);
    if (zones_proposals(zones, domain, 1) == 0)
        return SLICE_LIT("server");
    slice_keep(slice_of(domain[0]), buf, ALERT_ENTITY_MAX);
    return slice_of(buf);
}
