#include "sim_cluster.h"

#include <algorithm>
#include <cstdio>
#include <set>

namespace grey::sim {

SimCluster::SimCluster(const SimOptions& options, const PluginSet& plugins)
    : options_(options),
      plugins_(plugins),
      world_(options.seed),
      network_(&world_),
      daemons_(options.nodes, nullptr),
      register_disks_(options.nodes),
      starts_(options.nodes),
      most_groups_(options.nodes),
      errors_before_(options.nodes) {
  if (options.trace) world_.trace().echo_to(stdout);
  for (uint32_t number = 1; number <= options.nodes; ++number) {
    nodes_.push_back(std::make_unique<testkit::SimNode>(&world_, &network_, number));
    nodes_.back()->disk().faults().lies = options.lying_disk;
    if (options.target != Target::registers) continue;
    for (uint32_t group = 0; group < kRegisterGroups; ++group) {
      RegisterReplica& kept = register_disks_[number - 1][group];
      kept.id = number;
      for (const ReplicaPlacement& first : first_replicas(group)) {
        if (first.node_number == number) kept.first = first_replicas(group);
      }
    }
  }
}

// Links refer to both of their nodes, so all processes end before the first node does.
SimCluster::~SimCluster() {
  world_.drop_events();
  for (const auto& node : nodes_) {
    if (node->process()) node->crash(false);
  }
}

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

std::map<uint32_t, Group*> SimCluster::groups_of(uint32_t number) {
  std::map<uint32_t, Group*> groups = daemon(number)->consensus()->groups();
  size_t& most = most_groups_[number - 1];
  most = std::max(most, groups.size());
  return groups;
}

bool SimCluster::is_whole(uint32_t number) {
  SimDaemon* running = daemon(number);
  if (!running || !running->serving() || running->consensus()->refused()) return false;
  // The service opens its groups some time after it has started.
  const std::map<uint32_t, Group*> groups = groups_of(number);
  if (groups.size() < most_groups_[number - 1]) return false;
  for (const auto& [group, replica] : groups) {
    GroupStatus status = {};
    status.struct_size = sizeof(status);
    replica->status(&status);
    if (status.role == GroupRole::failed || *status.problem != '\0') return false;
  }
  return true;
}

uint64_t SimCluster::sleepers() {
  uint64_t count = 0;
  for (uint32_t number = 1; number <= size(); ++number) {
    SimDaemon* running = daemon(number);
    if (!running || !running->serving()) continue;
    for (const auto& [group, replica] : groups_of(number)) {
      GroupStatus status = {};
      status.struct_size = sizeof(status);
      replica->status(&status);
      count += status.asleep;
    }
  }
  return count;
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

std::vector<ReplicaPlacement> SimCluster::first_replicas(uint32_t group) const {
  // Five nodes: in half of the seeds two of them have none at first.
  const uint32_t count = options_.nodes == 5 && options_.seed % 4 >= 2 ? 3 : options_.nodes;
  std::vector<ReplicaPlacement> replicas;
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t node = (group + i) % options_.nodes + 1;
    replicas.push_back({node, node, ReplicaRole::voter});
  }
  return replicas;
}

uint32_t SimCluster::smallest_group() const {
  if (options_.target == Target::kv) return 3;  // storage.replication_factor
  return static_cast<uint32_t>(first_replicas(0).size());
}

uint64_t SimCluster::replica_on(uint32_t number, uint32_t group) {
  return register_disks_[number - 1][group].id;
}

void SimCluster::assign_replica(uint32_t number, uint32_t group, uint64_t replica) {
  RegisterReplica& kept = register_disks_[number - 1][group];
  kept.id = replica;
  kept.first.clear();
  SimDaemon* running = daemon(number);
  if (running && running->consensus()) running->replace_replica(group);
}

std::optional<GroupStatus> SimCluster::status_of(uint32_t number, uint32_t group) {
  SimDaemon* running = daemon(number);
  if (!running || !running->consensus()) return std::nullopt;
  const auto groups = running->consensus()->groups();
  const auto found = groups.find(group);
  if (found == groups.end()) return std::nullopt;
  GroupStatus status = {};
  status.struct_size = sizeof(status);
  found->second->status(&status);
  return status;
}

uint32_t SimCluster::leader_of(uint32_t group) {
  uint32_t leader = 0;
  uint64_t term = 0;
  for (uint32_t number = 1; number <= size(); ++number) {
    const auto status = status_of(number, group);
    if (!status || status->role != GroupRole::leader || status->term <= term) continue;
    leader = number;
    term = status->term;
  }
  return leader;
}

std::vector<ReplicaStatus> SimCluster::replicas_at(uint32_t number, uint32_t group) {
  std::vector<ReplicaStatus> replicas(2 * size());
  Group* asked = daemon(number)->consensus()->groups().at(group);
  replicas.resize(asked->replicas(replicas.data(), static_cast<uint32_t>(replicas.size())));
  return replicas;
}

std::string SimCluster::unrest() {
  std::set<uint32_t> groups;
  for (uint32_t number = 1; number <= size(); ++number) {
    SimDaemon* running = daemon(number);
    if (!running || !running->serving()) return node(number).name() + " does not serve";
    for (const auto& [group, replica] : running->consensus()->groups()) groups.insert(group);
  }
  if (groups.empty()) return "no group is open";
  for (const uint32_t group : groups) {
    const std::string unrest = unrest_of(group);
    if (!unrest.empty()) return "group " + std::to_string(group) + ": " + unrest;
  }
  return "";
}

std::string SimCluster::unrest_of(uint32_t group) {
  const uint32_t leader = leader_of(group);
  if (leader == 0) return "no leader";
  const GroupStatus leading = *status_of(leader, group);
  if (leading.joint != 0) return "a change is under way";
  if (options_.target == Target::kv && leading.replica_count < 3) return "replicas are missing";
  for (const ReplicaStatus& member : replicas_at(leader, group)) {
    const std::string who = "replica " + std::to_string(member.replica_id) + " on node " +
                            std::to_string(member.node_number);
    const auto status = status_of(member.node_number, group);
    if (!status) return who + " is not open";
    if (options_.target == Target::registers &&
        replica_on(member.node_number, group) != member.replica_id) {
      return who + " was replaced while it belonged to the group";
    }
    if (status->role == GroupRole::failed) return who + " failed: " + status->problem;
    if (*status->problem != '\0') return who + ": " + status->problem;
    if (status->role == GroupRole::removed) return who + " belongs to the group and was removed";
    if (status->leader != leader) return who + " follows another leader, or none";
    if (status->role == GroupRole::leader && member.node_number != leader) {
      return who + " leads, too";
    }
    const uint64_t index = leading.applied_index;
    if (status->applied_index != index || status->commit_index != index ||
        status->last_index != index) {
      return who + " is not where the leader is: applied " + std::to_string(status->applied_index) +
             ", committed " + std::to_string(status->commit_index) + ", last " +
             std::to_string(status->last_index) + ", the leader " + std::to_string(index);
    }
  }
  return "";
}

std::string SimCluster::compare_states() {
  std::map<uint32_t, std::map<uint32_t, uint64_t>> hashes;  // by group and node
  uint32_t missing = 0;
  std::set<uint32_t> groups;
  for (const auto& [group, replica] : daemon(1)->consensus()->groups()) groups.insert(group);
  for (const uint32_t group : groups) {
    for (const ReplicaStatus& member : replicas_at(leader_of(group), group)) {
      const uint32_t number = member.node_number;
      ++missing;
      daemon(number)->hash_state(group, [&hashes, &missing, number, group](uint64_t hash) {
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
