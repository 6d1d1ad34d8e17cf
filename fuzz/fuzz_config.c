/* fuzz_config.c - a configuration file: names, values, and what is made of them
 * source:   libFuzzer
 * limits:   nothing is opened for writing: outputs are the pipeline's. Values that name other files
 *           are passed over, so that the answer depends on the input alone */
#include "config_setting.h"
#include "fuzz.h"
#include "options.h"

static void try_lines(slice text)
{
    struct ip_net net;
    size_t bytes;
    int64_t time_us;
    static const struct time_zone utc;

    while (text.len > 0) {
        slice line = fuzz_take_line(&text);
        config_size(line, &bytes);
        config_time(line, &utc, &time_us);
        ip_net_parse(line, &net);
    }
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    const char *argv[] = {"relaywatch", "--config", NULL, NULL};
    struct settings settings = {0};
    struct config config = {0};
    struct error error = {0};
    char path[FUZZ_PATH];
    int fd = fuzz_file(data, size, path);
    union {
        const char **in;
        char **out;
    } args = {.in = argv};

    argv[2] = path;
    try_lines((slice){(const char *)data, size});
    ASSERT(options_parse(3, args.out, &settings, &error));
    if (!config_make(&settings, &config, &error))
        ASSERT(error.code != ERROR_NONE && error.text[0] != '\0');
    config_fini(&config);
    options_free(&settings);
    close(fd);
    return 0;
}
