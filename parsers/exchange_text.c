/* exchange_text.c - verbs, paths, replies, endpoints
 * Grammar:  LINE     = VERB [" " ARGUMENT]                   any case
 *           PATH     = ("FROM" / "TO") *WSP ":" *WSP (ADDRESS / "<" *any ">") *(" " PARAMETER)
 *           REPLY    = 3DIGIT [("-" / " ") [STATUS " "] TEXT]
 *           QUEUED   = "<" ID "> [InternalId=" N [", Hostname=" H] "] " ["... KB/sec "]
 *                      "Queued mail for delivery"
 *           ENDPOINT = IP4 [":" PORT] / "[" IP6 "]" [":" PORT] / IP6
 * source:   RFC 5321 4.1, 4.2; Microsoft "Protocol logging"; real rows */
#include "exchange_text.h"

#include "base/cursor.h"

static enum exchange_verb verb_of(slice word)
{
    static const struct {
        const char *word;
        enum exchange_verb verb;
    } verbs[] = {{"MAIL", EXCHANGE_MAIL},
                 {"RCPT", EXCHANGE_RCPT},
                 {"DATA", EXCHANGE_DATA},
                 {"BDAT", EXCHANGE_BDAT},
                 {"EHLO", EXCHANGE_EHLO},
                 {"HELO", EXCHANGE_EHLO},
                 {"QUIT", EXCHANGE_QUIT},
                 {"RSET", EXCHANGE_RSET},
                 {"NOOP", EXCHANGE_NOOP},
                 {"AUTH", EXCHANGE_AUTH},
                 {"STARTTLS", EXCHANGE_STARTTLS},
                 {"X-ANONYMOUSTLS", EXCHANGE_ANONYMOUSTLS},
                 {"X-EXPS", EXCHANGE_EXPS},
                 {"VRFY", EXCHANGE_VRFY},
                 {"EXPN", EXCHANGE_VRFY},
                 {"XPROXY", EXCHANGE_XPROXY},
                 {"XPROXYFROM", EXCHANGE_XPROXYFROM}};

    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
        if (slice_ieq(word, slice_of(verbs[i].word)))
            return verbs[i].verb;
    return EXCHANGE_OTHER;
}

/* Is the last word of a BDAT's argument LAST? */
static bool is_last(slice argument)
{
    slice word = slice_trim(argument);
    size_t blank = slice_rfind_byte(word, ' ');

    return blank < word.len && slice_ieq(slice_from(word, blank + 1), SLICE_LIT("LAST"));
}

enum exchange_verb exchange_text_verb(slice line, slice *ret_argument)
{
    slice word;
    enum exchange_verb verb;

    line = slice_trim(line);
    if (!cursor_take_token(&line, &word)) {
        *ret_argument = line;
        return EXCHANGE_OTHER;
    }
    cursor_take_blanks(&line);
    *ret_argument = line;
    verb = verb_of(word);
    return verb == EXCHANGE_BDAT && is_last(line) ? EXCHANGE_BDAT_LAST : verb;
}

/* The end of a path in brackets: the position of its ">", which may also stand in quotes before;
 * len when there is none. */
static size_t find_angle(slice path)
{
    bool quoted = false;

    for (size_t i = 0; i < path.len; i++) {
        if (quoted && path.ptr[i] == '\\')
            i++;
        else if (path.ptr[i] == '"')
            quoted = !quoted;
        else if (path.ptr[i] == '>' && !quoted)
            return i;
    }
    return slice_rfind_byte(path, '>');
}

void exchange_text_path(slice argument, slice *ret, slice *ret_rest)
{
    size_t colon = slice_find_byte(argument, ':');
    slice word = slice_trim(slice_first(argument, colon)), path = slice_from(argument, colon + 1);

    *ret = *ret_rest = SLICE_NONE;
    if (colon == argument.len ||
        (!slice_ieq(word, SLICE_LIT("FROM")) && !slice_ieq(word, SLICE_LIT("TO"))))
        return;
    cursor_take_blanks(&path);
    if (cursor_take_byte(&path, '<')) {
        size_t end = find_angle(path);
        *ret = slice_first(path, end);
        *ret_rest = slice_from(path, end + 1);
    } else if (cursor_take_token(&path, ret)) {
        *ret_rest = path;
    }
}

slice exchange_text_value(slice words, slice key)
{
    slice word;

    for (cursor_take_blanks(&words); cursor_take_token(&words, &word); cursor_take_blanks(&words))
        if (word.len > key.len && word.ptr[key.len] == '=' &&
            slice_ieq(slice_first(word, key.len), key))
            return slice_from(word, key.len + 1);
    return SLICE_NONE;
}

