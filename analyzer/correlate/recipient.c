/* recipient.c - the class of a recipient, and what its fate teaches
 * algorithm: the address as the client wrote it decides, decoded as far as it hides another one.
 *            While domains are learnt, what the server itself decided or delivered shows which are
 *            its own. A recipient that this server put in is its own doing, wherever it leads.
 * source:    RFC 2505 2.1; RFC 5321 3.6; Postfix orig_to; Exchange EXPAND, REDIRECT, RESOLVE
 * limits:    see zones.h for what can be learnt */
#include "correlate/recipient.h"

static bool outside_is_ours(enum domain_zone outer, const struct address *a)
{
    return a->domain.len == 0 || outer == DOMAIN_LOCAL || outer == DOMAIN_RELAY ||
           (a->forms & (FORM_LITERAL | FORM_SOURCE_ROUTE)) != 0;
}

static enum rcpt_class class_of_zone(enum domain_zone zone)
{
    if (zone == DOMAIN_RELAY)
        return RCPT_RELAYED;
    return zone == DOMAIN_FOREIGN ? RCPT_THIRD_PARTY : RCPT_OURS;
}

void recipient_judge_address(const struct recipient_judge *j, slice address, struct context *cx)
{
    enum domain_zone outer, inner;

    address_parse(address, cx->rcpt);
    outer = zones_domain(j->zones, cx->rcpt->domain);
    cx->rcpt_domain = cx->rcpt->domain;
    cx->rcpt_class = class_of_zone(outer);
    if (!cx->rcpt->has_inner || !outside_is_ours(outer, cx->rcpt))
        return;
    inner = zones_domain(j->zones, cx->rcpt->inner_domain);
    cx->rcpt_domain = cx->rcpt->inner_domain;
    cx->rcpt_class = inner == DOMAIN_FOREIGN ? RCPT_TRICK : class_of_zone(inner);
}

static bool learning(const struct recipient_judge *j)
{
    return !zones_explicit_domains(j->zones);
}

/* While domains are learnt, a domain is not somebody else's for not being known yet. That the
 * server serves it is told by an acceptance in a session that may not relay; where the log does not
 * say what the session may, an acceptance proves nothing. */
static void judge_by_ground(const struct recipient_judge *j, const struct event *ev,
                            struct context *cx)
{
    if (!learning(j))
        return;
    if (ev->ground == GROUND_SERVED && !(cx->rcpt->forms & (FORM_SOURCE_ROUTE | FORM_LITERAL))) {
        zones_learn_served(j->zones, cx->rcpt->domain);
        recipient_judge_address(j, event_field(ev, EF_RCPT), cx);
    }
    if (cx->rcpt_class == RCPT_THIRD_PARTY &&
        (ev->ground == GROUND_SERVED ||
         (ev->ground == GROUND_UNKNOWN && ev->outcome == OUTCOME_ACCEPTED)))
        cx->rcpt_class = RCPT_OURS;
}

/* OpenSMTPD answers "550 Invalid recipient" to an unknown user and to relaying alike: where the
 * domain is known not to be ours it can only be the second. */
static bool denies_relaying(const struct recipient_judge *j, const struct event *ev,
                            const struct context *cx)
{
    return !learning(j) && cx->rcpt_class == RCPT_THIRD_PARTY && ev->status[0] == 0 &&
           cx->reason == REASON_RCPT_UNKNOWN &&
           slice_starts(event_field(ev, EF_TEXT), SLICE_LIT("550 Invalid recipient"));
}

/* A refusal "user unknown" of our own tables proves that we serve the domain. */
void recipient_of_rcpt(const struct recipient_judge *j, const struct event *ev, uint64_t hash,
                       struct context *cx)
{
    slice text = reason_text(ev);

    recipient_judge_address(j, event_field(ev, EF_RCPT), cx);
    cx->rcpt_hash = hash;
    judge_by_ground(j, ev, cx);
    if (denies_relaying(j, ev, cx))
        cx->reason = REASON_RELAY_DENIED;
    if (cx->reason != REASON_RCPT_UNKNOWN || cx->rcpt->has_inner ||
        !slice_has(text, SLICE_LIT("nknown in ")))
        return;
    if (learning(j))
        zones_learn_domain(j->zones, cx->rcpt->domain,
                           slice_has(text, SLICE_LIT("relay recipient table")) ? DOMAIN_RELAY
                                                                               : DOMAIN_LOCAL);
    if (cx->rcpt_class == RCPT_THIRD_PARTY)
        cx->rcpt_class = RCPT_OURS;
}

