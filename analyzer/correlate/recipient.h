/* recipient.h - whose a recipient is: ours, relayed, somebody else's, or that hidden in ours
 *
 * Judged on the address before alias expansion where the log has it. Fills rcpt, rcpt_class,
 * rcpt_domain and rcpt_hash of the context. */
#ifndef CORRELATE_RECIPIENT_H
#define CORRELATE_RECIPIENT_H

#include "correlate/correlate.h"
#include "correlate/message_ids.h"

/* All borrowed; zones and ids learn. */
struct recipient_judge {
    const struct hash_key *key;
    struct zones *zones;
    struct message_ids *ids;
};

/* recipient_judge_address - class and real destination of one address; rcpt_hash is not set */
void recipient_judge_address(const struct recipient_judge *j, slice address, struct context *cx);

/* recipient_of_rcpt - of a RCPT event: the server's own decision teaches
 * recipient_of_delivery - of a DELIVERY event about the message of key
 * recipient_of_envelope - of an ENVELOPE event: the client itself gave this recipient
 * recipient_of_rewrite - of a REWRITE event: what stands for a recipient of ours is our own doing
 *
 *   in        hash  of RCPT, see event_keys.h
 *             key   record of the message, see message_ids.h; 0 none */
void recipient_of_rcpt(const struct recipient_judge *j, const struct event *ev, uint64_t hash,
                       struct context *cx);
void recipient_of_delivery(const struct recipient_judge *j, const struct event *ev, uint64_t hash,
                           uint64_t key, struct context *cx);
void recipient_of_envelope(const struct recipient_judge *j, const struct event *ev, uint64_t hash,
                           uint64_t key, struct context *cx);
void recipient_of_rewrite(const struct recipient_judge *j, const struct event *ev, uint64_t key,
                          struct context *cx);

#endif
