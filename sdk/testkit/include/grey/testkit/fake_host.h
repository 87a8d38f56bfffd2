// A small host for unit tests of one plugin: one loop that the test turns by hand, real worker
// threads, real files in a temporary folder. For anything about time, networks or faults use the
// simulated host.
#ifndef GREY_TESTKIT_FAKE_HOST_H_
#define GREY_TESTKIT_FAKE_HOST_H_

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "grey/glue/plugin.h"
#include "grey/host.h"

namespace grey::testkit {

// A host service that is not counted: it lives as long as the fake host.
template <typename Interface>
class Service : public Interface {
 public:
  Object* query(const char*) noexcept override { return nullptr; }
  void retain() noexcept override {}
  void release() noexcept override {}

 protected:
  ~Service() = default;
};

// The loop of the thread that turns it.
class FakeLoop final : public Service<Loop> {
 public:
  uint32_t index() noexcept override { return 0; }
  bool is_current() noexcept override { return std::this_thread::get_id() == thread_; }
  uint64_t now_ns() noexcept override;
  void post(Task* task) noexcept override;
  void defer(TurnPhase phase, Task* task) noexcept override;
  Timer* make_timer(Task* task) noexcept override;

  // Turns until `done()` holds; false if it does not within `timeout_ms` of real time.
  bool run_until(const std::function<bool()>& done, uint64_t timeout_ms = 10'000);

 private:
  friend class FakeTimer;
  void turn();

  const std::thread::id thread_ = std::this_thread::get_id();
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Task*> posted_;
  std::deque<Task*> deferred_[3];
  std::multimap<uint64_t, class FakeTimer*> timers_;
};

class FakeWorkers final : public Service<Workers> {
 public:
  FakeWorkers();
  ~FakeWorkers();
  bool submit(Task* task) noexcept override;
  // Whether submit() refuses, as a full queue does.
  std::atomic<bool> full{false};

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Task*> tasks_;
  bool stopped_ = false;
  std::vector<std::thread> threads_;
};

// Blocking calls on real files below one folder; the submit_ calls run at once and complete by
// post.
class FakeFiles final : public Service<Files> {
 public:
  explicit FakeFiles(FakeLoop* loop);
  ~FakeFiles();  // removes the folder
  const std::string& folder() const { return folder_; }

  Status open(const char* path, uint32_t flags, File** out) noexcept override;
  Status remove(const char* path) noexcept override;
  Status rename(const char* from, const char* to) noexcept override;
  Status make_directory(const char* path) noexcept override;
  Status sync_directory(const char* path) noexcept override;
  Status list(const char* path, FileVisitor* visitor) noexcept override;
  Status free_bytes(uint64_t* bytes) noexcept override;
  Status absolute_path(const char* path, char* out, uint64_t size) noexcept override;

 private:
  FakeLoop* loop_;
  std::string folder_;
};

// Hands out everything but net and peers (null), answers config from a map, discards metrics,
// prints warnings and errors.
class FakeHost final : public Service<Host> {
 public:
  FakeHost();
  ~FakeHost();

  std::map<std::string, std::string> settings;  // for ConfigView, as text
  std::map<std::string, Object*> interfaces;    // for interface_of
  FakeLoop& fake_loop() { return loop_; }
  FakeFiles& fake_files() { return files_; }
  FakeWorkers& fake_workers() { return workers_; }

  uint32_t loop_count() noexcept override { return 1; }
  Loop* loop(uint32_t) noexcept override { return &loop_; }
  Workers* workers() noexcept override { return &workers_; }
  Clock* clock() noexcept override;
  Random* random() noexcept override;
  Log* log() noexcept override;
  ConfigView* config() noexcept override;
  Files* files() noexcept override { return &files_; }
  Net* net() noexcept override { return nullptr; }
  Peers* peers() noexcept override { return nullptr; }
  Meter* meter() noexcept override;
  MetricsHub* metrics_hub() noexcept override { return nullptr; }
  Object* interface_of(const char* interface_id) noexcept override;
  void identity(Identity* out) noexcept override;
  Status join_cluster(const uint8_t cluster_id[16], uint32_t number) noexcept override;
  const char* plugins_json() noexcept override { return "{\"plugins\":[]}"; }
  void request_shutdown(const char*) noexcept override {}

 private:
  struct Parts;
  FakeLoop loop_;
  FakeWorkers workers_;
  FakeFiles files_;
  std::unique_ptr<Parts> parts_;
};

}  // namespace grey::testkit

#endif  // GREY_TESTKIT_FAKE_HOST_H_
