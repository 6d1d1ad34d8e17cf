/* test_uuid.c - version 5 UUIDs: example of the standard, the namespace and ids of alerts */
#include "base/uuid.h"

#include "test.h"

static const uint8_t dns[16] = {0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1,
                                0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8};
static const uint8_t url[16] = {0x6b, 0xa7, 0xb8, 0x11, 0x9d, 0xad, 0x11, 0xd1,
                                0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8};
static const uint8_t alerts[16] = {0xd7, 0x9e, 0xb8, 0xc8, 0xaf, 0x88, 0x57, 0x41,
                                   0xaa, 0xfd, 0x42, 0xbc, 0x86, 0x29, 0x92, 0x02};

static void the_example_of_the_standard_comes_out(void)
{
    char text[UUID_TEXT];

    uuid5(dns, SLICE_LIT("www.example.com"), text);
    CHECK_STR(text, "2ed6657d-e927-568b-95e1-2665a8aea6a2");
}

static void the_alert_namespace_is_itself_a_name(void)
{
    char text[UUID_TEXT];

    uuid5(url, SLICE_LIT("urn:relaywatch:alert:v1"), text);
    CHECK_STR(text, "d79eb8c8-af88-5741-aafd-42bc86299202");
}

/* name = dedup key "/" window start in ms; event name = alert id "/1" */
static const struct {
    const char *name, *alert_id, *event_id;
} rows[] = {
    {"RW-RELAY-PROBE/default/ip/192.0.2.25/1795497600000", "fa83c3af-9341-5221-b68d-24bd389759bd",
     "465a56b4-d4a7-5c98-a245-24082fc440f7"},
    {"RW-RELAY-ACCEPTED/default/ip/198.51.100.77/1795497600000",
     "cadc7087-9574-5602-9f9f-b8a09645b2a5", "6496a794-b74b-5ff1-a3b5-9c88c8819152"},
    {"RW-SASL-BRUTE-SUCCESS/default/user/alice@example.net/1795497000000",
     "90ace647-6be6-5947-9866-f22fbee70c1a", "f52d85c9-ac23-5bdb-9860-ccfb23094b8b"},
    {"RW-ACCOUNT-BURST/default/user/bob@example.net/1795497600000",
     "5d4f067c-8702-5da1-85df-d14263e9c5a8", "8e0e5e5a-8e75-5ad6-b061-facbca52354c"},
    {"RW-NDR-FLOOD/default/recipient/carol@example.net/1795496400000",
     "56b9c5d7-961b-529d-acdd-82d85c59133e", "77e77005-bf13-516f-8ab5-93bec638c057"},
    {"RW-BACKSCATTER/default/host/mx2.example.net/1795496400000",
     "56999d3b-ded4-5e74-b1e2-249bd779e080", "c635c5df-a05a-52e9-bbf0-01f787b6f8de"},
    {"RW-REVERSE-NDR/default/ip/2001:db8:5::9/1795498200000",
     "d5946f0a-5c37-56d5-ac5e-65e58115fd50", "250846ac-1a03-5133-941b-9800e5c14939"},
};

static void alert_ids_are_stable(void)
{
    char text[UUID_TEXT], name[64];

    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uuid5(alerts, slice_of(rows[i].name), text);
        CHECK_STR(text, rows[i].alert_id);
        snprintf(name, sizeof(name), "%s/1", text);
        uuid5(alerts, slice_of(name), text);
        CHECK_STR(text, rows[i].event_id);
    }
}

static void an_empty_name_is_a_name(void)
{
    char text[UUID_TEXT];

    uuid5(dns, SLICE_NONE, text);
    CHECK_STR(text, "4ebd0208-8328-5d69-8c44-ec50939c0967");
}

static const struct test_case cases[] = {
    {"the example of the standard comes out", the_example_of_the_standard_comes_out},
    {"the alert namespace is itself a name-based UUID", the_alert_namespace_is_itself_a_name},
    {"alert and event ids never change", alert_ids_are_stable},
    {"an empty name is a name", an_empty_name_is_a_name},
};
TEST_MAIN(cases)
