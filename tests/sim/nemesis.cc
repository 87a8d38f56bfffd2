#include "nemesis.h"

#include <algorithm>

namespace grey::sim {

using testkit::kMillisecondNs;
using testkit::kSecondNs;

const std::vector<Nemesis::Kind>& Nemesis::kinds() {
  static const std::vector<Kind> kinds = {{"partition", &Nemesis::partition},
                                          {"one-way partition", &Nemesis::one_way},
                                          {"bridge", &Nemesis::bridge},
                                          {"delay", &Nemesis::delay},
                                          {"reset", &Nemesis::reset},
                                          {"power loss", &Nemesis::cut_power},
                                          {"power loss in a write", &Nemesis::cut_power_in_a_write},
                                          {"kill", &Nemesis::kill},
                                          {"restart", &Nemesis::restart},
                                          {"pause", &Nemesis::pause},
                                          {"clock drift", &Nemesis::drift},
                                          {"clock jump", &Nemesis::jump},
                                          {"slow disk", &Nemesis::slow_disk},
                                          {"hung disk", &Nemesis::hang_disk}};
  return kinds;
}

Nemesis::Nemesis(SimCluster* cluster)
    : cluster_(cluster), random_(cluster->world().random().branch()) {
  while (allowed_.size() < 2) {
    allowed_.clear();
    for (const Kind& kind : kinds()) {
      if (random_.chance(45)) allowed_.push_back(kind);
    }
  }
}

std::string Nemesis::allowed() const {
  std::string text;
  for (const Kind& kind : allowed_) text += (text.empty() ? "" : ", ") + std::string(kind.name);
  return text;
}

uint64_t Nemesis::total() const {
  uint64_t total = 0;
  for (const auto& [name, count] : counts_) total += count;
  return total;
}

void Nemesis::plan() {
  cluster_->world().after(random_.between(300, 4500) * kMillisecondNs, nullptr, [this] {
    if (healed_) return;
    strike();
    plan();
  });
}

void Nemesis::strike() {
  const Kind& kind = allowed_[random_.below(allowed_.size())];
  ++counts_[kind.name];
  cluster_->world().trace().line(cluster_->world().now_ns(), std::string("fault: ") + kind.name);
  (this->*kind.cause)();
}

uint32_t Nemesis::any_node() {
  return 1 + static_cast<uint32_t>(random_.below(cluster_->size()));
}

void Nemesis::later(uint64_t low_ms, uint64_t high_ms, std::function<void()> action) {
  cluster_->world().after(random_.between(low_ms, high_ms) * kMillisecondNs, nullptr,
                          [this, action = std::move(action)] {
                            if (!healed_) action();
                          });
}

void Nemesis::heal() {
  healed_ = true;
  testkit::SimWorld& world = cluster_->world();
  world.trace().line(world.now_ns(), "all faults end");
  cluster_->network().unblock_all();
  cluster_->network().clear_extra_delays();
  for (uint32_t number = 1; number <= cluster_->size(); ++number) {
    testkit::SimNode& node = cluster_->node(number);
    node.disk().after_changes(0, nullptr);
    node.disk().faults().slow_factor = 1;
    node.disk().resume();
    node.set_clock_rate_ppm(1'000'000);
    if (node.process()) node.process()->pause_until(0);
    cluster_->start(number);
  }
}

// Two sides that do not hear each other.
void Nemesis::partition() {
  std::vector<bool> side(cluster_->size() + 1);
  for (uint32_t i = 1; i <= cluster_->size(); ++i) side[i] = random_.chance(50);
  const uint32_t alone = any_node();
  side[alone] = !side[1 + alone % cluster_->size()];
  for (uint32_t i = 1; i <= cluster_->size(); ++i) {
    for (uint32_t j = 1; j <= cluster_->size(); ++j) {
      if (side[i] != side[j]) cluster_->network().block(i, j);
    }
  }
  later(500, 8000, [this] { cluster_->network().unblock_all(); });
}

// One node speaks and is not heard, or hears and cannot speak; with some or all of the others.
void Nemesis::one_way() {
  const uint32_t victim = any_node();
  const bool deaf = random_.chance(50);
  for (uint32_t i = 1; i <= cluster_->size(); ++i) {
    if (i == victim || random_.chance(25)) continue;
    if (deaf) {
      cluster_->network().block(i, victim);
    } else {
      cluster_->network().block(victim, i);
    }
  }
  later(500, 8000, [this] { cluster_->network().unblock_all(); });
}

// Two sides that meet in one node only.
void Nemesis::bridge() {
  const uint32_t middle = any_node();
  for (uint32_t i = 1; i <= cluster_->size(); ++i) {
    for (uint32_t j = 1; j <= cluster_->size(); ++j) {
      if (i == middle || j == middle) continue;
      const bool left_i =
          (i + cluster_->size() - middle) % cluster_->size() <= cluster_->size() / 2;
      const bool left_j =
          (j + cluster_->size() - middle) % cluster_->size() <= cluster_->size() / 2;
      if (left_i != left_j) cluster_->network().block(i, j);
    }
  }
  later(500, 8000, [this] { cluster_->network().unblock_all(); });
}

void Nemesis::delay() {
  const uint64_t most = random_.between(5, 400) * kMillisecondNs;
  for (uint32_t i = 1; i <= cluster_->size(); ++i) {
    for (uint32_t j = 1; j <= cluster_->size(); ++j) {
      if (random_.chance(60)) cluster_->network().set_extra_delay(i, j, most);
    }
  }
  later(500, 6000, [this] { cluster_->network().clear_extra_delays(); });
}

void Nemesis::reset() {
  const auto some = static_cast<uint32_t>(random_.between(20, 100));
  cluster_->network().reset_connections(some);
  for (int i = 0; i < 4; ++i) {
    later(10, 2000, [this, some] { cluster_->network().reset_connections(some); });
  }
}

// Now and then of all nodes at once.
void Nemesis::cut_power() {
  const bool all = random_.chance(15);
  const uint32_t victim = any_node();
  for (uint32_t i = 1; i <= cluster_->size(); ++i) {
    if (!all && i != victim) continue;
    cluster_->cut_power(i);
    later(100, 5000, [this, i] { cluster_->start(i); });
  }
}

void Nemesis::cut_power_in_a_write() {
  const uint32_t victim = any_node();
  cluster_->node(victim).crash_after_disk_changes(random_.between(1, 12));
  // It may crash at any time from now on, also while it recovers.
  for (int i = 1; i <= 3; ++i) {
    later(1000, 6000, [this, victim] { cluster_->start(victim); });
  }
  later(6000, 7000, [this, victim] { cluster_->start(victim); });
}

void Nemesis::kill() {
  const uint32_t victim = any_node();
  cluster_->kill(victim);
  later(20, 4000, [this, victim] { cluster_->start(victim); });
}

void Nemesis::restart() {
  cluster_->restart_orderly(any_node());
}

void Nemesis::pause() {
  testkit::SimProcess* process = cluster_->node(any_node()).process();
  if (!process) return;
  process->pause_until(cluster_->world().now_ns() + random_.between(50, 6000) * kMillisecondNs);
}

void Nemesis::drift() {
  const uint32_t victim = any_node();
  cluster_->node(victim).set_clock_rate_ppm(random_.between(850'000, 1'150'000));
  later(2000, 20000, [this, victim] { cluster_->node(victim).set_clock_rate_ppm(1'000'000); });
}

void Nemesis::jump() {
  const auto hour = static_cast<int64_t>(3'600'000);
  cluster_->node(any_node())
      .clock()
      .jump_wall_ms(static_cast<int64_t>(random_.below(2 * 3'600'000)) - hour);
}

void Nemesis::slow_disk() {
  const uint32_t victim = any_node();
  cluster_->node(victim).disk().faults().slow_factor = random_.between(10, 300);
  later(500, 8000, [this, victim] { cluster_->node(victim).disk().faults().slow_factor = 1; });
}

void Nemesis::hang_disk() {
  const uint32_t victim = any_node();
  cluster_->node(victim).disk().faults().hung = true;
  later(300, 8000, [this, victim] { cluster_->node(victim).disk().resume(); });
}

}  // namespace grey::sim
