/* tester.c - batteries from files; which of them the tries of one client are
 * algorithm: all shapes of all batteries are numbered by their order as text. A client's tries are
 *            counted per shape; a battery with k tests of a shape has as many of them as the client
 *            tried, at most k. It fits the better the more of its tests were tried, the more of its
 *            marks were seen and the fewer tries are none of its tests
 * source:    signatures/testers.json
 * limits:    of tests alike in a log, tries that are repeated count for one another; 64 batteries
 *            of 64 tests, 24 shapes a client */
#include "match/tester.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/panic.h"
#include "event/address.h"

enum {
    SHAPE_SIZE = 96,
    SHAPES_MAX = TESTERS_MAX * TESTER_TESTS_MAX,
    NAME_MAX_BYTES = 60,
    MARKS_MAX = 16, /* texts of one member */
    DIFFERENT_MIN = 3,
    UNMARKED_MIN = 5, /* different tests that need no mark to be told */
    STRONG_MARK = 3,
    WEAK_MARK = 1,
    NOT_OURS = 3
};

struct marks {
    slice text[MARKS_MAX];
    unsigned count;
};

struct group {
    uint16_t shape;
    uint8_t tests;
};

struct tester {
    slice name;
    const char *file;
    unsigned entry, tests, groups_count;
    struct marks helo, sender, user, target;
    struct group groups[TESTER_TESTS_MAX];
};

struct testers {
    struct tester *list;
    unsigned count;
    char (*shapes)[SHAPE_SIZE]; /* sorted */
    unsigned shapes_count;
};

/* ---- templates ---- */

/* What a placeholder stands for while its template is reduced to a shape. */
static const struct {
    slice word, text;
} placeholders[] = {
    {{"{any}", 5}, {"", 0}},
    {{"{sender}", 8}, {"sender", 6}},
    {{"{user}", 6}, {"user", 4}},
    {{"{target}", 8}, {"target.example", 14}},
    {{"{host}", 6}, {"host.example", 12}},
    {{"{ip}", 4}, {"[192.0.2.1]", 11}},
    {{"{address}", 9}, {"192.0.2.1", 9}},
};

static bool expand(slice template, char *out, size_t size)
{
    size_t n = 0;

    while (template.len > 0 && n + 32 < size) {
        size_t i = 0, count = sizeof placeholders / sizeof placeholders[0];
        if (template.ptr[0] != '{') {
            out[n++] = template.ptr[0];
            template = slice_from(template, 1);
            continue;
        }
        while (i < count && !slice_starts(template, placeholders[i].word))
            i++;
        if (i == count)
            return false;
        memcpy(out + n, placeholders[i].text.ptr, placeholders[i].text.len);
        n += placeholders[i].text.len;
        template = slice_from(template, placeholders[i].word.len);
    }
    out[n] = '\0';
    return template.len == 0;
}

/* "<sender> <recipient>" */
static bool split_pair(slice text, slice *ret_sender, slice *ret_rcpt)
{
    size_t at = slice_find(text, SLICE_LIT("> <"));

    if (at == text.len || text.ptr[0] != '<' || text.ptr[text.len - 1] != '>')
        return false;
    *ret_sender = slice_between(text.ptr + 1, text.ptr + at);
    *ret_rcpt = slice_between(text.ptr + at + 3, text.ptr + text.len - 1);
    return ret_rcpt->len > 0;
}

/* The shape of an envelope of which the recipient alone counts: "* ..." for any sender. */
static void make_any(char *shape)
{
    char *rcpt = strchr(shape, ' ');

    ASSERT(rcpt != NULL); /* of read_envelope()'s form */
    memmove(shape + 1, rcpt, strlen(rcpt) + 1);
    shape[0] = '*';
}

static bool template_shape(slice template, char *shape)
{
    char text[SHAPE_SIZE * 4];
    slice sender, rcpt;

    if (!expand(template, text, sizeof text) || !split_pair(slice_of(text), &sender, &rcpt) ||
        !tester_shape(sender, rcpt, SLICE_LIT("target.example"), shape, SHAPE_SIZE - 1))
        return false;
    if (slice_starts(template, SLICE_LIT("<{any}>")))
        make_any(shape);
    return true;
}

/* ---- from the files ---- */

struct reading {
    struct testers *testers;
    struct tester *tester;
    const struct signature_entry *entry;
    const char *member;
    struct marks *marks;
    bool grouping; /* second time over: the shapes are numbered */
};

