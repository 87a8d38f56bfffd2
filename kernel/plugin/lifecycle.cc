#include "plugin/lifecycle.h"

#include <mutex>
#include <utility>

#include "grey/glue/plugin.h"

namespace greyd {

struct Lifecycle::Waiting {
  mutable std::mutex mutex;
  std::string name;

  void set(std::string text) {
    const std::lock_guard lock(mutex);
    name = std::move(text);
  }
};

// One way through the plugins from the last to the first. Kept alive by the completions it hands
// out, which may come after it has been abandoned.
class Lifecycle::Walk : public std::enable_shared_from_this<Walk> {
 public:
  using Step = void (grey::Plugin::*)(grey::Completion*) noexcept;

  // Visits plugins in a condition of at least `from`.
  Walk(Lifecycle& owner, Condition from, Step step, const char* verb, std::function<void()> done)
      : owner_(owner),
        from_(from),
        step_(step),
        verb_(verb),
        done_(std::move(done)),
        left_(owner.items_.size()),
        timeout_task_([this] { give_up(); }) {}

  void begin(uint64_t timeout_ns) {
    if (timeout_ns != 0) {
      timer_ = grey::Ref<grey::Timer>::adopt(owner_.loop_->make_timer(&timeout_task_));
      timer_->arm(owner_.loop_->now_ns() + timeout_ns);
    }
    post_next();
  }

  // Completions that are still to come find nothing to do.
  void abandon() {
    over_ = true;
    timer_ = {};
  }

 private:
  // Posted, so that plugins which complete inside the call do not pile up on the stack.
  void post_next() {
    grey::post(owner_.loop_, [self = shared_from_this()] { self->next(); });
  }

  void next() {
    if (over_) return;
    while (left_ > 0 && owner_.items_[left_ - 1].condition < from_) --left_;
    if (left_ == 0) return finish();
    const Item& item = owner_.items_[--left_];
    owner_.waiting_->set(item.name);
    (item.plugin.get()->*step_)(
        grey::completion([self = shared_from_this(), name = item.name](grey::Status status) {
          grey::post(self->loop_, [self, name, status] { self->completed(name, status); });
        }));
  }

  void completed(const std::string& name, grey::Status status) {
    if (over_) return;
    if (!status.ok()) {
      log(grey::LogLevel::warning, "plugin " + name + ": " + verb_ + ": " + grey::describe(status));
    }
    next();
  }

  void give_up() {
    if (over_) return;
    log(grey::LogLevel::warning,
        "plugin " + owner_.waiting_for() + " did not " + verb_ + " in time; going on without it");
    finish();
  }

  // Posted, since this may run inside a call of the timer or of the object that `done_` replaces.
  void finish() {
    over_ = true;
    owner_.waiting_->set("");
    grey::post(loop_, [self = shared_from_this()] {
      self->timer_ = {};
      self->done_();
    });
  }

  void log(grey::LogLevel level, const std::string& text) {
    owner_.log_->write(level, grey::view_of(text));
  }

  Lifecycle& owner_;
  grey::Loop* const loop_ = owner_.loop_;
  const Condition from_;
  const Step step_;
  const std::string verb_;
  const std::function<void()> done_;
  size_t left_;
  bool over_ = false;
  grey::FunctionTask timeout_task_;
  grey::Ref<grey::Timer> timer_;
};

Lifecycle::Lifecycle(grey::Loop* loop, grey::Log* log)
    : loop_(loop), log_(log), waiting_(std::make_unique<Waiting>()) {}

Lifecycle::~Lifecycle() {
  if (walk_) walk_->abandon();
  // The last may use the first until the end.
  while (!items_.empty()) items_.pop_back();
}

void Lifecycle::add(std::string name, grey::Ref<grey::Plugin> plugin) {
  items_.push_back({std::move(name), std::move(plugin)});
}

bool Lifecycle::start(std::string* error) {
  for (Item& item : items_) {
    if (item.condition != Condition::made) continue;
    item.condition = Condition::failed;
    grey::ErrorText text = grey::empty_error_text();
    const grey::Status status = item.plugin->start(&text);
    if (status.ok()) {
      item.condition = Condition::started;
      continue;
    }
    text.text[sizeof(text.text) - 1] = '\0';
    *error = "plugin " + item.name + ": " +
             (text.text[0] != '\0' ? std::string(text.text) : grey::describe(status));
    return false;
  }
  return true;
}

void Lifecycle::drain(uint64_t timeout_ns, std::function<void()> done) {
  walk_ = std::make_shared<Walk>(*this, Condition::started, &grey::Plugin::drain, "drain",
                                 std::move(done));
  walk_->begin(timeout_ns);
}

void Lifecycle::stop(std::function<void()> done) {
  if (walk_) walk_->abandon();
  walk_ = std::make_shared<Walk>(*this, Condition::failed, &grey::Plugin::stop, "stop",
                                 std::move(done));
  walk_->begin(0);
}

std::string Lifecycle::waiting_for() const {
  const std::lock_guard lock(waiting_->mutex);
  return waiting_->name;
}

}  // namespace greyd
