// What makes a plugin pleasant to write: the descriptor in one macro, Object's methods for a plugin
// with several interfaces, lambdas as tasks and completions, log lines from parts.
// Compiled into the plugin; nothing here crosses the border.
#ifndef GREY_GLUE_PLUGIN_H_
#define GREY_GLUE_PLUGIN_H_

#include <cassert>
#include <cstring>
#include <functional>
#include <string>
#include <utility>

#include "grey/glue/bytes.h"
#include "grey/glue/status.h"
#include "grey/host.h"
#include "grey/plugin.h"

// Defines the descriptor in its section. Use once, in the file with grey_plugin_create:
//   GREY_PLUGIN_DESCRIPTOR({.name = "mine", .version = "1.0.0", .license = "Apache-2.0", ...});
// magic, sizes and versions are filled in by grey::make_descriptor.
#define GREY_PLUGIN_DESCRIPTOR(...)                                                         \
  extern "C" GREY_PLUGIN_EXPORT                                                             \
      __attribute__((section(".grey.plugin"),                                               \
                     used)) constinit const grey::PluginDescriptor grey_plugin_descriptor = \
          grey::make_descriptor(__VA_ARGS__)

namespace grey {

constexpr PluginDescriptor make_descriptor(PluginDescriptor descriptor) {
  for (int i = 0; i < 8; ++i) descriptor.magic[i] = kDescriptorMagic[i];
  descriptor.struct_size = sizeof(PluginDescriptor);
  descriptor.sdk_major = kSdkMajor;
  descriptor.sdk_minor = kSdkMinor;
  descriptor.option_count = 0;
  while (descriptor.option_count < kMaxOptions &&
         descriptor.options[descriptor.option_count].name[0] != '\0') {
    ++descriptor.option_count;
  }
  return descriptor;
}

// A Plugin that answers Plugin itself and the interfaces it was told to expose. Derive, expose() in
// the constructor, implement start, drain, stop. The exposed objects are members that live as long
// as the plugin; their references are the plugin's (see InterfaceOf).
class PluginBase : public Plugin {
 public:
  explicit PluginBase(Host* host) : host_(host) {}

  Object* query(const char* interface_id) noexcept override {
    if (std::strcmp(interface_id, Plugin::kInterfaceId) == 0) {
      retain();
      return this;
    }
    for (uint32_t i = 0; i < exposed_count_; ++i) {
      if (std::strcmp(interface_id, exposed_[i].interface_id) == 0) {
        retain();
        return exposed_[i].object;
      }
    }
    return nullptr;
  }
  void retain() noexcept override { references_.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept override {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }
  void drain(Completion* done) noexcept override { done->complete(ok_status()); }

 protected:
  virtual ~PluginBase() = default;
  // At most kMaxInterfaces times.
  void expose(const char* interface_id, Object* object) {
    assert(exposed_count_ < kMaxInterfaces);
    exposed_[exposed_count_++] = {interface_id, object};
  }
  Host* host() const { return host_; }

 private:
  struct Exposed {
    const char* interface_id;
    Object* object;
  };
  Host* host_;
  std::atomic<uint32_t> references_{1};
  Exposed exposed_[kMaxInterfaces] = {};
  uint32_t exposed_count_ = 0;
};

// Implements Object for an interface that is a member of a plugin: one life, one reference count.
template <typename Interface>
class InterfaceOf : public Interface {
 public:
  explicit InterfaceOf(Object* owner) : owner_(owner) {}
  Object* query(const char* interface_id) noexcept override { return owner_->query(interface_id); }
  void retain() noexcept override { owner_->retain(); }
  void release() noexcept override { owner_->release(); }

 protected:
  ~InterfaceOf() = default;

 private:
  Object* owner_;
};

// A task that stays where it is and runs a function each time it is posted.
class FunctionTask final : public Task {
 public:
  explicit FunctionTask(std::function<void()> function) : function_(std::move(function)) {}
  void run() noexcept override { function_(); }

 private:
  std::function<void()> function_;
};

// Tasks and completions that delete themselves after their one call.
template <typename Function>
class OnceTask final : public Task {
 public:
  explicit OnceTask(Function function) : function_(std::move(function)) {}
  void run() noexcept override {
    Function function = std::move(function_);
    delete this;
    function();
  }

 private:
  Function function_;
};

template <typename Function>
class OnceCompletion final : public Completion {
 public:
  explicit OnceCompletion(Function function) : function_(std::move(function)) {}
  void complete(Status status) noexcept override {
    Function function = std::move(function_);
    delete this;
    function(status);
  }

 private:
  Function function_;
};

// Runs `function` once on `loop`.
template <typename Function>
void post(Loop* loop, Function function) {
  loop->post(new OnceTask<Function>(std::move(function)));
}
// A completion that calls `function(status)` once.
template <typename Function>
Completion* completion(Function function) {
  return new OnceCompletion<Function>(std::move(function));
}
// Runs `function` once on a worker; false when the workers' queue is full.
template <typename Function>
[[nodiscard]] bool submit(Workers* workers, Function function) {
  auto* task = new OnceTask<Function>(std::move(function));
  if (workers->submit(task)) return true;
  delete task;
  return false;
}

inline void append_part(std::string& out, std::string_view part) {
  out.append(part);
}
template <typename Number>
requires std::is_arithmetic_v<Number>
void append_part(std::string& out, Number number) {
  out.append(std::to_string(number));
}

// log_line(host, LogLevel::info, "group ", group, " leads in term ", term)
template <typename... Parts>
void log_line(Host* host, LogLevel level, const Parts&... parts) {
  Log* log = host->log();
  if (!log->enabled(level)) return;
  std::string line;
  (append_part(line, parts), ...);
  log->write(level, view_of(line));
}

}  // namespace grey

#endif  // GREY_GLUE_PLUGIN_H_
