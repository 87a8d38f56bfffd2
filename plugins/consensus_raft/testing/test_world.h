// Several nodes in one thread with one clock: loops, workers, disks and links of which a test
// decides what happens. The same calls give the same run.
#ifndef GREY_CONSENSUS_RAFT_TESTING_TEST_WORLD_H_
#define GREY_CONSENSUS_RAFT_TESTING_TEST_WORLD_H_

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/random.h"
#include "grey/glue/plugin.h"
#include "grey/host.h"
#include "testing/test_disk.h"

namespace grey::raft::testing {

class TestHost;

class TestWorld {
 public:
  explicit TestWorld(uint64_t seed = 1) : random_(seed) {}

  uint64_t now_ns() const { return now_ns_; }
  Random& random() { return random_; }
  void at(uint64_t time_ns, std::function<void()> event);
  void after(uint64_t delay_ns, std::function<void()> event) {
    at(now_ns_ + delay_ns, std::move(event));
  }

  // Runs until `done` holds; false when it does not within `limit_ns` of the world's time.
  bool run_until(const std::function<bool()>& done, uint64_t limit_ns);
  void run_for(uint64_t duration_ns);

  void attach(uint32_t number, TestHost* host);
  // The process ends; peers learn of it by `reason`. Nothing of the host runs any more.
  void detach(uint32_t number, PeerDown reason);
  // Messages in that direction are lost.
  void cut(uint32_t from, uint32_t to) { cuts_.insert({from, to}); }
  void heal() { cuts_.clear(); }
  // What a message becomes on its way: may be changed, emptied, doubled, held back.
  using Tamper = std::function<void(uint32_t from, uint32_t to, uint32_t channel,
                                    std::vector<std::string>* messages)>;
  Tamper tamper;
  uint64_t link_ns = 30'000;  // from node to node, one way
  bool is_cut(uint32_t from, uint32_t to) const { return cuts_.count({from, to}) != 0; }
  TestHost* host(uint32_t number) const;
  uint64_t frames = 0;  // sent in all

 private:
  bool turn_all();
  uint64_t next_time_ns() const;

  Random random_;
  uint64_t now_ns_ = 1'000'000'000;
  uint64_t serial_ = 0;
  std::map<std::pair<uint64_t, uint64_t>, std::function<void()>> events_;
  std::map<uint32_t, TestHost*> hosts_;
  std::set<std::pair<uint32_t, uint32_t>> cuts_;
};

class TestLoop final : public Loop {
 public:
  TestLoop(TestWorld* world, uint32_t index) : world_(world), index_(index) {}
  Object* query(const char*) noexcept override { return nullptr; }
  void retain() noexcept override {}
  void release() noexcept override {}
  uint32_t index() noexcept override { return index_; }
  bool is_current() noexcept override { return true; }
  uint64_t now_ns() noexcept override { return held_ns_ != 0 ? held_ns_ : world_->now_ns(); }
  void post(Task* task) noexcept override { posted_.push_back(task); }
  void defer(TurnPhase phase, Task* task) noexcept override {
    deferred_[static_cast<uint32_t>(phase)].push_back(task);
  }
  Timer* make_timer(Task* task) noexcept override;

  // True when anything ran.
  bool turn();
  uint64_t next_timer_ns() const;
  // The next turn's clock has been read.
  void hold_clock() { held_ns_ = world_->now_ns(); }