static bool read_mark(void *arg, unsigned number, slice text, struct error *reterr)
{
    struct reading *r = arg;

    if (number > MARKS_MAX)
        return signature_entry_error(r->entry, reterr, "\"%s\" has more than %d texts", r->member,
                                     MARKS_MAX);
    r->marks->text[r->marks->count++] = text;
    return true;
}

static bool read_marks(struct reading *r, const char *member, struct marks *marks,
                       struct error *reterr)
{
    r->member = member;
    r->marks = marks;
    return signature_entry_lines(r->entry, member, 0, read_mark, r, reterr);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

static int shape_number(const struct testers *t, const char *shape)
{
    const char(*found)[SHAPE_SIZE] =
        bsearch(shape, t->shapes, t->shapes_count, sizeof t->shapes[0], by_text);
    return found == NULL ? -1 : (int)(found - (const char(*)[SHAPE_SIZE])t->shapes);
}

static void count_test(struct tester *tester, uint16_t shape)
{
    for (unsigned i = 0; i < tester->groups_count; i++)
        if (tester->groups[i].shape == shape) {
            tester->groups[i].tests++;
            return;
        }
    tester->groups[tester->groups_count++] = (struct group){shape, 1};
}

static bool read_test(void *arg, unsigned number, slice text, struct error *reterr)
{
    struct reading *r = arg;
    char shape[SHAPE_SIZE];

    if (number > TESTER_TESTS_MAX)
        return signature_entry_error(r->entry, reterr, "\"tests\" has more than %d texts",
                                     TESTER_TESTS_MAX);
    if (!template_shape(text, shape))
        return signature_entry_error(r->entry, reterr,
                                     "\"tests\" %u \"%.80s\" is not \"<SENDER> <RECIPIENT>\"; "
                                     "names are written as {sender}, "
                                     "{user}, {target}, {host}, {ip}, {address}, {any}",
                                     number, text.ptr);
    r->tester->tests = number;
    if (r->grouping)
        count_test(r->tester, (uint16_t)shape_number(r->testers, shape));
    else
        memcpy(r->testers->shapes[r->testers->shapes_count++], shape, sizeof shape);
    return true;
}

static bool read_entry(struct reading *r, struct error *reterr)
{
    static const char *const members[] = {"name",  "url",    "helo",  "sender",  "user", "target",
                                          "tests", "source", "match", "nomatch", NULL};
    const struct signature_entry *e = r->entry;
    struct tester *t = r->tester;
    slice text;

    if (!signature_entry_members(e, members, reterr) ||
        !signature_entry_label(e, "name", NAME_MAX_BYTES, &t->name, reterr) ||
        !signature_entry_text(e, "source", 1, &text, reterr) ||
        (signature_entry_has(e, "url") && !signature_entry_text(e, "url", 1, &text, reterr)))
        return false;
    return read_marks(r, "helo", &t->helo, reterr) && read_marks(r, "sender", &t->sender, reterr) &&
           read_marks(r, "user", &t->user, reterr) && read_marks(r, "target", &t->target, reterr) &&
           signature_entry_lines(e, "tests", 1, read_test, r, reterr) &&
           signature_entry_lines(e, "match", 1, NULL, NULL, reterr) &&
           signature_entry_lines(e, "nomatch", 0, NULL, NULL, reterr);
}

static bool keep_entry(void *arg, const struct signature_entry *e, unsigned from, unsigned index,
                       struct error *reterr)
{
    struct testers *t = arg;
    struct reading r = {.testers = t, .tester = &t->list[index], .entry = e};

    (void)from;
    if (index == TESTERS_MAX)
        return signature_entry_error(e, reterr, "more than %d batteries in all files", TESTERS_MAX);
    r.tester->file = e->file->path;
    r.tester->entry = e->number;
    t->count = index + 1;
    return read_entry(&r, reterr);
}

static void number_shapes(struct testers *t)
{
    unsigned kept = 0;

    qsort(t->shapes, t->shapes_count, sizeof t->shapes[0], by_text);
    for (unsigned i = 0; i < t->shapes_count; i++)
        if (kept == 0 || strcmp(t->shapes[kept - 1], t->shapes[i]) != 0)
            memmove(t->shapes[kept++], t->shapes[i], sizeof t->shapes[0]);
    t->shapes_count = kept;
}

/* Fewer tests than tell a battery by themselves are told by the mailbox and its domain. */
static bool group_entry(void *arg, const struct signature_entry *e, unsigned from, unsigned index,
                        struct error *reterr)
{
    struct testers *t = arg;
    struct tester *tester = &t->list[index];
    struct reading r = {.testers = t, .tester = tester, .entry = e, .grouping = true};

