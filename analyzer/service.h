/* service.h - what a run does beside reading: signals, and what falls due by the wall clock
 *
 *   SIGTERM, SIGINT   finish the line, write what is open and the summary, end; a second one ends
 *                     at once
 *   SIGHUP            open the output files again (log rotation), read the configuration again
 *                     (reload.h); a run that writes to a terminal only ends with it
 *   SIGUSR1           write the summary now
 *
 * source: signal(7); the handlers set flags only. */
#ifndef SERVICE_H
#define SERVICE_H

#include "config.h"
#include "pipeline.h"
#include "publish.h"

struct service {
    const struct config *config;
    struct pipeline *pipeline;   /* NULL: not yet */
    struct publisher *publisher; /* NULL: nobody looks on */
    /* read the configuration again, at SIGHUP; set by main after service_start(). False: it is
     * wrong, and the one of before holds */
    bool (*reload)(void *arg);
    void *reload_arg;
    int64_t next_save_us; /* monotonic clock */
    uint64_t saved_lines; /* read when the state was written last */
    int64_t watchdog_us,
        next_sign_us; /* how often the service manager wants a sign of life; 0 never */
    bool ready;       /* it was told that we are */
};

/* service_catch - from now on the first two signals only set the flag that service_stop() points to
 */
void service_catch(void);

/* service_stop - the number of the signal that asks for the end; 0 none */
const volatile int *service_stop(void);

/* service_start - a run begins: catch the other signals as its outputs ask for */
void service_start(struct service *s, const struct config *config);

/* service_end - the run is over, only its last outputs are to come: tell the service manager */
void service_end(struct service *s);

/* service_save - write the state, if the configuration has one; a failure is told and result false
 */
bool service_save(struct service *s);

/* service_run - do what is due; arg is the service, for callbacks. Between two records only */
void service_run(void *arg);

#endif
