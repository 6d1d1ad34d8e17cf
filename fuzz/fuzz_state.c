/* fuzz_state.c - a state file whose checks are right and whose content is hostile
 * algorithm: once, a run over a few lines leaves a state. Each input is a list of edits to its
 *            pieces: where, and what to write there; all CRCs are made right again. A run then goes
 *            on from it: refused or not, it may not crash. The last part of the input is log lines.
 *              edit = piece (1 byte), how (1), place (2), value (8)
 *            how: bits 0..2 bytes of the value that are written less one, bit 3 into the head of
 *            the piece (size, count, stored) instead of its body
 * source:    base/state.c, whose layout of heads is repeated here
 * limits:    places are within the first 64 KiB of a piece; a body's length stays */
#include <fcntl.h>
#include <sys/stat.h>
#include <zlib.h>

#include "fuzz.h"
#include "whole_run.h"

enum { EDIT = 12, HEAD = 56, SIZE_AT = 28, STORED_AT = 40, BODY_CRC_AT = 48, CRC_AT = 52 };
enum { PIECES_MAX = 512 };

int LLVMFuzzerInitialize(int *argc, char ***argv);

static unsigned char *good_state; /* that the first run left */
static size_t good_bytes;
static struct piece {
    size_t at, stored;
} pieces[PIECES_MAX];
static unsigned pieces_count;

static const char first_log[] =
    "Mar  2 08:00:00 mx1 postfix/smtpd[11]: connect from unknown[203.0.113.66]\n"
    "Mar  2 08:00:00 mx1 postfix/smtpd[11]: NOQUEUE: reject: RCPT from unknown[203.0.113.66]: 554 "
    "5.7.1 <v@victim.example>: Relay access denied; from=<a@example.net> to=<v@victim.example> "
    "proto=ESMTP helo=<x>\n"
    "Mar  2 08:00:01 mx1 postfix/smtpd[11]: NOQUEUE: reject: RCPT from unknown[203.0.113.66]: 550 "
    "5.1.1 <no@example.org>: Recipient address rejected: User unknown in local recipient table; "
    "from=<a@example.net> to=<no@example.org> proto=ESMTP helo=<x>\n"
    "Mar  2 08:00:02 mx1 postfix/smtpd[12]: warning: unknown[198.51.100.9]: SASL LOGIN "
    "authentication failed: UGFzc3dvcmQ6\n"
    "Mar  2 08:00:03 mx1 postfix/smtpd[13]: 4XyZ1: client=mail.example.com[198.51.100.7]\n"
    "Mar  2 08:00:03 mx1 postfix/cleanup[14]: 4XyZ1: message-id=<m1@example.com>\n"
    "Mar  2 08:00:03 mx1 postfix/qmgr[15]: 4XyZ1: from=<ann@example.com>, size=901, nrcpt=1 (queue "
    "active)\n"
    "Mar  2 08:00:04 mx1 postfix/smtp[16]: 4XyZ1: to=<v@victim.example>, "
    "relay=mx.victim.example[203.0.113.80]:25, delay=1, dsn=2.0.0, status=sent (250 2.0.0 Ok)\n"
    "Mar  2 08:00:05 mx1 exim[17]: 1vwxAa-0000AB-3c <= <> H=(z) [203.0.113.6] P=esmtp S=2412\n";

/* One run over a log: on from the state at path if must, else afresh; NULL: the state was refused.
 * The state is written to save, unless that is NULL. */
