#include "nemesis.h"

#include <algorithm>
#include <cerrno>
#include <iterator>

#include "sim_variety.h"

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
                                          {"hung disk", &Nemesis::hang_disk},
                                          {"disk error", &Nemesis::disk_error},
                                          {"fsync failure", &Nemesis::fail_syncs},
                                          {"full disk", &Nemesis::fill_disk},
                                          {"bit flip", &Nemesis::flip_bit},
                                          {"membership", &Nemesis::change_membership},
                                          {"parted halves", &Nemesis::part_halves}};
  return kinds;
}

Nemesis::Nemesis(SimCluster* cluster)
    : cluster_(cluster),
      random_(cluster->world().random().branch()),
      membership_(cluster, random_.branch()) {
  for (const Kind& kind : kinds()) counts_[kind.name] = 0;
  while (allowed_.size() < 2) {
    allowed_.clear();
    for (const Kind& kind : kinds()) {
      // The service decides itself who belongs to its groups. And of a group that may shrink to one
      // replica nothing may rot.
      const bool possible =
          (kind.cause != &Nemesis::change_membership && kind.cause != &Nemesis::part_halves) ||
          (cluster->options().target == Target::registers && !allows(&Nemesis::flip_bit));
      if (random_.chance(45) && possible) allowed_.push_back(kind);
    }
  }
}

bool Nemesis::allows(Fault fault) const {
  return std::any_of(allowed_.begin(), allowed_.end(),
                     [fault](const Kind& kind) { return kind.cause == fault; });
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

void Nemesis::start(std::function<bool()> starving) {
  starving_ = std::move(starving);
  plan();
}

void Nemesis::plan() {
  cluster_->world().after(random_.between(300, 4500) * kMillisecondNs, nullptr, [this] {
    if (healed_) return;
    if (starving_()) {
      ++held_back_;
      cluster_->world().trace().line(cluster_->world().now_ns(), "no fault: the clients starve");
    } else {
      strike();
    }
    plan();
  });
}

void Nemesis::strike() {
  strike(allowed_[random_.below(allowed_.size())]);
}

void Nemesis::strike(const Kind& kind) {
  ++counts_[kind.name];
  whom_.clear();
  (this->*kind.cause)();
  cluster_->world().trace().line(cluster_->world().now_ns(),
                                 std::string("FAULT: ") + kind.name + whom_);
}

uint32_t Nemesis::any_node() {
  const auto node = 1 + static_cast<uint32_t>(random_.below(cluster_->size()));
  whom_ += " node-" + std::to_string(node);
  return node;
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
    end_disk_faults(number);
    node.set_clock_rate_ppm(1'000'000);
    if (node.process()) node.process()->pause_until(0);
    // What has rotted and was not read since is found now.
    if (rotten_.count(number) != 0) cluster_->kill(number);
    cluster_->start(number);
  }
  watch();
}

// What an operator does: a daemon that its disk has stopped is started again.
void Nemesis::watch() {
  for (uint32_t number = 1; number <= cluster_->size(); ++number) restart_broken(number);
  cluster_->world().after(kSecondNs, nullptr, [this] { watch(); });
}

// Two sides that do not hear each other.
void Nemesis::partition() {
  std::vector<bool> side(cluster_->size() + 1);
  for (uint32_t i = 1; i <= cluster_->size(); ++i) side[i] = random_.chance(50);
  const uint32_t alone = any_node();
  side[alone] = !side[1 + alone % cluster_->size()];
  whom_ = ", on one side";
  for (uint32_t i = 1; i <= cluster_->size(); ++i) {
    if (side[i]) whom_ += " node-" + std::to_string(i);
  }
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
  whom_ += deaf ? " hears nothing" : " is not heard";
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
  whom_ += " is between two sides";
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
  if (all) whom_ = " of all nodes";
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
  // A node that has nothing to write would crash long after, with nobody to start it again.
  later(6000, 7000, [this, victim] {
    cluster_->node(victim).disk().after_changes(0, nullptr);
    cluster_->start(victim);
  });
}

void Nemesis::kill() {
  const uint32_t victim = any_node();
  cluster_->kill(victim);
  later(20, 4000, [this, victim] { cluster_->start(victim); });
}

void Nemesis::restart() {
  cluster_->restart_orderly(any_node());
}

// Amid a turn mostly of one that leads: it would go on with the time of before, while another one
// has come to lead.
void Nemesis::pause() {
  const bool amid_a_turn = random_.chance(50);
  const uint32_t leader =
      amid_a_turn ? cluster_->leader_of(static_cast<uint32_t>(random_.below(kRegisterGroups))) : 0;
  testkit::SimProcess* process = cluster_->node(leader != 0 ? leader : any_node()).process();
  if (!process) return;
  const uint64_t until_ns = cluster_->world().now_ns() + random_.between(50, 6000) * kMillisecondNs;
  if (!amid_a_turn) return process->pause_until(until_ns);
  if (leader != 0) whom_ += " node-" + std::to_string(leader);
  whom_ += " amid a turn";
  process->pause_amid_a_turn_until(until_ns);
}

