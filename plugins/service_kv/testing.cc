#include "testing.h"

#include <algorithm>
#include <cstring>

namespace grey::kv::testing {
namespace {

constexpr uint64_t kDelayNs = 100'000;

class TestTimer final : public Implements<Timer> {
 public:
  TestTimer(World* world, TestLoop* loop, Task* task)
      : world_(world), loop_(loop), state_(std::make_shared<State>()) {
    state_->task = task;
  }
  ~TestTimer() { state_->task = nullptr; }
  void arm(uint64_t deadline_ns) noexcept override {
    const uint64_t round = ++state_->round;
    world_->at(std::max(deadline_ns, world_->now_ns), [state = state_, round, loop = loop_] {
      if (loop->dead || !state->task || state->round != round) return;
      state->task->run();
      loop->turn();
    });
  }
  void cancel() noexcept override { ++state_->round; }

 private:
  struct State {
    Task* task;
    uint64_t round = 0;
  };
  World* world_;
  TestLoop* loop_;
  std::shared_ptr<State> state_;
};

class MemoryFile final : public Implements<File> {
 public:
  MemoryFile(std::string* bytes, Status* result) : bytes_(bytes), result_(result) {}
  Status size(uint64_t* size) noexcept override {
    *size = bytes_->size();
    return ok_status();
  }
  Status read(uint64_t offset, uint8_t* into, uint64_t size, uint64_t* got) noexcept override {
    *got = bytes_->copy(reinterpret_cast<char*>(into), size, offset);
    return ok_status();
  }
  Status write(uint64_t offset, ByteView bytes) noexcept override {
    bytes_->resize(std::max<size_t>(bytes_->size(), offset + bytes.size));
    bytes_->replace(offset, bytes.size, text_of(bytes));
    return *result_;
  }
  Status truncate(uint64_t size) noexcept override {
    bytes_->resize(size);
    return ok_status();
  }
  Status sync() noexcept override { return ok_status(); }
  void submit_write(uint64_t, const ByteView*, uint32_t, uint32_t, Completion*) noexcept override {}
  void submit_read(uint64_t, uint8_t*, uint64_t, uint64_t*, Completion*) noexcept override {}

 private:
  std::string* bytes_;
  Status* result_;
};

class SumInstrument final : public Uncounted<Instrument> {
 public:
  explicit SumInstrument(double* sum) : sum_(sum) {}
  void add(double value) noexcept override { *sum_ += value; }
  void set(double value) noexcept override { *sum_ = value; }

