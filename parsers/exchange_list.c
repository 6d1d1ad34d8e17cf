/* exchange_list.c - members of a list, values by key
 * Grammar:  LIST   = MEMBER *(";" MEMBER)
 *           MEMBER = "'" any "'" / ("[" / "{") any, brackets closed / DQUOTE any DQUOTE any / any
 *           DETAIL = "{" KEY "=" VALUE "}"
 * source:   Microsoft "Message tracking"; real rows of Exchange 2016 and 2019 */
#include "exchange_list.h"

/* Past the end of a structure in apostrophes: the one before a separator or the end. */
static size_t behind_apostrophe(slice s, char separator)
{
    for (size_t i = 1; i < s.len; i++)
        if (s.ptr[i] == '\'' && (i + 1 == s.len || s.ptr[i + 1] == separator))
            return i + 1;
    return 0;
}

static size_t behind_brackets(slice s)
{
    size_t depth = 0;

    for (size_t i = 0; i < s.len; i++) {
        depth += s.ptr[i] == '[' || s.ptr[i] == '{';
        if ((s.ptr[i] == ']' || s.ptr[i] == '}') && --depth == 0)
            return i + 1;
    }
    return 0;
}

static size_t behind_quote(slice s)
{
    for (size_t i = 1; i < s.len; i++) {
        if (s.ptr[i] == '"')
            return i + 1;
        i += s.ptr[i] == '\\';
    }
    return 0;
}

static bool begins_structure(char c)
{
    return c == '\'' || c == '[' || c == '{' || c == '"';
}

/* How many bytes of a member's beginning cannot hold a separator that parts. One structure that
 * does not end is enough: the rest is cut plainly, in one pass. */
static size_t structure_len(struct exchange_list *list)
{
    slice s = list->rest;
    size_t len;

    if (list->plain || s.len == 0 || !begins_structure(s.ptr[0]))
        return 0;
    len = s.ptr[0] == '\''  ? behind_apostrophe(s, list->separator)
          : s.ptr[0] == '"' ? behind_quote(s)
                            : behind_brackets(s);
    list->plain = len == 0;
    return len;
}

bool exchange_list_next(struct exchange_list *list, slice *ret)
{
    size_t skip, len;

    if (!list->more)
        return false;
    skip = structure_len(list);
    len = skip + slice_find_byte(slice_from(list->rest, skip), list->separator);
    *ret = slice_trim(slice_first(list->rest, len));
    list->more = len < list->rest.len;
    list->rest = slice_from(list->rest, len + 1);
    return true;
}

static size_t count(struct exchange_list list)
{
    size_t n = 0;

    for (slice member; exchange_list_next(&list, &member);)
        n++;
    return n;
}

struct exchange_list exchange_list_begin(slice cell, char separator, size_t expected)
{
    struct exchange_list list = {.rest = cell, .more = cell.len > 0, .separator = separator};

    if (expected == 0 || count(list) == expected)
        return list;
    list.plain = true;
    if (count(list) != expected)
        list.plain = false;
    return list;
}

size_t exchange_list_count(slice cell, char separator, size_t expected)
{
    return count(exchange_list_begin(cell, separator, expected));
}

slice exchange_list_value(slice cell, slice key)
{
    struct exchange_list list;

    if (!slice_has(cell, key))
        return SLICE_NONE;
    list = exchange_list_begin(cell, ';', 0);
    for (slice member; exchange_list_next(&list, &member);)
        if (slice_starts(member, key))
            return slice_from(member, key.len);
    return SLICE_NONE;
}

slice exchange_list_detail(slice status, slice key)
{
    while (status.len > 0 && (status.ptr[0] == '\'' || status.ptr[0] == '['))
        status = slice_from(status, 1);
    while (status.len > key.len + 1 && status.ptr[0] == '{') {
        size_t len = behind_brackets(status);
        slice body = slice_first(slice_from(status, 1), len < 2 ? status.len - 1 : len - 2);
        if (slice_starts(body, key) && body.len > key.len && body.ptr[key.len] == '=')
            return slice_from(body, key.len + 1);
        if (len == 0)
            break;
        status = slice_from(status, len);
        status = slice_from(status, status.len > 0 && status.ptr[0] == ';');
    }
    return SLICE_NONE;
}
