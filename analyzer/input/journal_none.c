/* journal_none.c - in place of journal_systemd.c where the program is built without libsystemd
 * source:  CMakeLists.txt
 * limits:  nothing but the error: no struct journal is ever made */
#include "input/journal.h"

#include <stddef.h>

#include "base/panic.h"

const char *journal_library(void)
{
    return NULL;
}

struct journal *journal_open(const char *name, int64_t since_us, struct error *reterr)
{
    (void)since_us;
    error_set(reterr, ERROR_CONFIG,
              "%s: this program was built without libsystemd (libsystemd-dev), which reading the "
              "journal needs; pipe it in: journalctl -o json --all | relaywatch -",
              name);
    return NULL;
}

void journal_free(struct journal **journal)
{
    ASSERT(*journal == NULL);
}

ssize_t journal_read(struct journal *j, char *buf, size_t size, struct error *reterr)
{
    (void)j, (void)buf, (void)size, (void)reterr;
    return -1;
}

bool journal_go_on(struct journal *j, const char *cursor)
{
    (void)j, (void)cursor;
    return false;
}

void journal_cursor(struct journal *j, uint64_t offset, char ret[JOURNAL_CURSOR_MAX])
{
    (void)j, (void)offset;
    ret[0] = '\0';
}

int journal_descriptor(struct journal *j)
{
    (void)j;
    return -1;
}

void journal_heed(struct journal *j)
{
    (void)j;
}
