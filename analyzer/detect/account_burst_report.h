/* account_burst_report.h - what detector account_burst says of an account; private to
 * account_burst*.c */
#ifndef DETECT_ACCOUNT_BURST_REPORT_H
#define DETECT_ACCOUNT_BURST_REPORT_H

#include "detect/account_burst.h"
#include "detect/detector.h"

/* account_burst_report - judge the account and its hard rules; report when there is something to
 * say
 *
 *   in,out    a    its stage is raised
 *             ev   the contributing event, cx its context */
void account_burst_report(struct incidents *incidents, struct account *a, const struct event *ev,
                          const struct context *cx);

/* account_burst_is_guest - is this the name of a guest, a test or a device ("guest", "scanner2",
 * "DOMAIN\\test")? */
bool account_burst_is_guest(slice user);

#endif
