/* explain_meaning.c - the context of an event in words: who, may he, to whom, why not, joined to
 * what
 * source:    correlate/correlate.h, session_table.h, message_table.h
 * limits:    says what is known after this event; what a later line changes is not foreseen */
#include "correlate/marks.h"
#include "explain_event.h"

#include <stdio.h>

struct flag_word {
    uint32_t flag;
    const char *word;
};

static const struct flag_word session_words[] = {
    {SESSION_CONNECTED, "connected"},         {SESSION_AUTHED, "authenticated"},
    {SESSION_LOGGED_IN, "login seen"},        {SESSION_HAS_RCPT, "recipient decided"},
    {SESSION_NULL_REFUSED, "bounce refused"}, {SESSION_PIPELINED_DATA, "pipelined after data"},
    {SESSION_BARE_LF, "bare newline"},
};

static const struct flag_word message_words[] = {
    {MESSAGE_HAS_CLIENT, "client known"},
    {MESSAGE_LOCAL_SUBMIT, "submitted by a local process"},
    {MESSAGE_AUTHED, "authenticated"},
    {MESSAGE_HAS_SENDER, "sender known"},
    {MESSAGE_NULL_SENDER, "null sender"},
    {MESSAGE_QUEUED, "queued"},
    {MESSAGE_IS_DSN, "notification made here"},
    {MESSAGE_REINJECTED, "second life behind a filter"},
    {MESSAGE_HANDED_ON, "handed to a filter"},
    {MESSAGE_FORWARDED, "forwarded copy"},
    {MESSAGE_DONE, "left the queue"},
    {MESSAGE_DEFERRED, "a recipient waits"},
    {MESSAGE_BOUNCED, "a recipient failed"},
    {MESSAGE_DELIVERED, "a recipient delivered"},
    {MESSAGE_LOCAL_FAILED, "a recipient of ours failed"},
    {MESSAGE_RELAY_JUDGED, "relaying counted"},
    {MESSAGE_FOREIGN_RCPT, "foreign recipient"},
    {MESSAGE_LOCAL_RCPT, "recipient of ours"},
    {MESSAGE_ORIGIN_UNSURE, "authentication not visible"},
    {MESSAGE_JOINED, "joined to its first life"},
    {MESSAGE_TRACED, "id of the organisation"},
    {MESSAGE_SETTLED, "all recipients settled"},
    {MESSAGE_FROM_DIALOGUE, "recipients seen in the dialogue"},
    {MESSAGE_ENVELOPE, "envelope recipients known"},
    {MESSAGE_ALIASED, "aliased to a foreign recipient"},
};

static void put_words(struct explain_out *o, uint32_t flags, const struct flag_word *words,
                      size_t count)
{
    char text[512] = "";
    size_t n = 0;

    for (size_t i = 0; i < count; i++)
        if ((flags & words[i].flag) && n < sizeof text)
            n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", n > 0 ? "," : "",
                                  words[i].word);
    explain_out_set(o, "flags", text);
}

/* ---- who ---- */

static const char *may_relay(const struct context *cx)
{
    const struct message *m = cx->message;

    if (cx->authed)
        return "yes: authenticated";
    switch (cx->client_zone) {
    case CLIENT_TRUSTED:
        return zones_explicit_networks(cx->zones) ? "yes: its address is in --trusted"
                                                  : "yes: learnt, an inside address";
    case CLIENT_LOOPBACK:
        return "yes: this host";
    case CLIENT_FRONTEND:
        return "not judged: a front end stands for others";
    case CLIENT_OUTSIDE:
        break;
    default:
        return m != NULL && (m->flags & MESSAGE_LOCAL_SUBMIT)
                   ? "yes: a local process"
                   : "not known: no client in this line or in what it joined";
    }
    if (cx->outside)
        return "no: outside and not authenticated";
    return m != NULL && (m->flags & MESSAGE_AUTHED)
               ? "yes: the message was authenticated"
               : "not known: the log does not show whether it had authenticated";
}

