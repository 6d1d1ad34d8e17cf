/* test_event_keys.c - keys stand for what an event says, and for nothing else */
#include "correlate/event_keys.h"

#include "correlate/correlate.h"
#include "test.h"

static const struct hash_key key = {7, 9};

static struct event sample(enum event_kind kind)
{
    struct event ev;

    event_reset(&ev);
    ev.kind = kind;
    ev.client = (struct ip_addr){.family = 4, .lo = 0xc0000201};
    event_set(&ev, EF_HOST, SLICE_LIT("mx1"));
    event_set(&ev, EF_SESSION, SLICE_LIT("4711"));
    event_set(&ev, EF_QUEUE_ID, SLICE_LIT("4F1"));
    event_set(&ev, EF_USER, SLICE_LIT("Ann"));
    event_set(&ev, EF_SENDER, SLICE_LIT("ann@example.org"));
    event_set(&ev, EF_RCPT, SLICE_LIT("bob@example.net"));
    return ev;
}

static struct event_keys keys_of(const struct event *ev)
{
    struct event_keyer keyer = {.key = key};
    struct event_keys keys, again;

    memset(&keys, 0xff, sizeof keys); /* all of it is written */
    event_keys_of(&keyer, ev, &keys);
    event_keys_of(&keyer, ev, &again); /* from the caches */
    CHECK(memcmp(&keys, &again, sizeof keys) == 0);
    return keys;
}

static void each_text_has_its_key(void)
{
    struct event ev = sample(EVENT_RCPT);
    struct event_keys a = keys_of(&ev), b;

    CHECK(a.client == correlate_principal(&key, &ev.client) && a.client != 0);
    CHECK(a.rcpt == event_key_of_text(&key, SLICE_LIT("BOB@example.net")));
    CHECK(a.queue_scope == a.scope && a.session != a.queue);
    event_set(&ev, EF_SENDER, SLICE_LIT("Ann@Example.ORG"));
    event_set(&ev, EF_USER, SLICE_LIT("ann"));
    b = keys_of(&ev);
    CHECK(a.sender == b.sender && a.user == b.user && a.user != a.sender);
    event_set(&ev, EF_HOST, SLICE_LIT("mx2"));
    b = keys_of(&ev);
    CHECK(a.scope != b.scope && a.session != b.session && a.queue != b.queue);
    CHECK(a.sender == b.sender && a.client == b.client);
}

static void an_id_belongs_to_the_host_of_its_queue(void)
{
    struct event ev = sample(EVENT_DELIVERY), there = ev;
    struct event_keys a, b;

    event_set(&ev, EF_QUEUE_HOST, SLICE_LIT("mx2"));
    event_set(&there, EF_HOST, SLICE_LIT("mx2"));
    a = keys_of(&ev);
    b = keys_of(&there);
    CHECK(a.queue == b.queue && a.queue_scope == b.scope);
    CHECK(a.scope != b.scope && a.session != b.session);
}

static void what_is_absent_has_none(void)
{
    struct event ev = sample(EVENT_QUEUED);
    struct event_keys k = keys_of(&ev);

    CHECK(k.rcpt == 0 && k.sender != 0); /* nobody judges a recipient of this kind */
    event_reset(&ev);
    ev.kind = EVENT_DELIVERY;
    event_set(&ev, EF_SENDER, SLICE_LIT(""));
    k = keys_of(&ev);
    CHECK(k.scope != 0 && k.queue_scope == k.scope);
    CHECK(k.client == 0 && k.user == 0 && k.sender == 0 && k.rcpt == 0);
    CHECK(k.session == 0 && k.queue == 0);
}

static void what_is_joined_to_nothing_has_its_scope(void)
{
    struct event ev = sample(EVENT_MESSAGE_ID);
    struct event_keys k = keys_of(&ev);

    CHECK(k.scope != 0 && k.queue == 0 && k.client == 0 && k.sender == 0);
    ev.may_repeat = true;
    k = keys_of(&ev);
    CHECK(k.queue != 0 && k.client != 0);
}

static const struct test_case cases[] = {
    {"each text has its key", each_text_has_its_key},
    {"an id belongs to the host of its queue", an_id_belongs_to_the_host_of_its_queue},
    {"what is absent has none", what_is_absent_has_none},
    {"what is joined to nothing has its scope", what_is_joined_to_nothing_has_its_scope},
};
TEST_MAIN(cases)
