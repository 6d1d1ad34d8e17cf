/* geo.c - lookups in MaxMind DB files, with a direct-mapped cache
 * algorithm: one table says at which paths a fact may stand; of each fact the first path of the
 *            first file that has a valid value wins. A cached answer holds for the smallest network
 *            that the trees gave, and is used for that network only.
 * source:    MaxMind DB 2.0; libmaxminddb 1.7 (error codes, netmask counts from the top of the
 *            tree); layouts as published by MaxMind, DB-IP, IPinfo, ip-location-db
 * limits:    a file that answers an error is reported once and stays in use, since most of it may
 *            be good; a file cut short while mapped kills the program */
#include "base/geo.h"

#include <errno.h>
#include <math.h>
#include <maxminddb.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/panic.h"

enum { FILES_MAX = 3, CACHE_SLOTS = 512, STEPS_MAX = 5 };
static const double earth_radius_km = 6371;

struct file {
    MMDB_s db;
    const char *path; /* NULL: not open */
    dev_t device;
    ino_t inode;
    off_t bytes;
    struct timespec changed;
    bool told;
};

struct cached {
    struct ip_net net; /* the answer holds for it; family 0: empty slot */
    bool known;
    struct geo_place place;
};

struct geo {
    struct geo_config config;
    struct file file[FILES_MAX]; /* in the order in which they are asked */
    struct cached cache[CACHE_SLOTS];
};

/* ---- opening ---- */

static void warn(const struct geo *g, const char *path, const char *what, const char *then)
{
    char text[512];

    if (g->config.warn == NULL)
        return;
    snprintf(text, sizeof text, "%s: %s; %s", path, what, then);
    g->config.warn(g->config.warn_arg, text);
}

static void warn_broken(struct geo *g, struct file *f, int status)
{
    if (!f->told)
        warn(g, f->path, MMDB_strerror(status), "going on without what it would say");
    f->told = true;
}

static const char *path_of(const struct geo_config *c, unsigned which)
{
    return which == 0 ? c->city : which == 1 ? c->country : c->as;
}

/* The mapped file itself can be told by nothing: it is looked at before it is opened, so that one
 * that is replaced in between counts as changed the next time. */
static bool open_file(struct geo *g, const char *path, struct file *ret, const char *else_then)
{
    struct stat st = {0};
    int status;

    *ret = (struct file){.path = NULL};
    (void)stat(path, &st);
    errno = 0;
    status = MMDB_open(path, MMDB_MODE_MMAP, &ret->db);
    if (status != MMDB_SUCCESS) {
        warn(g, path,
             status == MMDB_FILE_OPEN_ERROR && errno != 0 ? strerror(errno) : MMDB_strerror(status),
             else_then);
        return false;
    }
    ret->path = path;
    ret->device = st.st_dev;
    ret->inode = st.st_ino;
    ret->bytes = st.st_size;
    ret->changed = st.st_mtim;
    return true;
}

struct geo *geo_open(const struct geo_config *config)
{
    struct geo *g = panic_calloc(1, sizeof *g);

    g->config = *config;
    for (unsigned i = 0; i < FILES_MAX; i++)
        if (path_of(config, i) != NULL)
            (void)open_file(g, path_of(config, i), &g->file[i],
                            "going on without what it would say");
    return geo_has(g) || config->may_change ? g : geo_close(g);
}

static void close_file(struct file *f)
{
    if (f->path != NULL)
        MMDB_close(&f->db);
    *f = (struct file){.path = NULL};
}

struct geo *geo_close(struct geo *g)
{
    for (unsigned i = 0; g != NULL && i < FILES_MAX; i++)
        close_file(&g->file[i]);
    free(g);
    return NULL;
}

