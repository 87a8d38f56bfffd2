#include "plugin/registry.h"

#include <dirent.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "plugin/preflight.h"

namespace greyd {
namespace {

constexpr std::string_view kSuffix = ".so";

// The names of the plugin files in a folder, sorted; false with errno if it cannot be read.
bool list_plugins(const std::string& folder, std::vector<std::string>* names) {
  DIR* directory = ::opendir(folder.c_str());
  if (!directory) return false;
  while (const dirent* entry = ::readdir(directory)) {
    const std::string name = entry->d_name;
    if (name.size() > kSuffix.size() && name.ends_with(kSuffix) && name[0] != '.') {
      names->push_back(name);
    }
  }
  ::closedir(directory);
  std::sort(names->begin(), names->end());
  return true;
}

}  // namespace

Registry Registry::scan(const std::vector<std::string>& folders, uid_t uid) {
  Registry registry;
  for (const std::string& folder : folders) registry.scan_folder(folder, uid);
  return registry;
}

void Registry::scan_folder(const std::string& folder, uid_t uid) {
  std::vector<std::string> names;
  if (!list_plugins(folder, &names)) {
    unreadable_.push_back(folder + ": " + std::strerror(errno));
    return;
  }
  for (const std::string& name : names) {
    const std::string path = folder + "/" + name;
    Preflight preflight = preflight_file(path, uid);
    if (preflight.descriptor) {
      plugins_.push_back({preflight.path, *preflight.descriptor});
    } else {
      refusals_.push_back(std::move(preflight.refusal));
    }
  }
}

std::vector<const PluginFile*> Registry::find(std::string_view kind, std::string_view name) const {
  std::vector<const PluginFile*> found;
  for (const PluginFile& plugin : plugins_) {
    if (kind == plugin.descriptor.kind && name == plugin.descriptor.name) found.push_back(&plugin);
  }
  return found;
}

const PluginFile* Registry::find_name(std::string_view name) const {
  const auto found = std::find_if(plugins_.begin(), plugins_.end(), [&](const PluginFile& plugin) {
    return name == plugin.descriptor.name;
  });
  return found == plugins_.end() ? nullptr : &*found;
}

}  // namespace greyd
