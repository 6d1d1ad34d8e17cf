/* tester.h - which relay-test battery a client runs, told by the envelopes it tries
 *
 * A battery is a list of pairs of sender and recipient. Both are reduced to a shape: what the
 * target domain, our own names and addresses and the tester's mailboxes are called is left out, and
 * so is what servers do to an address before they log it (quotes, a source route, the domain that
 * is put behind a bare sender). Equal shapes of one battery are told apart by their number. Names
 * that a tester is known by (HELO, mailboxes, target) are marks: they decide between alike
 * batteries.
 *
 * source: signatures/testers.json; docs/signatures.md says how an entry is written. */
#ifndef MATCH_TESTER_H
#define MATCH_TESTER_H

#include "base/error.h"
#include "match/signature_set.h"

enum {
    TESTERS_MAX = 64,      /* over all files: sets of them are bits */
    TESTER_TESTS_MAX = 64, /* of a battery */
    TESTER_SHAPES_SEEN = 24,
    TESTER_TEXT_MAX = 160
};

struct testers;

/* One recipient that a client tried, as the log tells it. All slices may be absent. */
struct tester_try {
    slice helo, sender, rcpt; /* addresses without brackets; an absent sender is no test */
    slice target;             /* the domain the recipient leads to; absent: a recipient of ours */
};

enum tester_answer {
    TESTER_REFUSED,
    TESTER_ACCEPTED, /* for somebody else's domain */
    TESTER_OWN       /* accepted, and no relaying: the recipient is an address literal of ours */
};

/* What is kept of one client: of zeroes at first. */
struct tester_seen {
    struct {
        uint16_t shape;
        uint8_t refused, accepted, own; /* no more than TESTER_TESTS_MAX each */
    } shapes[TESTER_SHAPES_SEEN];
    uint64_t helo, sender, user, target; /* sets of batteries that the marks fit */
    uint8_t count, strange;              /* shapes kept; tries of no battery's shape */
};

/* What the tries of a client are. */
struct tester_hit {
    slice name, other;               /* other: a second battery that fits as well, else absent */
    const char *file;                /* as messages name it */
    unsigned entry;                  /* number in it */
    unsigned tests;                  /* of the battery */
    unsigned refused, accepted, own; /* of these */
};

/* testers_new - read the batteries of all files of the kind
 *
 *   in        files   outlives the result
 *   result    NULL with *reterr (ERROR_CONFIG): file, entry, member, what is allowed */
struct testers *testers_new(const struct signature_set *files, struct error *reterr);

/* testers_free - release; NULL is allowed; result NULL */
struct testers *testers_free(struct testers *t);

/* testers_check - are the match texts of every entry tests of it, do they together name it and no
 * other of its file, and is no nomatch text one of its tests?
 *
 *   result    false with *reterr */
bool testers_check(const struct testers *t, const struct signature_set *files,
                   struct error *reterr);

/* testers_count - batteries known */
unsigned testers_count(const struct testers *t);

/* testers_note - count one try
 *
 *   result    did what is known of the client change? If not, its battery has not either
 *   cost      one pass over the addresses, for each battery a comparison of its marks; call it on
 *             what is refused as relaying or accepted from outside only */
bool testers_note(const struct testers *t, const struct tester_try *try, enum tester_answer answer,
                  struct tester_seen *seen);

/* testers_judge - the battery that fits best, when it can be told
 *
 *   result    false: fewer than three different tests, or more than two batteries fit alike */
bool testers_judge(const struct testers *t, const struct tester_seen *seen, struct tester_hit *ret);

/* testers_nearest - the battery that fits best however little was seen; for "explain"
 *
 *   result    false: of no battery two different tests were seen */
bool testers_nearest(const struct testers *t, const struct tester_seen *seen,
                     struct tester_hit *ret);

/* tester_hit_text - "nmap smtp-open-relay, 16 of 16 refused"
 *
 *   out       buf   TESTER_TEXT_MAX bytes; result borrows it */
slice tester_hit_text(const struct tester_hit *hit, char *buf);

/* tester_shape - the shape of an envelope: what is compared
 *
 *   out       buf   cut at size - 1
 *   result    false when it is too long or holds what no battery writes */
bool tester_shape(slice sender, slice rcpt, slice target, char *buf, size_t size);

#endif
