/* json_threat.c - the ECS threat object: ATT&CK tactics and techniques as parallel arrays
 *
 * "T1110.001" gives its parent in technique and itself in technique.subtechnique.
 * source:  ECS 8.17.0 threat fields; MITRE ATT&CK v18.1 by way of attack.def.
 * limits:  an id that attack.def does not name would leave a gap in the names; a test looks for
 *          that. */
#include "output/json.h"

#include <stdio.h>

#include "output/attack.h"

enum attack_part { ATTACK_ID, ATTACK_NAME, ATTACK_LINK };

static void put_attack_item(struct json *j, slice id, enum attack_part part, const char *folder)
{
    if (part == ATTACK_ID) {
        json_text(j, NULL, id);
        return;
    }
    if (part == ATTACK_NAME) {
        json_text(j, NULL, attack_name(id));
        return;
    }
    size_t dot = slice_find_byte(id, '.');
    slice sub = slice_from(id, dot + 1);
    char text[96];
    snprintf(text, sizeof(text), "https://attack.mitre.org/%s/%.*s/%.*s%s", folder, (int)dot,
             id.ptr, (int)sub.len, sub.ptr, sub.len > 0 ? "/" : "");
    json_string(j, NULL, text);
}

/* What of the technique list is shown: tactics as they are, techniques without their dot, or the
 * dotted ones only. */
enum attack_view { VIEW_WHOLE, VIEW_PARENT, VIEW_SUB };

static void put_attack_array(struct json *j, const char *key, enum attack_part part,
                             const char *list, enum attack_view view)
{
    slice rest = slice_of(list);
    struct json_mark array = json_array(j, key);
    for (slice id = attack_next(&rest); id.ptr != NULL; id = attack_next(&rest)) {
        size_t dot = slice_find_byte(id, '.');
        if (view == VIEW_SUB && dot == id.len)
            continue;
        if (view == VIEW_PARENT)
            id = slice_first(id, dot);
        put_attack_item(j, id, part, view == VIEW_WHOLE ? "tactics" : "techniques");
    }
    json_close(j, array);
}

static void put_attack_arrays(struct json *j, const char *list, enum attack_view view)
{
    put_attack_array(j, "id", ATTACK_ID, list, view);
    put_attack_array(j, "name", ATTACK_NAME, list, view);
    put_attack_array(j, "reference", ATTACK_LINK, list, view);
}

void json_put_threat(struct json *j, const struct rule_info *rule)
{
    if (rule->tactics[0] == '\0')
        return;
    size_t text_max = j->text_max;
    j->text_max = SIZE_MAX; /* ids and names are our own words */
    struct json_mark threat = json_object(j, "threat");
    json_string(j, "framework", "MITRE ATT&CK");
    struct json_mark tactic = json_object(j, "tactic");
    put_attack_arrays(j, rule->tactics, VIEW_WHOLE);
    json_close(j, tactic);
    struct json_mark technique = json_object(j, "technique");
    put_attack_arrays(j, rule->techniques, VIEW_PARENT);
    struct json_mark sub = json_object(j, "subtechnique");
    put_attack_arrays(j, rule->techniques, VIEW_SUB);
    json_close(j, sub);
    json_close(j, technique);
    json_close(j, threat);
    j->text_max = text_max;
}
