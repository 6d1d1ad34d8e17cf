# Style and script of the HTML report -> one C source:
#   cmake -DSTYLE=report.css -DSCRIPT=report.js -DLIVE=report_live.js -DOUT=html_assets.c -P embed_assets.cmake
# Comments and indentation stay behind. As arrays of bytes, since ISO C promises string literals of 4,095 bytes only.
# Each goes with its SHA-256, which the policy of the page names. See analyzer/output/html_assets.h.
function(embed name path)
    file(READ ${path} text)
    string(REGEX REPLACE "/\\*[^*]*\\*+([^/*][^*]*\\*+)*/" "" text "${text}")
    string(REGEX REPLACE "\n[ \t\n]*" "\n" text "${text}")
    string(SHA256 digest "${text}")
    string(HEX "${text}" hex)
    string(LENGTH "${hex}" digits)
    math(EXPR size "${digits} / 2")
    string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
    string(REGEX REPLACE "(0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,)" "\\1\n" bytes "${bytes}")
    string(REGEX REPLACE "(..)" "0x\\1," digest "${digest}")
    set(source "static const unsigned char ${name}_bytes[] = {\n${bytes}};
const struct html_asset html_${name} = {${name}_bytes, ${size}, {${digest}}};\n" PARENT_SCOPE)
endfunction()

embed(style ${STYLE})
set(all "${source}")
embed(script ${SCRIPT})
set(all "${all}${source}")
embed(live ${LIVE})
file(WRITE ${OUT} "/* made by embed_assets.cmake */\n#include \"output/html_assets.h\"\n\n${all}${source}")
