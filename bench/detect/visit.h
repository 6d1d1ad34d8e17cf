/* visit.h - one SMTP session, from the client's side, step by step
 *
 * Each step takes its time and puts its event into the stream. */
#ifndef VISIT_H
#define VISIT_H

#include "life.h"

struct visit {
    struct world *w;
    struct rng *rng;
    struct mail_session *s;
    int64_t now_us;
    double step_s; /* mean time of a command */
};

/* visit_begin - connect and greet; submission: to port 587; visit_end - quit and disconnect */
void visit_begin(struct visit *v, struct world *w, struct rng *rng,
                 const struct mail_client *client, bool submission, int64_t at_us);
void visit_end(struct visit *v);

/* visit_hang_up - disconnect without QUIT */
void visit_hang_up(struct visit *v, const char *stage);

/* visit_login - one AUTH command for this account; ok: was the password right? */
void visit_login(struct visit *v, const char *user, bool ok);

/* visit_mail - MAIL FROM; the caller drops the message */
struct mail_message *visit_mail(struct visit *v, const char *sender);

/* visit_rcpt - RCPT TO, accepted or refused */
void visit_rcpt(struct visit *v, struct mail_message *m, const char *rcpt,
                enum mail_verdict verdict, enum mail_why why);

/* visit_data - the message is accepted and lives */
void visit_data(struct visit *v, struct mail_message *m, const struct fate *fates, unsigned count,
                enum life_bounce bounce);

/* visit_anomaly - the client breaks the protocol; text: what it sent */
void visit_anomaly(struct visit *v, enum mail_anomaly anomaly, const char *text);

/* visit_send - MAIL, an RCPT each, DATA: one message to all these */
void visit_send(struct visit *v, const char *sender, const struct fate *fates, unsigned count,
                enum life_bounce bounce);

#endif