static void put_client(struct explain_out *o, const struct context *cx)
{
    explain_out_ip(o, "client", &cx->client);
    explain_out_words(o, "client_zone", client_zone_name(cx->client_zone));
    explain_out_text(o, "user", cx->user);
    explain_out_words(o, "may_relay", may_relay(cx));
    explain_out_text(o, "sender", cx->sender);
    explain_out_words(o, "sender_zone", domain_zone_name(cx->sender_zone));
}

/* ---- to whom ---- */

static void put_recipient(struct explain_out *o, const struct context *cx)
{
    if (cx->rcpt_class == RCPT_NONE)
        return;
    explain_out_words(o, "rcpt_class", rcpt_class_name(cx->rcpt_class));
    explain_out_text(o, "rcpt_domain", cx->rcpt_domain);
    explain_out_words(o, "rcpt_form", address_form_name(address_trick_form(cx->rcpt->forms)));
    if (cx->rcpt->has_inner)
        explain_out_text(o, "rcpt_inner", slice_of(cx->rcpt->inner));
}

/* ---- why ---- */

/* A list that the reply names, known or not. */
static void put_block_list(struct explain_out *o, const struct event *ev,
                           const struct signatures *signatures)
{
    static const char *const kinds[] = {
        "",           "block list",      "reputation system",
        "throttling", "list of domains", "no listing: an error of the query"};
    struct block_hit hit;

    if (!block_lists_find(signatures->block_lists, reason_text(ev), &hit))
        return;
    explain_out_words(o, "names", kinds[hit.kind]);
    if (hit.name[0] != '\0')
        explain_out_text(o, "list", slice_of(hit.name));
}

static void put_reason(struct explain_out *o, const struct event *ev, const struct context *cx,
                       const struct signatures *signatures)
{
    enum reason_direction direction =
        ev->kind == EVENT_DELIVERY && ev->route == ROUTE_REMOTE ? DIRECTION_REMOTE : DIRECTION_OWN;
    struct reason_wording wording;

    if (cx->reason == REASON_NONE)
        return;
    explain_out_words(o, "reason", reason_name(cx->reason));
    if (reason_wording(signatures->reasons, direction, reason_text(ev), &wording)) {
        explain_out_words(o, "reason_from", "the wording of the reply");
        explain_out_text(o, "wording", wording.literal);
        explain_out_text(o, "wording_file", slice_of(wording.file));
        explain_out_number(o, "wording_entry", wording.entry);
    } else {
        explain_out_words(o, "reason_from", "the codes of the reply");
    }
    if (cx->reason == REASON_BLOCKLIST)
        put_block_list(o, ev, signatures);
}

/* ---- patterns ---- */

static void put_pattern(struct explain_out *o, const struct pattern_info *info, const char *result)
{
    char says[1600];

    if (!o->json) {
        snprintf(says, sizeof says, "%s: %s (%s), on %s%s%s%s%s; %s, entry %u", result, info->title,
                 pattern_meaning_name(info->meaning), pattern_field_name(info->field),
                 info->literal == NULL ? "" : ", literal ",
                 info->literal == NULL ? "" : info->literal, info->regex == NULL ? "" : ", regex ",
                 info->regex == NULL ? "" : info->regex, info->file, info->entry);
        explain_out_words(o, info->id, says);
        return;
    }
    explain_out_open(o, NULL, "", NULL);
    explain_out_words(o, "id", info->id);
    explain_out_words(o, "result", result);
    explain_out_words(o, "title", info->title);
    explain_out_words(o, "meaning", pattern_meaning_name(info->meaning));
    explain_out_words(o, "field", pattern_field_name(info->field));
    if (info->literal != NULL)
        explain_out_text(o, "literal", slice_of(info->literal));
    if (info->regex != NULL)
        explain_out_text(o, "regex", slice_of(info->regex));
    explain_out_text(o, "file", slice_of(info->file));
    explain_out_number(o, "entry", info->entry);
    explain_out_close(o);
}

