/* opensmtpd.h - what the files of the OpenSMTPD parser share */
#ifndef PARSERS_OPENSMTPD_H
#define PARSERS_OPENSMTPD_H

#include "mail_line.h"

enum { OPENSMTPD_SESSIONS = 512, OPENSMTPD_FAILURES = 1024, OPENSMTPD_MSGID = 8 };

/* What one line tells and another needs; it goes on in the next file. */
struct opensmtpd_shared {
    struct opensmtpd_session {
        uint64_t key; /* of host and session id; 0: free */
        int64_t last_us;
        struct ip_addr ip;
        bool local;
        char user[80];
        char msgid[OPENSMTPD_MSGID + 1]; /* accepted, envelopes to come; empty: none */
        uint64_t size;
        uint32_t nrcpt, auth_refused; /* refused logins whose reply is still to be logged */
    } session[OPENSMTPD_SESSIONS];
    /* Senders of mail that failed: what the notification is about that goes to them. */
    struct opensmtpd_failure {
        uint64_t key; /* of host and sender; 0: free */
        int64_t time_us;
        char msgid[OPENSMTPD_MSGID + 1];
    } failure[OPENSMTPD_FAILURES];
    uint64_t lost; /* sessions given up while they were open */
};

/* opensmtpd_session - the session of an id, made when missing; never NULL */
struct opensmtpd_session *opensmtpd_session(struct mail_line *line, slice id);

/* opensmtpd_client - the client of a session, for an event; family 0 when it is not known */
struct mail_host opensmtpd_client(const struct opensmtpd_session *s);

/* opensmtpd_begin - mail_begin(), with the session and its client */
struct event *opensmtpd_begin(struct mail_line *line, enum event_kind kind, slice id,
                              const struct opensmtpd_session *s);

/* opensmtpd_connected, _closed - a session begins and ends; reason "quit" is an ordinary end */
enum parse_result opensmtpd_connected(struct mail_line *line, slice id, slice address);
enum parse_result opensmtpd_closed(struct mail_line *line, slice id, slice reason);

/* opensmtpd_login - a login: "ok", "permfail", "tempfail" */
enum parse_result opensmtpd_login(struct mail_line *line, slice id, slice user, slice result);

/* opensmtpd_failed - a command that was refused, with the reply */
enum parse_result opensmtpd_failed(struct mail_line *line, slice id, slice command, slice reply);

/* opensmtpd_accepted - a message is in the queue: envelope sender and client are known */
enum parse_result opensmtpd_accepted(struct mail_line *line, slice id, slice sender);

/* opensmtpd_notice - mail of <> from this server itself: what it is about, if a failed message of
 * the recipient is known; emits a DSN event then */
void opensmtpd_notice(struct mail_line *line, const struct opensmtpd_session *s, slice msgid,
                      slice rcpt);

/* A delivery as every version logs it; members may be absent. */
struct opensmtpd_delivery {
    slice evpid, from, to, rcpt, relay, delay, result, stat;
    bool local; /* mda */
};

/* opensmtpd_delivered - one attempt for one recipient */
enum parse_result opensmtpd_delivered(struct mail_line *line, const struct opensmtpd_delivery *d);

/* Readers; PARSE_FOREIGN: not of the reader's kind, nothing was emitted. */
enum parse_result opensmtpd_current_read(struct mail_line *line);
enum parse_result opensmtpd_older_read(struct mail_line *line);

#endif
