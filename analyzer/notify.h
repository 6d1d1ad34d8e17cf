/* notify.h - words to the service manager, without its library
 *
 * One datagram to the socket that $NOTIFY_SOCKET names; nothing where there is none.
 *
 * source: sd_notify(3), systemd.service(5) Type=notify and WatchdogSec= */
#ifndef NOTIFY_H
#define NOTIFY_H

#include <stdint.h>

/* notify_send - "READY=1", "STOPPING=1", "RELOADING=1", "WATCHDOG=1", "STATUS=..."; several of them
 * on lines of their own. A failure is of no importance */
void notify_send(const char *text);

/* notify_watchdog_us - how often a sign of life is due at most: half of $WATCHDOG_USEC; 0 never
 *
 *   note      0 also when $WATCHDOG_PID names another process */
int64_t notify_watchdog_us(void);

#endif