static bool run(const char *state, bool must, const unsigned char *log, size_t size)
{
    const char *argv[] = {"relaywatch",
                          "--no-config",
                          "--memory",
                          "16M",
                          "--state",
                          state,
                          "-qq",
                          "--local-domain",
                          "example.org",
                          "-o",
                          "json:/dev/null",
                          "-o",
                          "text:/dev/null",
                          "--events",
                          "/dev/null",
                          "--year",
                          "2026",
                          NULL};
    const struct pipeline_options options = {.now_us = INT64_C(1772409600000000),
                                             .must_restore = must};
    char path[FUZZ_PATH];
    int stop = 0, fd = fuzz_file(log, size, path);
    struct whole_run r;
    bool good;

    whole_run_configure(&r, argv);
    r.config.hash_key = (struct hash_key){1, 2};
    good = whole_run_begin(&r, path, &options) != NULL;
    if (good) {
        pipeline_run(r.pipeline, &stop);
        pipeline_finish(r.pipeline);
        ASSERT(must || pipeline_save(r.pipeline, &r.error));
    }
    whole_run_end(&r);
    close(fd);
    return good;
}

static uint32_t load32(const unsigned char *p)
{
    uint32_t n;

    memcpy(&n, p, sizeof n);
    return n;
}

static void list_pieces(void)
{
    size_t at = load32(good_state + 12);

    while (at + HEAD <= good_bytes && pieces_count < PIECES_MAX) {
        uint64_t stored;
        ASSERT(load32(good_state + at + CRC_AT) == (uint32_t)crc32(0, good_state + at, CRC_AT));
        memcpy(&stored, good_state + at + STORED_AT, sizeof stored);
        pieces[pieces_count++] = (struct piece){at, (size_t)stored};
        at += HEAD + (size_t)stored;
    }
    ASSERT(at == good_bytes && pieces_count > 10);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    char path[] = "/tmp/fuzz_state_XXXXXX";
    struct stat st;
    int fd = mkstemp(path);

    (void)argc, (void)argv;
    ASSERT(fd >= 0 && unlink(path) == 0);
    close(fd);
    ASSERT(run(path, false, (const unsigned char *)first_log, sizeof first_log - 1));
    fd = open(path, O_RDONLY | O_CLOEXEC);
    ASSERT(fd >= 0 && fstat(fd, &st) == 0);
    good_bytes = (size_t)st.st_size;
    good_state = malloc(good_bytes);
    ASSERT(good_state != NULL && read(fd, good_state, good_bytes) == (ssize_t)good_bytes);
    close(fd);
    unlink(path);
    list_pieces();
    return 0;
}

/* One edit to a copy of the good state. */
static void edit(unsigned char *state, const unsigned char *e)
{
    const struct piece *piece = &pieces[e[0] % pieces_count];
    unsigned char *head = state + piece->at, *body = head + HEAD;
    size_t bytes = (e[1] & 7U) + 1, place = e[2] | (size_t)e[3] << 8;
    uint32_t crc;

    if (e[1] & 8) {
        place = SIZE_AT + place % (STORED_AT - SIZE_AT); /* size and count */
        memcpy(head + place, e + 4, bytes < STORED_AT - place ? bytes : STORED_AT - place);
    } else if (piece->stored > 0) {
        place %= piece->stored;
        memcpy(body + place, e + 4, bytes < piece->stored - place ? bytes : piece->stored - place);
        crc = (uint32_t)crc32_z(0, body, piece->stored);
        memcpy(head + BODY_CRC_AT, &crc, sizeof crc);
    }
    crc = (uint32_t)crc32(0, head, CRC_AT);
    memcpy(head + CRC_AT, &crc, sizeof crc);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    unsigned char *state;
    char path[FUZZ_PATH];
    size_t edits = size == 0 ? 0 : data[0] % 16;

    data += size > 0;
    size -= size > 0;
    state = malloc(good_bytes);
    ASSERT(state != NULL);
    memcpy(state, good_state, good_bytes);
    for (; edits > 0 && size >= EDIT; edits--, data += EDIT, size -= EDIT)
        edit(state, data);
    int fd = fuzz_file(state, good_bytes, path);
    free(state);
    ASSERT(fchmod(fd, 0600) == 0);
    run(path, true, data, size);
    close(fd);
    return 0;
}
