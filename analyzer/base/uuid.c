/* uuid.c - UUID version 5
 * algorithm: SHA-1 of namespace and name, first 16 bytes, version and variant bits set
 * source:    RFC 9562 5.5
 * limits:    the text form only */
#include "base/uuid.h"

#include "base/sha1.h"

void uuid5(const uint8_t ns[16], slice name, char ret_text[UUID_TEXT])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t id[SHA1_SIZE];
    struct sha1 c;

    sha1_init(&c);
    sha1_add(&c, ns, 16);
    sha1_add(&c, name.ptr, name.len);
    sha1_final(&c, id);
    id[6] = (uint8_t)((id[6] & 0x0f) | 0x50);
    id[8] = (uint8_t)((id[8] & 0x3f) | 0x80);
    char *out = ret_text;
    for (unsigned i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *out++ = '-';
        *out++ = digits[id[i] >> 4];
        *out++ = digits[id[i] & 15];
    }
    *out = '\0';
}
