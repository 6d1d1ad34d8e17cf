/* block_head.c - comments of block lists: our own words, ids and addresses, never text of a log
 * source:   block_set.h
 * limits:   at most BLOCK_SKIPS_MAX refusals are told one by one */
#include "output/block_head.h"

#include <stdlib.h>

static const struct block_policy default_policy = {.min_severity = SEVERITY_MEDIUM};

void block_of_run(const struct run_info *run, const struct summary *summary,
                  const struct alert *const *incidents, unsigned count, struct block_set *ret)
{
    block_set_build(run->block != NULL ? run->block : &default_policy, incidents, count,
                    summary->input.last_us, ret);
}

void block_put_rules(const struct block_entry *e, struct outbuf *out)
{
    for (unsigned i = 0; i < e->rules_count; i++) {
        if (i > 0)
            outbuf_putc(out, '+');
        outbuf_puts(out, e->rules[i]);
    }
}

void block_put_reason(const struct block_entry *e, struct outbuf *out)
{
    block_put_rules(e, out);
    outbuf_printf(out, " %s", severity_name(e->severity));
    if (e->merged > 1)
        outbuf_printf(out, ", %u in one", e->merged);
    if (e->whole)
        outbuf_puts(out, ", WHOLE NETWORK: others in it are blocked too");
    outbuf_puts(out, ", until ");
    outbuf_time_iso(out, e->expires_us);
    outbuf_printf(out, ", id %s", e->id);
}

static void put_skips(const struct block_set *set, const char *eol, struct outbuf *out)
{
    for (unsigned i = 0; i < set->skips_count; i++)
        outbuf_printf(out, "# not listed: %s (%s): %s%s", set->skips[i].what, set->skips[i].rule,
                      set->skips[i].why, eol);
    if (set->skips_total > set->skips_count)
        outbuf_printf(out, "# not listed: %u more%s", set->skips_total - set->skips_count, eol);
    if (set->dropped > 0)
        outbuf_printf(out, "# WARNING: the list is full, %u entries are missing%s", set->dropped,
                      eol);
}

static bool are_guessed(const struct run_info *run, const struct summary *summary)
{
    if (summary->coverage.zones != ZONES_EXPLICIT)
        return true;
    return run->block != NULL && run->block->zones != NULL &&
           !zones_explicit_networks(run->block->zones);
}

void block_put_head(const struct run_info *run, const struct summary *summary,
                    const struct block_set *set, const char *eol, struct outbuf *out)
{
    outbuf_printf(out, "# relaywatch %s; log until ", run->version);
    outbuf_time_iso(out, set->now_us);
    outbuf_printf(out, "; entries: %u; do not edit, it is written anew%s", set->count, eol);
    if (are_guessed(run, summary))
        outbuf_printf(out,
                      "# WARNING: domains or trusted networks are guessed from the log; give "
                      "--local-domain and --trusted%s",
                      eol);
    put_skips(set, eol, out);
}