 private:
  double* sum_;
};

}  // namespace

void World::at(uint64_t time_ns, std::function<void()> event) {
  events_.emplace(std::make_pair(time_ns, next_++), std::move(event));
}

bool World::step(uint64_t limit_ns) {
  if (events_.empty() || events_.begin()->first.first > limit_ns) return false;
  now_ns = std::max(now_ns, events_.begin()->first.first);
  auto event = std::move(events_.begin()->second);
  events_.erase(events_.begin());
  event();
  return true;
}

bool World::run_until(const std::function<bool()>& done, uint64_t limit_ms) {
  const uint64_t limit_ns = now_ns + limit_ms * 1'000'000;
  while (!done()) {
    if (!step(limit_ns)) return done();
  }
  return true;
}

void World::run_for(uint64_t ms) {
  const uint64_t limit_ns = now_ns + ms * 1'000'000;
  while (step(limit_ns)) {
  }
  now_ns = limit_ns;
}

void TestLoop::post(Task* task) noexcept {
  world_->soon([this, task] {
    if (dead) return;
    task->run();
    turn();
  });
}

void TestLoop::defer(TurnPhase phase, Task* task) noexcept {
  deferred_[static_cast<uint32_t>(phase)].push_back(task);
  if (turn_due_) return;
  turn_due_ = true;
  world_->soon([this] { turn(); });
}

void TestLoop::turn() {
  if (dead) return;
  for (uint32_t phase = 0; phase < 3;) {
    std::vector<Task*> tasks;
    tasks.swap(deferred_[phase]);
    for (Task* task : tasks) task->run();
    phase = tasks.empty() ? phase + 1 : 0;
  }
  turn_due_ = false;
}

Timer* TestLoop::make_timer(Task* task) noexcept {
  return new TestTimer(world_, this, task);
}

Status TestFiles::open(const char* path, uint32_t flags, File** out) noexcept {
  if (!(flags & kFileCreate) && !content.contains(path)) return make_status(StatusCode::not_found);
  *out = new MemoryFile(&content[path], &write_result);
  return ok_status();
}
Status TestFiles::remove(const char* path) noexcept {
  content.erase(path);
  return ok_status();
}
Status TestFiles::rename(const char* from, const char* to) noexcept {
  content[to] = content[from];
  content.erase(from);
  return ok_status();
}
Status TestFiles::free_bytes(uint64_t* bytes) noexcept {
  *bytes = 1 << 30;
  return ok_status();
}

void Network::cut(const std::string& a, const std::string& b) {
  cuts.insert({a, b});
  cuts.insert({b, a});
  for (auto& [address, node] : nodes) {
    if (node->host) node->host->test_peers.update();
  }
}

void Network::thaw() {
  frozen.clear();
  for (auto& arrive : std::exchange(held, {})) world->soon(std::move(arrive));
}

void Network::heal() {
  cuts.clear();
  for (auto& [address, node] : nodes) {
    if (node->host) node->host->test_peers.update();
  }
}

void TestPeers::assign(uint32_t number, const char* address) noexcept {
  addresses_[number] = address ? address : "";
  node_->network->world->soon([host = node_->host.get(), node = node_] {
    if (node->host.get() == host && host) host->test_peers.update();
  });
}

void TestPeers::add_observer(Loop*, PeerObserver* observer) noexcept {
  observers_.push_back(observer);
  for (const auto& [number, info] : up_) tell_up(observer, number);
}

void TestPeers::remove_observer(Loop*, PeerObserver* observer) noexcept {
  std::erase(observers_, observer);
}

void TestPeers::tell_up(PeerObserver* only, uint32_t number) {
  node_->network->world->soon([node = node_, host = node_->host.get(), only, number] {
    if (node->host.get() != host) return;
    TestPeers& self = host->test_peers;
    if (!self.up_.contains(number)) return;
    const std::vector<PeerObserver*> observers = self.observers_;
    for (PeerObserver* each : observers) {
      if (!only || only == each) each->on_peer_up(&self.up_[number]);
    }
  });
}

void TestPeers::update() {
  Network* network = node_->network;
  for (const auto& [number, address] : addresses_) {
    if (address == node_->address) {
      const std::vector<PeerObserver*> observers = observers_;
      for (PeerObserver* each : observers) each->on_self(number);
      continue;
    }
    const auto found = network->nodes.find(address);
    const bool reachable = found != network->nodes.end() && found->second->running() &&
                           !network->cuts.contains({node_->address, address});
    const bool known = up_.contains(number);
    if (reachable && !known) {
      up_[number] = found->second->hello(number);
      tell_up(nullptr, number);
    } else if (!reachable && known) {
      up_.erase(number);
      const std::vector<PeerObserver*> observers = observers_;
      for (PeerObserver* each : observers) each->on_peer_down(number, PeerDown::closed);
    }
  }
}

void TestPeers::hello_changed(const std::string& address) {
  for (const auto& [number, each] : addresses_) {
    if (each != address || !up_.contains(number)) continue;
    up_[number] = node_->network->nodes[address]->hello(number);
    tell_up(nullptr, number);
  }
}

Status TestPeers::send(uint32_t number, uint32_t, uint32_t route, const ByteView* parts,
                       uint32_t count) noexcept {
  if (!send_result.ok()) return send_result;
  if (!up_.contains(number)) return make_status(StatusCode::unreachable);
  ++sent;
  std::string bytes;
  for (uint32_t i = 0; i < count; ++i) bytes.append(text_of(parts[i]));
  Network* network = node_->network;
  const std::string to = addresses_[number];
  const std::string from = node_->address;
  const auto arrive = [network, to, from, route, bytes] {
    TestNode* node = network->nodes[to];
    if (!node->running() || network->cuts.contains({from, to})) return;
    TestPeers& peers = node->host->test_peers;
    if (!peers.handler) return;
    for (const auto& [their_number, address] : peers.addresses_) {
      if (address != from) continue;
      const PeerInfo info = network->nodes[from]->hello(their_number);
      const Buffer buffer = Buffer::copy_of(std::string_view(bytes));
      const BufferRef ref = buffer.ref();
      const uint32_t loop = peers.handler->loop_of(route);
      peers.handler->on_message(their_number, route, &ref, &info);
      node->host->loops[loop]->turn();
      return;
    }
  };
  network->world->at(network->world->now_ns + kDelayNs, [network, to, from, arrive] {
    const bool stands = network->frozen.contains(to) || network->frozen.contains(from);
    if (!stands) return arrive();
    network->held.push_back(arrive);
  });
  return ok_status();
}

bool TestPeers::info(uint32_t number, PeerInfo* out) noexcept {
  const auto found = up_.find(number);
  if (found != up_.end()) *out = found->second;
  return found != up_.end();
}

struct TestHost::Parts {
  class W final : public Uncounted<Workers> {
   public:
    explicit W(World* world) : world_(world) {}
    bool submit(Task* task) noexcept override {
      world_->soon([task] { task->run(); });
      return true;
    }

