/* writer.h - an output format: pure functions from values to bytes; it does no I/O
 *
 * One constant per file in output/, one row in writers.def. Transport (file, stdout) is
 * output/transport.c. */
#ifndef OUTPUT_WRITER_H
#define OUTPUT_WRITER_H

#include "alert/alert.h"
#include "alert/summary.h"
#include "base/outbuf.h"
#include "output/net_sink.h"

struct block_policy;

struct run_info {
    const char *version;       /* "0.9.0" */
    const char *observer_host; /* the machine relaywatch runs on; shown, never part of an id */
    const char *tenant;        /* "default" */
    unsigned columns;          /* text: width to fit, 80 by default */
    bool colour;               /* text: ANSI colour allowed */
    unsigned top;              /* rows of each top table */
    bool live;                 /* follow mode: alerts are printed as they come */
    uint64_t page_number;      /* html: of a page that is served and tells of news; 0: a file */
    const struct block_policy *block; /* block lists: what may be blocked; NULL: the defaults */
    const char *reporter_name, *reporter_address; /* abuse reports: who says so; NULL: nobody */
};

struct writer {
    const char *name, *media_type;
    bool whole; /* a summary is the whole document: it replaces the one before it in its file */
    bool live;  /* a whole document that is wanted soon: in follow mode it is written as alerts come
                 */
    bool needs_reporter;  /* it cannot be written without a reporter */
    enum net_frame frame; /* of a message on a stream; FRAME_NONE: files only */
    void (*begin)(const struct run_info *, struct outbuf *); /* may be NULL */
    void (*alert)(const struct run_info *, const struct alert *,
                  struct outbuf *); /* may be NULL: summary only */
    /* the end of a batch, SIGUSR1, exit: incidents still known are given, most severe first */
    void (*summary)(const struct run_info *, const struct summary *,
                    const struct alert *const *incidents, unsigned incidents_count,
                    struct outbuf *); /* may be NULL */
};

/* writer_find - by name ("text", "json", "ecs" ...); NULL when unknown */
const struct writer *writer_find(slice name);
/* writer_names - all names, comma separated, for messages */
const char *writer_names(void);

#endif
