// Showing one plugin, from the API or from its file.
#ifndef GREY_CLI_VERBS_PLUGIN_VIEW_H_
#define GREY_CLI_VERBS_PLUGIN_VIEW_H_

#include <boost/json/value.hpp>
#include <string>

#include "context.h"
#include "descriptor.h"

namespace greyctl {

// The API's description of a plugin. Whatever is missing in it or of another shape is empty.
Descriptor descriptor_of(const boost::json::value& plugin);

// A descriptor in the form in which the API describes plugins.
boost::json::object json_of(const Descriptor& descriptor, const std::string& file);

// Prints a descriptor for people: a list, and a table of the plugin's options.
// `file` is printed as it is.
void print_descriptor(const Context& context, const Descriptor& descriptor,
                      const std::string& file);

}  // namespace greyctl

#endif  // GREY_CLI_VERBS_PLUGIN_VIEW_H_
