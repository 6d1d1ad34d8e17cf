/* block_fail2ban.c - the "fail2ban" writer: a line for each ban, as it is decided
 *
 * The only block list that does not wait for the end of the log: fail2ban follows the file, and
 * keeps the time of a ban itself. contrib/fail2ban has the filter and the jail.
 * source:   fail2ban 1.0.2, filter with <ADDR>.
 * limits:   single addresses: an IPv6 client is named itself, not its /64. An alert about mail from
 *           the null sender bans nobody here, since a flood of bounces may be coming in. Repeated
 * as an alert goes on, so that a ban is renewed. */
#include <inttypes.h>

#include "output/alert_view.h"
#include "output/block_set.h"
#include "output/line_text.h"
#include "output/writers.h"

static const struct block_policy default_policy = {.min_severity = SEVERITY_MEDIUM};

static void put_ban(const struct block_policy *policy, const struct alert *a, slice address,
                    struct outbuf *out)
{
    char text[IP_ADDR_TEXT];
    struct ip_net net;

    if (!ip_net_parse(address, &net))
        return;
    if (!block_is_single(&net)) { /* a /64: the client that was seen */
        if (!ip_net_contains(&net, &a->client))
            return;
        net = ip_net_of(&a->client, 32, 128);
    }
    if (block_refusal(policy, a, &net) != NULL)
        return;
    outbuf_time_iso(out, a->last_us);
    outbuf_putc(out, ' ');
    line_word(out, slice_of(a->host), 64);
    outbuf_puts(out, " relaywatch[0]: ban ip=");
    outbuf_put(out, ip_addr_format(&net.base, text));
    outbuf_printf(out, " rule=%s severity=%s count=%.0f ttl=%" PRId64 " id=%s\n", alert_rule(a)->id,
                  severity_name(a->severity), a->observed,
                  block_expire_us(policy, a->severity) / 1000000, a->id);
}

static void write_alert(const struct run_info *run, const struct alert *a, struct outbuf *out)
{
    const struct block_policy *policy = run->block != NULL ? run->block : &default_policy;

    if (a->state == ALERT_ENDED || !block_names_attackers(a) ||
        a->severity < policy->min_severity || (a->null_sender && !alert_is_login(a)))
        return;
    if (a->entity_type == ENTITY_IP)
        put_ban(policy, a, slice_of(a->entity), out);
    for (unsigned i = 0; i < a->related_count; i++)
        if (a->related[i].type == ENTITY_IP)
            put_ban(policy, a, slice_of(a->related[i].value), out);
}

const struct writer fail2ban_writer = {
    .name = "fail2ban", .media_type = "text/plain", .alert = write_alert};
