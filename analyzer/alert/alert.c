/* alert.c - what an alert says about itself, for all writers alike
 * limits: the client of an alert is that of its first contributing event */
#include "alert/alert.h"

const struct rule_info *alert_rule(const struct alert *a)
{
    return a->scenario != NULL ? a->scenario : rule_info(a->rule);
}

bool alert_scenario_is_new(const struct alert *const *list, unsigned index)
{
    for (unsigned i = 0; i < index; i++)
        if (list[i]->scenario == list[index]->scenario && list[i]->rule == list[index]->rule)
            return false;
    return true;
}

struct ip_addr alert_source(const struct alert *a)
{
    struct ip_addr ip;

    if (a->entity_type == ENTITY_IP && ip_addr_parse(slice_of(a->entity), &ip))
        return ip;
    return a->client;
}