static bool is_the_same(const struct file *f, const char *path)
{
    struct stat st;

    return f->path != NULL && stat(path, &st) == 0 && st.st_dev == f->device &&
           st.st_ino == f->inode && st.st_size == f->bytes &&
           st.st_mtim.tv_sec == f->changed.tv_sec && st.st_mtim.tv_nsec == f->changed.tv_nsec;
}

/* result    another file, or none any more */
static bool renew_file(struct geo *g, struct file *f, const char *path)
{
    bool had = f->path != NULL;
    struct file fresh;

    if (path != NULL && is_the_same(f, path)) {
        f->path = path;
        return false;
    }
    if (path != NULL &&
        !open_file(g, path, &fresh,
                   had ? "the one of before stays in use" : "going on without what it would say")) {
        f->path = had ? path : NULL;
        return false;
    }
    close_file(f);
    if (path != NULL)
        *f = fresh;
    return had || path != NULL;
}

unsigned geo_renew(struct geo *g, const struct geo_config *config)
{
    unsigned changed = 0;

    g->config = *config;
    for (unsigned i = 0; i < FILES_MAX; i++)
        changed += renew_file(g, &g->file[i], path_of(config, i));
    if (changed > 0)
        memset(g->cache, 0, sizeof g->cache);
    return changed;
}

bool geo_has(const struct geo *g)
{
    for (unsigned i = 0; g != NULL && i < FILES_MAX; i++)
        if (g->file[i].path != NULL)
            return true;
    return false;
}

int64_t geo_built_s(const struct geo *g, unsigned which)
{
    static const uint64_t latest_s = UINT64_C(1) << 33; /* in the year 2242 */

    if (g == NULL || which >= FILES_MAX || g->file[which].path == NULL ||
        g->file[which].db.metadata.build_epoch > latest_s)
        return 0;
    return (int64_t)g->file[which].db.metadata.build_epoch;
}

const char *geo_name(unsigned which)
{
    static const char *const names[FILES_MAX] = {"city", "country", "asn"};

    return which < FILES_MAX ? names[which] : NULL;
}

/* ---- facts ---- */

/* Where a text may stand: paths in the order in which they are tried. */
struct text_fact {
    size_t offset, size;   /* of the buffer in struct geo_place */
    size_t min_len, exact; /* exact != 0: a code of so many letters */
    const char *const path[4][STEPS_MAX];
};

#define FIELD(name) offsetof(struct geo_place, name), sizeof((struct geo_place *)NULL)->name

static const struct text_fact text_facts[] = {
    {FIELD(country),
     2,
     2,
     {{"country", "iso_code"}, {"country_code"}, {"country"}, {"registered_country", "iso_code"}}},
    {FIELD(continent), 2, 2, {{"continent", "code"}, {"continent_code"}, {"continent"}}},
    {FIELD(country_name), 3, 0, {{"country", "names", "en"}, {"country_name"}, {"country"}}},
    {FIELD(continent_name),
     3,
     0,
     {{"continent", "names", "en"}, {"continent_name"}, {"continent"}}},
    {FIELD(region_name), 1, 0, {{"subdivisions", "0", "names", "en"}, {"region"}, {"state1"}}},
    {FIELD(city_name), 1, 0, {{"city", "names", "en"}, {"city"}}},
    {FIELD(as_name),
     1,
     0,
     {{"autonomous_system_organization"}, {"as_name"}, {"organization"}, {"isp"}}},
};

/* One value of an entry; false when the path leads nowhere. */
static bool value_at(struct geo *g, struct file *f, MMDB_entry_s *entry, const char *const *path,
                     MMDB_entry_data_s *ret)
{
    int status = MMDB_aget_value(entry, ret, path);

    if (status == MMDB_SUCCESS)
        return ret->has_data;
    if (status != MMDB_LOOKUP_PATH_DOES_NOT_MATCH_DATA_ERROR)
        warn_broken(g, f, status);
    return false;
}

static bool is_code(slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] < 'A' || s.ptr[i] > 'Z')
            return false;
    return true;
}

