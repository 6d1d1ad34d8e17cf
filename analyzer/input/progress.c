/* progress.c - one line on the terminal that says how far the run is
 * algorithm: carriage return, text, erase to the end of the line (ECMA-48 EL), when its time comes
 * limits:    ASCII of at most 79 columns, so that it does not wrap on a usual terminal; of what
 *            others chose only the file's name gets here, its odd bytes shown as '?' */
#include "input/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    PROGRESS_INTERVAL_US = 250 * 1000,
    PROGRESS_TEXT_MAX = 80, /* with NUL */
    PROGRESS_NAME_MAX = 32
};

static const double bytes_per_mb = 1e6;

static int64_t clock_us(void)
{
    struct timespec now;

    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
        return 0;
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static bool terminal_can_erase(int fd)
{
    const char *term = getenv("TERM");

    return isatty(fd) && term != NULL && strcmp(term, "dumb") != 0;
}

void progress_init(struct progress *progress, int fd, enum progress_mode mode, uint64_t total_bytes)
{
    *progress = (struct progress){.fd = fd, .total_bytes = total_bytes};
    progress->enabled =
        mode == PROGRESS_ALWAYS || (mode == PROGRESS_AUTO && terminal_can_erase(fd));
    if (!progress->enabled)
        return;
    progress->start_us = clock_us();
    progress->next_us = progress->start_us + PROGRESS_INTERVAL_US;
}

static void write_all(int fd, const char *text, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, text, len);
        if (n <= 0)
            return; /* a lost progress line is no loss */
        text += n;
        len -= (size_t)n;
    }
}

/* The last bytes of a long path say more than the first. */
static void printable_name(const char *name, char *buf, size_t size)
{
    size_t len = strlen(name), n = 0;

    if (len >= size)
        name += len - (size - 1);
    for (; n < size - 1 && name[n] != '\0'; n++)
        buf[n] = name[n] >= ' ' && name[n] <= '~' ? name[n] : '?';
    buf[n] = '\0';
}

/* 1234567 -> "1,234,567" */
static void group_digits(uint64_t value, char *buf, size_t size)
{
    char digits[24];
    size_t len = (size_t)snprintf(digits, sizeof digits, "%" PRIu64, value), n = 0;

    for (size_t i = 0; i < len && n + 2 < size; i++) {
        if (i > 0 && (len - i) % 3 == 0)
            buf[n++] = ',';
        buf[n++] = digits[i];
    }
    buf[n] = '\0';
}

static double percent_of(uint64_t part, uint64_t total)
{
    return part >= total ? 100.0 : 100.0 * (double)part / (double)total;
}

size_t progress_format(const struct progress *progress, const struct progress_state *state,
                       int64_t elapsed_us, char *buf, size_t size)
{
    char name[PROGRESS_NAME_MAX], lines[32], done[24];
    double mb = (double)state->consumed_bytes / bytes_per_mb;
    double seconds = elapsed_us > 0 ? (double)elapsed_us / 1e6 : 1e-6;

    printable_name(state->name == NULL ? "" : state->name, name, sizeof name);
    group_digits(state->lines, lines, sizeof lines);
    if (progress->total_bytes > 0)
        snprintf(done, sizeof done, "%3.0f%%",
                 percent_of(state->consumed_bytes, progress->total_bytes));
    else
        snprintf(done, sizeof done, "%.1f MB", mb);
    snprintf(buf, size, "%s%s%s  %.1f MB/s  %s lines", name, name[0] == '\0' ? "" : "  ", done,
             mb / seconds, lines);
    return strlen(buf);
}

void progress_update(struct progress *progress, const struct progress_state *state)
{
    static const char erase_to_end[] = "\033[K";
    char line[1 + PROGRESS_TEXT_MAX + sizeof erase_to_end] = "\r";

    if (!progress->enabled)
        return;
    int64_t now_us = clock_us();
    if (now_us < progress->next_us)
        return;
    progress->next_us = now_us + PROGRESS_INTERVAL_US;
    size_t len = 1 + progress_format(progress, state, now_us - progress->start_us, line + 1,
                                     PROGRESS_TEXT_MAX);
    memcpy(line + len, erase_to_end, sizeof erase_to_end);
    write_all(progress->fd, line, len + sizeof erase_to_end - 1);
    progress->drawn = true;
}

void progress_clear(struct progress *progress)
{
    static const char erase_line[] = "\r\033[K";

    if (!progress->drawn)
        return;
    write_all(progress->fd, erase_line, sizeof erase_line - 1);
    progress->drawn = false;
}
