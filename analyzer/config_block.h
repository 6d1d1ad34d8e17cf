/* config_block.h - settings of block lists and abuse reports */
#ifndef CONFIG_BLOCK_H
#define CONFIG_BLOCK_H

#include "base/error.h"
#include "options.h"
#include "output/block_set.h"

struct block_settings {
    struct block_policy policy; /* its networks are owned by this */
    struct ip_net *allow;
    unsigned allow_capacity;
    char *reporter_name, *reporter_address; /* owned; NULL: not given */
};

/* block_settings_init - the defaults; zones are borrowed */
void block_settings_init(struct block_settings *b, const struct zones *zones);
void block_settings_fini(struct block_settings *b);

/* block_settings_take - one of the options block-allow, block-severity, block-expire,
 * block-networks, reporter
 *
 *   result    false with *reterr: what is wrong and where it was set */
bool block_settings_take(struct block_settings *b, const struct setting *s, struct error *reterr);

#endif
