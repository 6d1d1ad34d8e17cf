/* test_event_pack.c - an event that was packed is the event, wherever its text lay */
#include "event/event_pack.h"

#include "test.h"

static const char line_text[] =
    "Mar  2 10:00:00 mx postfix/qmgr[1]: 4F1: from=<a@example.org>, size=7";

static slice line(void)
{
    return slice_of(line_text);
}

static slice part(size_t from, size_t len)
{
    return slice_first(slice_from(line(), from), len);
}

static struct event sample(void)
{
    struct event ev;

    event_reset(&ev);
    ev.kind = EVENT_QUEUED;
    ev.size = 7;
    ev.delay_ms = -1;
    ev.status[1] = 7;
    ev.client = (struct ip_addr){.family = 4, .lo = 0xc0000201};
    ev.counters.bare_lf = true;
    ev.time_us = 1772445600000000;
    ev.pos = (struct line_pos){.offset = 1 << 30, .number = 77, .source = 3, .text = line()};
    event_set(&ev, EF_HOST, part(16, 2));
    event_set(&ev, EF_SENDER, part(46, 13));
    event_set(&ev, EF_QUEUE_HOST, slice_from(line(), line().len)); /* the empty one at its end */
    return ev;
}

static void check_same(const struct event *ev, const struct event *got)
{
    CHECK(memcmp(ev, got, offsetof(struct event, field)) == 0);
    for (unsigned i = 0; i < EF_COUNT; i++) {
        enum event_field f = (enum event_field)i;
        CHECK_INT(event_has(ev, f), event_has(got, f));
        CHECK(slice_eq(event_field(ev, f), event_field(got, f)));
        CHECK(!event_has(got, f) || event_field(got, f).ptr != NULL);
    }
    CHECK_INT(ev->time_us, got->time_us);
    CHECK_INT(ev->pos.offset, got->pos.offset);
    CHECK_INT(ev->pos.number, got->pos.number);
    CHECK_INT(ev->pos.source, got->pos.source);
    CHECK(slice_eq(ev->pos.text, got->pos.text));
}

static void text_of_the_line_stays_in_the_line(void)
{
    struct event_pack p = {0};
    struct event ev = sample();

    event_pack_line(&p, line());
    const struct event *got = event_pack_put(&p, &ev);
    check_same(&ev, got);
    CHECK(event_field(got, EF_SENDER).ptr == got->pos.text.ptr + 46);
    CHECK(got->pos.text.ptr != line_text);
    event_pack_fini(&p);
}

static void other_text_is_copied(void)
{
    struct event_pack p = {0};
    struct event ev = sample();
    char elsewhere[] = "somewhere else";

    event_set(&ev, EF_TEXT, slice_of(elsewhere));
    event_set(&ev, EF_USER, SLICE_LIT(""));
    event_set(&ev, EF_COMMAND, (slice){line_text + 60, sizeof line_text - 60}); /* goes beyond it */
    ev.pos.text = slice_of(elsewhere); /* a record that began in an earlier line */
    event_pack_line(&p, line());
    const struct event *got = event_pack_put(&p, &ev);
    memset(elsewhere, 'x', sizeof elsewhere - 1);
    CHECK_SLICE(event_field(got, EF_TEXT), "somewhere else");
    CHECK_SLICE(got->pos.text, "somewhere else");
    CHECK(event_has(got, EF_USER) && event_field(got, EF_USER).len == 0);
    CHECK_INT(event_field(got, EF_COMMAND).len, sizeof line_text - 60);
    CHECK(memcmp(event_field(got, EF_COMMAND).ptr, line_text + 60, sizeof line_text - 60) == 0);
    event_pack_fini(&p);
}

static void none_of_many_moves(void)
{
    enum { MANY = 1000 };
    struct event_pack p = {0};
    struct event ev = sample();
    const struct event *got[MANY];

    event_pack_line(&p, line());
    for (unsigned i = 0; i < MANY; i++) {
        ev.size = i;
        got[i] = event_pack_put(&p, &ev);
    }
    CHECK(p.len >= MANY * sizeof ev);
    for (unsigned i = 0; i < MANY; i++) {
        ev.size = i;
        check_same(&ev, got[i]);
    }
    event_pack_clear(&p);
    CHECK_INT(p.len, 0);
    CHECK(event_pack_text(&p, SLICE_LIT("abc"))[3] == '\0');
    CHECK_INT(p.len, 8);
    event_pack_fini(&p);
}

static void a_text_may_be_larger_than_a_block(void)
{
    enum { LARGE = 200000 };
    struct event_pack p = {0};
    struct event ev = sample();
    char *text = malloc(LARGE);

    memset(text, 'x', LARGE);
    event_set(&ev, EF_TEXT, (slice){text, LARGE});
    for (unsigned round = 0; round < 2; round++) { /* the second in the memory of the first */
        event_pack_line(&p, line());
        const struct event *got = event_pack_put(&p, &ev);
        check_same(&ev, got);
        CHECK((uintptr_t)event_pack_room(&p, 3) % 8 == 0);
        event_pack_clear(&p);
    }
    event_pack_fini(&p);
    free(text);
}

static void a_record_may_have_no_line(void)
{
    struct event_pack p = {0};
    struct event ev = sample();

    event_pack_line(&p, SLICE_NONE);
    check_same(&ev, event_pack_put(&p, &ev));
    event_pack_fini(&p);
}

static const struct test_case cases[] = {
    {"text of the line stays in the line", text_of_the_line_stays_in_the_line},
    {"other text is copied", other_text_is_copied},
    {"none of many moves", none_of_many_moves},
    {"a text may be larger than a block", a_text_may_be_larger_than_a_block},
    {"a record may have no line", a_record_may_have_no_line},
};
TEST_MAIN(cases)
