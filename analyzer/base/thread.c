/* thread.c - pthread_create(3) with all signals blocked meanwhile
 * source:   pthreads(7), pthread_sigmask(3)
 * limits:   none */
#include "base/thread.h"

#include <signal.h>

bool thread_start(pthread_t *ret, void *(*work)(void *arg), void *arg)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool started = pthread_create(ret, NULL, work, arg) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}
