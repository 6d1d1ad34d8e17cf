/* attack.h - MITRE ATT&CK ids to names, for the writers that must show both */
#ifndef OUTPUT_ATTACK_H
#define OUTPUT_ATTACK_H

#include "base/slice.h"

/* attack_name - the name of a tactic ("TA0043") or technique ("T1595", "T1595.002")
 *
 *   result    static; the absent slice for an id that attack.def does not list
 *   source    MITRE ATT&CK v18.1 Enterprise */
slice attack_name(slice id);

/* attack_next - take the next item off a comma separated list of ids
 *
 *   in,out    list   advanced past the item and its comma
 *   result    the item, borrowed; absent at the end */
slice attack_next(slice *list);

#endif