/* NULL: says nothing of this event. */
static const char *result_of(const struct marks *m, const struct context *cx, unsigned index)
{
    const struct pattern_bits *tried = marks_tried(m), *hit = marks_hit(m),
                              *before = marks_of(m, cx->client_hash);

    if (hit != NULL && pattern_bits_has(hit, index))
        return "hit";
    if (tried != NULL && pattern_bits_has(tried, index))
        return marks_run(m)->each[index].off ? "too many steps, switched off" : "tried, no hit";
    return before != NULL && pattern_bits_has(before, index) ? "hit earlier" : NULL;
}

void explain_patterns(struct explain_out *o, const struct context *cx)
{
    const struct patterns *p = cx->marks == NULL ? NULL : marks_patterns(cx->marks);
    bool begun = false;

    for (unsigned i = 0; p != NULL && !cx->repeated && i < patterns_count(p); i++) {
        const char *result = result_of(cx->marks, cx, i);
        if (result == NULL)
            continue;
        if (!begun && o->json)
            explain_out_list(o, "signatures");
        else if (!begun)
            explain_out_open(o, NULL, "signatures", "of this line and its client");
        begun = true;
        put_pattern(o, patterns_info(p, i), result);
    }
    if (begun)
        explain_out_close(o);
}

/* ---- joined to what ---- */

static void put_session(struct explain_out *o, const struct session *s)
{
    explain_out_open(o, "session", "session", NULL);
    explain_out_time(o, "since", s->first_us);
    explain_out_ip(o, "client", &s->client);
    if (s->user[0] != '\0')
        explain_out_text(o, "user", slice_of(s->user));
    if (s->helo[0] != '\0')
        explain_out_text(o, "helo", slice_of(s->helo));
    explain_out_positive(o, "transactions", s->transactions);
    explain_out_positive(o, "rcpt_accepted", s->rcpt_accepted);
    explain_out_positive(o, "rcpt_refused", s->rcpt_refused);
    explain_out_positive(o, "auth_failures", s->auth_failures);
    put_words(o, s->flags, session_words, sizeof session_words / sizeof session_words[0]);
    explain_out_close(o);
}

static void put_message(struct explain_out *o, const char *key, const struct message *m)
{
    if (m == NULL)
        return;
    explain_out_open(o, key, key, NULL);
    if (m->queue_id[0] != '\0')
        explain_out_text(o, "queue_id", slice_of(m->queue_id));
    explain_out_time(o, "since", m->first_us);
    explain_out_ip(o, "client", &m->client);
    if (m->user[0] != '\0')
        explain_out_text(o, "user", slice_of(m->user));
    if (m->flags & (MESSAGE_HAS_SENDER | MESSAGE_NULL_SENDER))
        explain_out_text(o, "sender", slice_of(m->sender));
    explain_out_positive(o, "nrcpt", m->nrcpt);
    explain_out_positive(o, "recipients_seen", m->recipients_seen);
    explain_out_positive(o, "recipients_bad", m->recipients_bad);
    explain_out_positive(o, "dsn_sent", m->dsn_sent);
    put_words(o, m->flags, message_words, sizeof message_words / sizeof message_words[0]);
    explain_out_close(o);
}

/* A restart, say: no client, no recipient, and joined to nothing. */
static bool says_nothing(const struct context *cx)
{
    return !cx->repeated && cx->client.family == 0 && cx->user.len == 0 && cx->sender.ptr == NULL &&
           cx->rcpt_class == RCPT_NONE && cx->reason == REASON_NONE && cx->session == NULL &&
           cx->message == NULL && cx->child == NULL;
}

void explain_meaning(struct explain_out *o, const struct event *ev, const struct context *cx,
                     const struct signatures *signatures)
{
    if (says_nothing(cx))
        return;
    explain_out_open(o, "meaning", "meaning", NULL);
    if (cx->repeated)
        explain_out_words(o, "repeated", "another log has told this before: it does not count");
    put_client(o, cx);
    put_recipient(o, cx);
    put_reason(o, ev, cx, signatures);
    if (cx->session != NULL)
        put_session(o, cx->session);
    put_message(o, "message", cx->message);
    put_message(o, "child", cx->child);
    put_message(o, "parent", cx->parent);
    explain_out_close(o);
}
