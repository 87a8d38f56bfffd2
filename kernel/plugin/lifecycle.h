#ifndef GREY_KERNEL_PLUGIN_LIFECYCLE_H_
#define GREY_KERNEL_PLUGIN_LIFECYCLE_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "grey/glue/ref.h"
#include "grey/host.h"
#include "grey/plugin.h"

namespace greyd {

// Starts plugins in order, and ends them in the reverse order. Loop 0 only, all of it; destroyed on
// loop 0 or after the loops have ended.
class Lifecycle {
 public:
  // `loop` is loop 0; both are borrowed.
  Lifecycle(grey::Loop* loop, grey::Log* log);
  ~Lifecycle();
  Lifecycle(const Lifecycle&) = delete;
  Lifecycle& operator=(const Lifecycle&) = delete;

  // Appends a plugin behind the others; to be started by the next start().
  void add(std::string name, grey::Ref<grey::Plugin> plugin);

  // Starts, in order, what was added and not started so far. Stops at the first that fails, with
  // the sentence "plugin NAME: ..." in `error`; that one will be stopped, too, but not drained.
  bool start(std::string* error);

  // Drains, one after the other and last first, everything that was started, for at most
  // `timeout_ns` altogether; then `done` is called, on the loop, never inside the call. Who did not
  // answer in time is named in the log. Once.
  void drain(uint64_t timeout_ns, std::function<void()> done);

  // Stops everything that was started, last first, each when the one before it has completed; then
  // `done`, as above. Has no end if a plugin never completes: whoever calls it keeps a watch. Once.
  void stop(std::function<void()> done);

  // The plugin that drain() or stop() waits for, or empty. Any thread.
  std::string waiting_for() const;

 private:
  enum class Condition { made, failed, started };
  struct Item {
    std::string name;
    grey::Ref<grey::Plugin> plugin;
    Condition condition = Condition::made;
  };
  class Walk;

  grey::Loop* loop_;
  grey::Log* log_;
  std::vector<Item> items_;
  std::shared_ptr<Walk> walk_;  // the drain() or stop() under way
  struct Waiting;
  std::unique_ptr<Waiting> waiting_;
};

}  // namespace greyd

#endif  // GREY_KERNEL_PLUGIN_LIFECYCLE_H_
