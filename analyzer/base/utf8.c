/* utf8.c - UTF-8 decoding
 * grammar:   RFC 3629 4: 00-7F | C2-DF tail | E0 A0-BF tail | E1-EF tail tail (ED: 80-9F) | F0
 *            90-BF ... | F4 80-8F ...
 * source:    Unicode 15 table 3-7; one UTF8_BAD per maximal part, as browsers do it
 * limits:    unassigned code points and noncharacters are passed through */
#include "base/utf8.h"

/* What the first byte says: number of tail bytes, and the range of the second byte. */
struct lead {
    unsigned tail;
    uint8_t low, high;
};

static struct lead lead_of(uint8_t byte)
{
    if (byte >= 0xc2 && byte <= 0xdf)
        return (struct lead){1, 0x80, 0xbf};
    if (byte >= 0xe0 && byte <= 0xef)
        return (struct lead){2, byte == 0xe0 ? 0xa0 : 0x80, byte == 0xed ? 0x9f : 0xbf};
    if (byte >= 0xf0 && byte <= 0xf4)
        return (struct lead){3, byte == 0xf0 ? 0x90 : 0x80, byte == 0xf4 ? 0x8f : 0xbf};
    return (struct lead){0, 0, 0};
}

uint32_t utf8_take(slice *s)
{
    uint8_t byte = (uint8_t)s->ptr[0];
    struct lead lead = lead_of(byte);
    uint32_t code = byte & (0x3fU >> lead.tail);

    *s = slice_from(*s, 1);
    if (byte < 0x80)
        return byte;
    if (lead.tail == 0)
        return UTF8_BAD;
    for (unsigned i = 0; i < lead.tail; i++) {
        uint8_t tail = s->len == 0 ? 0 : (uint8_t)s->ptr[0];
        if (tail < (i == 0 ? lead.low : 0x80) || tail > (i == 0 ? lead.high : 0xbf))
            return UTF8_BAD;
        code = code << 6 | (tail & 0x3f);
        *s = slice_from(*s, 1);
    }
    return code;
}
