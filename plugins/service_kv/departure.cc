#include "departure.h"

#include <algorithm>
#include <utility>

namespace grey::kv {
namespace {

constexpr uint64_t kAgainNs = 10'000'000;
constexpr uint64_t kClientsLimitNs = 5'000'000'000;
constexpr uint64_t kOthersLimitNs = 1'000'000'000;

// Whether some node takes this one for the leader of a group that it does not lead any more, and so
// may still send it requests.
bool is_taken_for_leader(const ClusterView& view) {
  const uint32_t own = view.topology->own_number;
  const auto here = view.reports.find(own);
  const auto leads = [&](uint32_t group) {
    return here != view.reports.end() &&
           std::any_of(here->second.groups.begin(), here->second.groups.end(),
                       [group](const GroupReport& report) {
                         return report.group == group && report.role == GroupRole::leader;
                       });
  };
  for (const auto& [number, node] : view.reports) {
    if (number == own) continue;
    for (const GroupReport& report : node.groups) {
      if (report.leader == own && !leads(report.group)) return true;
    }
  }
  return false;
}

}  // namespace

Departure::Departure(RouterShared* shared, Gatherer* gatherer, OnEveryLoop on_every_loop)
    : shared_(shared),
      loop_(shared->host->loop(0)),
      gatherer_(gatherer),
      on_every_loop_(std::move(on_every_loop)),
      timer_(Ref<Timer>::adopt(loop_->make_timer(this))) {}

void Departure::begin(Completion* done) {
  done_ = done;
  limit_ns_ = loop_->now_ns() + kClientsLimitNs;
  wait_for_clients();
}

void Departure::stop() {
  stage_ = Stage::over;
  timer_ = {};
}

void Departure::again() {
  timer_->arm(loop_->now_ns() + kAgainNs);
}

void Departure::run() noexcept {
  if (stage_ == Stage::clients) wait_for_clients();
  if (stage_ == Stage::others) wait_for_others();
}

void Departure::wait_for_clients() {
  auto live = std::make_shared<std::atomic<uint64_t>>(0);
  on_every_loop_([live](Router* router) { *live += router->live(); },
                 [this, live] {
                   if (stage_ != Stage::clients) return;
                   if (*live == 0 || loop_->now_ns() >= limit_ns_) return hand_over();
                   again();
                 });
}

void Departure::hand_over() {
  stage_ = Stage::leaderships;
  auto missing = std::make_shared<size_t>(shared_->routers.size());
  for (auto& router : shared_->routers) {
    post(router->own_loop(), [this, one = router.get(), missing] {
      one->hand_over_leaders(completion([this, missing](Status) {
        post(loop_, [this, missing] {
          if (--*missing != 0 || stage_ != Stage::leaderships) return;
          stage_ = Stage::others;
          limit_ns_ = loop_->now_ns() + kOthersLimitNs;
          wait_for_others();
        });
      }));
    });
  }
}

void Departure::wait_for_others() {
  auto in_hand = std::make_shared<std::atomic<uint64_t>>(0);
  on_every_loop_([in_hand](Router* router) { *in_hand += router->in_hand(); },
                 [this, in_hand] {
                   if (stage_ != Stage::others) return;
                   gatherer_->gather([this, in_hand](const ClusterView& view) {
                     if (stage_ == Stage::others) judge(*in_hand, view);
                   });
                 });
}

// Calm twice: what a node sent before its first answer has come by the second one, and what it was
// sent before the second question it has read.
void Departure::judge(uint64_t in_hand, const ClusterView& view) {
  const bool calm = in_hand == 0 && (!view.topology || !is_taken_for_leader(view));
  if ((std::exchange(calm_, calm) && calm) || loop_->now_ns() >= limit_ns_) return finish();
  again();
}

void Departure::finish() {
  stage_ = Stage::over;
  done_->complete(ok_status());
}

}  // namespace grey::kv
