/* alert_id.c - the namespace of all ids
 * source:   the namespace is UUIDv5(URL, "urn:relaywatch:alert:v1")
 * limits:   none; never change the namespace: ids would differ between versions */
#include "alert/alert_id.h"

static const uint8_t alert_namespace[16] = {0xd7, 0x9e, 0xb8, 0xc8, 0xaf, 0x88, 0x57, 0x41,
                                            0xaa, 0xfd, 0x42, 0xbc, 0x86, 0x29, 0x92, 0x02};

void alert_id_of(const char *name, char ret[UUID_TEXT])
{
    uuid5(alert_namespace, slice_of(name), ret);
}
