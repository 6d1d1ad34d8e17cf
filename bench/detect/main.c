/* main.c - detect_days: writes the log of simulated days of a mail server, and their truth
 *
 * One abstract scenario (population and attacks), then one dialect; see README.md.
 * usage: detect_days [OPTION...] >mail.log
 * limits: one server, one site */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "attack.h"

enum { ATTACKS_MAX = 64 };

struct request {
    uint64_t seed;
    char set;
    uint32_t users;
    unsigned days;
    const char *start, *truth, *name, *dialect;
    bool benign, precise;
    double shuffle_s, lost, doubled;
    const char *attacks[ATTACKS_MAX];
    unsigned attacks_count;
};

static const struct option options[] = {
    {"seed", required_argument, NULL, 's'},  {"set", required_argument, NULL, 'S'},
    {"users", required_argument, NULL, 'u'}, {"days", required_argument, NULL, 'd'},
    {"start", required_argument, NULL, 'b'}, {"attack", required_argument, NULL, 'a'},
    {"truth", required_argument, NULL, 't'}, {"dialect", required_argument, NULL, 'D'},
    {"name", required_argument, NULL, 'n'},  {"no-benign", no_argument, NULL, 'B'},
    {"precise", no_argument, NULL, 'p'},     {"shuffle", required_argument, NULL, 'f'},
    {"lose", required_argument, NULL, 'l'},  {"double", required_argument, NULL, 'c'},
    {"help", no_argument, NULL, 'h'},        {0}};

static int usage(FILE *out, int status)
{
    fputs("usage: detect_days [OPTION...] >mail.log\n"
          "  --seed N          everything follows from it (1)\n"
          "  --set A|B|C       population to tune on, shifted one to report on, a worse one to "
          "tune on (A)\n"
          "  --users N         size of the site (200)\n"
          "  --days N          how many days (1)\n"
          "  --start DATE      first day, YYYY-MM-DD (2026-03-02, a Monday)\n"
          "  --attack SPEC     NAME[:key=value,...], may be repeated; keys: style result count\n"
          "                    level evasion day hour x minutes\n"
          "  --truth FILE      what really happened, as JSON\n"
          "  --name TEXT       name of the scenario, for the truth\n"
          "  --dialect NAME    whose log (postfix)\n"
          "  --precise         stamps with microseconds, where the dialect has them\n"
          "  --no-benign       the attacks alone\n"
          "  --shuffle S       lines leave up to S seconds late, with their old stamps\n"
          "  --lose P          share of lines that are lost\n"
          "  --double P        share of lines that come twice\nattacks:\n",
          out);
#define ATTACK(name, summary) fprintf(out, "  %-10s %s\n", #name, summary);
#include "attacks.def"
#undef ATTACK
    return status;
}

static bool take(struct request *r, int option)
{
    switch (option) {
    case 's':
        r->seed = strtoull(optarg, NULL, 10);
        return true;
    case 'S':
        r->set = optarg[0];
        return optarg[0] >= 'A' && optarg[0] <= 'C';
    case 'u':
        r->users = (uint32_t)strtoul(optarg, NULL, 10);
        return r->users > 0;
    case 'd':
        r->days = (unsigned)strtoul(optarg, NULL, 10);
        return r->days > 0;
    case 'b':
        r->start = optarg;
        return true;
    case 'a':
        if (r->attacks_count == ATTACKS_MAX)
            return false;
        r->attacks[r->attacks_count++] = optarg;
        return true;
    case 't':
        r->truth = optarg;
        return true;
    case 'n':
        r->name = optarg;
        return true;
    case 'D':
        r->dialect = optarg;
        return true;
    case 'B':
        r->benign = false;
        return true;
    case 'p':
        r->precise = true;
        return true;
    case 'f':
        r->shuffle_s = atof(optarg);
        return true;
    case 'l':
        r->lost = atof(optarg);
        return true;
    case 'c':
        r->doubled = atof(optarg);
        return true;
    default:
        return false;
    }
}

static int64_t day_of(const char *text)
{
    struct tm tm = {0};

    if (sscanf(text, "%d-%d-%d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday) != 3)
        return 0;
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    return (int64_t)timegm(&tm) * 1000000;
}

/* Postfix has them since 3.8. */
static bool names_in_failures(const struct request *r)
{
    return r->seed % 2 == 1;
}

static struct stream *open_stream(const struct request *r, const struct dialect *dialect)
{
    return stream_new(
        &(struct stream_options){.out = stdout,
                                 .dialect = dialect,
                                 .options = {.host = "mx1",
                                             .names_in_failures = names_in_failures(r),
                                             .rfc3339 = r->precise},
                                 .shuffle_s = r->shuffle_s,
                                 .lost = r->lost,
                                 .doubled = r->doubled,
                                 .seed = r->seed});
}

static void populate(struct world *w)
{
    population_people(w);
    population_inbound(w);
    population_bulk(w);
    population_devices(w);
    if (w->site.params.extra_classes)
        population_extra(w);
}

static bool write_truth(const struct request *r, const struct world *w)
{
    FILE *out = fopen(r->truth, "w");

    if (out == NULL) {
        perror(r->truth);
        return false;
    }
    truth_write(w->truth,
                &(struct truth_day){.scenario = r->name,
                                    .seed = r->seed,
                                    .events = stream_events(w->stream),
                                    .lines = stream_lines(w->stream),
                                    .set = r->set,
                                    .names_in_failures = names_in_failures(r),
                                    .users = r->users,
                                    .days = r->days,
                                    .start_us = w->site.start_us},
                out);
    return fclose(out) == 0;
}

static int play(const struct request *r, const struct dialect *dialect)
{
    struct world w = {.benign = r->benign};
    bool ok = true;

    w.site = (struct site){.seed = r->seed,
                           .users = r->users,
                           .params = params_of(r->set, r->seed),
                           .start_us = day_of(r->start),
                           .days = r->days,
                           .quota_at_rcpt = r->seed % 4 < 2};
    w.end_us = site_day_us(&w.site, r->days);
    w.stream = open_stream(r, dialect);
    w.truth = truth_new();
    if (w.benign)
        populate(&w);
    for (unsigned i = 0; i < r->attacks_count && ok; i++) {
        ok = attack_start(&w, r->attacks[i], i);
        if (!ok)
            fprintf(stderr, "detect_days: cannot read the attack %s\n", r->attacks[i]);
    }
    if (ok)
        world_run(&w);
    if (ok && r->truth != NULL)
        ok = write_truth(r, &w);
    truth_free(w.truth);
    stream_free(w.stream);
    heap_free(&w.agenda);
    return ok && fflush(stdout) == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    struct request r = {.seed = 1,
                        .set = 'A',
                        .users = 200,
                        .days = 1,
                        .start = "2026-03-02",
                        .name = "days",
                        .dialect = "postfix",
                        .benign = true};
    const struct dialect *dialect;

    for (int c; (c = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
        if (c == 'h')
            return usage(stdout, 0);
        if (!take(&r, c))
            return usage(stderr, 2);
    }
    dialect = dialect_find(r.dialect);
    if (dialect == NULL || day_of(r.start) == 0)
        return usage(stderr, 2);
    return play(&r, dialect);
}