 private:
  friend class TestTimer;
  TestWorld* world_;
  uint32_t index_;
  uint64_t held_ns_ = 0;  // 0: not held
  std::deque<Task*> posted_;
  std::deque<Task*> deferred_[3];
  std::map<std::pair<uint64_t, uint64_t>, class TestTimer*> timers_;
  uint64_t timer_serial_ = 0;
};

// One process. Number 1 to n; the disk outlives it.
class TestHost final : public Host,
                       private Clock,
                       private grey::Random,
                       private Workers,
                       private Log,
                       private ConfigView,
                       private Peers,
                       private Meter {
 public:
  TestHost(TestWorld* world, uint32_t number, TestDisk* disk, uint32_t loops = 1);
  ~TestHost();

  std::map<std::string, int64_t> settings;
  uint32_t resets = 0;                 // of links
  std::vector<std::string> log_lines;  // warnings and errors
  bool joined = true;                  // the node has its number already

  uint32_t number() const { return number_; }
  uint64_t boot_nonce() const { return boot_nonce_; }
  bool turn();
  uint64_t next_timer_ns() const;
  // The process stands still when its loops have just read their clocks, and goes on with these.
  void stop_amid_a_turn();
  void go_on() { stopped_ = false; }
  // What its disk and workers were asked to do is not done any more.
  void end() { *alive_ = false; }
  void peer_up(TestHost* peer);
  void peer_down(uint32_t peer, PeerDown reason);
  void deliver(const PeerInfo& from, uint32_t channel, uint32_t route, Buffer payload);

  // --- Host
  Object* query(const char*) noexcept override { return nullptr; }
  void retain() noexcept override {}
  void release() noexcept override {}
  uint32_t loop_count() noexcept override { return static_cast<uint32_t>(loops_.size()); }
  Loop* loop(uint32_t index) noexcept override { return loops_[index].get(); }
  Workers* workers() noexcept override { return this; }
  Clock* clock() noexcept override { return this; }
  grey::Random* random() noexcept override { return this; }
  Log* log() noexcept override { return this; }
  ConfigView* config() noexcept override { return this; }
  Files* files() noexcept override { return &files_; }
  Net* net() noexcept override { return nullptr; }
  Peers* peers() noexcept override { return this; }
  Meter* meter() noexcept override { return this; }
  MetricsHub* metrics_hub() noexcept override { return nullptr; }
  Object* interface_of(const char*) noexcept override { return nullptr; }
  void identity(Identity* out) noexcept override;
  Status join_cluster(const uint8_t*, uint32_t) noexcept override { return ok_status(); }
  const char* plugins_json() noexcept override { return "{}"; }
  void request_shutdown(const char*) noexcept override {}

 private:
  uint64_t monotonic_ns() noexcept override { return world_->now_ns(); }
  uint64_t wall_ms() noexcept override { return world_->now_ns() / 1'000'000; }
  uint64_t next() noexcept override { return world_->random().next(); }
  bool submit(Task* task) noexcept override;
  bool enabled(LogLevel level) noexcept override { return level >= LogLevel::info; }
  void write(LogLevel level, ByteView message) noexcept override;
  const char* text(const char*) noexcept override { return nullptr; }
  int64_t integer(const char* key, int64_t fallback) noexcept override;
  bool boolean(const char* key, bool fallback) noexcept override {
    return integer(key, fallback) != 0;
  }
  uint64_t duration_ns(const char* key, uint64_t fallback) noexcept override {
    return static_cast<uint64_t>(integer(key, static_cast<int64_t>(fallback)));
  }
  uint64_t size_bytes(const char* key, uint64_t fallback) noexcept override {
    return static_cast<uint64_t>(integer(key, static_cast<int64_t>(fallback)));
  }
  uint32_t count(const char*) noexcept override { return 0; }
  const char* text_at(const char*, uint32_t) noexcept override { return nullptr; }
  void assign(uint32_t, const char*) noexcept override {}
  void set_handler(uint32_t channel, PeerHandler* handler) noexcept override {
    handlers_[channel] = handler;
  }
  void add_observer(Loop* loop, PeerObserver* observer) noexcept override;
  void remove_observer(Loop* loop, PeerObserver* observer) noexcept override;
  Status send(uint32_t number, uint32_t channel, uint32_t route, const ByteView* parts,
              uint32_t count) noexcept override;
  bool info(uint32_t, PeerInfo*) noexcept override { return false; }
  void reset(uint32_t) noexcept override { ++resets; }
  Instrument* instrument(MetricKind, const char*, const char*, const char*, const double*,
                         uint32_t) noexcept override;

  TestWorld* world_;
  uint32_t number_;
  uint64_t boot_nonce_;
  bool stopped_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  std::vector<std::unique_ptr<TestLoop>> loops_;
  TestFiles files_;
  std::map<uint32_t, PeerHandler*> handlers_;
  std::vector<std::pair<Loop*, PeerObserver*>> observers_;
};

}  // namespace grey::raft::testing

#endif  // GREY_CONSENSUS_RAFT_TESTING_TEST_WORLD_H_
