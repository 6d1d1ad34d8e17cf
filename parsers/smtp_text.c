/* smtp_text.c - SMTP commands and replies out of the text of a protocol log
 *
 * Grammar:  COMMAND = WORD [SP ARGS]
 *           MAIL    = "FROM:" [SP] PATH *(SP PARAM)      RCPT = "TO:" [SP] PATH *(SP PARAM)
 *           PATH    = "<" address ">" | address          quotes may hold ">" and blanks
 *           REPLY   = 3DIGIT [("-" | SP) [d.d.d SP] TEXT]
 * source:   RFC 5321 4.1.1, 4.2; RFC 2821 and older clients: blanks after the colon, no brackets
 * limits:   the path is what the client typed, without check */
#include "smtp_text.h"

#include "base/cursor.h"

static const struct verb_row {
    const char *word;
    enum smtp_verb verb;
} verbs[] = {
    {"HELO", SMTP_HELO},          {"EHLO", SMTP_EHLO},
    {"MAIL", SMTP_MAIL},          {"RCPT", SMTP_RCPT},
    {"DATA", SMTP_DATA},          {"QUIT", SMTP_QUIT},
    {"RSET", SMTP_RSET},          {"BDAT", SMTP_BDAT},
    {"AUTH", SMTP_AUTH},          {"X-EXPS", SMTP_AUTH},
    {"STARTTLS", SMTP_STARTTLS},  {"TLS", SMTP_STARTTLS},
    {"NOOP", SMTP_QUIET},         {"HELP", SMTP_QUIET},
    {"VRFY", SMTP_VRFY},          {"EXPN", SMTP_EXPN},
    {"ETRN", SMTP_ETRN},          {"TURN", SMTP_ETRN},
    {"ATRN", SMTP_ETRN},          {"XEXCH50", SMTP_QUIET},
    {"X-LINK2STATE", SMTP_QUIET}, {"X-ANONYMOUSTLS", SMTP_STARTTLS},
    {"XCLIENT", SMTP_QUIET},      {"XPROXY", SMTP_QUIET},
    {"XPROXYFROM", SMTP_QUIET},   {"XPROXYTO", SMTP_QUIET},
    {"XSHADOW", SMTP_QUIET},      {"XQDISCARD", SMTP_QUIET},
    {"XRDST", SMTP_QUIET},        {"SEND", SMTP_QUIET},
    {"SOML", SMTP_QUIET},         {"SAML", SMTP_QUIET},
    {"MAIL FROM", SMTP_MAIL},     {"RCPT TO", SMTP_RCPT}, /* one word in some IIS logs */
    {"GET", SMTP_HTTP},           {"POST", SMTP_HTTP},
    {"PUT", SMTP_HTTP},           {"HEAD", SMTP_HTTP},
    {"CONNECT", SMTP_HTTP},       {"OPTIONS", SMTP_HTTP},
    {"HOST:", SMTP_HTTP},         {"USER-AGENT:", SMTP_HTTP},
    {"ACCEPT:", SMTP_HTTP},       {"REFERER:", SMTP_HTTP},
    {"CONTENT-TYPE:", SMTP_HTTP}, {"CONTENT-LENGTH:", SMTP_HTTP},
};

/* Cisco Mailguard writes X over each letter of a verb it does not know. */
static bool is_masked(slice word)
{
    for (size_t i = 0; i < word.len; i++)
        if (slice_lower(word.ptr[i]) != 'x')
            return false;
    return word.len >= 4;
}

enum smtp_verb smtp_verb_of(slice word)
{
    if (word.len == 0)
        return SMTP_NONE;
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
        if (slice_lower(word.ptr[0]) == slice_lower(verbs[i].word[0]) &&
            slice_ieq(word, slice_of(verbs[i].word)))
            return verbs[i].verb;
    return is_masked(word) ? SMTP_MASKED : SMTP_OTHER;
}

/* The end of a bracketed path behind its "<": the first ">" outside quotes, or the end. */
static size_t path_end(slice s)
{
    bool quoted = false;

    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == '\\' && quoted)
            i++;
        else if (s.ptr[i] == '"')
            quoted = !quoted;
        else if (s.ptr[i] == '>' && !quoted)
            return i;
    }
    return slice_find_byte(s, '>'); /* the quote never closed */
}

bool smtp_path_is_whole(slice path)
{
    if (path.len == 0 || path.ptr[0] != '<')
        return path.len > 0 && slice_find_byte(path, ' ') == path.len;
    size_t quotes = 0;
    for (size_t i = 0; i < path.len; i++)
        quotes += path.ptr[i] == '"' && path.ptr[i - 1] != '\\';
    return quotes % 2 == 0 && path_end(slice_from(path, 1)) + 2 == path.len;
}

/* A path at the cursor, bracketed or bare; behind it the parameters. */
static slice take_path(slice *cur)
{
    slice path;

    (void)cursor_take_blanks(cur);
    if (cursor_take_byte(cur, '<')) {
        path = slice_first(*cur, path_end(*cur));
        *cur = slice_from(*cur, path.len + 1);
        return slice_trim(path);
    }
    if (!cursor_take_token(cur, &path))
        return SLICE_NONE;
    return path;
}

