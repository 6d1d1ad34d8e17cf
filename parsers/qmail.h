/* qmail.h - what the files of the qmail parser share */
#ifndef PARSERS_QMAIL_H
#define PARSERS_QMAIL_H

#include "mail_line.h"

enum { QMAIL_DELIVERIES = 512, QMAIL_PROCESSES = 1024, QMAIL_ADDRESS = 200, QMAIL_TEXT = 512 };

/* What one line tells and another needs; it goes on in the next file. */
struct qmail_shared {
    /* By delivery number modulo: qmail-send runs at most 255 of a kind at a time. */
    struct qmail_delivery {
        uint64_t key; /* of host and number; 0: free */
        bool remote;
        char msg[24], rcpt[QMAIL_ADDRESS];
    } delivery[QMAIL_DELIVERIES];
    /* By process id of qmail-queue: which message it made, or is to make. */
    struct qmail_process {
        uint64_t key; /* of host and process id; 0: free */
        int64_t time_us;
        char made[24], cause[24]; /* message numbers; empty: not known yet */
        bool is_bounce;           /* of cause; else a forwarding of it */
    } process[QMAIL_PROCESSES];
    uint64_t lost; /* deliveries given up while they went on */
};

/* Readers; PARSE_FOREIGN: not of the reader's kind, nothing was emitted.
 *   in/out   room   QMAIL_TEXT bytes for a delivery's text, valid until the next line */
enum parse_result qmail_send_read(struct mail_line *line, char *room);
enum parse_result qmail_smtpd_read(struct mail_line *line);

#endif
