/* bounce_address.c - tags of mailing systems taken off an address
 * grammar: prvs=DDDDDDDDDD=anna, btv1==DDD==anna (BATV); list+anna=example.org, list-bounce-1234,
 *          news.a1b2.77 (VERP and its relatives); SRS0=... SRS1=... (sender rewriting)
 * source:  BATV draft (Levine), VERP (Bernstein), SRS (Wong)
 * limits:  a person whose name ends in a number after a dot or dash is cut as well, as sender and
 *          as recipient alike */
#include "detect/bounce_address.h"

/* Half of it digits: 1234, a1b2; not a name with a number behind it, as in anna.smith2. */
static bool is_counter(slice s)
{
    size_t digits = 0;

    for (size_t i = 0; i < s.len; i++)
        digits += s.ptr[i] >= '0' && s.ptr[i] <= '9';
    return digits > 0 && 2 * digits >= s.len;
}

/* prvs=0123456789=anna (BATV) and btv1==0123==anna name the person last. */
static slice without_batv(slice local)
{
    size_t end;

    if (slice_ieq(slice_first(local, 5), SLICE_LIT("prvs=")))
        end = slice_find_byte(slice_from(local, 5), '=') + 5;
    else if (slice_ieq(slice_first(local, 6), SLICE_LIT("btv1==")))
        end = slice_find(slice_from(local, 6), SLICE_LIT("==")) + 7;
    else
        return local;
    return end + 1 < local.len ? slice_from(local, end + 1) : local;
}

slice bounce_address_local(slice address)
{
    slice local = without_batv(slice_first(address, slice_rfind_byte(address, '@')));
    size_t plus = slice_find_byte(local, '+'), equals = slice_find_byte(local, '=');

    local = slice_first(local, plus < equals ? plus : equals);
    for (size_t i = local.len; i-- > 1;) {
        if (strchr("-_.", local.ptr[i]) == NULL || local.ptr[i] == '\0')
            continue;
        if (!is_counter(slice_from(local, i + 1)))
            break;
        local.len = i;
    }
    return local;
}

bool bounce_address_is_forward(slice address)
{
    return address.len > 5 && slice_ieq(slice_first(address, 3), SLICE_LIT("SRS")) &&
           (address.ptr[4] == '=' || address.ptr[4] == '+' || address.ptr[4] == '-');
}
