# Writes one embedded file; see embed.cmake.
file(READ ${INPUT} hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
file(
    WRITE ${OUTPUT}
    "#include \"server/embedded.h\"\n\nstatic const unsigned char bytes[] = {${bytes}0};\n"
    "const struct berth_embedded berth_embedded_${SYMBOL} = {bytes, sizeof bytes - 1};\n"
)
