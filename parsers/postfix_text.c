/* postfix_text.c - scanners for the pieces of Postfix lines
 *
 * Grammar:  peer     NAME "[" ADDR "]" [":" PORT]         NAME has no blank and no bracket
 *           angle    "<" *(any but ">" | quoted) ">"      quoted only when it begins with a quote
 *           context  ";" *(" " KEY "=" VALUE)             keys in fixed order
 *           id       5*HEX-UPPER | base 52 with a "z" | "NOQUEUE"
 * source:   Postfix 3.12-20260821 src/smtpd/smtpd_check.c (log_whatsup), src/smtpd/smtpd_peer.c,
 *           src/postscreen/postscreen_smtpd.c, src/global/mail_queue.h (long ids),
 *           src/global/info_log_addr_form.c.
 * limits:   before 3.5 addresses are not quoted; what cannot be told apart there is left out. */
#include "postfix_text.h"

#include "base/bytes.h"
#include "base/cursor.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* ":PORT" at the cursor, which is optional. */
static uint16_t take_port(slice *cur)
{
    slice rest = *cur;
    uint64_t port;

    if (!cursor_take_byte(&rest, ':') || !cursor_take_uint(&rest, 65535, &port))
        return 0;
    *cur = rest;
    return (uint16_t)port;
}

bool postfix_take_peer(slice *cur, struct postfix_peer *ret)
{
    size_t name = bytes_find_any(cur->ptr, cur->len, "[ ],");

    if (name == cur->len || cur->ptr[name] != '[')
        return false;
    slice rest = {cur->ptr + name + 1, cur->len - name - 1};
    size_t close = bytes_find(rest.ptr, rest.len, ']');
    if (close == rest.len)
        return false;
    ret->name = (slice){cur->ptr, name};
    ret->addr = (slice){rest.ptr, close};
    if (!ip_addr_parse(ret->addr, &ret->ip))
        ret->ip = (struct ip_addr){0};
    if (name == 0 || slice_eq(ret->name, SLICE_LIT("unknown")))
        ret->name = SLICE_NONE;
    *cur = (slice){rest.ptr + close + 1, rest.len - close - 1};
    ret->port = cur->len > 0 && cur->ptr[0] == ':' ? take_port(cur) : 0;
    return true;
}

void postfix_set_client(struct event *ev, const struct postfix_peer *peer)
{
    ev->client = peer->ip;
    ev->client_port = peer->port;
    event_set(ev, EF_CLIENT_NAME, peer->name);
}

/* The index of the closing ">" of a local part in quotes, or s.len. */
static size_t quoted_end(slice s)
{
    bool quoted = false;

    for (size_t i = 0; i < s.len; i++) {
        if (quoted && s.ptr[i] == '\\')
            i++;
        else if (s.ptr[i] == '"')
            quoted = !quoted;
        else if (s.ptr[i] == '>' && !quoted)
            return i;
    }
    return s.len;
}

bool postfix_take_angle(slice *cur, slice *ret)
{
    if (cur->len < 2 || cur->ptr[0] != '<')
        return false;
    slice body = slice_from(*cur, 1);
    size_t end = body.ptr[0] == '"' ? quoted_end(body) : slice_find_byte(body, '>');
    if (end == body.len)
        return false;
    *ret = slice_first(body, end);
    *cur = slice_from(body, end + 1);
    return true;
}

bool postfix_take_address(slice *cur, slice *ret)
{
    size_t n = 0;

    if (cur->len > 0 && cur->ptr[0] == '<')
        return postfix_take_angle(cur, ret);
    while (n < cur->len && cur->ptr[n] != ',' && cur->ptr[n] != ' ')
        n++;
    if (n == 0)
        return false;
    *ret = slice_first(*cur, n);
    *cur = slice_from(*cur, n);
    return true;
}

