/* smtp_pending.c - a ring of command lines with their text in one buffer
 * algorithm: the text is given out from the front and starts again when the ring is empty, which
 *            it is after each group of commands
 * source:    RFC 2920 (pipelining)
 * limits:    64 commands or 3 KiB at once; what is beyond loses its arguments */
#include "smtp_pending.h"

void smtp_pending_clear(struct smtp_pending *p)
{
    p->first = p->count = p->used = 0;
}

void smtp_pending_put(struct smtp_pending *p, slice line)
{
    struct smtp_pending_command *c;
    slice kept = slice_first(slice_trim(line), SMTP_PENDING_LINE);

    if (p->count == SMTP_PENDING_MAX) {
        p->dropped++;
        return;
    }
    if (p->count == 0)
        p->used = 0;
    if (kept.len > sizeof p->text - p->used) { /* the verb at least: the step is what matters */
        kept = slice_first(kept, slice_find_byte(kept, ' '));
        p->dropped++;
        if (kept.len > sizeof p->text - p->used)
            kept.len = 0;
    }
    c = &p->list[(p->first + p->count++) % SMTP_PENDING_MAX];
    *c = (struct smtp_pending_command){.line_len = (uint16_t)kept.len, .at = p->used};
    if (kept.len > 0)
        memcpy(p->text + p->used, kept.ptr, kept.len);
    p->used = (uint16_t)(p->used + kept.len);
}

bool smtp_pending_take(struct smtp_pending *p, struct smtp_command *ret)
{
    const struct smtp_pending_command *c = &p->list[p->first];

    if (p->count == 0) {
        *ret = (struct smtp_command){.path = SLICE_NONE};
        return false;
    }
    p->first = (uint16_t)((p->first + 1) % SMTP_PENDING_MAX);
    p->count--;
    smtp_command_read((slice){p->text + c->at, c->line_len}, ret);
    return true;
}
