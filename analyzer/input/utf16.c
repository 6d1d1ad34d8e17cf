/* utf16.c - UTF-16 to UTF-8, in pieces of any size
 * algorithm: two bytes make a unit, one or two units a code point, which is encoded into a small
 *            buffer and written from there as room allows; plain ASCII takes the short way
 * source:    RFC 2781 2.2, RFC 3629 3
 * limits:    byte order is given by the caller (from the mark) and is the same in all of the file
 */
#include "input/utf16.h"

enum { REPLACEMENT = 0xFFFD };

static size_t write_waiting(struct utf16 *state, char *buf, size_t size)
{
    size_t n = 0;

    while (n < size && state->out_begin < state->out_end)
        buf[n++] = (char)state->out[state->out_begin++];
    if (state->out_begin == state->out_end)
        state->out_begin = state->out_end = 0;
    return n;
}

static void encode(struct utf16 *state, uint32_t code)
{
    unsigned char *out = state->out + state->out_end;

    if (code < 0x80) {
        out[0] = (unsigned char)code;
        state->out_end += 1;
        return;
    }
    unsigned more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3; /* continuation bytes */
    static const unsigned char lead[] = {0, 0xC0, 0xE0, 0xF0};
    out[0] = (unsigned char)(lead[more] | code >> (6 * more));
    for (unsigned i = 1; i <= more; i++)
        out[i] = (unsigned char)(0x80 | (code >> (6 * (more - i)) & 0x3F));
    state->out_end += 1 + more;
}

static void take_unit(struct utf16 *state, uint16_t unit)
{
    bool is_high = unit >= 0xD800 && unit <= 0xDBFF, is_low = unit >= 0xDC00 && unit <= 0xDFFF;
    uint16_t high = state->high;

    state->high = is_high ? unit : 0;
    if (is_low && high != 0) {
        encode(state, 0x10000 + ((uint32_t)(high - 0xD800) << 10 | (uint32_t)(unit - 0xDC00)));
        return;
    }
    if (high != 0)
        encode(state, REPLACEMENT);
    if (!is_high)
        encode(state, is_low ? REPLACEMENT : unit);
}

static uint16_t unit_of(const struct utf16 *state, unsigned char first, unsigned char second)
{
    unsigned high = state->big_endian ? first : second, low = state->big_endian ? second : first;

    return (uint16_t)(high << 8 | low);
}

/* The next unit; false when less than a unit is left, which then waits in the state. */
static bool next_unit(struct utf16 *state, slice *in, uint16_t *ret_unit)
{
    if (!state->has_byte && in->len >= 2) {
        *ret_unit = unit_of(state, (unsigned char)in->ptr[0], (unsigned char)in->ptr[1]);
        *in = slice_from(*in, 2);
        return true;
    }
    if (in->len == 0)
        return false;
    unsigned char byte = (unsigned char)in->ptr[0];
    *in = slice_from(*in, 1);
    if (state->has_byte)
        *ret_unit = unit_of(state, state->byte, byte);
    state->has_byte = !state->has_byte;
    state->byte = byte;
    return !state->has_byte;
}

size_t utf16_convert(struct utf16 *state, slice *in, char *buf, size_t size)
{
    size_t used = write_waiting(state, buf, size);
    uint16_t unit;

    while (used < size && next_unit(state, in, &unit)) {
        if (unit < 0x80 && state->high == 0) {
            buf[used++] = (char)unit;
            continue;
        }
        take_unit(state, unit);
        used += write_waiting(state, buf + used, size - used);
    }
    return used;
}

size_t utf16_finish(struct utf16 *state, char *buf, size_t size)
{
    if (state->out_end == 0 && (state->has_byte || state->high != 0)) {
        state->has_byte = false;
        state->high = 0;
        encode(state, REPLACEMENT);
    }
    return write_waiting(state, buf, size);
}