   private:
    World* world_;
  };
  class C final : public Uncounted<Clock> {
   public:
    explicit C(World* world) : world_(world) {}
    uint64_t monotonic_ns() noexcept override { return world_->now_ns; }
    uint64_t wall_ms() noexcept override { return 1'700'000'000'000 + world_->now_ns / 1'000'000; }

   private:
    World* world_;
  };
  class R final : public Uncounted<Random> {
   public:
    explicit R(TestNode* node) : node_(node) {}
    uint64_t next() noexcept override {
      node_->random_state = node_->random_state * 6364136223846793005u + 1442695040888963407u;
      return node_->random_state ^ (node_->random_state >> 29);
    }

   private:
    TestNode* node_;
  };
  class L final : public Uncounted<Log> {
   public:
    explicit L(TestNode* node) : node_(node) {}
    bool enabled(LogLevel) noexcept override { return true; }
    void write(LogLevel, ByteView message) noexcept override {
      node_->logged.push_back(string_of(message));
    }

   private:
    TestNode* node_;
  };
  class V final : public Uncounted<ConfigView> {
   public:
    explicit V(TestNode* node) : node_(node) {}
    const char* text(const char* key) noexcept override {
      const auto found = node_->settings.find(key);
      return found == node_->settings.end() ? nullptr : found->second.c_str();
    }
    int64_t integer(const char* key, int64_t fallback) noexcept override {
      const char* found = text(key);
      return found ? std::stoll(found) : fallback;
    }
    bool boolean(const char*, bool fallback) noexcept override { return fallback; }
    uint64_t duration_ns(const char*, uint64_t fallback) noexcept override { return fallback; }
    uint64_t size_bytes(const char* key, uint64_t fallback) noexcept override {
      return static_cast<uint64_t>(integer(key, static_cast<int64_t>(fallback)));
    }
    uint32_t count(const char*) noexcept override {
      return static_cast<uint32_t>(node_->peers.size());
    }
    const char* text_at(const char*, uint32_t index) noexcept override {
      return node_->peers[index].c_str();
    }

   private:
    TestNode* node_;
  };
  class M final : public Uncounted<Meter> {
   public:
    explicit M(std::map<std::string, double>* metrics) : metrics_(metrics) {}
    Instrument* instrument(MetricKind, const char* name, const char*, const char* labels,
                           const double*, uint32_t) noexcept override {
      double* sum = &(*metrics_)[std::string(name) + "{" + labels + "}"];
      instruments_.push_back(std::make_unique<SumInstrument>(sum));
      return instruments_.back().get();
    }

