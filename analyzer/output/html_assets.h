/* html_assets.h - style and script of the HTML report, put into the program when it is built
 *
 * source: report.css, report.js and report_live.js in this folder, by embed_assets.cmake. */
#ifndef OUTPUT_HTML_ASSETS_H
#define OUTPUT_HTML_ASSETS_H

#include <stddef.h>

struct html_asset {
    const unsigned char *bytes;
    size_t size;
    unsigned char sha256[32]; /* of the bytes: what a Content-Security-Policy names */
};

/* html_style, html_script, html_live (of a page that is served) - never change while the program
 * runs */
extern const struct html_asset html_style, html_script, html_live;

#endif
