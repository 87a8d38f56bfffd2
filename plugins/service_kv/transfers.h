// Transfers of leadership on request: looks at the cluster, tells those who lead to hand over, and
// looks again, until what was asked for is so or time is over.
#ifndef GREY_SERVICE_KV_TRANSFERS_H_
#define GREY_SERVICE_KV_TRANSFERS_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gatherer.h"
#include "router.h"
#include "transfer_plan.h"

namespace grey::kv {

// Everything on loop 0.
class Transfers final : private Task {
 public:
  using Done = std::function<void(Document)>;

  // `keep_ns`: how long a new leader keeps what it got by request.
  Transfers(RouterShared* shared, Gatherer* gatherer, uint64_t keep_ns);

  void set_topology(std::shared_ptr<const Topology> topology) { topology_ = std::move(topology); }

  // `body` as in read_transfer_wish. Calls back once, at `deadline_ns` of the loop's clock at the
  // latest, but perhaps before it returns.
  void request(ByteView body, uint64_t deadline_ns, Done done);

  // A transfer_ message; false: malformed.
  bool on_message(uint32_t from, ByteView payload);

  // Answers those who wait. Nothing is ordered any more.
  void stop();

 private:
  using Executed = std::function<void(std::vector<TransferResult>)>;
  struct Ordered {
    uint64_t term = 0;
    bool doubtful = false;  // an order in this term may work yet, whatever becomes of another one
  };
  struct Job {
    TransferWish wish;
    uint64_t deadline_ns = 0;
    Done done;
    std::map<uint32_t, uint32_t> first_leaders;  // by group, as they were first seen
    std::map<uint32_t, Ordered> ordered;         // by group: not known to have done nothing
    KeptGroups kept;
    bool moved = false;              // some group has another leader than at first
    uint32_t missing = 0;            // results of orders
    uint64_t wake_ns = 0;            // 0: the view is being gathered
    const char* code = "no_quorum";  // why it is not done yet
    std::string waits_for;
  };
  struct Sent {
    uint64_t job;
    uint32_t node;
    std::vector<TransferOrder> orders;
  };

  void run() noexcept override;
  void arm();
  void look(uint64_t id);
  void judge(uint64_t id, const ClusterView& view);
  void give_orders(uint64_t id, Job* job, TransferPlan* plan);
  void send_orders(uint64_t id, Job* job, uint32_t node, const std::vector<TransferOrder>& orders);
  void arrived(uint32_t from, const TransferResults& message);
  void execute(const TransferOrders& message, Executed done);
  void succeed(uint64_t id, const TransferPlan& plan);
  void fail(uint64_t id, Document document);
  void end(uint64_t id, Document document);
  Document out_of_time(const Job& job) const;

  RouterShared* shared_;
  Host* host_;
  Loop* loop_;
  Gatherer* gatherer_;
  const uint64_t keep_ns_;
  std::shared_ptr<const Topology> topology_;
  std::map<uint64_t, Job> jobs_;
  std::map<uint64_t, Sent> sent_;  // orders whose results are awaited
  uint64_t next_id_;
  bool stopped_ = false;
  Ref<Timer> timer_;
};

}  // namespace grey::kv

#endif  // GREY_SERVICE_KV_TRANSFERS_H_
