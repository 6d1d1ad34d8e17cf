/* state.h - the memory of a run in a file, so that the next run goes on where it ended
 *
 * A module that carries state has one function, X_persist(x, io), which names its memory piece by
 * piece; the same calls write it and read it back, so that the two cannot disagree. Plain bytes go
 * as they are. What means something in this process only (pointers, callbacks) is a hole: written
 * as zeros and left alone when read.
 *
 * The file is for this program on this machine: it begins with the version and the layout (a hash
 * of the sources that say how tables are laid out, so that other changes of the program leave it
 * valid), a hash of the configuration and the hash key; every piece has its name, its element size
 * and a CRC-32. A file that is cut, damaged, of another layout or configuration is refused as a
 * whole, before anything is changed. It is written beside its name, synchronised and renamed, with
 * mode 0600, since it holds the hash key and lines of the log. One that others may write is
 * refused: the checks find damage, not malice.
 *
 *   file    = header *piece end
 *   piece   = head (name, element size, count, stored bytes, CRC of the body, CRC of the head) body
 *   body    = *( run ): 4 KiB pages of zeros are left out, a run says how many, and how many follow
 *
 * source: fsync(2), rename(2); CRC-32 of zlib
 * limits: the size is that of the tables' used part; endianness and word size are the machine's */
#ifndef BASE_STATE_H
#define BASE_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/siphash.h"

struct state_io;

/* A part of a structure that is not state. */
struct state_hole {
    size_t offset, size;
};
#define STATE_HOLE(type, member)                                                                   \
    {                                                                                              \
        offsetof(type, member), sizeof(((type *)0)->member)                                        \
    }
#define STATE_HOLES(list) list, sizeof(list) / sizeof((list)[0])

enum { STATE_TEXTS_MAX = 1024 };

/* What a file must agree with. */
struct state_facts {
    uint64_t config;     /* hash of what the tables depend on: memory, zones, signatures ... */
    struct hash_key key; /* of the tables */
};

/* state_save - begin a file: it takes the place of path at state_close() only
 *
 *   result    NULL and *reterr (ERROR_OUTPUT) when it cannot be made */
struct state_io *state_save(const char *path, const struct state_facts *facts,
                            struct error *reterr);

/* state_load - open a file and check all of it
 *
 *   in        facts   NULL: any configuration, for merging
 *   result    NULL when it cannot be used. *reterr is empty when there is no file, else it says why
 */
struct state_io *state_load(const char *path, const struct state_facts *facts,
                            struct error *reterr);

/* state_read_key - the hash key of a file, when it is one of this layout; false: there is none */
bool state_read_key(const char *path, struct hash_key *ret);

/* state_lock - keep other runs from using the state of this path, until the descriptor is closed or
 * the process ends; the lock is a file of its own beside it
 *
 *   result    the descriptor, or -1 with *reterr: another run has it, or the file cannot be made */
int state_lock(const char *path, struct error *reterr);

/* state_close - finish: of a file being written fsync and rename
 *
 *   result    false with *reterr: it was not written, the old file is as it was; or a piece that
 * was read was not the one expected, and what was read must be thrown away */
bool state_close(struct state_io *io, struct error *reterr);

/* state_loading - are pieces being read; else they are written */
bool state_loading(const struct state_io *io);

/* state_good - no error so far; what was asked for after one is left as it was */
bool state_good(const struct state_io *io);

/* state_fail - what was read makes no sense: the load fails */
void state_fail(struct state_io *io, const char *what);

/* state_bytes - a piece of plain memory: count elements of one size
 *
 *   in        name   static, the same at every call for this piece */
void state_bytes(struct state_io *io, const char *name, void *data, size_t size, size_t count);

/* state_struct - one structure but for its holes */
void state_struct(struct state_io *io, const char *name, void *data, size_t size,
                  const struct state_hole *holes, size_t holes_count);

/* state_array - several structures, each with the same holes; those are zeroed when read */
void state_array(struct state_io *io, const char *name, void *data, size_t size, size_t count,
                 const struct state_hole *holes, size_t holes_count);

/* state_number - a number, both ways; for counts of what follows */
uint64_t state_number(struct state_io *io, const char *name, uint64_t value);

/* Different texts that structures borrow from the program (units, advice), as numbers; 0: NULL. */
struct state_texts {
    const char *list[STATE_TEXTS_MAX];
    unsigned count;
    void *bytes; /* owned, when they were read */
};

/* state_texts_number - the number of a text, which is added if it is new; 0 also when there is no
 * room
 */
uint16_t state_texts_number(struct state_texts *texts, const char *text);

/* state_texts_at - the text of a number; lives as long as texts when it was read */
const char *state_texts_at(const struct state_texts *texts, uint16_t number);

/* state_texts - all of them, both ways; state_texts_free releases what was read */
void state_texts(struct state_io *io, struct state_texts *texts);
void state_texts_free(struct state_texts *texts);

/* state_block - memory of its own: *data is made by malloc() when read, NULL for 0 bytes
 *
 *   in,out    bytes  at most max */
void state_block(struct state_io *io, const char *name, void **data, size_t *bytes, size_t max);

#endif
