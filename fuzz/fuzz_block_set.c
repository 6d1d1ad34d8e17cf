/* fuzz_block_set.c - who may be blocked: any alerts, never anybody who must not be
 * algorithm: each line of the input is one alert: a rule and entity type, then names with blanks
 *            between them; the first is the entity, the others are members. 192.0.2.0/24 and
 *            2001:db8:a::/48 are always allowed
 * source:    libFuzzer; the rules of output/block_set.h
 * limits:    64 alerts */
#include "fuzz.h"
#include "output/block_set.h"

enum { ALERTS = 64, MEMBERS = 8 };

static void fill(struct alert *a, struct alert_related *members, slice line)
{
    static const enum entity_type types[] = {ENTITY_IP, ENTITY_NETWORK, ENTITY_HOST, ENTITY_USER};

    *a = (struct alert){.rule = RULE_RELAY_PROBE, .severity = SEVERITY_HIGH, .related = members};
    a->entity_type = types[line.len > 0 ? (unsigned char)line.ptr[0] % 4 : 0];
    a->rule = (enum rule)(line.len > 1 ? (unsigned char)line.ptr[1] % (RULE_COUNT - 1) : 0);
    a->severity = (enum severity)(line.len > 2 ? (unsigned char)line.ptr[2] % SEVERITY_COUNT : 0);
    a->last_us = line.len > 3 ? (int64_t)(unsigned char)line.ptr[3] * 86400 * 1000000 : 0;
    line = slice_from(line, 4);
    for (unsigned n = 0; line.len > 0 && n <= MEMBERS; n++) {
        size_t blank = slice_find_byte(line, ' ');
        slice name = slice_first(line, blank);
        if (n == 0) {
            (void)slice_keep(name, a->entity, sizeof a->entity);
            ip_addr_parse(name, &a->client);
        } else {
            members[n - 1] = (struct alert_related){.type = ENTITY_IP};
            (void)slice_keep(name, members[n - 1].value, sizeof members[n - 1].value);
            a->related_count = n;
        }
        line = slice_from(line, blank + 1);
    }
}

static void check(const struct block_set *set, const struct ip_net *allow, unsigned allow_count)
{
    char text[IP_NET_TEXT];

    for (unsigned i = 0; i < set->count; i++) {
        const struct ip_net *net = &set->entries[i].net;
        ASSERT(net->bits >= (net->base.family == 4 ? BLOCK_V4_FLOOR : BLOCK_V6_FLOOR));
        fuzz_touch(block_net_text(net, text));
        ASSERT(!ip_addr_is_private(&net->base));
        for (unsigned k = 0; k < allow_count; k++)
            ASSERT(!ip_net_contains(&allow[k], &net->base) &&
                   !ip_net_contains(net, &allow[k].base));
        if (i > 0)
            ASSERT(!ip_net_contains(&set->entries[i - 1].net, &net->base) &&
                   !ip_net_contains(net, &set->entries[i - 1].net.base));
    }
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    static struct alert alerts[ALERTS];
    static struct alert_related members[ALERTS][MEMBERS];
    static struct ip_net allow[2];
    const struct alert *list[ALERTS];
    slice rest = {(const char *)data, size};
    struct block_policy policy = {.allow = allow, .allow_count = 2};
    struct block_set set;
    unsigned count = 0;

    ip_net_parse(SLICE_LIT("192.0.2.0/24"), &allow[0]);
    ip_net_parse(SLICE_LIT("2001:db8:a::/48"), &allow[1]);
    if (size > 0) {
        policy.networks = data[0] & 1;
        policy.min_severity = (enum severity)(data[0] >> 1) % SEVERITY_COUNT;
    }
    while (rest.len > 0 && count < ALERTS) {
        fill(&alerts[count], members[count], fuzz_take_line(&rest));
        list[count] = &alerts[count];
        count++;
    }
    block_set_build(&policy, list, count, INT64_C(86400000000) * 200, &set);
    check(&set, allow, 2);
    block_set_free(&set);
    return 0;
}
