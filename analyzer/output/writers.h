/* writers.h - declares the constant of every row of writers.def */
#ifndef OUTPUT_WRITERS_H
#define OUTPUT_WRITERS_H

#include "output/writer.h"

#define WRITER(constant, name) extern const struct writer constant;
#include "output/writers.def"
#undef WRITER

#endif
