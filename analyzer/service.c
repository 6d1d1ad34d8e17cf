/* service.c - flags set by signals, looked at between records
 * source:   sigaction(2), nohup(1): a signal that is ignored at the start stays so */
#include "service.h"

#include <signal.h>
#include <string.h>

/* int is sig_atomic_t here */
static volatile int stop_signal, reopen_wish, report_wish;

static void on_signal(int signal_number)
{
    if (signal_number == SIGHUP)
        reopen_wish = 1;
    else if (signal_number == SIGUSR1)
        report_wish = 1;
    else
        stop_signal = signal_number;
}

static void catch_one(int signal_number, unsigned flags)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)flags}, old;

    if (sigaction(signal_number, NULL, &old) == 0 && old.sa_handler != SIG_IGN)
        sigaction(signal_number, &action, NULL);
}

void service_catch(void)
{
    catch_one(SIGINT, SA_RESETHAND);
    catch_one(SIGTERM, SA_RESETHAND);
    signal(SIGPIPE, SIG_IGN);
}

const volatile int *service_stop(void)
{
    return &stop_signal;
}

static bool writes_files(const struct config *c)
{
    for (unsigned i = 0; i < c->outputs_count; i++)
        if (c->outputs[i].path != NULL && strcmp(c->outputs[i].path, "-") != 0)
            return true;
    return c->events_path != NULL;
}

void service_start(struct service *s, const struct config *config)
{
    *s = (struct service){.config = config};
    if (writes_files(config))
        catch_one(SIGHUP, 0);
    catch_one(SIGUSR1, 0);
}

void service_run(void *arg)
{
    struct service *s = arg;

    if (s->pipeline == NULL)
        return;
    if (reopen_wish) {
        reopen_wish = 0;
        pipeline_reopen(s->pipeline);
    }
    if (report_wish) {
        report_wish = 0;
        pipeline_report(s->pipeline);
    }
}
