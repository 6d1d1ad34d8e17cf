/* listing.c - the replies of servers that have us on a block list */
#include "listing.h"

#include <stdio.h>

#include "world.h"

static bool is_among(const struct listing *l, uint32_t index)
{
    for (unsigned i = 0; i < l->remotes; i++)
        if (l->remote[i] == index)
            return true;
    return false;
}

bool listing_refuses(const struct world *w, const struct remote *r, int64_t now_us,
                     char text[MAIL_TEXT_MAX], char status[8])
{
    const struct listing *l = w->listing;

    if (l == NULL || now_us < l->from_us || now_us >= l->to_us || !is_among(l, r->index))
        return false;
    mail_copy(status, 8, "5.7.1");
    if (l->quotes_us)
        snprintf(text, MAIL_TEXT_MAX,
                 "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using %s; "
                 "https://%s/query/ip/192.0.2.1",
                 l->list, l->list);
    else
        snprintf(text, MAIL_TEXT_MAX, "550 5.7.1 Rejected: your server is listed at %s", l->list);
    truth_step(l->attack, now_us);
    truth_victim(l->attack, r->domain);
    return true;
}
