// A plugin that simulated processes may run, from its .so or linked into the program.
#ifndef GREY_TESTKIT_SIM_PLUGIN_H_
#define GREY_TESTKIT_SIM_PLUGIN_H_

#include <map>
#include <string>

#include "grey/plugin.h"

namespace grey::testkit {

struct SimPlugin {
  using Create = Plugin* (*)(Host*, ErrorText*);

  const PluginDescriptor* descriptor = nullptr;
  Create create = nullptr;

  // The defaults of its options, overridden by `given`.
  std::map<std::string, std::string> options(
      const std::map<std::string, std::string>& given = {}) const;
};

// Opens a shared object for the life of the program. False, with a sentence in `error`, when it is
// no plugin of this SDK or one that owns threads or files of its own. No check of who may write it:
// that is the daemon's business.
bool load_sim_plugin(const std::string& path, SimPlugin* out, std::string* error);

}  // namespace grey::testkit

#endif  // GREY_TESTKIT_SIM_PLUGIN_H_
