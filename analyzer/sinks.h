/* sinks.h - every configured output: a format (output/writer.h) over a transport
 * (output/transport.h) */
#ifndef SINKS_H
#define SINKS_H

#include "alert/alert.h"
#include "alert/summary.h"
#include "config.h"
#include "event/event.h"
#include "output/metrics.h"

struct sinks;
struct sinks_change;

/* sinks_new - open all outputs and the --events file; NULL with *reterr when one cannot be opened
 */
struct sinks *sinks_new(const struct config *config, struct error *reterr);

/* sinks_check - what can be known of outputs without opening them: TLS and its files; false with
 * *reterr */
bool sinks_check(const struct config *config, struct error *reterr);
struct sinks *sinks_free(struct sinks *s);

/* sinks_run_info - width and colour of an output: those of the terminal when it is standard output
 *
 *   in        path   NULL or "-" is standard output
 *   source    NO_COLOR (no-color.org), TERM, COLUMNS; --color decides */
struct run_info sinks_run_info(const struct config *config, const char *path);

/* sinks_event - to --events, if there is one */
void sinks_event(struct sinks *s, const struct event *ev, const char *parser);
/* sinks_alert, sinks_summary - to every output */
void sinks_alert(struct sinks *s, const struct alert *alert);
void sinks_summary(struct sinks *s, const struct summary *summary,
                   const struct alert *const *incidents, unsigned incidents_count);
/* sinks_has_live - is there a document that is wanted soon; with_news: one that alerts told since
 * sinks_live() may change */
bool sinks_has_live(const struct sinks *s, bool with_news);
/* sinks_live - as sinks_summary, to those outputs only whose document is wanted soon (block lists)
 */
void sinks_live(struct sinks *s, const struct summary *summary,
                const struct alert *const *incidents, unsigned incidents_count);
/* sinks_report - the outputs that had or have trouble, into the rows of a summary */
void sinks_report(const struct sinks *s, struct summary *ret);
/* sinks_settle - the end: what waits goes out, into the spool, or is lost, see sinks_failed(); a
 * collector is waited for some seconds */
void sinks_settle(struct sinks *s);
/* sinks_flush - what is buffered goes out: events, which are written in batches, and what waited
 * for a full disk or a collector */
void sinks_flush(struct sinks *s);
/* sinks_sync - ... and is on the disk, where an output is a file */
void sinks_sync(struct sinks *s);
/* sinks_reopen - open every file again; a failure is told, and the old file stays in use */
void sinks_reopen(struct sinks *s);
/* sinks_prepare - open what another configuration has and this one has not; nothing changes yet
 *
 *   result    for sinks_take() or sinks_abandon(); NULL with *reterr (ERROR_OUTPUT) when one cannot
 *             be opened */
struct sinks_change *sinks_prepare(struct sinks *s, const struct config *config,
                                   struct error *reterr);
void sinks_abandon(struct sinks_change *change);
/* sinks_take - the configuration of the sinks is that other one by now: new outputs get what comes,
 * those that are in both go on and their files are opened again, and of those that are no more
 * what waits goes out before they are closed; change is freed */
void sinks_take(struct sinks *s, struct sinks_change *change);

/* sinks_warn - one line on stderr unless -qq; arg is the sinks, for callbacks */
void sinks_warn(void *arg, const char *text);

/* sinks_stopped - the reader of standard output has gone and nothing else is written */
bool sinks_stopped(const struct sinks *s);
bool sinks_failed(const struct sinks *s);
int sinks_worst(const struct sinks *s);       /* highest severity told; -1 none */
uint64_t sinks_alerts(const struct sinks *s); /* alerts told in state "new" */
/* sinks_figures - alerts told, and what outputs lost, into empty lists */
void sinks_figures(const struct sinks *s, struct metrics_figures *ret);

#endif
