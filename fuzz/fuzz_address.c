/* fuzz_address.c - address forms
 * source:   libFuzzer
 * limits:   none */
#include <stdlib.h>

#include "event/address.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    struct address address;
    slice domain;

    address_parse((slice){(const char *)data, size}, &address);
    address_untag((slice){(const char *)data, size}, &domain);
    if (address.has_inner && memchr(address.inner, '\0', sizeof address.inner) == NULL)
        abort();
    return 0;
}
