// The way out of a node that is being stopped, such that no request fails by it.
#ifndef GREY_SERVICE_KV_DEPARTURE_H_
#define GREY_SERVICE_KV_DEPARTURE_H_

#include <functional>

#include "gatherer.h"
#include "router.h"

namespace grey::kv {

// In this order: the requests of this node's clients end, what is led here is handed over, and what
// other nodes have sent here meanwhile is answered. A link that breaks under a forwarded write
// leaves its outcome unknown, so the links must not close before.
//
// Everything on loop 0.
class Departure final : private Task {
 public:
  // Runs its first argument on every loop, then the second on loop 0.
  using OnEveryLoop = std::function<void(std::function<void(Router*)>, std::function<void()>)>;

  Departure(RouterShared* shared, Gatherer* gatherer, OnEveryLoop on_every_loop);

  // Once. `done` completes in bounded time, whatever others do, unless stop() comes before.
  void begin(Completion* done);
  void stop();

 private:
  enum class Stage { clients, leaderships, others, over };

  void run() noexcept override;
  void again();
  void wait_for_clients();
  void hand_over();
  void wait_for_others();
  void judge(uint64_t in_hand, const ClusterView& view);
  void finish();

  RouterShared* shared_;
  Loop* loop_;
  Gatherer* gatherer_;
  const OnEveryLoop on_every_loop_;
  Ref<Timer> timer_;
  Stage stage_ = Stage::clients;
  uint64_t limit_ns_ = 0;  // of the stage
  bool calm_ = false;      // when the others were asked last
  Completion* done_ = nullptr;
};

}  // namespace grey::kv

#endif  // GREY_SERVICE_KV_DEPARTURE_H_
