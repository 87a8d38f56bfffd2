#include "sim_cluster.h"

#include <cstdio>

namespace grey::sim {

SimCluster::SimCluster(const SimOptions& options, const PluginSet& plugins)
    : options_(options),
      plugins_(plugins),
      world_(options.seed),
      network_(&world_),
      daemons_(options.nodes, nullptr),
      register_disks_(options.nodes),
      starts_(options.nodes),
      errors_before_(options.nodes) {
  if (options.trace) world_.trace().echo_to(stdout);
  for (uint32_t number = 1; number <= options.nodes; ++number) {
    nodes_.push_back(std::make_unique<testkit::SimNode>(&world_, &network_, number));
    nodes_.back()->disk().faults().lies = options.lying_disk;
  }
}

SimCluster::~SimCluster() = default;

SimDaemon* SimCluster::daemon(uint32_t number) {
  SimDaemon* daemon = daemons_[number - 1];
  return daemon && daemon->process()->alive() ? daemon : nullptr;
}

void SimCluster::start(uint32_t number) {
  testkit::SimNode& machine = node(number);
  machine.power_on();
  if (machine.process()) return;
  ++starts_[number - 1];
  errors_before_[number - 1] = machine.disk().errors_answered();
  testkit::SimProcess* process = machine.boot(1 + static_cast<uint32_t>(options_.seed % 2));
  daemons_[number - 1] =
      new SimDaemon(process, plugins_, options_, &judge_, &register_disks_[number - 1]);
  process->on_shutdown = [this, number](const std::string& reason) {
    if (start_problem_.empty() && !disk_has_failed(number)) {
      start_problem_ = node(number).name() + " gave up: " + reason;
    }
  };
  daemons_[number - 1]->start();
}

bool SimCluster::disk_has_failed(uint32_t number) {
  return node(number).disk().errors_answered() != errors_before_[number - 1];
}

bool SimCluster::is_whole(uint32_t number) {
  SimDaemon* running = daemon(number);
  if (!running || !running->serving() || running->consensus()->refused()) return false;
  for (const auto& [group, replica] : running->consensus()->groups()) {
    GroupStatus status = {};
    status.struct_size = sizeof(status);
    replica->status(&status);
    if (status.role == GroupRole::failed || *status.problem != '\0') return false;
  }
  return true;
}

bool SimCluster::is_broken(uint32_t number) {
  SimDaemon* running = daemon(number);
  if (!running) return false;
  if (!running->serving()) return !running->problem().empty();
  if (running->consensus()->refused()) return true;
  for (const auto& [group, replica] : running->consensus()->groups()) {
    GroupStatus status = {};
    status.struct_size = sizeof(status);
    replica->status(&status);
    if (status.role == GroupRole::failed) return true;
  }
  return false;
}

void SimCluster::kill(uint32_t number) {
  if (node(number).process()) node(number).crash(false);
}

void SimCluster::cut_power(uint32_t number) {
  if (node(number).powered()) node(number).crash(true);
}

void SimCluster::restart_orderly(uint32_t number) {
  SimDaemon* stopping = daemon(number);
  if (!stopping || !stopping->serving()) return;
  stopping->stop([this, number, stopping] {
    // In an event of its own: what called this back is still running.
    world_.after(0, stopping->process(), [this, number] {
      node(number).retire();
      start(number);
    });
  });
}

std::string SimCluster::verdict() {
  for (uint32_t number = 1; number <= size(); ++number) {
    SimDaemon* running = daemon(number);
    if (running && !running->problem().empty() && !disk_has_failed(number)) {
      return node(number).name() + ": " + running->problem();
    }
    if (running && running->consensus()) running->consensus()->observe();
  }
  return judge_.verdict().empty() ? start_problem_ : judge_.verdict();
}

std::string SimCluster::unrest() {
  struct Seen {
    uint32_t replicas = 0;
    uint32_t leaders = 0;
    uint32_t leader = 0;
    uint64_t applied = 0;
  };
  std::map<uint32_t, Seen> groups;
  for (uint32_t number = 1; number <= size(); ++number) {
    SimDaemon* running = daemon(number);
    if (!running || !running->serving()) return node(number).name() + " does not serve";
    for (const auto& [group, replica] : running->consensus()->groups()) {
      GroupStatus status = {};
      status.struct_size = sizeof(status);
      replica->status(&status);
      const std::string who = node(number).name() + ", group " + std::to_string(group);
      if (status.role == GroupRole::failed) return who + " failed: " + status.problem;
      if (*status.problem != '\0') return who + ": " + status.problem;
      if (status.leader == 0) return who + " knows no leader";
      Seen& seen = groups[group];
      if (status.role == GroupRole::leader) ++seen.leaders;
      if (seen.replicas++ == 0) {
        seen.leader = status.leader;
        seen.applied = status.applied_index;
      }
      if (status.leader != seen.leader) return who + " follows another leader";
      if (status.applied_index != seen.applied || status.commit_index != seen.applied ||
          status.last_index != seen.applied) {
        return who + " is not at the same index as the others: applied " +
               std::to_string(status.applied_index) + ", committed " +
               std::to_string(status.commit_index) + ", last " + std::to_string(status.last_index);
      }
    }
  }
  if (groups.empty()) return "no group is open";
  for (const auto& [group, seen] : groups) {
    if (seen.leaders != 1) return "group " + std::to_string(group) + " has no leader";
    if (seen.replicas < 3) return "group " + std::to_string(group) + " misses replicas";
  }
  return "";
}

std::string SimCluster::compare_states() {
  std::map<uint32_t, std::map<uint32_t, uint64_t>> hashes;  // by group and node
  uint32_t missing = 0;
  for (uint32_t number = 1; number <= size(); ++number) {
    for (const auto& [group, replica] : daemon(number)->consensus()->groups()) {
      ++missing;
      daemon(number)->hash_state(group, [&hashes, &missing, number, group = group](uint64_t hash) {
        hashes[group][number] = hash;
        --missing;
      });
    }
  }
  if (!world_.run_until(world_.now_ns() + testkit::kSecondNs, [&] { return missing == 0; })) {
    return "the states could not be read";
  }
  for (const auto& [group, by_node] : hashes) {
    for (const auto& [number, hash] : by_node) {
      if (hash == by_node.begin()->second) continue;
      return "replicas differ: group " + std::to_string(group) + ", nodes " +
             std::to_string(by_node.begin()->first) + " and " + std::to_string(number);
    }
  }
  return "";
}

}  // namespace grey::sim
