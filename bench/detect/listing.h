/* listing.h - remote servers that refuse us for a while, by a block list */
#ifndef LISTING_H
#define LISTING_H

#include "remote.h"

enum { LISTING_REMOTES = 16 };

struct world;

struct listing {
    int64_t from_us, to_us;
    uint32_t remote[LISTING_REMOTES];
    unsigned remotes;
    const char *list; /* name of the list as the reply has it */
    bool quotes_us;   /* the reply holds our address */
    struct truth_attack *attack;
};

/* listing_refuses - does this domain refuse us at this moment? fills in its reply */
bool listing_refuses(const struct world *w, const struct remote *r, int64_t now_us,
                     char text[MAIL_TEXT_MAX], char status[8]);

#endif
