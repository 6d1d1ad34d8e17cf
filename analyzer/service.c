/* service.c - flags set by signals, looked at between records
 * source:   sigaction(2), nohup(1): a signal that is ignored at the start stays so */
#include "service.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "notify.h"

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
    signal(SIGXFSZ, SIG_IGN); /* a limit of the size of files is like a full disk */
}

const volatile int *service_stop(void)
{
    return &stop_signal;
}

/* Somebody who closes his terminal wants what he started there to end. */
static bool outlives_terminal(const struct config *c)
{
    if (c->follow && !isatty(STDOUT_FILENO))
        return true;
    for (unsigned i = 0; i < c->outputs_count; i++)
        if (c->outputs[i].path != NULL && strcmp(c->outputs[i].path, "-") != 0)
            return true;
    return c->events_path != NULL;
}

void service_start(struct service *s, const struct config *config)
{
    *s = (struct service){.config = config};
    if (outlives_terminal(config))
        catch_one(SIGHUP, 0);
    catch_one(SIGUSR1, 0);
}

static int64_t now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

bool service_save(struct service *s)
{
    struct error error = {0};

    if (s->config->state_path == NULL || pipeline_save(s->pipeline, &error))
        return true;
    fprintf(stderr, "relaywatch: %s\n", error.text);
    return false;
}

/* The state is due; not while nothing has been read since. Where there is none one is written at
 * once: its time says which logs are to be sought after a sudden end. */
static void save_if_due(struct service *s)
{
    struct input_totals totals;
    int64_t now = now_us();

    if (s->config->state_path == NULL || now < s->next_save_us)
        return;
    pipeline_totals(s->pipeline, &totals);
    bool first = s->next_save_us == 0 && access(s->config->state_path, F_OK) != 0;
    if (first || (s->next_save_us != 0 && totals.lines != s->saved_lines))
        (void)service_save(s);
    s->saved_lines = totals.lines;
    s->next_save_us = now + (int64_t)s->config->state_every_s * 1000000;
}

/* To the service manager: that the logs are open, and now and then that we live. This is called
 * while lines are read and while there are none, and not when we hang. */
static void give_sign(struct service *s)
{
    int64_t now = now_us();

    if (!s->ready) {
        s->ready = true;
        s->watchdog_us = notify_watchdog_us();
        notify_send("READY=1\nSTATUS=reading");
    }
    if (s->watchdog_us == 0 || now < s->next_sign_us)
        return;
    notify_send("WATCHDOG=1");
    s->next_sign_us = now + s->watchdog_us;
}

void service_end(struct service *s)
{
    if (s->ready)
        notify_send("STOPPING=1");
}

/* Rotation has renamed the outputs, whether or not the configuration is good. */
static void reopen(struct service *s)
{
    char text[64];
    bool good;

    reopen_wish = 0;
    snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)now_us());
    notify_send(text);
    good = s->reload == NULL || s->reload(s->reload_arg);
    if (s->reload == NULL || !good)
        pipeline_reopen(s->pipeline);
    publish_reloaded(s->publisher, good);
    notify_send("READY=1");
}

void service_run(void *arg)
{
    struct service *s = arg;

    if (s->pipeline == NULL)
        return;
    give_sign(s);
    if (reopen_wish)
        reopen(s);
    if (report_wish) {
        report_wish = 0;
        pipeline_report(s->pipeline);
    }
    publish_run(s->publisher, s->pipeline);
    save_if_due(s);
}
