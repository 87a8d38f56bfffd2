// The annotated grey.yaml, compiled in.
#ifndef GREY_CLI_CONFIG_TEMPLATE_H_
#define GREY_CLI_CONFIG_TEMPLATE_H_

#include <string_view>

namespace greyctl {

// The file config/grey.yaml as it was when greyctl was built.
std::string_view config_template();

}  // namespace greyctl

#endif  // GREY_CLI_CONFIG_TEMPLATE_H_
