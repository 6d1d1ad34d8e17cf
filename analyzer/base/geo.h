/* geo.h - where an address is and whose network it is, from MaxMind DB files
 *
 * Up to three files, asked in the order city, country, AS; of each fact the first valid answer
 * counts, so one file may answer everything. Layouts of MaxMind, DB-IP, IPinfo and ip-location-db
 * are read. Answers are kept in a small cache that never changes them: same files, same answers.
 *
 * source: MaxMind DB file format specification 2.0; libmaxminddb. */
#ifndef BASE_GEO_H
#define BASE_GEO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ip_addr.h"

/* Texts are copies, cut, raw bytes of the file: whoever shows them makes them safe. "" and 0 mean
 * not known. */
struct geo_place {
    char country[3], continent[3]; /* ISO 3166-1 alpha-2; AF AN AS EU NA OC SA */
    char country_name[48], continent_name[24], region_name[48], city_name[48];
    bool located;    /* lat and lon are known */
    double lat, lon; /* degrees; often the middle of a country */
    uint32_t as_number;
    char as_name[64];
};

struct geo;

struct geo_config {
    const char *city, *country, *as; /* paths; NULL: none. Borrowed for the life of struct geo, or
                                      * until geo_renew() */
    void (*warn)(void *arg, const char *text); /* a file is missing, or found broken: once each */
    void *warn_arg;
    bool may_change; /* geo_renew() will be called: there is something to call it with */
};

/* geo_open - open what can be opened, and warn of what cannot
 *
 *   result    NULL when no file is usable, unless they may change: every function takes that and
 *             finds nothing
 *   lifetime  the files are mapped: replace them by renaming only. geo_close returns NULL */
struct geo *geo_open(const struct geo_config *config);
struct geo *geo_close(struct geo *g);

/* geo_renew - open what is another file by now, whatever its name; a file that cannot be opened is
 * told, and the one of before stays in use
 *
 *   in        config   as for geo_open()
 *   result    how many were opened or given up */
unsigned geo_renew(struct geo *g, const struct geo_config *config);

/* geo_has - is there a usable file; false for NULL */
bool geo_has(const struct geo *g);

/* geo_built_s - when the maker of a file says he made it, in seconds since 1970
 *
 *   in        which   0 city, 1 country, 2 AS; see geo_name()
 *   result    0 when there is no such file, or it says nothing that can be true */
int64_t geo_built_s(const struct geo *g, unsigned which);

/* geo_name - "city", "country", "asn" for 0 to 2, then NULL */
const char *geo_name(unsigned which);

/* geo_find - what the files say about an address
 *
 *   out       ret   always filled; all empty for private addresses, family 0, and where nothing
 *                   is known
 *   result    something is known
 *   cost      a few microseconds when not cached: not for every line */
bool geo_find(struct geo *g, const struct ip_addr *ip, struct geo_place *ret);

/* geo_km - great-circle distance of two located places; 0 unless both are located */
double geo_km(const struct geo_place *a, const struct geo_place *b);

#endif
