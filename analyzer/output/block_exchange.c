/* block_exchange.c - the "exchange" writer: a PowerShell script of Add-IPBlockListEntry calls
 *
 * For an Edge Transport server, or a mailbox server with the antispam agents. What is in the list
 * already is left alone, so the script may run again. UTF-8 with a byte order mark and CRLF, as
 * Windows PowerShell 5.1 reads it.
 * source:   Microsoft Learn, Add-IPBlockListEntry and Get-IPBlockListEntry (Exchange 2010 to SE).
 * limits:   the time goes through DateTime.Parse, since the cmdlet's own text form depends on the
 *           server's language. No byte of a log is in the script. */
#include "output/block_head.h"
#include "output/writers.h"

static void put_entry(const struct block_entry *e, struct outbuf *out)
{
    char text[IP_NET_TEXT], first[IP_ADDR_TEXT];
    slice net = block_net_text(&e->net, text);

    ip_addr_format(&e->net.base, first);
    outbuf_printf(out, "if (-not (Get-IPBlockListEntry -IPAddress %s)) { Add-IPBlockListEntry ",
                  first);
    outbuf_puts(out, block_is_single(&e->net) ? "-IPAddress " : "-IPRange ");
    outbuf_put(out, net);
    outbuf_puts(out, " -ExpirationTime ([datetime]::Parse('");
    outbuf_time_iso(out, e->expires_us);
    outbuf_puts(out, "')) -Comment '");
    block_put_rules(e, out);
    outbuf_printf(out, " %s' }\r\n", e->id);
}

static void write_list(const struct run_info *run, const struct summary *summary,
                       const struct alert *const *incidents, unsigned count, struct outbuf *out)
{
    struct block_set set;

    block_of_run(run, summary, incidents, count, &set);
    outbuf_puts(out, "\xef\xbb\xbf");
    block_put_head(run, summary, &set, "\r\n", out);
    for (unsigned i = 0; i < set.count; i++)
        put_entry(&set.entries[i], out);
    block_set_free(&set);
}

const struct writer exchange_writer = {.name = "exchange",
                                       .media_type = "text/plain",
                                       .whole = true,
                                       .live = true,
                                       .summary = write_list};
