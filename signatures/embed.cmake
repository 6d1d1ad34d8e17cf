# Files -> one C source: cmake -DFILES="a.json;b.json" -DOUT=signature_builtins.c -P embed.cmake
# As arrays of bytes, since ISO C promises string literals of 4,095 bytes only. The table is that of
# analyzer/match/signature_set.h, in the order of the names.
set(arrays "")
set(rows "")
set(count 0)
list(SORT FILES)
foreach(path ${FILES})
    get_filename_component(name ${path} NAME)
    file(READ ${path} hex HEX)
    string(LENGTH "${hex}" digits)
    math(EXPR size "${digits} / 2")
    string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
    string(REGEX REPLACE "(0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,)" "\\1\n" bytes "${bytes}")
    string(APPEND arrays "static const unsigned char file_${count}[] = {\n${bytes}};\n")
    string(APPEND rows "    {\"${name}\", file_${count}, ${size}},\n")
    math(EXPR count "${count} + 1")
endforeach()
file(WRITE ${OUT} "/* made of signatures/ by embed.cmake */\n#include \"match/signature_set.h\"\n
${arrays}\nconst struct signature_builtin signature_builtins[] = {\n${rows}};\nconst unsigned signature_builtins_count = ${count};\n")
