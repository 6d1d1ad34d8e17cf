/* journal.h - entries of the systemd journal as lines of JSON
 *
 * An input named "journal:" is the journal of this machine, "journal:/DIR" the journal files of a
 * folder (another machine's, or those systemd-journal-remote has collected),
 * "journal:/FILE.journal" one of them. "?FIELD=VALUE" behind it takes only entries that have it;
 * several are joined by "&": values of one field are alternatives, different fields must all fit,
 * as for journalctl(1).
 *
 * Each entry is one line, as "journalctl -o json" writes it, with the fields that say what a syslog
 * line does, so that both ways give the same records. A line is never longer than a line may be: a
 * text beyond that is cut. A read gives bytes of one entry at most, so that the place in the
 * journal is that of the line that was read last.
 *
 * Made by libsystemd (journal_systemd.c); without it journal_none.c says so.
 *
 * source: sd-journal(3), systemd.journal-fields(7), systemd's "Journal JSON Format" */
#ifndef INPUT_JOURNAL_H
#define INPUT_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

enum { JOURNAL_CURSOR_MAX = 256, JOURNAL_MATCHES_MAX = 32 };

struct journal;

/* journal_is - does a name mean a journal rather than a file */
bool journal_is(const char *name);

/* journal_library - "libsystemd 252"; NULL: this program is built without */
const char *journal_library(void);

/* journal_path - the folder or file of a name, in a buffer of the caller's; "": the machine's own
 *
 *   result    false: longer than the buffer */
bool journal_path(const char *name, char *buf, size_t size);

/* journal_open - stand before the first entry
 *
 *   in        since_us   entries written before that may be left out; 0 all
 *   result    NULL and *reterr: ERROR_CONFIG when the program is built without, ERROR_INPUT when
 * there is no such place, it may not be read, or the name makes no sense */
struct journal *journal_open(const char *name, int64_t since_us, struct error *reterr);
void journal_free(struct journal **journal);

/* journal_read - the next bytes, of one line at most
 *
 *   result    0: no entry is left now, there may be later; -1 and *reterr */
ssize_t journal_read(struct journal *j, char *buf, size_t size, struct error *reterr);

/* journal_go_on - stand behind the entry of a cursor, or where it would be; NULL: behind all there
 * is now
 *
 *   result    false when the text is no cursor: nothing changes */
bool journal_go_on(struct journal *j, const char *cursor);

/* journal_cursor - of the last entry whose line ends at or before a byte of the stream
 *
 *   in        offset   bytes of what journal_read() gave since the start or journal_go_on(); of the
 *                      line that was read last, its beginning or its end
 *   out       ret      "" when there is none yet */
void journal_cursor(struct journal *j, uint64_t offset, char ret[JOURNAL_CURSOR_MAX]);

/* journal_descriptor - readable when there may be more, for poll(2); -1: cannot be told. From then
 * on journal_heed() has to be called after a wait */
int journal_descriptor(struct journal *j);
void journal_heed(struct journal *j);

#endif
