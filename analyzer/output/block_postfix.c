/* block_postfix.c - "postfix-cidr" (check_client_access) and "postscreen" (postscreen_access_list)
 *
 * Each entry has a comment line with its reason above it. Entries are disjoint, so their order does
 * not matter; host bits are zero, else Postfix would skip the rule.
 * source:   cidr_table(5), access(5), postscreen(8) of Postfix 3.7.
 * limits:   Postfix reads the table line by line: above some ten thousand entries prefer nftables.
 *           The client is told the class of the reason and a part of the alert id, not the rule. */
#include "output/block_head.h"
#include "output/writers.h"

enum { ID_SHOWN = 8 };

static void put_table(const struct run_info *run, const struct summary *summary,
                      const struct alert *const *incidents, unsigned count, bool postscreen,
                      struct outbuf *out)
{
    struct block_set set;
    char text[IP_NET_TEXT];

    block_of_run(run, summary, incidents, count, &set);
    block_put_head(run, summary, &set, "\n", out);
    for (unsigned i = 0; i < set.count; i++) {
        const struct block_entry *e = &set.entries[i];
        outbuf_puts(out, "# ");
        block_put_reason(e, out);
        outbuf_putc(out, '\n');
        outbuf_put(out, block_net_text(&e->net, text));
        if (postscreen)
            outbuf_puts(out, " reject\n");
        else
            outbuf_printf(out, " REJECT 5.7.1 Blocked for abuse of this mail server, id %.*s\n",
                          ID_SHOWN, e->id);
    }
    block_set_free(&set);
}

static void write_client(const struct run_info *run, const struct summary *summary,
                         const struct alert *const *incidents, unsigned count, struct outbuf *out)
{
    put_table(run, summary, incidents, count, false, out);
}

static void write_postscreen(const struct run_info *run, const struct summary *summary,
                             const struct alert *const *incidents, unsigned count,
                             struct outbuf *out)
{
    put_table(run, summary, incidents, count, true, out);
}

const struct writer postfix_cidr_writer = {.name = "postfix-cidr",
                                           .media_type = "text/plain",
                                           .whole = true,
                                           .live = true,
                                           .summary = write_client};

const struct writer postscreen_writer = {.name = "postscreen",
                                         .media_type = "text/plain",
                                         .whole = true,
                                         .live = true,
                                         .summary = write_postscreen};
