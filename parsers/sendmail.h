/* sendmail.h - what the files of the Sendmail parser share */
#ifndef PARSERS_SENDMAIL_H
#define PARSERS_SENDMAIL_H

#include "mail_line.h"

enum {
    SENDMAIL_HELD = 256,
    SENDMAIL_LOGINS = 1024,
    SENDMAIL_LOGIN_WAYS = 4,
    SENDMAIL_SENDERS = 2048,
    SENDMAIL_ADDRESS = 128,
    SENDMAIL_WHY = 64,
    SENDMAIL_USER = 80,
    SENDMAIL_ID = 24,
    SENDMAIL_HOST = 64
};

/* What one line tells and another needs; it goes on in the next file. */
struct sendmail_shared {
    /* Recipients refused by a line without a client, which a later line of the transaction has. */
    struct sendmail_held {
        uint64_t key; /* of host and queue id; 0: free */
        char rcpt[SENDMAIL_ADDRESS], why[SENDMAIL_WHY], id[SENDMAIL_ID], host[SENDMAIL_HOST];
    } held[SENDMAIL_HELD];
    uint32_t next_held;
    /* Logins by process: one process serves one connection. */
    struct sendmail_login {
        uint64_t key; /* of host and process id */
        int64_t time_us;
        struct ip_addr ip;
        char user[SENDMAIL_USER], mechanism[24];
    } login[SENDMAIL_LOGINS];
    struct sendmail_sender {
        uint64_t key, sender; /* of host and queue id; of the lower-cased address */
    } sender[SENDMAIL_SENDERS];
    uint64_t lost; /* held recipients that gave way: their client is not known */
};

/* sendmail_take_host - read [[IDENT "@"] NAME " "] "[" IP "]" [" (may be forged)"]
 *
 *   out       ret   name is absent when it may be forged */
bool sendmail_take_host(slice *cur, struct mail_host *ret);

/* sendmail_take_id - read "ID: " or "ID[1]: "; "NOQUEUE: " gives an absent id
 *
 *   out       ret_part   0, or the number of the piece of a long record */
bool sendmail_take_id(slice *cur, slice *ret, uint64_t *ret_part);

/* sendmail_key - of host and text */
uint64_t sendmail_key(const struct mail_line *line, slice text);

/* sendmail_hold - keep a refused recipient until its client is known; what gives way is emitted */
void sendmail_hold(struct mail_line *line, slice rcpt, slice why);

/* sendmail_release - emit what is held for this transaction, now that the client is known
 *
 *   result    how many */
unsigned sendmail_release(struct mail_line *line, const struct mail_host *host, slice sender);

/* sendmail_keep_login - a login of this process; sendmail_login_of - the one of this process and
 * client within the last hour, or NULL */
void sendmail_keep_login(struct mail_line *line, const struct mail_host *host, slice user,
                         slice mechanism);
const struct sendmail_login *sendmail_login_of(const struct mail_line *line,
                                               const struct mail_host *host);

/* Readers; PARSE_FOREIGN: not of the reader's kind, nothing was emitted. */
enum parse_result sendmail_message_read(struct mail_line *line);
enum parse_result sendmail_reject_read(struct mail_line *line);
enum parse_result sendmail_session_read(struct mail_line *line);

#endif