    (void)from;
    if (!signature_entry_lines(e, "tests", 1, read_test, &r, reterr))
        return false;
    if (tester->groups_count >= DIFFERENT_MIN ||
        (tester->user.count > 0 && tester->target.count > 0))
        return true;
    return signature_entry_error(
        e, reterr, "fewer than %d different tests: needs \"user\" and \"target\"", DIFFERENT_MIN);
}

struct testers *testers_new(const struct signature_set *files, struct error *reterr)
{
    struct testers *t = panic_calloc(1, sizeof *t);

    t->list = panic_calloc(TESTERS_MAX, sizeof *t->list);
    t->shapes = panic_calloc(SHAPES_MAX, sizeof t->shapes[0]);
    if (!signature_set_each(files, SIGNATURE_TESTERS, keep_entry, t, reterr))
        return testers_free(t);
    number_shapes(t);
    return signature_set_each(files, SIGNATURE_TESTERS, group_entry, t, reterr) ? t
                                                                                : testers_free(t);
}

struct testers *testers_free(struct testers *t)
{
    if (t == NULL)
        return NULL;
    free(t->list);
    free(t->shapes);
    free(t);
    return NULL;
}

unsigned testers_count(const struct testers *t)
{
    return t->count;
}

/* ---- one try ---- */

static bool fits(const struct marks *marks, slice text)
{
    for (unsigned i = 0; i < marks->count; i++)
        if (slice_ieq(marks->text[i], text))
            return true;
    return false;
}

/* The mailbox that the recipient means: what stands before the target, or behind its "!". */
static slice user_of(slice rcpt, slice target)
{
    size_t at, n;
    slice user;

    if (target.len == 0 || rcpt.len == 0 || (at = slice_find(rcpt, target)) == rcpt.len)
        return SLICE_NONE;
    user = slice_from(rcpt, at + target.len);
    if (user.len > 0 && user.ptr[0] == '!') {
        user = slice_from(user, 1);
        return slice_first(user, slice_find_byte(user, '@'));
    }
    n = at > 0 ? at - 1 : 0;
    user = slice_first(rcpt, n);
    while (n > 0 && strchr("\":@[% ", user.ptr[n - 1]) == NULL)
        n--;
    return slice_from(user, n);
}

static bool note_marks(const struct testers *t, const struct tester_try *try,
                       struct tester_seen *seen)
{
    struct tester_seen before = *seen;
    slice sender = slice_first(try->sender, slice_rfind_byte(try->sender, '@'));
    slice user = user_of(try->rcpt, try->target);

    for (unsigned i = 0; i < t->count; i++) {
        const struct tester *b = &t->list[i];
        seen->helo |= (uint64_t)fits(&b->helo, try->helo) << i;
        seen->sender |= (uint64_t)fits(&b->sender, sender) << i;
        seen->user |= (uint64_t)fits(&b->user, user) << i;
        seen->target |= (uint64_t)fits(&b->target, try->target) << i;
    }
    return before.helo != seen->helo || before.sender != seen->sender ||
           before.user != seen->user || before.target != seen->target;
}

static bool bump(uint8_t *count, unsigned max)
{
    *count = (uint8_t)(*count + (*count < max));
    return *count < max;
}

static bool note_shape(struct tester_seen *seen, uint16_t shape, enum tester_answer answer)
{
    unsigned i = 0;

    while (i < seen->count && seen->shapes[i].shape != shape)
        i++;
    if (i == TESTER_SHAPES_SEEN)
        return bump(&seen->strange, UINT8_MAX);
    if (i == seen->count)
        seen->shapes[seen->count++].shape = shape;
    return bump(answer == TESTER_REFUSED    ? &seen->shapes[i].refused
                : answer == TESTER_ACCEPTED ? &seen->shapes[i].accepted
                                            : &seen->shapes[i].own,
                TESTER_TESTS_MAX);
}

bool testers_note(const struct testers *t, const struct tester_try *try, enum tester_answer answer,
                  struct tester_seen *seen)
{
    char shape[SHAPE_SIZE];
    bool changed = note_marks(t, try, seen);
    int number = -1, any = -1;

