# cmake -DINPUT=file -DOUTPUT=file.cc -P embed.cmake
# Writes a source file that holds the bytes of INPUT, as the function greyctl::config_template().
# As numbers, since a string literal has a length limit and a delimiter the file might contain.
file(READ ${INPUT} hex HEX)
string(REGEX REPLACE "(................................)" "\\1\n" hex "${hex}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
file(WRITE ${OUTPUT} "// Made from config/grey.yaml.
#include \"config_template.h\"

namespace greyctl {
namespace {
constexpr unsigned char kBytes[] = {
${bytes}
};
}  // namespace

std::string_view config_template() {
  return {reinterpret_cast<const char*>(kBytes), sizeof kBytes};
}

}  // namespace greyctl
")