static void read_text(struct geo *g, struct file *f, MMDB_entry_s *entry,
                      const struct text_fact *fact, struct geo_place *ret)
{
    char *to = (char *)ret + fact->offset;
    MMDB_entry_data_s data;

    if (to[0] != '\0')
        return;
    for (unsigned i = 0; i < 4 && fact->path[i][0] != NULL; i++) {
        slice text;
        if (!value_at(g, f, entry, fact->path[i], &data) || data.type != MMDB_DATA_TYPE_UTF8_STRING)
            continue;
        text = (slice){data.utf8_string, data.data_size};
        if (text.len < fact->min_len ||
            (fact->exact != 0 && (text.len != fact->exact || !is_code(text))))
            continue;
        slice_keep(text, to, fact->size);
        return;
    }
}

static bool read_number(struct geo *g, struct file *f, MMDB_entry_s *entry, const char *const *path,
                        double *ret)
{
    MMDB_entry_data_s data;

    if (!value_at(g, f, entry, path, &data))
        return false;
    switch (data.type) {
    case MMDB_DATA_TYPE_DOUBLE:
        *ret = data.double_value;
        return true;
    case MMDB_DATA_TYPE_FLOAT:
        *ret = (double)data.float_value;
        return true;
    case MMDB_DATA_TYPE_UINT16:
        *ret = data.uint16;
        return true;
    case MMDB_DATA_TYPE_UINT32:
        *ret = data.uint32;
        return true;
    case MMDB_DATA_TYPE_INT32:
        *ret = data.int32;
        return true;
    default:
        return false;
    }
}

static void read_location(struct geo *g, struct file *f, MMDB_entry_s *entry, struct geo_place *ret)
{
    static const char *const paths[][2][3] = {{{"location", "latitude"}, {"location", "longitude"}},
                                              {{"latitude"}, {"longitude"}}};

    for (unsigned i = 0; i < 2 && !ret->located; i++) {
        ret->located = read_number(g, f, entry, paths[i][0], &ret->lat) &&
                       read_number(g, f, entry, paths[i][1], &ret->lon) && fabs(ret->lat) <= 90 &&
                       fabs(ret->lon) <= 180;
        if (!ret->located)
            ret->lat = ret->lon = 0;
    }
}

/* "AS64496", or the number alone. */
static uint32_t as_number_of(slice text)
{
    uint64_t n = 0;

    if (text.len > 2 && slice_ieq(slice_first(text, 2), SLICE_LIT("AS")))
        text = slice_from(text, 2);
    if (text.len == 0 || text.len > 10)
        return 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return 0;
        n = n * 10 + (uint64_t)(text.ptr[i] - '0');
    }
    return n <= UINT32_MAX ? (uint32_t)n : 0;
}

static void read_as(struct geo *g, struct file *f, MMDB_entry_s *entry, struct geo_place *ret)
{
    static const char *const paths[][3] = {
        {"autonomous_system_number"}, {"asn"}, {"traits", "autonomous_system_number"}};
    MMDB_entry_data_s data;
    double number;

    for (unsigned i = 0; i < 3 && ret->as_number == 0; i++) {
        if (read_number(g, f, entry, paths[i], &number)) {
            ret->as_number = number > 0 && number <= UINT32_MAX ? (uint32_t)number : 0;
        } else if (value_at(g, f, entry, paths[i], &data) &&
                   data.type == MMDB_DATA_TYPE_UTF8_STRING) {
            ret->as_number = as_number_of((slice){data.utf8_string, data.data_size});
        }
    }
}

/* ---- one address ---- */

