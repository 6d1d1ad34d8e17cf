/* account_burst.h - state of one account and the evidence families of detector account_burst
 *
 * Private to account_burst*.c. */
#ifndef DETECT_ACCOUNT_BURST_H
#define DETECT_ACCOUNT_BURST_H

#include <stdint.h>

#include "base/cusum.h"
#include "base/decay.h"
#include "base/distinct.h"
#include "base/geo.h"
#include "base/ip_addr.h"
#include "base/outbuf.h"
#include "detect/recent_set.h"

enum {
    ACCOUNT_USER_MAX = 80,
    ACCOUNT_PLACES = 8,
    ACCOUNT_SENDERS = 8,
    ACCOUNT_ADDRESSES = 8 /* remembered as members of an excursion */
};

enum account_family {
    FAMILY_OUTCOME = 1 << 0,
    FAMILY_CONTACT = 1 << 1,
    FAMILY_NETWORK = 1 << 2,
    FAMILY_TEMPO = 1 << 3,
    FAMILY_IDENTITY = 1 << 4,
    FAMILY_SEQUENCE = 1 << 5,
    FAMILY_TRAVEL = 1 << 6,
    FAMILY_DORMANT = 1 << 7,
    FAMILY_SPREAD = 1 << 8
};

/* BULK: much mail in the manner of a mailing, from where the account always sends. */
enum account_stage { ACCOUNT_QUIET, ACCOUNT_WARN, ACCOUNT_BULK, ACCOUNT_HIGH };

struct account_place { /* a network; tag 0: unused */
    int64_t first_us, last_us;
    uint32_t tag, messages;
    int64_t excursion_us;  /* the excursion that in_excursion counts in */
    uint32_t in_excursion; /* messages of it */
    bool located;
    char country[2]; /* no NUL; zero when not known */
    float lat, lon;
};

/* What has happened since the joint score was last 0. */
struct excursion {
    int64_t first_us;
    uint32_t history; /* recipients the account had before: how much "first contact" can mean */
    uint32_t variety; /* different senders it had before */
    uint32_t placed, usual, strange; /* messages whose network is known, is usual, is strange */
    uint32_t messages, recipients, delivered, bad, good;
    uint32_t contacts, new_contacts; /* judged where history gives them meaning */
    uint32_t gaps, short_gaps;
    uint32_t new_places, new_senders;
    uint32_t
        foreign; /* messages under a sender of a domain that is neither ours nor the account's */
    uint32_t travels; /* to a new place, faster than anybody travels */
    bool after_guessing;
    bool dormant; /* it began after months without a sign of the account */
    struct ip_addr addresses[ACCOUNT_ADDRESSES];
    unsigned addresses_count;
};

struct account {
    char user[ACCOUNT_USER_MAX]; /* lower case, cut */
    int64_t first_us, last_us, last_message_us;
    uint32_t recipients; /* since first_us */
    struct cusum joint, outcome;
    struct cusum strict; /* outcomes, against what an old mailing list has */
    struct excursion now;
    struct account_place places[ACCOUNT_PLACES];
    struct account_place left; /* the place used before the newest one, as it was then */
    uint8_t here;              /* number of the place used last */
    uint32_t outside_uses;     /* counted for accounts of guests and devices only */
    struct decayed messages_day;
    struct decayed null_hour;    /* recipients of authenticated null-sender mail */
    struct decayed guessed_hour; /* recipients of what came from a new place after guessing */
    struct recent_set addresses; /* clients of 12 to 24 hours */
    struct recent_set strangers; /* foreign recipients of 12 to 24 hours */
    uint32_t senders[ACCOUNT_SENDERS];
    unsigned next_sender;
    struct distinct sender_variety;
    int64_t run_last_us; /* bulk runs: learnt when clean */
    uint32_t run_recipients, run_bad, clean_runs;
    enum account_stage stage;
    int64_t bulk_us; /* when it was last told as perhaps a mailing */
};

/* What account_burst_judge() makes of an account. */
struct account_verdict {
    enum account_stage stage;
    unsigned families; /* set of enum account_family */
    double level;
    bool outcome_only;
    bool maybe_mailing; /* a bulk mailer may be behind it as well */
};

/* account_burst_begin - call first for each event: starts a new excursion when the score has sunk
 * to 0 */
void account_burst_begin(struct account *a, int64_t time_us);

/* account_burst_message - a message was queued: tempo */
void account_burst_message(struct account *a, int64_t time_us);

/* account_burst_place - it came from this network; true when the account has not used the place
 * for a day */
bool account_burst_place(struct account *a, uint64_t place, int64_t time_us);

/* account_burst_locate - where the place is for which account_burst_place() has just said true:
 * travel counts when nobody could have come there from the place before in the time between */
void account_burst_locate(struct account *a, const struct geo_place *where, int64_t time_us);

/* account_burst_sender - its envelope sender; true when the account never used it before */
bool account_burst_sender(struct account *a, uint64_t sender_hash, int64_t time_us);

/* account_burst_foreign_sender - the message has a sender of a domain that is not ours, nor that of
 * the account */
void account_burst_foreign_sender(struct account *a);

/* account_burst_after_guessing - its password had been guessed before: once an excursion */
void account_burst_after_guessing(struct account *a, int64_t time_us);

/* account_burst_guessed - the message of the newest place, with so many recipients, was sent after
 * guessing; account_burst_guessed_recipients: such recipients in an hour, those from a usual place
 * left out */
void account_burst_guessed(struct account *a, uint32_t recipients, int64_t time_us);
double account_burst_guessed_recipients(const struct account *a, int64_t time_us);

/* account_burst_contact - a recipient of it, seen once a message; first: never written to before */
void account_burst_contact(struct account *a, bool first, int64_t time_us);

/* account_burst_outcome - what became of a recipient
 *
 *   in        bad     weight 0..1; 0 is good
 *             age_us  since the message was accepted: late news count less */
void account_burst_outcome(struct account *a, double bad, int64_t age_us, int64_t time_us);

/* account_burst_null_sender - it had the null sender and so many recipients (0: not known);
 * account_burst_null_recipients: such recipients in an hour, where receipts count little */
void account_burst_null_sender(struct account *a, uint32_t recipients, int64_t time_us);
double account_burst_null_recipients(const struct account *a, int64_t time_us);

/* account_burst_places - networks within the last day */
unsigned account_burst_places(const struct account *a, int64_t time_us);

/* account_burst_countries - different countries among them, as far as they are known */
unsigned account_burst_countries(const struct account *a, int64_t time_us);

/* account_burst_judge - the stage the evidence has reached; changes nothing */
struct account_verdict account_burst_judge(const struct account *a, int64_t time_us);

/* account_burst_is_refused - more is refused than an honest account's mail, though less than an
 * alarm needs */
bool account_burst_is_refused(const struct account *a, int64_t time_us);

/* account_burst_explain - append the scores, their thresholds and what is missing, for a person */
void account_burst_explain(const struct account *a, int64_t time_us, struct outbuf *out);

/* account_burst_score - for eviction: what would be lost */
float account_burst_score(const void *account, int64_t now_us);

#endif