void Nemesis::drift() {
  const uint32_t victim = any_node();
  const uint64_t most = most_drift_ppm(cluster_->options().seed);
  cluster_->node(victim).set_clock_rate_ppm(random_.between(1'000'000 - most, 1'000'000 + most));
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

// Several, so that one follows another, or is asked for while it is under way.
void Nemesis::change_membership() {
  for (int i = 0; i < 8; ++i) {
    later(0, 6000, [this] {
      membership_.change();
      if (random_.chance(30)) later(0, 3, [this] { strike_amid_a_change(); });
    });
  }
}

// A leader that wants to go on with other voters, and those it has, do not hear each other: neither
// half of the change may decide alone.
void Nemesis::part_halves() {
  const std::vector<uint32_t> former = membership_.change_to_others();
  if (!former.empty()) whom_ = ", on one side";
  for (const uint32_t node : former) {
    whom_ += " node-" + std::to_string(node);
    for (uint32_t other = 1; other <= cluster_->size(); ++other) {
      if (std::count(former.begin(), former.end(), other) != 0) continue;
      cluster_->network().block(node, other);
      cluster_->network().block(other, node);
    }
  }
  later(500, 8000, [this] { cluster_->network().unblock_all(); });
}

// Of what this seed allows, something that parts those who have heard of the change from the
// others.
void Nemesis::strike_amid_a_change() {
  const Kind& kind = allowed_[random_.below(allowed_.size())];
  for (const Fault parts : {&Nemesis::partition, &Nemesis::one_way, &Nemesis::bridge,
                            &Nemesis::kill, &Nemesis::pause, &Nemesis::cut_power}) {
    if (kind.cause == parts) strike(kind);
  }
}

void Nemesis::hang_disk() {
  const uint32_t victim = any_node();
  cluster_->node(victim).disk().faults().hung = true;
  later(300, 8000, [this, victim] { cluster_->node(victim).disk().resume(); });
}

void Nemesis::end_disk_faults(uint32_t number) {
  testkit::SimDisk& disk = cluster_->node(number).disk();
  disk.faults().write_error = disk.faults().read_error = disk.faults().sync_error = ok_status();
  disk.set_capacity_bytes(testkit::SimDisk::kUsualCapacity);
}

void Nemesis::restart_broken(uint32_t number) {
  if (!cluster_->is_broken(number)) return;
  cluster_->kill(number);
  cluster_->start(number);
}

// Of one kind of file, or of all of the log's.
void Nemesis::disk_error() {
  static constexpr const char* kFiles[] = {"raft/", "/segment", "/manifest",
                                           "/tail", "lane-0",   "FORMAT"};
  const uint32_t victim = any_node();
  testkit::SimDiskFaults& faults = cluster_->node(victim).disk().faults();
  faults.only = kFiles[random_.below(std::size(kFiles))];
  const Status error = make_status(StatusCode::io_error, "medium error", EIO);
  const uint64_t which = random_.below(4);
  if (which != 1) faults.write_error = error;
  if (which != 0) faults.read_error = error;
  if (which == 3) faults.sync_error = error;
  later(50, 3000, [this, victim] { end_disk_faults(victim); });
  later(3000, 9000, [this, victim] { restart_broken(victim); });
}

void Nemesis::fail_syncs() {
  const uint32_t victim = any_node();
  testkit::SimDiskFaults& faults = cluster_->node(victim).disk().faults();
  faults.only = "raft/";
  faults.sync_error = make_status(StatusCode::io_error, "medium error", EIO);
  faults.failed_sync_keeps = random_.chance(30);
  later(20, 1000, [this, victim] { end_disk_faults(victim); });
  later(1000, 6000, [this, victim] { restart_broken(victim); });
}

void Nemesis::fill_disk() {
  const uint32_t victim = any_node();
  testkit::SimDisk& disk = cluster_->node(victim).disk();
  disk.set_capacity_bytes(disk.used_bytes() + random_.below(96 << 10));
  later(500, 12000, [this, victim] { end_disk_faults(victim); });
  later(12000, 14000, [this, victim] { restart_broken(victim); });
}

// A node whose medium may rot: what a majority of any group holds stays as it was written. One
// counts as lost until it has been started again and says that nothing is missing.
uint32_t Nemesis::choose_rotten() {
  std::erase_if(rotten_, [this](const auto& rotten) {
    return cluster_->starts(rotten.first) > rotten.second.starts &&
           cluster_->is_whole(rotten.first);
  });
  const uint32_t victim = any_node();
  const size_t most = (cluster_->smallest_group() - 1) / 2;
  if (rotten_.count(victim) != 0 || rotten_.size() < most) return victim;
  return rotten_.begin()->first;
}

// While the node runs, which may find it by reading or not at all, or while it is down.
void Nemesis::flip_bit() {
  const uint32_t victim = choose_rotten();
  const bool is_second = rotten_.count(victim) != 0;
  testkit::SimDisk& disk = cluster_->node(victim).disk();
  // Of what stands in two copies one may rot at a time.
  std::vector<std::string> paths = disk.paths_with("/segment");
  for (const std::string& path : disk.paths_with("/tail")) paths.push_back(path);
  if (!is_second) {
    for (const char* name : {"/manifest", "/FORMAT"}) {
      for (const std::string& path : disk.paths_with(name)) paths.push_back(path);
    }
  }
  if (paths.empty()) return;
  disk.write_back();
  disk.rot(paths[random_.below(paths.size())], &random_);
  rotten_[victim].starts = cluster_->starts(victim);
  if (random_.chance(50)) cluster_->kill(victim);
  later(100, 6000, [this, victim] {
    cluster_->kill(victim);
    cluster_->start(victim);
  });
}

}  // namespace grey::sim
