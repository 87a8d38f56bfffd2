// The plugins that simulated nodes are made of.
#ifndef GREY_TESTS_SIM_PLUGIN_SET_H_
#define GREY_TESTS_SIM_PLUGIN_SET_H_

#include <string>

#include "grey/testkit/sim_plugin.h"

namespace grey::sim {

struct PluginSet {
  testkit::SimPlugin transport;
  testkit::SimPlugin storage;
  testkit::SimPlugin consensus;
  testkit::SimPlugin service;
};

// `where`: "static" for those linked into this program, else the directory of the .so files.
bool load_plugin_set(const std::string& where, PluginSet* out, std::string* error);

}  // namespace grey::sim

#endif  // GREY_TESTS_SIM_PLUGIN_SET_H_
