/* stream.c - two queues by time: of events before rendering, of lines while they are shuffled
 * algorithm: an event is rendered when all earlier ones are; a shuffled line leaves up to
 * shuffle_s after its time, its stamp unchanged
 * limits:    lines are cut at 2 KiB */
#include "stream.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "heap.h"

enum { LINE_MAX_BYTES = 2048 };

struct stream {
    struct stream_options options;
    struct heap events, lines;
    struct mail_event *spare; /* list, linked through child */
    struct rng rng;
    uint64_t events_count, lines_count;
};

struct stream *stream_new(const struct stream_options *options)
{
    struct stream *s = calloc(1, sizeof *s);

    if (s == NULL)
        abort();
    s->options = *options;
    rng_seed(&s->rng, options->seed, UINT64_C(0x5375));
    if (options->dialect->begin != NULL)
        options->dialect->begin(s, &options->options);
    return s;
}

/* Spare events are linked through memory that is rubbish otherwise. */
static struct mail_event *take_spare(struct stream *s)
{
    struct mail_event *ev = s->spare;

    memcpy(&s->spare, (const void *)ev, sizeof s->spare);
    return ev;
}

static void put_spare(struct stream *s, struct mail_event *ev)
{
    memcpy((void *)ev, &s->spare, sizeof s->spare);
    s->spare = ev;
}

static void release(struct stream *s, struct mail_event *ev)
{
    mail_session_drop(ev->session);
    mail_message_drop(ev->message);
    mail_message_drop(ev->child);
    put_spare(s, ev);
}

void stream_free(struct stream *s)
{
    if (s == NULL)
        return;
    while (s->events.count > 0)
        release(s, heap_take(&s->events, NULL));
    while (s->lines.count > 0)
        free(heap_take(&s->lines, NULL));
    while (s->spare != NULL)
        free(take_spare(s));
    heap_free(&s->events);
    heap_free(&s->lines);
    free(s);
}

struct mail_event *stream_event(struct stream *s, enum mail_kind kind, int64_t time_us,
                                struct mail_session *session, struct mail_message *message)
{
    struct mail_event *ev = s->spare != NULL ? take_spare(s) : malloc(sizeof *ev);

    if (ev == NULL)
        abort();
    ev->time_us = time_us;
    ev->kind = kind;
    ev->verdict = MAIL_OK;
    ev->why = WHY_NONE;
    ev->place = PLACE_MAILBOX;
    ev->anomaly = ANOMALY_NONE;
    ev->session = mail_session_keep(session);
    ev->message = mail_message_keep(message);
    ev->child = NULL;
    ev->delay_s = 0;
    ev->rcpt[0] = ev->orig[0] = ev->host[0] = ev->ip[0] = ev->status[0] = ev->text[0] = '\0';
    return ev;
}

void stream_put(struct stream *s, struct mail_event *ev)
{
    heap_put(&s->events, ev->time_us, ev);
}

static void write_line(struct stream *s, const char *line)
{
    fputs(line, s->options.out);
    putc_unlocked('\n', s->options.out);
    s->lines_count++;
}

static void write_lines(struct stream *s, int64_t before_us)
{
    while (heap_next_us(&s->lines) < before_us) {
        char *line = heap_take(&s->lines, NULL);
        write_line(s, line);
        free(line);
    }
}

void stream_flush(struct stream *s, int64_t before_us)
{
    while (heap_next_us(&s->events) < before_us) {
        struct mail_event *ev = heap_take(&s->events, NULL);
        s->events_count++;
        s->options.dialect->render(s, ev);
        release(s, ev);
    }
    write_lines(s, before_us);
}

static void disturb(struct stream *s, int64_t time_us, const char *line)
{
    const struct stream_options *o = &s->options;
    unsigned copies = rng_chance(&s->rng, o->lost) ? 0 : rng_chance(&s->rng, o->doubled) ? 2 : 1;

    for (; copies > 0; copies--) {
        char *copy = strdup(line);
        if (copy == NULL)
            abort();
        heap_put(&s->lines, time_us + (int64_t)(rng_unit(&s->rng) * o->shuffle_s * 1e6), copy);
    }
}

void stream_line(struct stream *s, int64_t time_us, const char *format, ...)
{
    const struct stream_options *o = &s->options;
    char line[LINE_MAX_BYTES];
    va_list args;

    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (o->shuffle_s > 0 || o->lost > 0 || o->doubled > 0)
        disturb(s, time_us, line);
    else
        write_line(s, line);
}

uint64_t stream_events(const struct stream *s)
{
    return s->events_count;
}

uint64_t stream_lines(const struct stream *s)
{
    return s->lines_count;
}
