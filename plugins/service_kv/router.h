// One loop's part of the service: it takes requests of clients on this loop, owns the groups that
// live here, and speaks with the same part of other loops and other nodes.
#ifndef GREY_SERVICE_KV_ROUTER_H_
#define GREY_SERVICE_KV_ROUTER_H_

#include <atomic>
#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include "forward_message.h"
#include "grey/glue/plugin.h"
#include "grey/kv.h"
#include "group_route.h"
#include "key_gate.h"
#include "report.h"
#include "topology.h"

namespace grey::kv {

class Router;

// What all loops share; outlives them.
struct RouterShared {
  Host* host = nullptr;
  Storage* storage = nullptr;
  Consensus* consensus = nullptr;
  uint64_t max_key_bytes = 32 << 10;
  uint64_t max_value_bytes = 8 << 20;
  uint32_t max_operations = 65536;           // under way, of one loop's clients
  uint64_t max_operation_bytes = 256 << 20;  // of their keys and values
  // Clients' reads that wait for the disk at once, of all loops together. It is half of what the
  // workers queue, so that what the replicas themselves read always finds room.
  uint32_t max_fetches = 512;
  uint64_t session_retention_ms = 86'400'000;    // what commands with a session carry
  std::vector<std::unique_ptr<Router>> routers;  // by loop
  std::atomic<bool> draining{false};
  std::atomic<uint64_t> unflushed_bytes{0};
  Ref<Instrument> forwarded;
  Ref<Instrument> malformed;
  Ref<Instrument> waiting;
  Ref<Instrument> sessions;
  Ref<Instrument> repeated;
};

// What the range requests of one loop weigh.
struct RangeLoad {
  uint32_t jobs = 0;
  uint64_t held_bytes = 0;  // of parts that wait to be merged
};

// What the engine said of a partition when it was opened.
struct OpenedPartition {
  Status status = ok_status();
  PartitionState state{};
};

// All methods on its loop, unless they say otherwise.
class Router final : public RouteHost, private PeerObserver, private Task {
 public:
  Router(RouterShared* shared, uint32_t index);
  ~Router();

  // Registers for news of peers.
  void listen();
  // The cluster is formed: opens the replicas that live here. `partitions` are theirs, by group:
  // one that could not be opened keeps its replica down alone.
  void begin(std::shared_ptr<const Topology> topology,
             const std::vector<OpenedPartition>& partitions);
  bool serving() const { return topology_ != nullptr; }

  // See KvService::submit.
  void submit(const KvRequest* request, KvDone* done);
  // An operation of a part of this service, with its `sink`, on the loop it is to come back to.
  void submit_internal(Operation* operation);

  // A forward_ message from a member; false: malformed.
  bool on_message(uint32_t from, const BufferRef* payload);

  void collect(std::vector<GroupReport>* out);
  // The group as it lives here, or null.
  GroupRoute* route(uint32_t group);
  Loop* own_loop() { return loop_; }  // any thread
  uint32_t shards() const { return topology_ ? topology_->shards() : 0; }
  // Whether the other node answers.
  bool linked_to(uint32_t node) { return linked(node); }
  // How many operations and ranges of clients on this loop are under way.
  uint32_t live() const { return live_ + range_load_.jobs; }
  // For ages that are told: a loop's time may be from before a pause in which the request came.
  uint64_t exact_now_ns() const { return shared_->host->clock()->monotonic_ns(); }
  RangeLoad& range_load() { return range_load_; }
  // How many groups here have operations that are not answered, of whomever, and how many nodes'
  // answers wait for their link.
  uint64_t in_hand() const;
  // In the metrics: a client's request was answered.
  void count(OperationKind kind, KvCode code);

  // Gives away what is led here, where someone else could lead.
  void hand_over_leaders(Completion* done);

  // Ends what lives here. Completes once, when nothing calls this any more.
  void stop(Completion* done);

 private:
  struct Outgoing {
    explicit Outgoing(uint32_t route) : batch(MessageType::forward_requests, route) {}
    ForwardBatch batch;
    std::vector<uint64_t> ids;
  };
  using Batch = std::vector<Operation*>;

  // RouteHost.
  Loop* loop() override { return loop_; }
  Storage* storage() override { return shared_->storage; }
  const Topology& topology() override { return *topology_; }
  bool linked(uint32_t node) override { return node < linked_.size() && linked_[node]; }
  void forward(Operation* operation, uint32_t node) override;
  void forget(Operation* operation) override { forwarded_.erase(operation->id); }
  void finish(Operation* operation) override;
  void attend(GroupRoute* route) override;
  bool may_fetch() override;
  void fetched() override { --fetches_; }
  void applied(uint64_t bytes) override;
  void sessions(int64_t change, uint64_t repeated) override;
  void failed(uint32_t group, Status status) override;

  void on_peer_up(const PeerInfo* info) noexcept override;
  void on_peer_down(uint32_t number, PeerDown reason) noexcept override;
  void on_self(uint32_t) noexcept override {}
  void run() noexcept override;  // the tick

  KvCode fill(const KvRequest& request, Operation* operation);
  void fill_write(const KvRequest& request, Operation* operation);
  void send_home(Operation* operation);
  void hand_over(uint32_t loop, Operation* operation);
  void arrive(Operation* operation);
  void take(Batch* batch);
  void deliver(Operation* operation);
  void reply(Operation* operation);
  bool accept_request(uint32_t from, uint32_t reply_route, const ForwardedRequest& request,
                      const Buffer& message);
  void flush_local();
  void flush_forward();
  bool send_batch(uint32_t node, uint32_t route, ForwardBatch* batch, StatusCode* code);
  void not_sent(const Outgoing& outgoing);
  void want_tick();
  void want_local_flush();
  void want_forward_flush();

  RouterShared* shared_;
  const uint32_t index_;
  Loop* loop_;
  std::shared_ptr<const Topology> topology_;
  std::vector<std::unique_ptr<GroupRoute>> routes_;  // by group; null: lives elsewhere
  std::vector<GroupRoute*> here_;                    // those that live here
  std::vector<bool> linked_;                         // by node
  bool listening_ = false;
  Ref<Timer> tick_;
  bool ticking_ = false;
  double waiting_told_ = 0;

  KeyGate gate_;
  uint32_t live_ = 0;
  uint64_t live_bytes_ = 0;
  RangeLoad range_load_;
  uint32_t fetches_ = 0;         // reads that the engine does on a worker
  std::vector<Batch> outboxes_;  // by loop
  Batch deliveries_;
  Batch admitted_;
  std::vector<GroupRoute*> attended_;
  FunctionTask local_flush_;
  bool local_flush_due_ = false;

  std::unordered_map<uint64_t, Operation*> forwarded_;  // looked up, never walked
  std::map<uint32_t, std::vector<Outgoing>> requests_;  // by node
  std::map<std::pair<uint32_t, uint32_t>, std::vector<ForwardBatch>> replies_;  // node and route
  std::vector<ForwardedRequest> decoded_requests_;
  std::vector<ForwardedReply> decoded_replies_;
  FunctionTask forward_flush_;
  uint64_t next_id_;
  bool forward_flush_due_ = false;

  uint32_t routes_stopping_ = 0;
  Completion* stop_done_ = nullptr;
  Ref<Instrument> counters_[4][14];  // by kind and code, made when first needed
};

}  // namespace grey::kv

#endif  // GREY_SERVICE_KV_ROUTER_H_
