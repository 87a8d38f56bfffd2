#include "grey/testkit/sim_plugin.h"

#include <dlfcn.h>

#include <cstring>

namespace grey::testkit {

std::map<std::string, std::string> SimPlugin::options(
    const std::map<std::string, std::string>& given) const {
  std::map<std::string, std::string> result;
  for (uint32_t i = 0; i < descriptor->option_count; ++i) {
    const OptionDescriptor& option = descriptor->options[i];
    if (option.default_text[0] != '\0') result[option.name] = option.default_text;
  }
  for (const auto& [name, value] : given) result[name] = value;
  return result;
}

bool load_sim_plugin(const std::string& path, SimPlugin* out, std::string* error) {
  void* library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    *error = ::dlerror();
    return false;
  }
  out->descriptor =
      static_cast<const PluginDescriptor*>(::dlsym(library, "grey_plugin_descriptor"));
  out->create = reinterpret_cast<SimPlugin::Create>(::dlsym(library, "grey_plugin_create"));
  if (!out->descriptor || !out->create ||
      std::memcmp(out->descriptor->magic, kDescriptorMagic, sizeof(kDescriptorMagic)) != 0) {
    *error = path + " is not a plugin";
    return false;
  }
  if (out->descriptor->sdk_major != kSdkMajor || out->descriptor->sdk_minor != kSdkMinor) {
    *error = path + " was made for another version of the SDK";
    return false;
  }
  if (out->descriptor->flags & (kOwnsThreads | kOwnsIo)) {
    *error = path + " has threads or files of its own and cannot be simulated";
    return false;
  }
  return true;
}

}  // namespace grey::testkit