/* Final delivery teaches domains; a program or a private next hop teaches with reserve (it may be a
 * filter). */
static void learn_from_delivery(const struct recipient_judge *j, const struct event *ev,
                                const struct context *cx)
{
    slice domain = address_domain(event_field(ev, EF_RCPT));
    slice relay = event_field(ev, EF_RELAY);

    if (ev->route == ROUTE_MAILBOX) {
        zones_learn_domain(j->zones, domain, DOMAIN_LOCAL);
        if (event_has(ev, EF_ORIG_RCPT) && !cx->rcpt->has_inner)
            zones_learn_domain(j->zones, cx->rcpt->domain, DOMAIN_LOCAL);
    } else if (ev->route == ROUTE_COMMAND && ev->outcome == OUTCOME_DELIVERED) {
        struct ip_addr program = {.hi = siphash13(j->key, relay.ptr, relay.len),
                                  .family = UINT8_MAX};
        zones_learn_gateway(j->zones, &program, domain);
    } else if (ev->route == ROUTE_REMOTE && ev->outcome == OUTCOME_DELIVERED &&
               ip_addr_is_private(&ev->remote)) {
        zones_learn_gateway(j->zones, &ev->remote, domain);
    }
}

/* While domains are learnt: an address that this server mapped into another domain is one it
 * serves. */
static bool is_alias(const struct recipient_judge *j, slice orig, slice rcpt,
                     const struct context *cx)
{
    slice domain = address_domain(rcpt);

    return learning(j) && orig.len > 0 && domain.len > 0 && !cx->rcpt->has_inner &&
           !slice_ieq(domain, cx->rcpt->domain);
}

/* Not what the client asked for: an alias, a group, a forwarding or a rule of this server put the
 * recipient in. Some of them are logged, others show by the list of those that were asked for. */
static bool put_in_here(const struct recipient_judge *j, const struct event *ev, uint64_t key,
                        const struct context *cx)
{
    if (!ev->may_repeat)
        return false;
    if (message_ids_excused(j->ids, key, cx->rcpt_hash))
        return true;
    return cx->message != NULL && (cx->message->flags & MESSAGE_ENVELOPE) &&
           !message_ids_asked(j->ids, key, cx->rcpt_hash);
}

void recipient_of_delivery(const struct recipient_judge *j, const struct event *ev, uint64_t hash,
                           uint64_t key, struct context *cx)
{
    slice orig = event_field(ev, EF_ORIG_RCPT), rcpt = event_field(ev, EF_RCPT);

    if (rcpt.ptr == NULL)
        return;
    cx->rcpt_hash = hash;
    recipient_judge_address(j, orig.len > 0 ? orig : rcpt, cx);
    if (learning(j)) {
        learn_from_delivery(j, ev, cx);
        recipient_judge_address(j, orig.len > 0 ? orig : rcpt, cx);
    }
    if (cx->rcpt_class == RCPT_THIRD_PARTY &&
        (ev->route == ROUTE_MAILBOX || is_alias(j, orig, rcpt, cx) || put_in_here(j, ev, key, cx)))
        cx->rcpt_class = RCPT_OURS;
}

void recipient_of_envelope(const struct recipient_judge *j, const struct event *ev, uint64_t hash,
                           uint64_t key, struct context *cx)
{
    slice rcpt = event_field(ev, EF_RCPT);

    recipient_judge_address(j, rcpt, cx);
    cx->rcpt_hash = hash;
    message_ids_ask(j->ids, key, cx->rcpt_hash, ev->time_us);
    if (cx->rcpt->has_inner) /* the delivery names where it really goes */
        message_ids_ask(j->ids, key, event_key_of_text(j->key, slice_of(cx->rcpt->inner)),
                        ev->time_us);
}

/* A recipient of ours stands for another one: that one is our doing, wherever it leads. */
void recipient_of_rewrite(const struct recipient_judge *j, const struct event *ev, uint64_t key,
                          struct context *cx)
{
    slice orig = event_field(ev, EF_ORIG_RCPT), rcpt = event_field(ev, EF_RCPT);

    if (key == 0 || orig.len == 0 || slice_ieq(orig, rcpt))
        return;
    recipient_judge_address(j, orig, cx);
    if (cx->rcpt_class == RCPT_OURS || cx->rcpt_class == RCPT_RELAYED ||
        is_alias(j, orig, rcpt, cx) ||
        message_ids_excused(j->ids, key, event_key_of_text(j->key, orig)))
        message_ids_excuse(j->ids, key, event_key_of_text(j->key, rcpt), ev->time_us);
}
