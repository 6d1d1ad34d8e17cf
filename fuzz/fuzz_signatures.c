/* fuzz_signatures.c - files of wordings: the reader, both kinds, and their own texts
 * source:   libFuzzer; good seeds: signatures
 * limits:   one file at a time */
#include "match/signatures.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    static struct signature_set set;
    struct error error = {0};
    struct reasons *reasons = NULL;
    struct block_lists *lists = NULL;

    set = (struct signature_set){.count = 1};
    if (signature_file_parse("fuzz.json", (slice){(const char *)data, size}, &set.files[0],
                             &error)) {
        if ((reasons = reasons_new(&set, &error)) != NULL)
            reasons_check(reasons, &set, &error);
        if ((lists = block_lists_new(&set, &error)) != NULL)
            block_lists_check(lists, &set, &error);
    }
    reasons_free(reasons);
    block_lists_free(lists);
    signature_set_free(&set);
    return 0;
}
