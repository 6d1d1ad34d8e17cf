/* exchange_protocol_match.c - which command a reply of this server belongs to
 *
 * algorithm: the command that has waited longest, unless Exchange could not have answered it so:
 *            then the next one that it could, and what stands before was lost from the log.
 * source:    real rows: 250 2.1.0 Sender OK, 250 2.1.5 Recipient OK, 354, 235, 334, 535, 220, 221
 * limits:    a refusal fits any command */
#include "exchange_protocol.h"

/* Could Exchange have answered this command so? Only its own wordings are judged, and codes that
 * belong to one command. */
static bool may_answer(enum exchange_verb verb, const struct exchange_reply *r)
{
    bool ok = r->code < 300, coded = r->status[0] != 0;
    bool mail = r->code == 250 && r->status[1] == 1 && r->status[2] == 0,
         rcpt = r->code == 250 && r->status[1] == 1 && r->status[2] == 5;

    switch (r->code) {
    case 220:
        return verb == EXCHANGE_STARTTLS || verb == EXCHANGE_ANONYMOUSTLS;
    case 221:
        return verb == EXCHANGE_QUIT;
    case 235:
    case 334:
    case 535:
        return verb == EXCHANGE_AUTH || verb == EXCHANGE_EXPS;
    case 354:
        return verb == EXCHANGE_DATA || verb == EXCHANGE_OTHER;
    default:
        break;
    }
    if (verb == EXCHANGE_MAIL)
        return !ok || mail || !coded;
    if (verb == EXCHANGE_RCPT)
        return !ok || rcpt || !coded;
    return !mail && !rcpt;
}

struct exchange_command *exchange_protocol_answered(struct exchange_row *row,
                                                    const struct exchange_reply *r)
{
    struct exchange_list *waiting = &row->s->waiting;
    struct exchange_command *c = exchange_session_first(row->all, waiting);
    unsigned before = 0;

    while (c != NULL && !may_answer((enum exchange_verb)c->verb, r)) {
        before++;
        c = c->next == 0 ? NULL : &row->all->command[c->next - 1];
    }
    if (c != NULL)
        for (; before > 0; before--)
            exchange_session_drop(row->all, waiting);
    return c;
}
