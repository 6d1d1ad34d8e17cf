/* confine.c - places of the configuration -> sandbox
 * source:   sandbox.h
 * limits:   logs are read in the directories of their names, and where a symbolic link leads now; a
 *           link that is set to a third directory later leads nowhere. A pattern is read from the
 *           directory in front of its first special character. */
#include "confine.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "input/journal.h"
#include "sandbox.h"

/* "/var/log/mail.log" -> "/var/log", "mail.log" -> "." */
static void directory_of(const char *path, char *buf, size_t size)
{
    const char *special = path + strcspn(path, "*?[");
    size_t len = (size_t)(special - path);

    while (len > 0 && path[len - 1] != '/')
        len--;
    snprintf(buf, size, "%.*s", len == 0 ? 1 : (int)len, len == 0 ? "." : path);
}

/* Where the machine's own are, or where they are said to be. Fields are compressed, and newer
 * versions of the library load what takes that off only when it is needed. */
static void read_journal(struct sandbox *s, const char *name)
{
    static const char *const places[] = {"/var/log/journal", "/run/log/journal", "/etc/machine-id",
                                         "/etc/ld.so.cache", "/usr/lib",         "/lib"};
    char path[PATH_MAX];
    bool own = journal_path(name, path, sizeof path) && path[0] == '\0';

    for (unsigned i = own ? 0 : 2; i < sizeof places / sizeof places[0]; i++)
        sandbox_may_read(s, places[i]);
    if (!own)
        sandbox_may_read(s, path);
}

/* The directory of a file that may be replaced, and where a link leads. */
static void read_beside(struct sandbox *s, const char *path)
{
    char place[PATH_MAX], real[PATH_MAX];
    struct stat st;

    if (strcmp(path, "-") == 0)
        return;
    if (journal_is(path)) {
        read_journal(s, path);
        return;
    }
    directory_of(path, place, sizeof place);
    sandbox_may_read(s, place);
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        sandbox_may_read(s, path);
    if (realpath(path, real) == NULL)
        return;
    directory_of(real, place, sizeof place);
    sandbox_may_read(s, place);
}

static void connect_to(struct sandbox *s, const char *path)
{
    unsigned port;

    if (!net_sink_tcp_port(path, &port))
        return;
    if (port == 0 || s->ports_count == SANDBOX_PORTS_MAX)
        s->any_port = true;
    else
        s->ports[s->ports_count++] = port;
}

bool confine_admits(const struct config *c, struct error *reterr)
{
    for (unsigned i = 0; i < c->outputs_count; i++) {
        const char *path = c->outputs[i].path;
        unsigned port;
        if (path != NULL && net_sink_tcp_port(path, &port) && sandbox_refuses_port(port))
            return error_set(
                reterr, ERROR_CONFIG,
                "output %s: the sandbox admits no connection to %s, which was not there "
                "at the start",
                c->outputs[i].writer->name, path);
    }
    return true;
}

/* A file grows, is made again after rotation, or is replaced: its directory. Devices and pipes:
 * only themselves. */
static void write_file(struct sandbox *s, const char *path)
{
    char place[PATH_MAX], real[PATH_MAX];
    struct stat st;

    if (path == NULL || strcmp(path, "-") == 0)
        return;
    if (net_sink_is(path)) {
        connect_to(s, path);
        return;
    }
    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
        sandbox_may_write(s, path);
        return;
    }
    directory_of(path, place, sizeof place);
    sandbox_may_write(s, place);
    if (realpath(path, real) == NULL)
        return;
    directory_of(real, place, sizeof place);
    sandbox_may_write(s, place);
}

static void read_if(struct sandbox *s, const char *path)
{
    if (path != NULL)
        sandbox_may_read(s, path);
}

static void read_beside_if(struct sandbox *s, const char *path)
{
    if (path != NULL)
        read_beside(s, path);
}

static void add_places(struct sandbox *s, const struct settings *settings, const struct config *c)
{
    for (int i = 0; i < settings->operand_count; i++)
        read_beside(s, settings->operands[i]);
    read_if(s, c->signatures);
    if (c->file != NULL)
        read_beside(s, c->file);
    for (unsigned i = 0; i < settings->count; i++) /* lists that are read again at SIGHUP */
        if (settings->list[i].id == OPTION_BLOCK_ALLOW && settings->list[i].value[0] == '@')
            read_beside(s, settings->list[i].value + 1);
    read_if(s, c->serve_token);
    read_beside_if(s, c->geoip_city); /* replaced, and opened again at SIGHUP */
    read_beside_if(s, c->geoip_country);
    read_beside_if(s, c->geoip_asn);
    sandbox_may_read(s, "/usr/share/zoneinfo");
    for (unsigned i = 0; i < c->outputs_count; i++)
        write_file(s, c->outputs[i].path);
    write_file(s, c->events_path);
    write_file(s, c->state_path);
    write_file(s, c->metrics_path);
    if (c->metrics_path != NULL || c->metrics_listen.given || c->serve.given)
        sandbox_may_read(s, "/proc/self/statm"); /* opened once, by the publisher */
    s->listens = c->metrics_listen.given || c->serve.given;
    if (c->spool_dir != NULL)
        sandbox_may_write(s, c->spool_dir);
}

static bool become_user(const struct config *c, struct error *reterr)
{
    const char *paths[CONFIG_OUTPUTS_MAX + 2];
    unsigned n = 0;

    if (c->user == NULL)
        return true;
    for (unsigned i = 0; i < c->outputs_count; i++)
        if (c->outputs[i].path != NULL)
            paths[n++] = c->outputs[i].path;
    if (c->events_path != NULL)
        paths[n++] = c->events_path;
    if (c->state_path != NULL)
        paths[n++] = c->state_path;
    return sandbox_become(c->user, paths, n, reterr);
}

/* AddressSanitizer looks for leaks at the end with system calls and files that are not allowed. */
#if defined(__SANITIZE_ADDRESS__)
static const bool may_be_auto = false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
static const bool may_be_auto = false;
#else
static const bool may_be_auto = true;
#endif
#else
static const bool may_be_auto = true;
#endif

bool confine(const struct settings *settings, const struct config *c, struct error *reterr)
{
    struct sandbox s = {0};
    struct error error = {0};
    bool wanted =
        c->sandbox == WHEN_ALWAYS || (c->sandbox == WHEN_AUTO && c->follow && may_be_auto);

    if (!become_user(c, reterr))
        return false;
    if (!wanted)
        return true;
    add_places(&s, settings, c);
    bool entered = sandbox_enter(&s, &error);
    sandbox_fini(&s);
    if (!entered && c->sandbox == WHEN_ALWAYS)
        return error_set(reterr, ERROR_CONFIG, "%s", error.text);
    if (!entered && c->quiet == 0)
        fprintf(stderr, "relaywatch: %s; going on without\n", error.text);
    return true;
}
