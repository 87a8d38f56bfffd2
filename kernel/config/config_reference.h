#ifndef GREY_KERNEL_CONFIG_CONFIG_REFERENCE_H_
#define GREY_KERNEL_CONFIG_CONFIG_REFERENCE_H_

#include <string>

namespace greyd {

// The reference of every key with type, default, range and version, as Markdown. The same build
// gives the same bytes.
std::string config_reference_markdown();

// A configuration file with every key explained: the three-node example of the deployment guide,
// with all other keys commented out as `#key: value`. Removing those marks gives a valid file too.
std::string annotated_config_yaml();

}  // namespace greyd

#endif  // GREY_KERNEL_CONFIG_CONFIG_REFERENCE_H_
