#ifndef GREY_KERNEL_PLUGIN_LIBRARY_H_
#define GREY_KERNEL_PLUGIN_LIBRARY_H_

#include <string>

#include "grey/glue/ref.h"
#include "grey/plugin.h"
#include "plugin/registry.h"

namespace greyd {

// The entry point of a plugin whose code is in the process.
using PluginEntry = grey::Plugin* (*)(grey::Host*, grey::ErrorText*);

// Loads a plugin that passed preflight: its symbols bound at once and visible to nobody else. Its
// static initialisers run now. It is never unloaded, since statuses and objects of its may be
// anywhere. Null with `error` filled if the loader refuses it, or if what was loaded is not what
// preflight saw.
PluginEntry load_plugin(const PluginFile& file, std::string* error);

// Calls the entry point. Null with `error` filled if the plugin refuses. Loop 0.
grey::Ref<grey::Plugin> create_plugin(PluginEntry entry, grey::Host* host, std::string* error);

}  // namespace greyd

#endif  // GREY_KERNEL_PLUGIN_LIBRARY_H_
