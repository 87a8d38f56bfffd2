#include "plugin/library.h"

#define BOOST_DLL_USE_STD_FS
#include <boost/dll/shared_library.hpp>
#include <cstring>
#include <vector>

#include "grey/glue/status.h"

namespace greyd {
namespace {

// Reachable for ever, so that no library is unloaded and no leak checker complains.
std::vector<boost::dll::shared_library>& loaded_libraries() {
  static auto* const libraries = new std::vector<boost::dll::shared_library>();
  return *libraries;
}

}  // namespace

PluginEntry load_plugin(const PluginFile& file, std::string* error) {
  using boost::dll::load_mode::rtld_local;
  using boost::dll::load_mode::rtld_now;
  boost::dll::shared_library library;
  try {
    // The overload that throws is the one that tells what the dynamic loader said.
    library.load(file.path, rtld_now | rtld_local);
    loaded_libraries().push_back(library);
    const auto& descriptor = library.get<const grey::PluginDescriptor>("grey_plugin_descriptor");
    if (std::memcmp(&descriptor, &file.descriptor, sizeof(descriptor)) != 0) {
      *error = file.path + ": changed while it was being loaded: start greyd again";
      return nullptr;
    }
    return library.get<grey::Plugin*(grey::Host*, grey::ErrorText*)>("grey_plugin_create");
  } catch (const std::exception& failure) {
    *error = file.path + ": cannot be loaded: " + failure.what();
    return nullptr;
  }
}

grey::Ref<grey::Plugin> create_plugin(PluginEntry entry, grey::Host* host, std::string* error) {
  grey::ErrorText text = grey::empty_error_text();
  auto plugin = grey::Ref<grey::Plugin>::adopt(entry(host, &text));
  if (!plugin) {
    text.text[sizeof(text.text) - 1] = '\0';
    *error = text.text[0] != '\0' ? text.text : "refused without saying why";
  }
  return plugin;
}

}  // namespace greyd