/* Classes of bytes in queue ids: 1 upper-case hex, 2 base 52 (digits and consonants). */
static const unsigned char id_class[256] = {
    ['0'] = 3, ['1'] = 3, ['2'] = 3, ['3'] = 3, ['4'] = 3, ['5'] = 3, ['6'] = 3, ['7'] = 3,
    ['8'] = 3, ['9'] = 3, ['A'] = 1, ['B'] = 3, ['C'] = 3, ['D'] = 3, ['E'] = 1, ['F'] = 3,
    ['G'] = 2, ['H'] = 2, ['J'] = 2, ['K'] = 2, ['L'] = 2, ['M'] = 2, ['N'] = 2, ['P'] = 2,
    ['Q'] = 2, ['R'] = 2, ['S'] = 2, ['T'] = 2, ['V'] = 2, ['W'] = 2, ['X'] = 2, ['Y'] = 2,
    ['Z'] = 2, ['b'] = 2, ['c'] = 2, ['d'] = 2, ['f'] = 2, ['g'] = 2, ['h'] = 2, ['j'] = 2,
    ['k'] = 2, ['l'] = 2, ['m'] = 2, ['n'] = 2, ['p'] = 2, ['q'] = 2, ['r'] = 2, ['s'] = 2,
    ['t'] = 2, ['v'] = 2, ['w'] = 2, ['x'] = 2, ['y'] = 2, ['z'] = 2,
};

enum { SHORT_ID_MIN = 5, LONG_ID_MIN = 12, ID_MAX = 32, MAX_CANDIDATES = 64 };

/* len bytes at p, whose classes have `common` in common: the form of an id? */
static bool is_id(const char *p, size_t len, unsigned common)
{
    if (len < SHORT_ID_MIN || len > ID_MAX)
        return false;
    if ((common & 1) != 0)
        return true;
    return common == 2 && len >= LONG_ID_MIN && memchr(p, 'z', len) != NULL;
}

bool postfix_is_queue_id(slice word)
{
    unsigned common = 3;

    for (size_t i = 0; i < word.len && common != 0; i++)
        common &= id_class[(unsigned char)word.ptr[i]];
    return is_id(word.ptr, word.len, common);
}

/* Most ids are 10 to 13 hexadecimal digits: one look at 16 bytes. */
static bool take_hex_id(slice *cur, slice *ret)
{
    size_t n = cur->len < 18 ? 0 : bytes_hex_span(cur->ptr);

    if (n < SHORT_ID_MIN || n == 16 || cur->ptr[n] != ':' || cur->ptr[n + 1] != ' ')
        return false;
    *ret = (slice){cur->ptr, n};
    *cur = (slice){cur->ptr + n + 2, cur->len - n - 2};
    return true;
}

bool postfix_take_queue_id(slice *cur, slice *ret)
{
    if (take_hex_id(cur, ret))
        return true;
    size_t n = 0, max = cur->len < ID_MAX + 1 ? cur->len : ID_MAX + 1;
    unsigned common = 3, class;

    while (n < max && (class = id_class[(unsigned char)cur->ptr[n]] & common) != 0) {
        common = class;
        n++;
    }
    if (n + 1 < cur->len && cur->ptr[n] == ':' && cur->ptr[n + 1] == ' ' &&
        is_id(cur->ptr, n, common)) {
        *ret = (slice){cur->ptr, n};
        *cur = slice_from(*cur, n + 2);
        return true;
    }
    if (cur->len > 0 && cur->ptr[0] == 'N' && cursor_take_lit(cur, SLICE_LIT("NOQUEUE: "))) {
        *ret = SLICE_NONE;
        return true;
    }
    return false;
}

/* Up to three digits at the cursor as a number capped at 255. */
static bool take_part(slice *cur, uint8_t *ret)
{
    uint64_t n;

    if (!cursor_take_uint(cur, 999, &n))
        return false;
    *ret = (uint8_t)(n > 255 ? 255 : n);
    return true;
}

