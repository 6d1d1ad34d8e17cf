/* attack.c - the table of attack.def and a walk over the id lists of rules.def
 *
 * source:  attack.def.
 * limits:  only ids that rules.def cites are known; a test looks each of them up. */
#include "output/attack.h"

static const struct {
    const char *id, *name;
} names[] = {
#define ATTACK(id_, name_) {id_, name_},
#include "output/attack.def"
#undef ATTACK
};

slice attack_name(slice id)
{
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (slice_eq(id, slice_of(names[i].id)))
            return slice_of(names[i].name);
    return SLICE_NONE;
}

slice attack_next(slice *list)
{
    if (list->len == 0)
        return SLICE_NONE;
    size_t end = slice_find_byte(*list, ',');
    slice item = slice_first(*list, end);
    *list = slice_from(*list, end + 1);
    return item;
}
