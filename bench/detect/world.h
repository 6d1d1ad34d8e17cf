/* world.h - the simulated days: site, agenda of what is to happen, stream of what happened */
#ifndef WORLD_H
#define WORLD_H

#include "heap.h"
#include "site.h"
#include "stream.h"
#include "truth.h"

struct world {
    struct site site;
    struct heap agenda;
    struct stream *stream;
    struct truth *truth;
    uint64_t next_message;
    uint32_t next_session;
    int64_t end_us;
    bool benign;             /* populate the site; else only the attacks happen */
    struct listing *listing; /* remote servers that refuse us at present; see listing.h */
};

/* What an actor does at an hour it has set itself. */
typedef void world_act(struct world *w, void *actor, int64_t now_us);

/* world_at - put an act on the agenda, within the days of the world; later ones are dropped
 *
 * lifetime: actor is the caller's, and lives as long as the world does */
void world_at(struct world *w, int64_t time_us, world_act *act, void *actor);

/* world_run - all that is on the agenda, and all lines */
void world_run(struct world *w);

/* world_alloc - zeroed memory for an actor, until the program ends */
void *world_alloc(size_t size);

#endif
