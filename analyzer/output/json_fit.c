/* json_fit.c - levels of detail, tried from the fullest
 * source:   json_fit.h
 * limits:   a byte of a log grows to six at most (a control byte as \u001b); the last level is
 *           sized for that */
#include "output/json_fit.h"

static const struct json_detail details[] = {
    {512, 512, 512, 3, 16},
    {256, 256, 512, 2, 16},
    {160, 160, 320, 1, 8},
    {32, 48, 160, 1, 2},
};
enum { DETAILS = sizeof(details) / sizeof(details[0]) };

void json_fit(const struct run_info *run, const struct alert *alert, struct outbuf *out,
              void (*put)(struct json *j, const struct run_info *run, const struct alert *alert,
                          const struct json_detail *detail))
{
    size_t start = out->len;

    for (unsigned i = 0; i < DETAILS; i++) {
        struct json j = json_begin(out, details[i].text_max);
        put(&j, run, alert, &details[i]);
        outbuf_putc(out, '\n');
        if (out->len - start <= JSON_LINE_MAX || i + 1 == DETAILS)
            return;
        out->len = start;
    }
}

void json_key_text(struct json *j, const char *key, const char *value,
                   const struct json_detail *detail)
{
    size_t text_max = j->text_max;

    j->text_max = detail->key_max;
    json_text(j, key, slice_of(value));
    j->text_max = text_max;
}

void json_samples(struct json *j, const char *key, const struct alert *alert,
                  const struct json_detail *detail)
{
    size_t text_max = j->text_max;
    struct json_mark samples = json_array(j, key);

    j->text_max = detail->sample_max;
    for (unsigned i = 0; i < alert->samples_count && i < detail->samples; i++)
        json_text(j, NULL, slice_of(alert->samples[i].text));
    j->text_max = text_max;
    json_close(j, samples);
}

void json_seconds(struct json *j, const char *key, int64_t time_us)
{
    if (time_us <= 0)
        return;
    json_i64(j, key, time_us / 1000000);
    outbuf_printf(j->out, ".%03u", (unsigned)(time_us % 1000000 / 1000));
}
