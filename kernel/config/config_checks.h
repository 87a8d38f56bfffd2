#ifndef GREY_KERNEL_CONFIG_CONFIG_CHECKS_H_
#define GREY_KERNEL_CONFIG_CONFIG_CHECKS_H_

#include <set>
#include <string>
#include <vector>

#include "config/config.h"

namespace greyd {

// What the surroundings of the process add to the configuration.
struct ConfigContext {
  std::string plugin_dir;  // where this build's plugins are installed; empty: none
  std::string host_name;   // advertised where nothing better is known
};

// Fills in the defaults that depend on other values and finds values that are impossible together;
// returns what it found, with the reason in each sentence. A check is left out if one of its keys
// is in `unusable`: it is reported already, and a guess about it would only mislead.
std::vector<ConfigError> complete_config(Config& config, const ConfigContext& context,
                                         const std::set<std::string, std::less<>>& unusable);

}  // namespace greyd

#endif  // GREY_KERNEL_CONFIG_CONFIG_CHECKS_H_
