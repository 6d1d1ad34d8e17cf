/* cef.h - one alert as a CEF line, for the "cef" writer and inside syslog */
#ifndef OUTPUT_CEF_H
#define OUTPUT_CEF_H

#include "output/writer.h"

/* cef_line - append "CEF:0|...", without an end of line
 *
 *   source    ArcSight Common Event Format, key dictionary of 0.1 */
void cef_line(const struct run_info *run, const struct alert *alert, struct outbuf *out);

#endif
