/* fuzz_signatures.c - files of wordings: the reader, every kind, and their own texts
 * source:   libFuzzer; good seeds: signatures
 * limits:   one file at a time */
#include "detect/policy.h"
#include "detect/scenario_file.h"
#include "match/signatures.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    static struct signature_set set;
    struct error error = {0};
    struct reasons *reasons = NULL;
    struct block_lists *lists = NULL;
    struct policy policy;
    struct testers *testers = NULL;
    struct patterns *patterns = NULL;

    set = (struct signature_set){.count = 1};
    if (signature_file_parse("fuzz.json", (slice){(const char *)data, size}, &set.files[0],
                             &error)) {
        if ((reasons = reasons_new(&set, &error)) != NULL)
            reasons_check(reasons, &set, &error);
        if ((lists = block_lists_new(&set, &error)) != NULL)
            block_lists_check(lists, &set, &error);
        scenarios_free(scenarios_load(&set, &error));
        policy_load(&set, &policy, &error);
        if ((testers = testers_new(&set, &error)) != NULL)
            testers_check(testers, &set, &error);
        if ((patterns = patterns_new(&set, &error)) != NULL)
            patterns_check(patterns, &set, &error);
    }
    reasons_free(reasons);
    block_lists_free(lists);
    testers_free(testers);
    patterns_free(patterns);
    signature_set_free(&set);
    return 0;
}
