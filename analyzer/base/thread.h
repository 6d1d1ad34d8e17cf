/* thread.h - threads beside the one that takes signals */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

#include <pthread.h>
#include <stdbool.h>

/* thread_start - run `work` in a thread of its own, which takes no signals
 *
 *   out       ret   for pthread_join(3), which the caller owes
 *   result    false when no thread can be had: nothing has happened
 *   source    pthreads(7): signals are blocked before pthread_create(3), which hands the mask
 *             down */
bool thread_start(pthread_t *ret, void *(*work)(void *arg), void *arg);

#endif
