/* block_plain.c - the "plain" writer: an address or network a line, comments with '#'
 * source:   what rbldnsd (ip4set), HAProxy, nginx and rspamd maps are made of.
 * limits:   none */
#include "output/block_head.h"
#include "output/writers.h"

static void write_list(const struct run_info *run, const struct summary *summary,
                       const struct alert *const *incidents, unsigned count, struct outbuf *out)
{
    struct block_set set;
    char text[IP_NET_TEXT];

    block_of_run(run, summary, incidents, count, &set);
    block_put_head(run, summary, &set, "\n", out);
    for (unsigned i = 0; i < set.count; i++) {
        outbuf_put(out, block_net_text(&set.entries[i].net, text));
        outbuf_puts(out, " # ");
        block_put_reason(&set.entries[i], out);
        outbuf_putc(out, '\n');
    }
    block_set_free(&set);
}

const struct writer plain_writer = {.name = "plain",
                                    .media_type = "text/plain",
                                    .whole = true,
                                    .live = true,
                                    .summary = write_list};
