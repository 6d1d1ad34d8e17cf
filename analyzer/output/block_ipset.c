/* block_ipset.c - the "ipset" writer: two sets, filled aside and swapped in by `ipset restore`
 * source:   ipset(8) 7.17.
 * limits:   the rule that uses the sets is the admin's: iptables -I INPUT -p tcp -m multiport
 *           --dports 25,465,587 -m set --match-set relaywatch4 src -j DROP. Comments of ipset are
 * in the file only as far as ipset keeps them: at most 255 bytes, no quotes. */
#include "output/block_head.h"
#include "output/writers.h"

enum { TIMEOUT_MAX = 2147483 }; /* seconds */

static void put_create(const char *name, const char *more, unsigned family, struct outbuf *out)
{
    outbuf_printf(out,
                  "create %s%u%s hash:net family %s maxelem 131072 timeout 86400 comment -exist\n",
                  name, family, more, family == 6 ? "inet6" : "inet");
}

static void put_add(const struct block_set *set, const struct block_entry *e, struct outbuf *out)
{
    char text[IP_NET_TEXT];
    int64_t left = block_left_s(set, e);

    outbuf_printf(out, "add relaywatch%u-new ", (unsigned)e->net.base.family);
    outbuf_put(out, block_net_text(&e->net, text));
    outbuf_printf(out, " timeout %lld comment \"",
                  (long long)(left < TIMEOUT_MAX ? left : TIMEOUT_MAX));
    block_put_rules(e, out);
    outbuf_printf(out, " %s\" -exist\n", e->id);
}

static void put_family(const struct block_set *set, unsigned family, struct outbuf *out)
{
    put_create("relaywatch", "", family, out);
    put_create("relaywatch", "-new", family, out);
    outbuf_printf(out, "flush relaywatch%u-new\n", family);
    for (unsigned i = 0; i < set->count; i++)
        if (set->entries[i].net.base.family == family)
            put_add(set, &set->entries[i], out);
    outbuf_printf(out, "swap relaywatch%u-new relaywatch%u\ndestroy relaywatch%u-new\n", family,
                  family, family);
}

static void write_list(const struct run_info *run, const struct summary *summary,
                       const struct alert *const *incidents, unsigned count, struct outbuf *out)
{
    struct block_set set;

    block_of_run(run, summary, incidents, count, &set);
    block_put_head(run, summary, &set, "\n", out);
    put_family(&set, 4, out);
    put_family(&set, 6, out);
    block_set_free(&set);
}

const struct writer ipset_writer = {.name = "ipset",
                                    .media_type = "text/plain",
                                    .whole = true,
                                    .live = true,
                                    .summary = write_list};
