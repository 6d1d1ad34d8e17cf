/* record_reader.c - which format an input has, and the records of either kind
 * algorithm: probe() of every parser over the head; the surest of at least SURE wins, else the
 *            input is read with envelopes. A line the format calls foreign, or an envelope that is
 *            none, asks once more with that line as head.
 * limits:    a format whose probe needs several lines is found at the start of an input only */
#include "record_reader.h"

#include <stdlib.h>

#include "base/panic.h"
#include "base/state.h"
#include "envelope.h"
#include "parser_memory.h"
#include "parsers.h"

enum { SURE = 50 };

struct record_reader {
    struct parser_env env;
    struct parser_memory *own;   /* when the run has none */
    const struct parser *only;   /* --format, or NULL */
    const struct parser *format; /* a parser with its own file format, or NULL: envelopes */
    void **states;               /* one a parser, made when first used */
    struct parser_choices choices;
    struct envelope envelope;
};

static const struct parser *probe(const struct record_reader *r, slice head)
{
    const struct parser *best = NULL;
    unsigned best_score = SURE - 1;

    for (size_t i = 0; i < parsers_count(); i++) {
        const struct parser *p = parsers_at(i);
        unsigned score = p->probe == NULL || (r->only != NULL && r->only != p) ? 0 : p->probe(head);
        if (score > best_score) {
            best = p;
            best_score = score;
        }
    }
    return best;
}

struct record_reader *record_reader_new(const struct parser_env *env, const struct parser *format,
                                        slice head)
{
    struct record_reader *r = panic_calloc(1, sizeof *r);

    r->env = *env;
    if (env->memory == NULL)
        r->env.memory = r->own = parser_memory_new();
    r->only = format;
    r->states = panic_calloc(parsers_count(), sizeof *r->states);
    envelope_init(&r->envelope, env->zone, env->year, env->reference_us);
    r->format = head.len == 0 ? NULL : probe(r, head);
    if (r->format == NULL && format != NULL && format->claims == NULL)
        r->format = format; /* said by the admin, whatever the head looks like */
    return r;
}

struct record_reader *record_reader_free(struct record_reader *r)
{
    if (r == NULL)
        return NULL;
    for (size_t i = 0; i < parsers_count(); i++)
        free(r->states[i]);
    free(r->states);
    parser_memory_free(r->own);
    free(r);
    return NULL;
}

static OUT_OF_LINE void *find_state(struct record_reader *r, const struct parser *parser)
{
    size_t i = 0;

    while (parsers_at(i) != parser)
        i++;
    if (r->states[i] == NULL) {
        r->states[i] = panic_calloc(1, parser->state_size);
        r->env.shared = parser_memory_of(r->env.memory, parser);
        if (parser->start != NULL)
            parser->start(r->states[i], &r->env);
    }
    return r->states[i];
}

static void *state_of(struct record_reader *r, const struct parser *parser)
{
    return parser->state_size == 0 ? NULL : find_state(r, parser);
}

static OUT_OF_LINE enum record_status read_format(struct record_reader *r, slice line,
                                                  struct log_record *ret)
{
    ret->parser = r->format;
    ret->state = state_of(r, r->format);
    return r->format->read(ret->state, line, &ret->rec);
}

static const struct parser *parser_for(struct record_reader *r, struct record *rec)
{
    if (r->only == NULL)
        return parsers_choose(&r->choices, rec->tag, &rec->note);
    rec->note = 0;
    return rec->tag.len > 0 && r->only->claims != NULL && r->only->claims(rec->tag) ? r->only
                                                                                    : NULL;
}

static enum record_status read_enveloped(struct record_reader *r, slice line,
                                         struct log_record *ret)
{
    enum envelope_result result = envelope_read(&r->envelope, line, &ret->rec);

    if (result != ENVELOPE_RECORD)
        return result == ENVELOPE_SKIP ? RECORD_SKIP : RECORD_REJECT;
    ret->parser = parser_for(r, &ret->rec);
    if (ret->parser == NULL)
        return RECORD_FOREIGN;
    ret->state = state_of(r, ret->parser);
    return RECORD_READY;
}

/* No envelope, or nothing the present format could have written: another format may know it. */
static OUT_OF_LINE enum record_status read_elsewhere(struct record_reader *r, slice line,
                                                     struct log_record *ret)
{
    const struct parser *other = probe(r, line);

    if (other != NULL && other != r->format) {
        r->format = other;
        return read_format(r, line, ret);
    }
    if (r->format == NULL || read_enveloped(r, line, ret) != RECORD_READY)
        return RECORD_FOREIGN;
    r->format = NULL;
    return RECORD_READY;
}

enum record_status record_reader_next(struct record_reader *r, slice line,
                                      const struct line_pos *pos, struct log_record *ret)
{
    enum record_status status;

    if (pos != &ret->rec.pos)
        ret->rec.pos = *pos;
    if (line.ptr == NULL)
        return r->format == NULL ? RECORD_SKIP : read_format(r, line, ret);
    if (r->format == NULL) {
        status = read_enveloped(r, line, ret);
        /* a time and no tag: perhaps a line of a program that writes its own times */
        return status == RECORD_REJECT || (status == RECORD_FOREIGN && ret->rec.tag.len == 0)
                   ? read_elsewhere(r, line, ret)
                   : status;
    }
    status = read_format(r, line, ret);
    return status == RECORD_FOREIGN && line.len > 0 ? read_elsewhere(r, line, ret) : status;
}

const struct parser *record_reader_format(const struct record_reader *r)
{
    return r->format;
}

void *record_reader_state(struct record_reader *r, const struct parser *parser)
{
    return state_of(r, parser);
}

/* The state of a parser that can persist it; of others the state is made anew. */
static void persist_state(struct record_reader *r, const struct parser *parser, size_t i,
                          struct state_io *io)
{
    if (parser->persist != NULL && state_number(io, parser->name, r->states[i] != NULL) != 0)
        parser->persist(state_of(r, parser), io);
}

void record_reader_persist(struct record_reader *r, struct state_io *io)
{
    static const struct state_hole holes[] = {STATE_HOLE(struct envelope, time.zone),
                                              STATE_HOLE(struct envelope, room),
                                              STATE_HOLE(struct envelope, room_bytes)};
    char format[32] = "";

    state_struct(io, "envelope", &r->envelope, sizeof r->envelope, STATE_HOLES(holes));
    if (r->envelope.last_len > ENVELOPE_LAST || r->envelope.host_len > sizeof r->envelope.host) {
        state_fail(io, "a line of another size");
        r->envelope.last_len = r->envelope.host_len = 0;
    }
    if (r->format != NULL)
        slice_keep(slice_of(r->format->name), format, sizeof format);
    state_bytes(io, "format", format, sizeof format, 1);
    format[sizeof format - 1] = '\0';
    if (state_loading(io) && state_good(io))
        r->format = format[0] == '\0' ? NULL : parsers_find(slice_of(format));
    for (size_t i = 0; i < parsers_count(); i++)
        persist_state(r, parsers_at(i), i, io);
}
