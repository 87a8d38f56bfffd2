#include "gossip_addresses.h"

#include <algorithm>
#include <cstring>

namespace grey::swim {
namespace {

constexpr uint64_t kFirstWaitNs = 1'000'000'000;
constexpr uint64_t kLastWaitNs = 60'000'000'000;

}  // namespace

struct GossipAddresses::Lookup final : public ResolveDone {
  GossipAddresses* owner = nullptr;
  PeerInfo info{};
  bool asked = false;     // under way
  bool outdated = false;  // a later one for this node is there
  uint64_t wait_ns = kFirstWaitNs;
  uint64_t due_ns = 0;

  void resolved(Status status, const NetAddress* address) noexcept override {
    owner->answered(this, status, address);
  }
};

GossipAddresses::GossipAddresses(Host* host, Found found)
    : host_(host), found_(std::move(found)), timer_task_([this] { run_due(); }) {
  timer_ = Ref<Timer>::adopt(host->loop(0)->make_timer(&timer_task_));
}

GossipAddresses::~GossipAddresses() = default;

void GossipAddresses::add(const PeerInfo& info) {
  for (auto& [key, lookup] : lookups_) {
    if (std::strcmp(lookup->info.node_id, info.node_id) == 0) lookup->outdated = true;
  }
  std::erase_if(lookups_,
                [](const auto& entry) { return entry.second->outdated && !entry.second->asked; });
  auto lookup = std::make_unique<Lookup>();
  lookup->owner = this;
  lookup->info = info;
  Lookup* added = lookup.get();
  lookups_[added] = std::move(lookup);
  ask(added);
}

void GossipAddresses::ask(Lookup* lookup) {
  lookup->asked = true;
  host_->net()->resolve(host_->loop(0), lookup->info.gossip_address, lookup);
}

void GossipAddresses::answered(Lookup* lookup, Status status, const NetAddress* address) {
  lookup->asked = false;
  const auto place = lookups_.find(lookup);
  if (stopped_ || lookup->outdated) {
    lookups_.erase(place);
    return;
  }
  if (status.ok()) {
    const PeerInfo info = lookup->info;
    lookups_.erase(place);
    found_(info, *address);
    return;
  }
  log_line(host_, LogLevel::warning, "the gossip address of ", lookup->info.node_id, ", ",
           lookup->info.gossip_address, ", cannot be looked up: ", describe(status),
           "; the next attempt is in ", lookup->wait_ns / 1'000'000'000, " s");
  lookup->due_ns = host_->loop(0)->now_ns() + lookup->wait_ns;
  lookup->wait_ns = std::min(lookup->wait_ns * 2, kLastWaitNs);
  arm();
}

void GossipAddresses::run_due() {
  const uint64_t now = host_->loop(0)->now_ns();
  for (auto& [key, lookup] : lookups_) {
    if (!lookup->asked && lookup->due_ns <= now) ask(key);
  }
  arm();
}

void GossipAddresses::arm() {
  uint64_t next_ns = UINT64_MAX;
  for (auto& [key, lookup] : lookups_) {
    if (!lookup->asked) next_ns = std::min(next_ns, lookup->due_ns);
  }
  if (next_ns != UINT64_MAX) timer_->arm(next_ns);
}

void GossipAddresses::stop() {
  stopped_ = true;
  timer_ = {};
  std::erase_if(lookups_, [](const auto& entry) { return !entry.second->asked; });
}

}  // namespace grey::swim
