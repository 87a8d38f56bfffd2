// Showing one plugin, from the API or from its file.
#ifndef GREY_CLI_VERBS_PLUGIN_VIEW_H_
#define GREY_CLI_VERBS_PLUGIN_VIEW_H_

#include <boost/json/value.hpp>
#include <string>

#include "context.h"
#include "descriptor.h"

namespace greyctl {

// What the plugin provides, separated by commas: its `kinds`, or its single `kind`.
std::string kinds_of(const boost::json::value& plugin);

// Where the plugin was loaded from: its `path` or its `file`.
std::string path_of(const boost::json::value& plugin);

// Prints the fields of a plugin as the API describes it.
void print_plugin(const Context& context, const boost::json::value& plugin);

// Prints a descriptor, as a list or as JSON.
void print_descriptor(const Context& context, const Descriptor& descriptor,
                      const std::string& path);

}  // namespace greyctl

#endif  // GREY_CLI_VERBS_PLUGIN_VIEW_H_
