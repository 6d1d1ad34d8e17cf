/* alert.c - what an alert says about itself, for all writers alike
 * limits: the client of an alert is that of its first contributing event */
#include "alert/alert.h"

struct ip_addr alert_source(const struct alert *a)
{
    struct ip_addr ip;

    if (a->entity_type == ENTITY_IP && ip_addr_parse(slice_of(a->entity), &ip))
        return ip;
    return a->client;
}
