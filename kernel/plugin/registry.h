#ifndef GREY_KERNEL_PLUGIN_REGISTRY_H_
#define GREY_KERNEL_PLUGIN_REGISTRY_H_

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "grey/plugin.h"

namespace greyd {

// A plugin that may be loaded, not run so far.
struct PluginFile {
  std::string path;  // without symbolic links
  grey::PluginDescriptor descriptor;
};

// The plugins that stand in some folders, known by their descriptors; nothing of them has run.
class Registry {
 public:
  // Looks at every file NAME.so of every folder, in the order of the folders and then of names.
  // Files that preflight refuses become refusals, and folders that cannot be read become
  // unreadable; neither stops the search. Blocking.
  static Registry scan(const std::vector<std::string>& folders, uid_t uid);

  // For tests and tools that have descriptors already.
  explicit Registry(std::vector<PluginFile> plugins) : plugins_(std::move(plugins)) {}

  const std::vector<PluginFile>& plugins() const { return plugins_; }
  // Sentences, each with the file's name.
  const std::vector<std::string>& refusals() const { return refusals_; }
  // Folders that cannot be read, each with its reason: "/opt/x: No such file or directory".
  const std::vector<std::string>& unreadable() const { return unreadable_; }

  // All plugins of this kind and name; more than one if several folders have it. Pointers live as
  // long as the registry.
  std::vector<const PluginFile*> find(std::string_view kind, std::string_view name) const;

  // The first plugin of this name and any kind, or null.
  const PluginFile* find_name(std::string_view name) const;

 private:
  Registry() = default;
  void scan_folder(const std::string& folder, uid_t uid);

  std::vector<PluginFile> plugins_;
  std::vector<std::string> refusals_;
  std::vector<std::string> unreadable_;
};

}  // namespace greyd

#endif  // GREY_KERNEL_PLUGIN_REGISTRY_H_
