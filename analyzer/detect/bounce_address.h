/* bounce_address.h - whose address a bounce comes back to
 *
 * Mailing systems put a tag into the envelope sender of each message. To know whether an address
 * has written at all, the tag is taken off. */
#ifndef DETECT_BOUNCE_ADDRESS_H
#define DETECT_BOUNCE_ADDRESS_H

#include <stdbool.h>

#include "base/slice.h"

/* bounce_address_local - the local part without its tags: "anna" of prvs=0123456789=anna@..., the
 * part before the first + or =, or before last parts that count (half of them digits)
 *
 *   result    borrows from address */
slice bounce_address_local(slice address);

/* bounce_address_is_forward - SRS0=...: what comes back there answers mail that we forwarded */
bool bounce_address_is_forward(slice address);

#endif
