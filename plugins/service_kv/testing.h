// A world in one thread for the tests of this plugin: nodes with loops in virtual time, a network
// that can be cut, disks that outlive their process, and consensus groups that agree by decree.
#ifndef GREY_SERVICE_KV_TESTING_H_
#define GREY_SERVICE_KV_TESTING_H_

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "grey/consensus.h"
#include "grey/glue/plugin.h"
#include "grey/host.h"
#include "grey/storage.h"

namespace grey::kv::testing {

template <typename Interface>
class Uncounted : public Interface {
 public:
  Object* query(const char*) noexcept override { return nullptr; }
  void retain() noexcept override {}
  void release() noexcept override {}

 protected:
  ~Uncounted() = default;
};

// Events in order of time, then of making.
class World {
 public:
  uint64_t now_ns = 1'000'000'000;
  void at(uint64_t time_ns, std::function<void()> event);
  void soon(std::function<void()> event) { at(now_ns, std::move(event)); }
  // Runs events until `done` holds; false if it does not within `limit_ms` of virtual time.
  bool run_until(const std::function<bool()>& done, uint64_t limit_ms = 10'000);
  void run_for(uint64_t ms);

 private:
  bool step(uint64_t limit_ns);
  std::map<std::pair<uint64_t, uint64_t>, std::function<void()>> events_;
  uint64_t next_ = 0;
};

class TestLoop final : public Uncounted<Loop> {
 public:
  TestLoop(World* world, uint32_t index) : world_(world), index_(index) {}
  uint32_t index() noexcept override { return index_; }
  bool is_current() noexcept override { return true; }
  uint64_t now_ns() noexcept override { return world_->now_ns - turn_age_ns; }
  void post(Task* task) noexcept override;
  void defer(TurnPhase phase, Task* task) noexcept override;
  Timer* make_timer(Task* task) noexcept override;
  void turn();
  bool dead = false;         // its process was killed: nothing runs any more
  uint64_t turn_age_ns = 0;  // how long its process stood still since its turn has read the clock

 private:
  World* world_;
  const uint32_t index_;
  std::vector<Task*> deferred_[3];
  bool turn_due_ = false;
};

class TestFiles final : public Uncounted<Files> {
 public:
  std::map<std::string, std::string> content;  // synced or not: this world has no power cuts
  Status write_result = ok_status();
  Status open(const char* path, uint32_t flags, File** out) noexcept override;
  Status remove(const char* path) noexcept override;
  Status rename(const char* from, const char* to) noexcept override;
  Status make_directory(const char*) noexcept override { return ok_status(); }
  Status sync_directory(const char*) noexcept override { return ok_status(); }
  Status list(const char*, FileVisitor*) noexcept override { return ok_status(); }
  Status free_bytes(uint64_t* bytes) noexcept override;
  Status absolute_path(const char*, char*, uint64_t) noexcept override { return ok_status(); }
};

class TestNode;

class Network {
 public:
  explicit Network(World* of) : world(of) {}
  World* world;
  std::map<std::string, TestNode*> nodes;              // by address
  std::set<std::pair<std::string, std::string>> cuts;  // both orders
  // Processes that stand still: links stay, what they are sent and what they sent waits.
  std::set<std::string> frozen;
  std::vector<std::function<void()>> held;
  void thaw();
  void cut(const std::string& a, const std::string& b);
  void heal();
};

class TestPeers final : public Uncounted<Peers> {
 public:
  explicit TestPeers(TestNode* node) : node_(node) {}
  void assign(uint32_t number, const char* address) noexcept override;
  void set_handler(uint32_t, PeerHandler* to) noexcept override { handler = to; }
  void add_observer(Loop* loop, PeerObserver* observer) noexcept override;
  void remove_observer(Loop* loop, PeerObserver* observer) noexcept override;
  Status send(uint32_t number, uint32_t channel, uint32_t route, const ByteView* parts,
              uint32_t count) noexcept override;
  bool info(uint32_t number, PeerInfo* out) noexcept override;
  void reset(uint32_t) noexcept override {}

  // Brings links in line with processes and cuts, and tells the observers.
  void update();
  void hello_changed(const std::string& address);

  PeerHandler* handler = nullptr;
  Status send_result = ok_status();
  uint64_t sent = 0;

 private:
  friend class TestNode;
  void tell_up(PeerObserver* only, uint32_t number);
  TestNode* node_;
  std::map<uint32_t, std::string> addresses_;
  std::map<uint32_t, PeerInfo> up_;
  std::vector<PeerObserver*> observers_;
};

class TestHost final : public Uncounted<Host> {
 public:
  TestHost(TestNode* node, uint32_t loops);
  ~TestHost();
  uint32_t loop_count() noexcept override { return static_cast<uint32_t>(loops.size()); }
  Loop* loop(uint32_t index) noexcept override { return loops[index].get(); }
  Workers* workers() noexcept override;
  Clock* clock() noexcept override;
  Random* random() noexcept override;
  Log* log() noexcept override;
  ConfigView* config() noexcept override;
  Files* files() noexcept override;
  Net* net() noexcept override { return nullptr; }
  Peers* peers() noexcept override { return &test_peers; }
  Meter* meter() noexcept override;
  MetricsHub* metrics_hub() noexcept override;
  Object* interface_of(const char* interface_id) noexcept override;
  void identity(Identity* out) noexcept override;
  Status join_cluster(const uint8_t cluster_id[16], uint32_t number) noexcept override;
  const char* plugins_json() noexcept override { return "{}"; }
  void request_shutdown(const char*) noexcept override { shutdown = true; }

  std::vector<std::unique_ptr<TestLoop>> loops;
  TestPeers test_peers;
  std::map<std::string, Object*> interfaces;
  std::map<std::string, double> metrics;  // by name and labels, as "name{labels}"
  bool shutdown = false;

 private:
  struct Parts;
  TestNode* node_;
  std::unique_ptr<Parts> parts_;
};

// A machine: its disk and identity, and perhaps a running process with a host.
class TestNode {
 public:
  TestNode(Network* network, std::string address, std::string name, uint8_t uuid);
  ~TestNode();
  void boot(uint32_t loops);
  void kill();
  bool running() const { return host != nullptr; }
  PeerInfo hello(uint32_t number) const;

  Network* network;
  const std::string address;
  Identity identity{};
  TestFiles files;
  std::map<std::string, std::string> settings;
  std::vector<std::string> peers;  // cluster.bootstrap_peers
  std::vector<std::string> logged;
  std::unique_ptr<TestHost> host;
  uint64_t random_state;

 private:
  std::vector<std::unique_ptr<TestHost>> killed_;  // events may still refer to them
};

}  // namespace grey::kv::testing

#endif  // GREY_SERVICE_KV_TESTING_H_
