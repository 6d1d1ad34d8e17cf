/* test_detectors.c - what holds for every detector of the table */
#include "detect/detector.h"

#include "test.h"

static void no_detector_takes_more_than_its_share(void)
{
    /* a part of the smallest budget there may be, and larger ones */
    static const size_t parts[] = {240 << 10, 1 << 20, 4 << 20};
    struct hash_key key = {1, 2};
    struct zones *zones = zones_new(&key);

    for (unsigned i = 0; i < detectors_count(); i++) {
        const struct detector *d = detector_at(i);
        for (size_t n = 0; n < sizeof parts / sizeof parts[0]; n++) {
            size_t share = parts[n] * d->memory_parts;
            struct detect_env env = {.key = key, .zones = zones, .memory_bytes = share};
            void *state = d->create(&env);
            /* a twentieth for what does not grow with the share */
            if (d->bytes(state) > share / 20 * 21) {
                CHECK_INT(d->bytes(state), share);
                printf("#   %s\n", d->name);
            }
            d->destroy(state);
        }
    }
    zones_free(zones);
}

static void names_and_references_are_there_and_differ(void)
{
    for (unsigned i = 0; i < detectors_count(); i++) {
        const struct detector *d = detector_at(i);
        CHECK(d->name[0] != '\0' && d->summary[0] != '\0' && d->reference[0] == 'D');
        CHECK(d->kinds != 0 && d->memory_parts > 0 && d->bytes != NULL);
        for (unsigned k = 0; k < i; k++)
            CHECK(strcmp(d->name, detector_at(k)->name) != 0);
    }
}

static const struct test_case cases[] = {
    {"no detector takes more than its share", no_detector_takes_more_than_its_share},
    {"names and references are there and differ", names_and_references_are_there_and_differ},
};

TEST_MAIN(cases)
