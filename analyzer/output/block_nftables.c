/* block_nftables.c - the "nftables" writer: a table of our own, replaced in one transaction
 *
 * `nft -c -f FILE` checks, `nft -f FILE` applies. Each element ends by itself after its timeout.
 * source:   nft(8) 1.0.6.
 * limits:   100,000 elements take some ten seconds to load. Ports 25, 465 and 587 are closed to the
 *           listed, nothing else. */
#include "output/block_head.h"
#include "output/writers.h"

static void put_element(const struct block_set *set, const struct block_entry *e,
                        struct outbuf *out)
{
    char text[IP_NET_TEXT];

    outbuf_puts(out, "\t\t\t");
    outbuf_put(out, block_net_text(&e->net, text));
    outbuf_printf(out, " timeout %llds comment \"", (long long)block_left_s(set, e));
    block_put_rules(e, out);
    outbuf_printf(out, " %s\"", e->id);
}

static void put_set(const struct block_set *set, unsigned family, struct outbuf *out)
{
    bool first = true;

    outbuf_printf(out, "\tset block%u {\n\t\ttype ipv%u_addr\n", family, family);
    outbuf_puts(out, "\t\tflags interval, timeout\n\t\tauto-merge\n");
    for (unsigned i = 0; i < set->count; i++) {
        if (set->entries[i].net.base.family != family)
            continue;
        outbuf_puts(out, first ? "\t\telements = {\n" : ",\n"); /* an empty list is an error */
        put_element(set, &set->entries[i], out);
        first = false;
    }
    outbuf_puts(out, first ? "\t}\n" : "\n\t\t}\n\t}\n");
}

static void write_list(const struct run_info *run, const struct summary *summary,
                       const struct alert *const *incidents, unsigned count, struct outbuf *out)
{
    struct block_set set;

    block_of_run(run, summary, incidents, count, &set);
    outbuf_puts(out, "#!/usr/sbin/nft -f\n");
    block_put_head(run, summary, &set, "\n", out);
    outbuf_puts(out, "table inet relaywatch\nflush table inet relaywatch\n"
                     "delete table inet relaywatch\ntable inet relaywatch {\n");
    put_set(&set, 4, out);
    put_set(&set, 6, out);
    outbuf_puts(out, "\tchain input {\n"
                     "\t\ttype filter hook input priority filter - 10; policy accept;\n"
                     "\t\ttcp dport { 25, 465, 587 } ip saddr @block4 counter drop\n"
                     "\t\ttcp dport { 25, 465, 587 } ip6 saddr @block6 counter drop\n\t}\n}\n");
    block_set_free(&set);
}

const struct writer nftables_writer = {.name = "nftables",
                                       .media_type = "text/plain",
                                       .whole = true,
                                       .live = true,
                                       .summary = write_list};

const struct writer nft_writer = {
    .name = "nft", .media_type = "text/plain", .whole = true, .live = true, .summary = write_list};
