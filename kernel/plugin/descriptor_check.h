#ifndef GREY_KERNEL_PLUGIN_DESCRIPTOR_CHECK_H_
#define GREY_KERNEL_PLUGIN_DESCRIPTOR_CHECK_H_

#include <string>
#include <string_view>
#include <vector>

#include "config/plugin_options.h"
#include "grey/plugin.h"

namespace greyd {

// What is wrong with the content of a descriptor of this SDK, or empty: terminated printable text,
// known kind, names fit for the configuration, sane counts, options of known types whose defaults
// are allowed. Takes any bytes.
std::string descriptor_problem(const grey::PluginDescriptor& descriptor);

// The options in the kernel's terms. Only of a descriptor without a problem.
std::vector<OptionSpec> option_specs(const grey::PluginDescriptor& descriptor);

// The interface ids that the plugin provides, and those it needs.
std::vector<std::string> provides_of(const grey::PluginDescriptor& descriptor);
std::vector<std::string> needs_of(const grey::PluginDescriptor& descriptor);

}  // namespace greyd

#endif  // GREY_KERNEL_PLUGIN_DESCRIPTOR_CHECK_H_
