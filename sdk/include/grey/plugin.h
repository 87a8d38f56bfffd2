// What a plugin is to the kernel: a descriptor that can be read without running it, one exported
// entry point, and a life cycle.
//
// The descriptor stands in an ELF section of its own (kDescriptorSection) and holds no pointers, so
// that it reads the same from the file as from memory. The kernel reads it from the file, checks
// it, and refuses the plugin before any of its code, static initialisers included, has run.
#ifndef GREY_PLUGIN_H_
#define GREY_PLUGIN_H_

#include <cstdint>

#include "grey/object.h"
#include "grey/status.h"

namespace grey {

class Host;

// The SDK's version. A plugin loads into a kernel of the same major version whose minor version is
// at least the plugin's. Version 0 is a draft: until 1.0 the minor versions must be equal.
inline constexpr uint16_t kSdkMajor = 0;
inline constexpr uint16_t kSdkMinor = 3;

inline constexpr char kDescriptorSection[] = ".grey.plugin";
inline constexpr char kDescriptorMagic[8] = {'G', 'R', 'E', 'Y', 'P', 'L', 'U', 'G'};

// Flags of a descriptor: how far the plugin leaves the kernel's threads and files. A plugin with a
// flag set cannot run in the simulator.
inline constexpr uint32_t kOwnsThreads = 1;  // has threads of its own; stop() joins them
inline constexpr uint32_t kOwnsIo = 2;       // opens files or sockets of its own

// One option that plugins.options.NAME may hold. All text is terminated. Frozen: it stands in an
// array.
struct OptionDescriptor {
  char name[40] = {};
  char type[16] = {};          // "text", "integer", "boolean", "duration", "size", "enum"
  char default_text[64] = {};  // as it would stand in the YAML; empty: no default
  char allowed[96] = {};       // "1..64", "always|never", or empty
  char documentation[296] = {};
};

inline constexpr uint32_t kMaxInterfaces = 8;
inline constexpr uint32_t kMaxOptions = 32;

struct PluginDescriptor {
  char magic[8] = {};
  uint32_t struct_size = {};  // sizeof(PluginDescriptor) of the plugin's build
  uint16_t sdk_major = {};
  uint16_t sdk_minor = {};
  uint32_t flags = {};
  uint32_t option_count = {};
  char name[32] = {};  // also the key of plugins.options, such as "raft"
  char version[24] = {};
  char license[32] = {};  // an SPDX identifier
  char summary[128] = {};
  char kind[16] =
      {};  // "transport", "consensus", "storage", "membership", "metrics", "service", "api"
  char provides[kMaxInterfaces][40] =
      {};  // interface ids that query() of the plugin answers; empty: none
  char needs[kMaxInterfaces][40] = {};  // interface ids that must be there before start()
  OptionDescriptor options[kMaxOptions] = {};
};

// Told once when a stage that may take time is over.
class Completion {
 public:
  virtual void complete(Status status) noexcept = 0;

 protected:
  ~Completion() = default;
};

// The object that grey_plugin_create returns. Its query() answers the interfaces in `provides`,
// from before start() on; they may be *used* only once start() has returned ok. All methods run on
// loop 0.
class Plugin : public Object {
 public:
  static constexpr char kInterfaceId[] = "grey.plugin/1";

  // Makes the plugin work: everything in `needs` has been started. May block on files. On failure
  // `error` says what is wrong and what to do, and stop() is still called.
  virtual Status start(ErrorText* error) noexcept = 0;

  // Asks for an orderly end while everything still works: take no new work, finish what was begun,
  // hand over what others could do. Called in the reverse order of start(); completes once.
  // The kernel waits a bounded time and goes on to stop() in any case.
  virtual void drain(Completion* done) noexcept = 0;

  // Ends the plugin: outstanding calls complete with `cancelled`, threads are joined, files synced.
  // Called in the reverse order of start(), so what the plugin needs is still there. Once it has
  // completed the plugin calls nobody and nobody calls it. Completes once.
  virtual void stop(Completion* done) noexcept = 0;

 protected:
  ~Plugin() = default;
};

}  // namespace grey

#define GREY_PLUGIN_EXPORT __attribute__((visibility("default")))

extern "C" {
// The plugin's descriptor (see glue/plugin.h for the macro that defines it).
GREY_PLUGIN_EXPORT __attribute__((
    section(".grey.plugin"))) extern const grey::PluginDescriptor grey_plugin_descriptor;

// Makes the plugin: returns it with one reference, or null with `error` filled. `host` is borrowed
// until stop() has completed. Starts nothing and blocks on nothing. Called once, on loop 0.
GREY_PLUGIN_EXPORT grey::Plugin* grey_plugin_create(grey::Host* host, grey::ErrorText* error);
}

#endif  // GREY_PLUGIN_H_
