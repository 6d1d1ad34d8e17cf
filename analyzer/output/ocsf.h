/* ocsf.h - the one part of the OCSF writer that others use */
#ifndef OUTPUT_OCSF_H
#define OUTPUT_OCSF_H

#include "base/slice.h"

/* ocsf_is_email - is text an address that strict consumers take: local@label.label in ASCII
 *
 *   source    the pattern of email_t, OCSF 1.6.0 */
bool ocsf_is_email(slice text);

#endif