/* "FROM:" or "TO:" in any case, perhaps with a blank before the colon. */
static bool take_keyword(slice *cur, slice keyword)
{
    slice rest = slice_from(*cur, keyword.len);

    if (!slice_ieq(slice_first(*cur, keyword.len), keyword))
        return false;
    (void)cursor_take_blanks(&rest);
    if (!cursor_take_byte(&rest, ':'))
        return false;
    *cur = rest;
    return true;
}

static uint64_t size_parameter(slice params)
{
    slice word;
    uint64_t n;

    while ((void)cursor_take_blanks(&params), cursor_take_token(&params, &word)) {
        slice value = slice_from(word, 5);
        if (slice_ieq(slice_first(word, 5), SLICE_LIT("SIZE=")) &&
            cursor_take_uint(&value, UINT64_MAX / 16, &n))
            return n;
    }
    return 0;
}

static void read_envelope(struct smtp_command *c, slice keyword)
{
    slice cur = c->args;

    if (!take_keyword(&cur, keyword))
        return;
    c->path = take_path(&cur);
    if (c->verb == SMTP_MAIL)
        c->size = size_parameter(cur);
}

static void read_chunk(struct smtp_command *c)
{
    slice cur = c->args, word;

    (void)cursor_take_uint(&cur, UINT64_MAX / 16, &c->size);
    (void)cursor_take_blanks(&cur);
    c->last = cursor_take_token(&cur, &word) && slice_ieq(word, SLICE_LIT("LAST"));
}

void smtp_command_of(slice word, slice args, struct smtp_command *ret)
{
    *ret = (struct smtp_command){
        .verb = smtp_verb_of(word), .word = word, .args = slice_trim(args), .path = SLICE_NONE};
    if (word.len == 0)
        ret->word = SLICE_NONE;
    if (ret->verb == SMTP_MAIL)
        read_envelope(ret, SLICE_LIT("FROM"));
    else if (ret->verb == SMTP_RCPT)
        read_envelope(ret, SLICE_LIT("TO"));
    else if (ret->verb == SMTP_BDAT)
        read_chunk(ret);
}

void smtp_command_read(slice line, struct smtp_command *ret)
{
    slice cur = slice_trim(line), word = SLICE_NONE;

    (void)cursor_take_token(&cur, &word);
    smtp_command_of(word, cur, ret);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* "5.7.1" and the end of the word. */
static bool take_status(slice *cur, uint8_t ret[3])
{
    slice rest = *cur;
    uint64_t part[3];

    for (unsigned i = 0; i < 3; i++)
        if ((i > 0 && !cursor_take_byte(&rest, '.')) || !cursor_take_uint(&rest, 999, &part[i]))
            return false;
    if ((part[0] != 2 && part[0] != 4 && part[0] != 5) ||
        (rest.len > 0 && rest.ptr[0] != ' ' && rest.ptr[0] != '\r'))
        return false;
    for (unsigned i = 0; i < 3; i++)
        ret[i] = part[i] > UINT8_MAX ? UINT8_MAX : (uint8_t)part[i];
    (void)cursor_take_byte(&rest, ' ');
    *cur = rest;
    return true;
}

bool smtp_reply_read(slice line, struct smtp_reply *ret)
{
    slice cur;

    *ret = (struct smtp_reply){0};
    line = slice_trim(slice_first(line, slice_find_byte(line, '\n')));
    if (line.len < 3 || line.ptr[0] < '2' || line.ptr[0] > '5' || !is_digit(line.ptr[1]) ||
        !is_digit(line.ptr[2]) || (line.len > 3 && line.ptr[3] != ' ' && line.ptr[3] != '-'))
        return false;
    ret->code =
        (uint16_t)((line.ptr[0] - '0') * 100 + (line.ptr[1] - '0') * 10 + (line.ptr[2] - '0'));
    ret->whole = line;
    cur = slice_from(line, 4);
    (void)take_status(&cur, ret->status);
    ret->text = cur;
    return true;
}

enum smtp_stage smtp_stage_of(enum smtp_verb verb)
{
    switch (verb) {
    case SMTP_HELO:
    case SMTP_EHLO:
        return STAGE_HELO;
    case SMTP_AUTH:
        return STAGE_AUTH;
    case SMTP_STARTTLS:
        return STAGE_STARTTLS;
    case SMTP_MAIL:
        return STAGE_MAIL;
    case SMTP_RCPT:
        return STAGE_RCPT;
    case SMTP_DATA:
    case SMTP_BDAT:
        return STAGE_DATA;
    case SMTP_VRFY:
    case SMTP_EXPN:
        return STAGE_VRFY;
    case SMTP_ETRN:
        return STAGE_ETRN;
    default:
        return STAGE_OTHER;
    }
}