uint64_t exchange_text_size(slice parameters)
{
    slice value = exchange_text_value(parameters, SLICE_LIT("SIZE"));
    uint64_t size = 0;

    return cursor_take_uint(&value, UINT64_MAX / 2, &size) && value.len == 0 ? size : 0;
}

static bool take_status(slice *cur, uint8_t ret[3])
{
    slice rest = *cur;
    uint64_t part[3];

    for (int i = 0; i < 3; i++)
        if ((i > 0 && !cursor_take_byte(&rest, '.')) || !cursor_take_uint(&rest, 999, &part[i]))
            return false;
    if ((part[0] != 2 && part[0] != 4 && part[0] != 5) || (rest.len > 0 && rest.ptr[0] != ' '))
        return false;
    for (int i = 0; i < 3; i++)
        ret[i] = (uint8_t)(part[i] > 255 ? 255 : part[i]);
    *cur = rest;
    return true;
}

bool exchange_text_reply(slice line, struct exchange_reply *ret)
{
    uint64_t code;
    slice rest = line;

    *ret = (struct exchange_reply){.text = SLICE_NONE};
    if (!cursor_take_uint(&rest, 599, &code) || line.len - rest.len != 3 || code < 200)
        return false;
    if (rest.len > 0 && rest.ptr[0] != ' ' && rest.ptr[0] != '-')
        return false;
    ret->code = (uint16_t)code;
    ret->more = cursor_take_byte(&rest, '-');
    cursor_take_blanks(&rest);
    if (take_status(&rest, ret->status))
        cursor_take_blanks(&rest);
    ret->text = rest;
    return true;
}

/* "[InternalId=N, Hostname=H] ... Queued mail for delivery", up to its end. */
static bool take_queued(slice cur, slice *ret_id, slice *ret_host)
{
    slice inside;

    *ret_host = SLICE_NONE;
    if (!cursor_take_lit(&cur, SLICE_LIT("[InternalId=")) ||
        !cursor_take_past(&cur, ']', &inside) ||
        !slice_ends(cur, SLICE_LIT(" Queued mail for delivery")))
        return false;
    *ret_id = slice_first(inside, slice_find_byte(inside, ','));
    inside = slice_from(inside, ret_id->len);
    for (size_t i = 0; i < ret_id->len; i++)
        if (ret_id->ptr[i] < '0' || ret_id->ptr[i] > '9')
            return false;
    if (cursor_take_lit(&inside, SLICE_LIT(", Hostname=")))
        *ret_host = inside;
    return ret_id->len > 0;
}

bool exchange_text_queued(slice text, slice *ret_id, slice *ret_host, slice *ret_message_id)
{
    size_t at = slice_rfind_byte(text, '[');
    slice before = slice_trim(slice_first(text, at));

    if (at == text.len || !take_queued(slice_from(text, at), ret_id, ret_host))
        return false;
    *ret_message_id = exchange_text_angle(before);
    return true;
}

void exchange_text_endpoint(slice endpoint, struct ip_addr *ret_ip, uint16_t *ret_port)
{
    size_t colon = slice_rfind_byte(endpoint, ':');
    slice host = slice_first(endpoint, colon), port = slice_from(endpoint, colon + 1);
    uint64_t number = 0;

    *ret_ip = (struct ip_addr){0};
    *ret_port = 0;
    if (cursor_take_byte(&host, '[')) {
        slice whole = slice_from(endpoint, 1);
        size_t close = slice_find_byte(whole, ']');
        host = slice_first(whole, close);
        port = slice_from(whole, close + 1);
        if (!cursor_take_byte(&port, ':'))
            port = SLICE_NONE;
    } else if (slice_find_byte(host, ':') < host.len) { /* several: an IPv6 address without port */
        host = endpoint;
        port = SLICE_NONE;
    }
    (void)ip_addr_parse(host, ret_ip);
    if (cursor_take_uint(&port, 65535, &number) && port.len == 0)
        *ret_port = (uint16_t)number;
}

slice exchange_text_angle(slice text)
{
    if (text.len >= 2 && text.ptr[0] == '<' && text.ptr[text.len - 1] == '>')
        return slice_first(slice_from(text, 1), text.len - 2);
    return text;
}

void exchange_text_set_reply(struct event *ev, const struct exchange_reply *reply, slice line)
{
    ev->reply_code = reply->code;
    memcpy(ev->status, reply->status, sizeof ev->status);
    event_set(ev, EF_TEXT, line);
}

enum event_outcome exchange_text_outcome(uint16_t code)
{
    return code / 100 == 4 ? OUTCOME_TEMPFAIL : OUTCOME_REFUSED;
}