bool postfix_take_status(slice *cur, uint8_t ret[3])
{
    slice rest = *cur;
    uint8_t part[3];

    if (rest.len < 5 || (rest.ptr[0] != '2' && rest.ptr[0] != '4' && rest.ptr[0] != '5') ||
        rest.ptr[1] != '.')
        return false;
    if (!take_part(&rest, &part[0]) || !cursor_take_byte(&rest, '.') ||
        !take_part(&rest, &part[1]) || !cursor_take_byte(&rest, '.') || !take_part(&rest, &part[2]))
        return false;
    memcpy(ret, part, sizeof part);
    *cur = rest;
    return true;
}

void postfix_take_reply(slice *cur, struct event *ev)
{
    slice rest = *cur;
    uint64_t code;

    if (rest.len >= 3 && is_digit(rest.ptr[2]) &&
        (rest.len == 3 || rest.ptr[3] == ' ' || rest.ptr[3] == '-') &&
        cursor_take_uint(&rest, 599, &code) && code >= 200) {
        ev->reply_code = (uint16_t)code;
        rest = slice_from(rest, rest.len > 0);
        *cur = rest;
    }
    if (postfix_take_status(&rest, ev->status)) {
        (void)cursor_take_byte(&rest, ' ');
        *cur = rest;
    }
}

/* A HELO argument as smtpd prints it: no byte that could end or begin a context. */
static bool helo_is_neutered(slice helo)
{
    for (size_t i = 0; i < helo.len; i++)
        if (helo.ptr[i] == '\0' || strchr(" <>()\\\";@", helo.ptr[i]) != NULL)
            return false;
    return true;
}

/* postscreen prints the HELO argument as it came, but it is one word and the last of the line. */
static bool take_raw_helo(slice *cur, slice *ret)
{
    slice word = slice_from(*cur, 1);

    if (cur->len < 2 || cur->ptr[0] != '<' || cur->ptr[cur->len - 1] != '>' ||
        slice_find_byte(*cur, ' ') < cur->len)
        return false;
    *ret = slice_first(word, word.len - 1);
    *cur = slice_from(*cur, cur->len);
    return true;
}

static bool take_helo(slice *cur, enum postfix_dialect dialect, slice *ret)
{
    if (dialect == POSTFIX_POSTSCREEN)
        return take_raw_helo(cur, ret);
    return postfix_take_angle(cur, ret) && helo_is_neutered(*ret);
}

/* A word without blank, bracket or quote: the values of proto=, sasl_method= and the bare
 * sasl_username=. */
static bool take_plain_word(slice *cur, slice *ret)
{
    size_t n = 0;

    while (n < cur->len && cur->ptr[n] != '\0' && strchr(" <>\",", cur->ptr[n]) == NULL)
        n++;
    if (n == 0)
        return false;
    *ret = slice_first(*cur, n);
    *cur = slice_from(*cur, n);
    return true;
}

/* KEY at the cursor, with the separator before it unless it is the first member. */
static bool take_key(slice *cur, enum postfix_dialect dialect, bool *first, slice key)
{
    slice rest = *cur;

    if (!*first && dialect == POSTFIX_POSTSCREEN && !cursor_take_byte(&rest, ','))
        return false;
    if (!cursor_take_byte(&rest, ' ') || !cursor_take_lit(&rest, key))
        return false;
    *first = false;
    *cur = rest;
    return true;
}

/* " sasl_method=M" (smtpd 3.10) and " sasl_username=U" or, from milters and proxies, "=<U>". */
static bool take_login(slice *cur, struct postfix_context *ret)
{
    bool first = false;

    if (take_key(cur, POSTFIX_SMTPD, &first, SLICE_LIT("sasl_method=")) &&
        !take_plain_word(cur, &ret->mechanism))
        return false;
    if (!take_key(cur, POSTFIX_SMTPD, &first, SLICE_LIT("sasl_username=")))
        return true;
    return cur->len > 0 && cur->ptr[0] == '<' ? postfix_take_angle(cur, &ret->user)
                                              : take_plain_word(cur, &ret->user);
}

