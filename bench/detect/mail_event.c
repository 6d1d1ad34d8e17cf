/* mail_event.c - reference counts of sessions and messages
 * limits: one thread */
#include "mail_event.h"

#include <stdlib.h>
#include <string.h>

static void *zeroed(size_t size)
{
    void *p = calloc(1, size);

    if (p == NULL)
        abort();
    return p;
}

struct mail_session *mail_session_new(const struct mail_client *client)
{
    struct mail_session *s = zeroed(sizeof *s);

    s->refs = 1;
    s->client = *client;
    s->mechanism = "PLAIN";
    return s;
}

struct mail_session *mail_session_keep(struct mail_session *s)
{
    if (s != NULL)
        s->refs++;
    return s;
}

void mail_session_drop(struct mail_session *s)
{
    if (s != NULL && --s->refs == 0)
        free(s);
}

struct mail_message *mail_message_new(struct mail_session *s, const char *sender, uint64_t number)
{
    struct mail_message *m = zeroed(sizeof *m);

    m->refs = 1;
    m->number = number;
    m->session = mail_session_keep(s);
    mail_copy(m->sender, sizeof m->sender, sender);
    return m;
}

struct mail_message *mail_message_keep(struct mail_message *m)
{
    if (m != NULL)
        m->refs++;
    return m;
}

void mail_message_drop(struct mail_message *m)
{
    if (m == NULL || --m->refs > 0)
        return;
    mail_session_drop(m->session);
    free(m);
}

void mail_copy(char *buf, unsigned size, const char *text)
{
    size_t n = strlen(text);

    n = n < size ? n : size - 1;
    memcpy(buf, text, n);
    buf[n] = '\0';
}
