// A whole simulated cluster: machines, network, and the daemons that live on them one after the
// other.
#ifndef GREY_TESTS_SIM_SIM_CLUSTER_H_
#define GREY_TESTS_SIM_SIM_CLUSTER_H_

#include <memory>
#include <optional>
#include <vector>

#include "grey/testkit/sim_network.h"
#include "sim_daemon.h"

namespace grey::sim {

class SimCluster {
 public:
  SimCluster(const SimOptions& options, const PluginSet& plugins);
  ~SimCluster();

  testkit::SimWorld& world() { return world_; }
  testkit::SimNetwork& network() { return network_; }
  RaftJudge& judge() { return judge_; }
  // Nodes are counted from 1, as everywhere.
  testkit::SimNode& node(uint32_t number) { return *nodes_[number - 1]; }
  uint32_t size() const { return static_cast<uint32_t>(nodes_.size()); }
  // The daemon that runs on a node, or null.
  SimDaemon* daemon(uint32_t number);

  // Powers the node on and starts a daemon; nothing if one runs.
  void start(uint32_t number);
  void kill(uint32_t number);
  void cut_power(uint32_t number);
  // How often a daemon was started on the node.
  uint64_t starts(uint32_t number) const { return starts_[number - 1]; }
  // The daemon that runs serves, and nothing is wrong with any of its replicas.
  bool is_whole(uint32_t number);
  // The daemon that runs, if any, cannot go on because of its disk: it needs a new start.
  bool is_broken(uint32_t number);
  // Stops the daemon in good order, then starts a new one.
  void restart_orderly(uint32_t number);

  const SimOptions& options() const { return options_; }

  // --- Register groups: who is where. Queries are safe between turns.

  std::vector<ReplicaPlacement> first_replicas(uint32_t group) const;
  // The replica that the node has, or is to have.
  uint64_t replica_on(uint32_t number, uint32_t group);
  // How many replicas the group with the fewest has, unless its membership is changed.
  uint32_t smallest_group() const;
  // From now on the node has this one, empty; what it had before is dropped.
  void assign_replica(uint32_t number, uint32_t group, uint64_t replica);
  // Of the replica that runs there, if one does.
  std::optional<GroupStatus> status_of(uint32_t number, uint32_t group);
  // The node that leads the group in the highest term, or 0.
  uint32_t leader_of(uint32_t group);
  std::vector<ReplicaStatus> replicas_at(uint32_t number, uint32_t group);

  // Replicas that sleep.
  uint64_t sleepers();

  // What is wrong with what was seen so far, or "".
  std::string verdict();
  // "", once all groups have one leader that all its members follow, no change of them is under
  // way, and all have applied all there is; until then what is missing.
  std::string unrest();
  // Whether all members of each group hold the same state. Only when nothing moves.
  std::string compare_states();

 private:
  // That are open there, of a daemon that runs.
  std::map<uint32_t, Group*> groups_of(uint32_t number);
  std::string unrest_of(uint32_t group);

  const SimOptions& options_;
  const PluginSet& plugins_;
  testkit::SimWorld world_;
  testkit::SimNetwork network_;
  RaftJudge judge_;
  std::vector<std::unique_ptr<testkit::SimNode>> nodes_;
  std::vector<SimDaemon*> daemons_;  // of the node's latest process; never destroyed
  std::vector<RegisterDisk> register_disks_;
  std::vector<uint64_t> starts_;
  std::vector<size_t> most_groups_;      // that have been open there at one time
  std::vector<uint64_t> errors_before_;  // of each disk, when its daemon was started
  bool disk_has_failed(uint32_t number);
  std::string start_problem_;
};

}  // namespace grey::sim

#endif  // GREY_TESTS_SIM_SIM_CLUSTER_H_