/* All members at the cursor, which stands after a ";". */
static bool take_members(slice *cur, enum postfix_dialect dialect, struct postfix_context *ret)
{
    bool first = true;
    slice proto;

    if (take_key(cur, dialect, &first, SLICE_LIT("from=")) && !postfix_take_angle(cur, &ret->from))
        return false;
    if (take_key(cur, dialect, &first, SLICE_LIT("to=")) && !postfix_take_angle(cur, &ret->to))
        return false;
    if (take_key(cur, dialect, &first, SLICE_LIT("proto=")) && !take_plain_word(cur, &proto))
        return false;
    if (take_key(cur, dialect, &first, SLICE_LIT("helo=")) && !take_helo(cur, dialect, &ret->helo))
        return false;
    return !first && (dialect == POSTFIX_POSTSCREEN || take_login(cur, ret));
}

/* Nothing follows, or a number a collector added, or the client's AUTH= parameter. */
static bool at_end(slice rest)
{
    if (rest.len == 0 || slice_starts(rest, SLICE_LIT(" sasl_sender=")))
        return true;
    (void)cursor_take_blanks(&rest);
    for (size_t i = 0; i < rest.len; i++)
        if (!is_digit(rest.ptr[i]))
            return false;
    return true;
}

static bool match_at(slice text, size_t semicolon, enum postfix_dialect dialect,
                     struct postfix_context *ret)
{
    struct postfix_context found = {.text = slice_first(text, semicolon)};
    slice cur = slice_from(text, semicolon + 1);

    if (cur.len < 5 || cur.ptr[0] != ' ' || !take_members(&cur, dialect, &found) || !at_end(cur))
        return false;
    *ret = found;
    return true;
}

/* Only these cost a scan of the line, so only these are counted against MAX_CANDIDATES. */
static bool begins_member(slice s)
{
    return slice_starts(s, SLICE_LIT(" from=<")) || slice_starts(s, SLICE_LIT(" to=<")) ||
           slice_starts(s, SLICE_LIT(" helo=<"));
}

void postfix_read_context(slice text, enum postfix_dialect dialect, struct postfix_context *ret)
{
    bool hostile_tail = slice_has(text, SLICE_LIT(" sasl_sender="));
    slice left = text;
    unsigned matches = 0;

    *ret = (struct postfix_context){.text = text};
    for (unsigned tried = 0; tried < MAX_CANDIDATES && left.len > 0;) {
        size_t semicolon = slice_rfind_byte(left, ';');
        if (semicolon == left.len)
            break;
        left = slice_first(left, semicolon);
        tried += begins_member(slice_from(text, semicolon + 1));
        if (!match_at(text, semicolon, dialect, ret))
            continue;
        matches++;
        if (!hostile_tail)
            return;
    }
    if (matches > 1)
        *ret = (struct postfix_context){.text = text};
}

enum smtp_stage postfix_stage(slice word)
{
    static const struct {
        slice word;
        enum smtp_stage stage;
    } rows[] = {
        {{"RCPT", 4}, STAGE_RCPT},
        {{"MAIL", 4}, STAGE_MAIL},
        {{"DATA", 4}, STAGE_DATA},
        {{"BDAT", 4}, STAGE_DATA},
        {{"CONNECT", 7}, STAGE_CONNECT},
        {{"connect", 7}, STAGE_CONNECT},
        {{"HELO", 4}, STAGE_HELO},
        {{"EHLO", 4}, STAGE_HELO},
        {{"AUTH", 4}, STAGE_AUTH},
        {{"STARTTLS", 8}, STAGE_STARTTLS},
        {{"END-OF-MESSAGE", 14}, STAGE_END_OF_DATA},
        {{"VRFY", 4}, STAGE_VRFY},
        {{"ETRN", 4}, STAGE_ETRN},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (slice_eq(word, rows[i].word))
            return rows[i].stage;
    return STAGE_OTHER;
}