   private:
    std::map<std::string, double>* metrics_;
    std::vector<std::unique_ptr<SumInstrument>> instruments_;
  };
  class H final : public Uncounted<MetricsHub> {
   public:
    void visit(MetricVisitor*) noexcept override {}
    void add_refresher(MetricRefresher*) noexcept override {}
    void remove_refresher(MetricRefresher*) noexcept override {}
  };
  Parts(TestNode* node, std::map<std::string, double>* metrics)
      : workers(node->network->world),
        clock(node->network->world),
        random(node),
        log(node),
        config(node),
        meter(metrics) {}
  W workers;
  C clock;
  R random;
  L log;
  V config;
  M meter;
  H hub;
};

TestHost::TestHost(TestNode* node, uint32_t loop_total)
    : test_peers(node), node_(node), parts_(std::make_unique<Parts>(node, &metrics)) {
  for (uint32_t i = 0; i < loop_total; ++i) {
    loops.push_back(std::make_unique<TestLoop>(node->network->world, i));
  }
}
TestHost::~TestHost() = default;
Workers* TestHost::workers() noexcept {
  return &parts_->workers;
}
Clock* TestHost::clock() noexcept {
  return &parts_->clock;
}
Random* TestHost::random() noexcept {
  return &parts_->random;
}
Log* TestHost::log() noexcept {
  return &parts_->log;
}
ConfigView* TestHost::config() noexcept {
  return &parts_->config;
}
Files* TestHost::files() noexcept {
  return &node_->files;
}
Meter* TestHost::meter() noexcept {
  return &parts_->meter;
}
MetricsHub* TestHost::metrics_hub() noexcept {
  return &parts_->hub;
}
Object* TestHost::interface_of(const char* interface_id) noexcept {
  const auto found = interfaces.find(interface_id);
  return found == interfaces.end() ? nullptr : found->second;
}
void TestHost::identity(Identity* out) noexcept {
  *out = node_->identity;
}
Status TestHost::join_cluster(const uint8_t cluster_id[16], uint32_t number) noexcept {
  std::memcpy(node_->identity.cluster_id, cluster_id, 16);
  node_->identity.number = number;
  for (auto& [address, node] : node_->network->nodes) {
    if (node->host) node->host->test_peers.hello_changed(node_->address);
  }
  return ok_status();
}

TestNode::TestNode(Network* net, std::string where, std::string name, uint8_t uuid)
    : network(net), address(std::move(where)), random_state(uuid * 7919u) {
  identity.struct_size = sizeof(identity);
  identity.instance_uuid[0] = uuid;
  std::strncpy(identity.node_id, name.c_str(), sizeof(identity.node_id) - 1);
  std::strncpy(identity.raft_address, address.c_str(), sizeof(identity.raft_address) - 1);
  std::strncpy(identity.api_address, ("api-" + address).c_str(), sizeof(identity.api_address) - 1);
  std::strncpy(identity.version, "0.1.0", sizeof(identity.version) - 1);
  network->nodes[address] = this;
}

TestNode::~TestNode() {
  network->nodes.erase(address);
}

void TestNode::boot(uint32_t loops) {
  ++identity.boot_nonce;
  host = std::make_unique<TestHost>(this, loops);
  for (auto& [other, node] : network->nodes) {
    if (node->host) node->host->test_peers.update();
  }
}

void TestNode::kill() {
  for (auto& loop : host->loops) loop->dead = true;
  killed_.push_back(std::move(host));
  for (auto& [other, node] : network->nodes) {
    if (node->host) node->host->test_peers.update();
  }
}

PeerInfo TestNode::hello(uint32_t number) const {
  PeerInfo info{};
  info.struct_size = sizeof(info);
  info.number = number;
  info.boot_nonce = identity.boot_nonce;
  std::memcpy(info.instance_uuid, identity.instance_uuid, 16);
  std::memcpy(info.cluster_id, identity.cluster_id, 16);
  std::memcpy(info.node_id, identity.node_id, sizeof(info.node_id));
  std::memcpy(info.version, identity.version, sizeof(info.version));
  std::memcpy(info.raft_address, identity.raft_address, sizeof(info.raft_address));
  std::memcpy(info.api_address, identity.api_address, sizeof(info.api_address));
  return info;
}

}  // namespace grey::kv::testing
