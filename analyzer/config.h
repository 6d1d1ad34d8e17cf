/* config.h - settings -> one immutable struct config
 *
 * config_make() gives every value its meaning and says, for a person, what is wrong with one that
 * has none: where it was set, and what is allowed. After that nothing in it changes, but for
 * reload.c's putting another one in its place. */
#ifndef CONFIG_H
#define CONFIG_H

#include <stdint.h>

#include "alert/alert.h"
#include "base/error.h"
#include "base/siphash.h"
#include "config_block.h"
#include "detect/honey_users.h"
#include "event/parser.h"
#include "event/time_zone.h"
#include "event/zones.h"
#include "http_address.h"
#include "input/progress.h"
#include "options.h"
#include "output/writer.h"

enum {
    CONFIG_OUTPUTS_MAX = 16,
    CONFIG_MEMORY_MIN_MIB = 16,
    CONFIG_MEMORY_DEFAULT_MIB = 256,
    CONFIG_JOBS_MAX = 64
};

enum when { WHEN_AUTO, WHEN_ALWAYS, WHEN_NEVER };

struct config_output {
    const struct writer *writer;
    const char *path; /* NULL: standard output; borrowed from the settings */
};

struct config {
    struct zones *zones;             /* owned; learns during the run */
    struct honey_users *honey_users; /* owned */
    struct config_output outputs[CONFIG_OUTPUTS_MAX];
    unsigned outputs_count;
    struct tls_settings tls;                            /* of outputs to collectors by TLS */
    const char *metrics_path, *serve_token;             /* NULL: none */
    struct http_address metrics_listen, serve;          /* not given: not wanted */
    const char *events_path;                            /* NULL: none */
    const char *geoip_city, *geoip_country, *geoip_asn; /* NULL: none; opened by the pipeline */
    const char *signatures;                             /* folder; NULL: built-in only */
    const struct parser *format;                        /* NULL: auto */
    int year;                                           /* 0: by the year rule */
    struct time_zone zone;
    int64_t since_us, until_us; /* INT64_MIN, INT64_MAX: unbounded */
    unsigned top;
    size_t memory_bytes;
    unsigned jobs; /* threads, this one included */
    int fail_on;   /* enum severity, or -1 */
    enum when color;
    enum progress_mode progress;
    struct hash_key hash_key;
    const char *state_path; /* NULL: none */
    unsigned state_every_s; /* wall clock */
    const char *spool_dir;  /* NULL: none */
    size_t spool_max;       /* bytes an output */
    enum when sandbox;      /* auto: when logs are followed */
    const char *user;       /* to go on as; NULL: as who started this */
    uint64_t fingerprint;   /* of what a state depends on */
    bool follow, from_end;
    unsigned quiet;
    char *file;                  /* the configuration file that was read; owned, NULL: none */
    struct block_settings block; /* of block lists and abuse reports */
    bool check_only, help, version, list_formats;
};

/* config_make - read the settings, the first configuration file found or named, and make sense of
 * all
 *
 *   in        settings   of the command line; the file's are put in front. It must outlive ret
 *   out       ret        complete on success; config_fini() in any case
 *   result    false with *reterr: ERROR_USAGE for the command line, ERROR_CONFIG for a file */
bool config_make(struct settings *settings, struct config *ret, struct error *reterr);
void config_fini(struct config *c);

/* config_read_file - the settings of a configuration file in front of those that are there */
bool config_read_file(const char *path, struct settings *settings, struct error *reterr);

/* config_make_again - another configuration of the same run: hash key and file are those of before,
 * and the file is not read
 *
 *   in        settings   all of them, in the order in which they count. It must outlive ret
 *   out       ret        as for config_make() */
bool config_make_again(const struct settings *settings, const struct config *before,
                       struct config *ret, struct error *reterr);

#endif
