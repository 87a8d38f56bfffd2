// Asks all nodes what they know of their groups, and answers in bounded time with what came.
#ifndef GREY_SERVICE_KV_GATHERER_H_
#define GREY_SERVICE_KV_GATHERER_H_

#include <functional>
#include <memory>
#include <vector>

#include "cluster_view.h"
#include "genesis.h"
#include "router.h"

namespace grey::kv {

// Everything on loop 0.
class Gatherer final : private Task {
 public:
  using Gathered = std::function<void(const ClusterView&)>;

  Gatherer(RouterShared* shared, ClusterSettings yaml, const Genesis* genesis,
           Membership* membership);

  void set_topology(std::shared_ptr<const Topology> topology) { topology_ = std::move(topology); }
  void set_drain() { draining_ = true; }

  // Calls back once, within 600 ms. Those who ask while answers are gathered share them.
  void gather(Gathered done);

  // A report message; false: malformed.
  bool on_message(uint32_t from, ByteView payload);

  // Answers those who wait with what there is.
  void stop();

 private:
  using Collected = std::function<void(NodeReport)>;
  void run() noexcept override { finish(); }
  void begin();
  void collect(Collected done);
  void answer(uint32_t to, uint64_t id, const NodeReport& report);
  void arrived(uint64_t id, NodeReport report);
  void finish();
  void fill_members();

  RouterShared* shared_;
  Host* host_;
  const ClusterSettings yaml_;
  const Genesis* genesis_;
  Membership* membership_;  // may be null
  std::shared_ptr<const Topology> topology_;
  bool draining_ = false;
  std::vector<Gathered> waiting_;
  bool running_ = false;
  bool stopped_ = false;
  uint64_t id_;
  uint32_t missing_ = 0;
  ClusterView view_;
  Ref<Timer> timer_;
};

}  // namespace grey::kv

#endif  // GREY_SERVICE_KV_GATHERER_H_
