/* uuid.h - name-based UUIDs: the same name gives the same id on every machine and in every run */
#ifndef BASE_UUID_H
#define BASE_UUID_H

#include <stdint.h>

#include "base/slice.h"

enum { UUID_TEXT = 37 }; /* bytes of the text form with its NUL */

/* uuid5 - version 5 UUID of a name in a namespace
 *
 *   out       ret_text  36 lower-case characters and a NUL
 *   source    RFC 9562 5.5 */
void uuid5(const uint8_t ns[16], slice name, char ret_text[UUID_TEXT]);

#endif
