/* backlog.c - a ring of documents in memory, the front of those in the spool
 * source:   output/spool.h
 * limits:   either no document of the ring is in the spool, or all are and the spool begins with
 *           them: so the order is kept with one flag. */
#include "output/backlog.h"

#include <stdlib.h>
#include <string.h>

#include "base/panic.h"
#include "output/spool.h"

enum { BACKLOG_DOCUMENTS = 4096, BACKLOG_BYTES = 4 << 20 };

struct held {
    char *ptr; /* owned */
    size_t len;
    uint64_t mark;
    int64_t sent_ms;
};

struct backlog {
    struct held ring[BACKLOG_DOCUMENTS];
    unsigned first, count, sent; /* sent: of count, the oldest */
    size_t bytes;
    uint64_t dropped;
    struct spool *spool; /* NULL: none */
    bool spooling;       /* all of the ring are in the spool too */
};

static struct held *at(struct backlog *b, unsigned i)
{
    return &b->ring[(b->first + i) % BACKLOG_DOCUMENTS];
}

static bool ring_has_room(const struct backlog *b, size_t len)
{
    return b->count == 0 || (b->count < BACKLOG_DOCUMENTS && b->bytes + len <= BACKLOG_BYTES);
}

static void hold(struct backlog *b, char *ptr, size_t len)
{
    *at(b, b->count++) = (struct held){.ptr = ptr, .len = len};
    b->bytes += len;
}

static void hold_copy(struct backlog *b, slice document)
{
    char *ptr = panic_calloc(1, document.len + 1);

    memcpy(ptr, document.ptr, document.len);
    hold(b, ptr, document.len);
}

/* From the spool into the ring, as far as there is room. */
static void refill(struct backlog *b)
{
    char *ptr;
    size_t len;

    while (b->spooling && ring_has_room(b, 1) && spool_read(b->spool, &ptr, &len))
        hold(b, ptr, len);
}

struct backlog *backlog_new(void)
{
    return panic_calloc(1, sizeof(struct backlog));
}

static void forget_first(struct backlog *b)
{
    struct held *h = at(b, 0);

    b->bytes -= h->len;
    free(h->ptr);
    *h = (struct held){0};
    b->first = (b->first + 1) % BACKLOG_DOCUMENTS;
    b->count--;
}

struct backlog *backlog_free(struct backlog *b)
{
    if (b == NULL)
        return NULL;
    while (b->count > 0)
        forget_first(b);
    spool_close(&b->spool);
    free(b);
    return NULL;
}

bool backlog_spool(struct backlog *b, const char *dir, const char *name, size_t max,
                   struct error *reterr)
{
    ASSERT(b->count == 0 && b->spool == NULL);
    b->spool = spool_open(dir, name, max, reterr);
    if (b->spool == NULL)
        return false;
    b->spooling = spool_bytes(b->spool) > 0;
    refill(b);
    return true;
}

bool backlog_has_room(const struct backlog *b, size_t len)
{
    return b->spool != NULL || ring_has_room(b, len);
}

bool backlog_keep(struct backlog *b)
{
    if (b->count == 0 || b->spooling)
        return true;
    if (b->spool == NULL)
        return false;
    for (unsigned i = 0; i < b->count; i++) {
        const struct held *h = at(b, i);
        if (spool_append(b->spool, (slice){h->ptr, h->len}))
            continue;
        spool_clear(b->spool); /* all or none */
        return false;
    }
    spool_skip_all(b->spool);
    b->spooling = true;
    return true;
}

static bool put_spooled(struct backlog *b, slice document)
{
    bool front = !spool_has_unread(b->spool);

    if (!spool_append(b->spool, document))
        return false;
    if (front && ring_has_room(b, document.len)) {
        hold_copy(b, document);
        spool_skip_all(b->spool);
    }
    return true;
}

bool backlog_put(struct backlog *b, slice document)
{
    if (!b->spooling && ring_has_room(b, document.len)) {
        hold_copy(b, document);
        return true;
    }
    if ((b->spooling || backlog_keep(b)) && b->spooling && put_spooled(b, document))
        return true;
    b->dropped++;
    return false;
}

bool backlog_next(struct backlog *b, slice *ret)
{
    if (b->sent == b->count)
        refill(b);
    if (b->sent == b->count)
        return false;
    *ret = (slice){at(b, b->sent)->ptr, at(b, b->sent)->len};
    return true;
}

void backlog_sent(struct backlog *b, uint64_t mark, int64_t now_ms)
{
    struct held *h = at(b, b->sent++);

    ASSERT(b->sent <= b->count);
    h->mark = mark;
    h->sent_ms = now_ms;
}

bool backlog_oldest_sent(const struct backlog *b, uint64_t *ret_mark, int64_t *ret_ms)
{
    const struct held *h = &b->ring[b->first];

    if (b->sent == 0)
        return false;
    *ret_mark = h->mark;
    *ret_ms = h->sent_ms;
    return true;
}

void backlog_release(struct backlog *b)
{
    size_t len = at(b, 0)->len;

    ASSERT(b->sent > 0);
    b->sent--;
    forget_first(b);
    if (!b->spooling)
        return;
    spool_release(b->spool, len);
    b->spooling = spool_bytes(b->spool) > 0;
}

void backlog_rewind(struct backlog *b)
{
    b->sent = 0;
}

bool backlog_sync(struct backlog *b)
{
    bool kept = backlog_keep(b);

    if (b->spooling)
        spool_sync(b->spool);
    return kept;
}

uint64_t backlog_drop_all(struct backlog *b)
{
    uint64_t n = b->count;

    if (b->spooling)
        return 0;
    b->dropped += n;
    b->sent = 0;
    while (b->count > 0)
        forget_first(b);
    return n;
}

unsigned backlog_unsent(const struct backlog *b)
{
    return b->count - b->sent;
}

unsigned backlog_held(const struct backlog *b)
{
    return b->count;
}

size_t backlog_spooled(const struct backlog *b)
{
    return b->spooling ? spool_bytes(b->spool) : 0;
}

uint64_t backlog_dropped(const struct backlog *b)
{
    return b->dropped;
}

void backlog_refuse(struct backlog *b)
{
    b->dropped++;
    if (b->sent == 0) {
        backlog_sent(b, 0, 0);
        backlog_release(b);
    } else {
        backlog_sent(b, 0, 0); /* behind others that are held: it goes with them */
    }
}