    if (try->sender.ptr != NULL &&
        tester_shape(try->sender, try->rcpt, try->target, shape, sizeof shape - 1)) {
        number = shape_number(t, shape);
        make_any(shape);
        any = shape_number(t, shape);
    }
    if (number < 0)
        changed |= bump(&seen->strange, UINT8_MAX);
    else
        changed |= note_shape(seen, (uint16_t)number, answer);
    if (any >= 0)
        changed |= note_shape(seen, (uint16_t)any, answer);
    return changed;
}

/* ---- which battery ---- */

struct fit {
    unsigned different, tried, accepted, own;
    int score;
    bool told; /* enough to name it */
};

static unsigned tests_of(const struct tester *b, uint16_t shape)
{
    for (unsigned i = 0; i < b->groups_count; i++)
        if (b->groups[i].shape == shape)
            return b->groups[i].tests;
    return 0;
}

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

static struct fit fit_of(const struct testers *t, unsigned index, const struct tester_seen *seen)
{
    const struct tester *b = &t->list[index];
    bool helo = seen->helo >> index & 1, sender = seen->sender >> index & 1,
         user = seen->user >> index & 1, target = seen->target >> index & 1;
    unsigned others = seen->strange;
    struct fit f = {0};

    for (unsigned i = 0; i < seen->count; i++) {
        unsigned tests = tests_of(b, seen->shapes[i].shape);
        unsigned taken = seen->shapes[i].accepted;
        f.different += tests > 0;
        others += tests == 0 && t->shapes[seen->shapes[i].shape][0] != '*';
        f.tried += least(tests, seen->shapes[i].refused + taken + seen->shapes[i].own);
        f.accepted += least(tests, taken);
        f.own += least(tests - least(tests, taken), seen->shapes[i].own > 0);
    }
    f.score = (int)f.tried + STRONG_MARK * (helo + target) + WEAK_MARK * (sender + user) -
              NOT_OURS * (int)others;
    if (b->groups_count < DIFFERENT_MIN)
        f.told = f.different == b->groups_count && user && target;
    else
        f.told =
            f.different >= DIFFERENT_MIN &&
            (helo || target || (sender && user) ||
             (f.different >= UNMARKED_MIN && 2 * f.tried >= b->tests && 4 * others <= f.different));
    return f;
}

static void fill(const struct tester *b, const struct fit *f, struct tester_hit *ret)
{
    *ret = (struct tester_hit){.name = b->name,
                               .other = SLICE_NONE,
                               .file = b->file,
                               .entry = b->entry,
                               .tests = b->tests,
                               .refused = f->tried - f->accepted - f->own,
                               .accepted = f->accepted,
                               .own = f->own};
}

/* Among batteries first to first + count - 1. */
static bool judge(const struct testers *t, unsigned first, unsigned count,
                  const struct tester_seen *seen, bool told, struct tester_hit *ret)
{
    unsigned alike = 0;
    int best = INT32_MIN;

    for (unsigned i = first; i < first + count; i++) {
        struct fit f = fit_of(t, i, seen);
        if (f.tried == 0 || (told ? !f.told : f.different < 2) || f.score < best)
            continue;
        if (f.score > best) {
            best = f.score;
            alike = 1;
            fill(&t->list[i], &f, ret);
        } else {
            alike++;
            ret->other = t->list[i].name;
        }
    }
    return told ? alike == 1 || alike == 2 : alike > 0;
}

bool testers_judge(const struct testers *t, const struct tester_seen *seen, struct tester_hit *ret)
{
    return judge(t, 0, t->count, seen, true, ret);
}

bool testers_nearest(const struct testers *t, const struct tester_seen *seen,
                     struct tester_hit *ret)
{
    return judge(t, 0, t->count, seen, false, ret);
}

slice tester_hit_text(const struct tester_hit *h, char *buf)
{
    unsigned tried = h->refused + h->accepted + h->own;
    bool all = tried == h->tests;
    size_t n = 0;

    n += (size_t)snprintf(buf, TESTER_TEXT_MAX, "%.*s", (int)h->name.len, h->name.ptr);
    if (h->other.len > 0)
        n += (size_t)snprintf(buf + n, TESTER_TEXT_MAX - n, " or %.*s", (int)h->other.len,
                              h->other.ptr);
    n += (size_t)snprintf(buf + n, TESTER_TEXT_MAX - n, ", %u of %u", tried, h->tests);
    if (h->own == 0 && (h->accepted == 0 || h->refused == 0))
        snprintf(buf + n, TESTER_TEXT_MAX - n, "%s %s", all ? "" : " tried, all",
                 h->accepted == 0 ? "refused" : "accepted");
    else
        snprintf(buf + n, TESTER_TEXT_MAX - n, " tried: %u refused, %u accepted%s", h->refused,
                 h->accepted, h->own > 0 ? ", 1 addressed to us" : "");
    return slice_of(buf);
}

/* ---- the texts of the files ---- */

struct check {
    const struct testers *testers;
    const struct signature_entry *entry;
    unsigned from, index;
    struct tester_seen seen;
};

/* A try as the text of a file has it: the target is what the recipient leads to. */
static bool read_try(slice text, struct address *parsed, struct tester_try *ret)
{
    *ret = (struct tester_try){.helo = SLICE_NONE};
    if (!split_pair(text, &ret->sender, &ret->rcpt))
        return false;
    address_parse(ret->rcpt, parsed);
    ret->target = parsed->has_inner ? parsed->inner_domain : parsed->domain;
    return true;
}

static bool is_test(const struct check *c, const struct tester_try *try)
{
    char shape[SHAPE_SIZE];
    int number;

    if (!tester_shape(try->sender, try->rcpt, try->target, shape, sizeof shape - 1))
        return false;
    number = shape_number(c->testers, shape);
    if (number >= 0 && tests_of(&c->testers->list[c->index], (uint16_t)number) > 0)
        return true;
    make_any(shape);
    number = shape_number(c->testers, shape);
    return number >= 0 && tests_of(&c->testers->list[c->index], (uint16_t)number) > 0;
}

static bool check_match(void *arg, unsigned number, slice text, struct error *reterr)
{
    struct check *c = arg;
    struct address parsed;
    struct tester_try try;

    if (!read_try(text, &parsed, &try))
        return signature_entry_error(c->entry, reterr,
                                     "\"match\" %u \"%.120s\" is not \"<SENDER> <RECIPIENT>\"",
                                     number, text.ptr);
    if (!is_test(c, &try))
        return signature_entry_error(c->entry, reterr,
                                     "\"match\" %u \"%.120s\" does not match any of \"tests\"",
                                     number, text.ptr);
    testers_note(c->testers, &try, TESTER_REFUSED, &c->seen);
    return true;
}

static bool check_nomatch(void *arg, unsigned number, slice text, struct error *reterr)
{
    struct check *c = arg;
    struct address parsed;
    struct tester_try try;

    if (!read_try(text, &parsed, &try))
        return signature_entry_error(c->entry, reterr,
                                     "\"nomatch\" %u \"%.120s\" is not \"<SENDER> <RECIPIENT>\"",
                                     number, text.ptr);
    return !is_test(c, &try) ||
           signature_entry_error(c->entry, reterr, "\"nomatch\" %u \"%.120s\" matches", number,
                                 text.ptr);
}

static bool check_entry(void *arg, const struct signature_entry *e, unsigned from, unsigned index,
                        struct error *reterr)
{
    struct check *c = arg;
    const struct tester *own = &c->testers->list[index];
    struct tester_hit hit;

    c->entry = e;
    c->from = from;
    c->index = index;
    c->seen = (struct tester_seen){.count = 0};
    if (!signature_entry_lines(c->entry, "match", 1, check_match, c, reterr) ||
        !signature_entry_lines(c->entry, "nomatch", 0, check_nomatch, c, reterr))
        return false;
    if (!judge(c->testers, c->from, c->entry->file->count, &c->seen, true, &hit))
        return signature_entry_error(c->entry, reterr,
                                     "\"match\": the texts are too few to name a battery");
    if (slice_eq(hit.name, own->name) && hit.other.len == 0)
        return true;
    return signature_entry_error(c->entry, reterr, "\"match\": the texts fit \"%.*s\" as well",
                                 (int)(hit.other.len > 0 ? hit.other.len : hit.name.len),
                                 hit.other.len > 0 ? hit.other.ptr : hit.name.ptr);
}

bool testers_check(const struct testers *t, const struct signature_set *files, struct error *reterr)
{
    struct check c = {.testers = t};

    return signature_set_each(files, SIGNATURE_TESTERS, check_entry, &c, reterr);
}