static void socket_address(const struct ip_addr *ip, struct sockaddr_storage *ret)
{
    *ret = (struct sockaddr_storage){0};
    if (ip->family == 4) {
        struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl((uint32_t)ip->lo)};
        memcpy(ret, &in, sizeof in);
        return;
    }
    struct sockaddr_in6 in = {.sin6_family = AF_INET6};
    for (unsigned i = 0; i < 8; i++) {
        in.sin6_addr.s6_addr[i] = (uint8_t)(ip->hi >> (56 - 8 * i));
        in.sin6_addr.s6_addr[8 + i] = (uint8_t)(ip->lo >> (56 - 8 * i));
    }
    memcpy(ret, &in, sizeof in);
}

/* How many bits of the address decided: in a tree for IPv6, IPv4 stands below 96 bits. */
static unsigned bits_decided(const struct file *f, const struct ip_addr *ip, unsigned netmask)
{
    if (ip->family == 6)
        return netmask <= 128 ? netmask : 128;
    if (f->db.metadata.ip_version == 6)
        netmask = netmask > 96 ? netmask - 96 : 0;
    return netmask <= 32 ? netmask : 32;
}

/* result    how many bits of the address this file's answer is about */
static unsigned ask(struct geo *g, struct file *f, const struct ip_addr *ip, struct geo_place *ret)
{
    union {
        struct sockaddr_storage storage;
        struct sockaddr any;
    } to;
    MMDB_lookup_result_s found;
    int status = MMDB_SUCCESS;

    socket_address(ip, &to.storage);
    found = MMDB_lookup_sockaddr(&f->db, &to.any, &status);
    if (status != MMDB_SUCCESS) { /* IPv6 in a file of IPv4 only is no fault of the file */
        if (status != MMDB_IPV6_LOOKUP_IN_IPV4_DATABASE_ERROR)
            warn_broken(g, f, status);
        return ip->family == 4 ? 32 : 128;
    }
    if (found.found_entry) {
        for (size_t i = 0; i < sizeof text_facts / sizeof text_facts[0]; i++)
            read_text(g, f, &found.entry, &text_facts[i], ret);
        read_location(g, f, &found.entry, ret);
        read_as(g, f, &found.entry, ret);
    }
    return bits_decided(f, ip, found.netmask);
}

static bool is_known(const struct geo_place *p)
{
    return p->country[0] != '\0' || p->country_name[0] != '\0' || p->continent[0] != '\0' ||
           p->located || p->as_number != 0;
}

static struct cached *slot_of(struct geo *g, const struct ip_addr *ip)
{
    struct ip_net net = ip_net_of(ip, 24, 48);
    uint64_t mixed = (net.base.hi ^ net.base.lo >> 8) * UINT64_C(0x9e3779b97f4a7c15);

    return &g->cache[mixed >> 32 & (CACHE_SLOTS - 1)];
}

bool geo_find(struct geo *g, const struct ip_addr *ip, struct geo_place *ret)
{
    struct cached *c;
    unsigned bits = 0;

    *ret = (struct geo_place){0};
    if (!geo_has(g) || ip->family == 0 || ip_addr_is_private(ip))
        return false;
    c = slot_of(g, ip);
    if (c->net.base.family == 0 || !ip_net_contains(&c->net, ip)) {
        c->place = (struct geo_place){0};
        for (unsigned i = 0; i < FILES_MAX; i++) {
            if (g->file[i].path == NULL)
                continue;
            unsigned n = ask(g, &g->file[i], ip, &c->place);
            bits = n > bits ? n : bits;
        }
        c->net = ip_net_of(ip, bits, bits);
        c->known = is_known(&c->place);
    }
    *ret = c->place;
    return c->known;
}

double geo_km(const struct geo_place *a, const struct geo_place *b)
{
    const double degree = acos(-1) / 180;
    double lat, lon, h;

    if (!a->located || !b->located)
        return 0;
    lat = sin((a->lat - b->lat) * degree / 2);
    lon = sin((a->lon - b->lon) * degree / 2);
    h = lat * lat + cos(a->lat * degree) * cos(b->lat * degree) * lon * lon;
    return 2 * earth_radius_km * asin(sqrt(fmin(1, h)));
}
