/* detectors.c - the table of all detectors, from detectors.def
 * source:   house rule: one table a kind of plug-in
 * limits:   none */
#include "detect/detector.h"

#define DETECTOR(name) extern const struct detector detector_##name;
#include "detect/detectors.def"
#undef DETECTOR

static const struct detector *const detectors[] = {
#define DETECTOR(name) &detector_##name,
#include "detect/detectors.def"
#undef DETECTOR
};

unsigned detectors_count(void)
{
    return sizeof detectors / sizeof detectors[0];
}

const struct detector *detector_at(unsigned index)
{
    return detectors[index];
}
