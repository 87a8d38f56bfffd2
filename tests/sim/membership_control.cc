#include "membership_control.h"

#include <algorithm>

#include "grey/glue/plugin.h"

namespace grey::sim {
namespace {

std::set<uint64_t> ids_of(const std::vector<ReplicaPlacement>& replicas) {
  std::set<uint64_t> ids;
  for (const ReplicaPlacement& replica : replicas) ids.insert(replica.replica_id);
  return ids;
}

std::string text_of(const std::vector<ReplicaPlacement>& replicas) {
  std::string text;
  for (const ReplicaPlacement& replica : replicas) {
    text += " " + std::to_string(replica.replica_id) + "@" + std::to_string(replica.node_number) +
            (replica.role == ReplicaRole::learner ? "(learner)" : "");
  }
  return text;
}

uint32_t voters_of(const std::vector<ReplicaPlacement>& replicas) {
  return static_cast<uint32_t>(std::count_if(
      replicas.begin(), replicas.end(),
      [](const ReplicaPlacement& replica) { return replica.role == ReplicaRole::voter; }));
}

}  // namespace

MembershipControl::MembershipControl(SimCluster* cluster, testkit::SimRandom random)
    : cluster_(cluster), random_(random) {}

MembershipControl::GroupState& MembershipControl::state(uint32_t group) {
  const auto [found, first] = groups_.try_emplace(group);
  if (first) {
    found->second.certain = ids_of(cluster_->first_replicas(group));
    found->second.next_id = cluster_->size();  // the nodes' first ids
  }
  return found->second;
}

bool MembershipControl::may_belong(uint32_t group, uint64_t replica) {
  const GroupState& known = state(group);
  if (known.certain.count(replica) != 0) return true;
  return std::any_of(known.open.begin(), known.open.end(),
                     [replica](const auto& attempt) { return attempt.second.count(replica) != 0; });
}

uint64_t MembershipControl::fresh_replica(uint32_t group, uint32_t node) {
  const uint64_t before = cluster_->replica_on(node, group);
  const auto status = cluster_->status_of(node, group);
  const bool removed = status && status->role == GroupRole::removed;
  if (may_belong(group, before) && !removed) return 0;
  const uint64_t id = ++state(group).next_id;
  cluster_->assign_replica(node, group, id);
  return id;
}

void MembershipControl::add_learner(uint32_t group, Target* target) {
  const auto node = static_cast<uint32_t>(1 + random_.below(cluster_->size()));
  const bool taken = std::any_of(target->begin(), target->end(), [node](const auto& replica) {
    return replica.node_number == node;
  });
  if (taken) return;
  if (const uint64_t id = fresh_replica(group, node)) {
    target->push_back({id, node, ReplicaRole::learner});
  }
}

// Every node's part is drawn anew.
MembershipControl::Target MembershipControl::any_roles(uint32_t group, const Target& now) {
  Target target;
  for (uint32_t node = 1; node <= cluster_->size(); ++node) {
    const uint64_t dice = random_.below(10);
    if (dice >= 8) continue;
    const ReplicaRole role = dice < 6 ? ReplicaRole::voter : ReplicaRole::learner;
    const auto known = std::find_if(now.begin(), now.end(), [node](const auto& replica) {
      return replica.node_number == node;
    });
    const uint64_t id = known != now.end() ? known->replica_id : fresh_replica(group, node);
    if (id != 0) target.push_back({id, node, role});
  }
  return target;
}

MembershipControl::Target MembershipControl::draw(uint32_t group, const Target& now,
                                                  uint32_t leader) {
  Target target = now;
  const size_t one = random_.below(target.size());
  switch (random_.below(7)) {
    case 0:
    case 1:
      add_learner(group, &target);
      break;
    case 2:
      for (ReplicaPlacement& replica : target) replica.role = ReplicaRole::voter;
      break;
    case 3:
      target.erase(target.begin() + static_cast<long>(one));
      break;
    case 4:
      std::erase_if(target,
                    [leader](const auto& replica) { return replica.node_number == leader; });
      break;
    case 5:
      std::rotate(target.begin(), target.begin() + static_cast<long>(one), target.end());
      target[0].role = ReplicaRole::learner;
      break;
    default:
      target = any_roles(group, now);
  }
  return target;
}

MembershipControl::Target MembershipControl::changeable(uint32_t group, uint32_t leader) {
  GroupState& known = state(group);
  if (leader == 0 || (known.asking && known.asking->alive())) return {};
  known.asking = nullptr;
  Target now;
  for (const ReplicaStatus& replica : cluster_->replicas_at(leader, group)) {
    now.push_back({replica.replica_id, replica.node_number, replica.role});
    // Joint: it is not over, and would be refused. Now and then it is asked all the same.
    const bool settled = replica.role == ReplicaRole::voter || replica.role == ReplicaRole::learner;
    if (!settled && !random_.chance(10)) return {};
    if (!settled) now.back().role = ReplicaRole::voter;
  }
  return now;
}

void MembershipControl::change() {
  const auto group = static_cast<uint32_t>(random_.below(kRegisterGroups));
  const uint32_t leader = cluster_->leader_of(group);
  const Target now = changeable(group, leader);
  if (now.empty()) return;
  Target target = draw(group, now, leader);
  if (voters_of(target) == 0) return;
  ask(group, cluster_->daemon(leader), std::move(target));
}

std::vector<uint32_t> MembershipControl::change_to_others() {
  const auto group = static_cast<uint32_t>(random_.below(kRegisterGroups));
  const uint32_t leader = cluster_->leader_of(group);
  const Target now = changeable(group, leader);
  Target target;
  std::vector<uint32_t> former;
  for (const ReplicaPlacement& replica : now) {
    if (replica.node_number == leader) {
      target.push_back({replica.replica_id, leader, ReplicaRole::voter});
    } else {
      former.push_back(replica.node_number);
    }
  }
  if (target.empty() || former.empty()) return {};
  for (uint32_t node = 1; node <= cluster_->size(); ++node) {
    const bool belongs = node == leader || std::count(former.begin(), former.end(), node) != 0;
    if (belongs || !random_.chance(70)) continue;
    if (const uint64_t id = fresh_replica(group, node)) {
      target.push_back({id, node, ReplicaRole::voter});
    }
  }
  ask(group, cluster_->daemon(leader), std::move(target));
  return former;
}

class MembershipControl::Attempt final : public Completion {
 public:
  Attempt(MembershipControl* control, testkit::SimProcess* process, uint32_t group, uint64_t number)
      : control_(control), process_(process), group_(group), number_(number) {}
  void complete(Status status) noexcept override {
    // What a crashing process still says, nobody hears.
    if (!process_->doomed()) control_->ended(group_, number_, status);
    delete this;
  }

 private:
  MembershipControl* control_;
  testkit::SimProcess* process_;
  const uint32_t group_;
  const uint64_t number_;
};

void MembershipControl::ask(uint32_t group, SimDaemon* leader, Target target) {
  testkit::SimWorld& world = cluster_->world();
  world.trace().line(world.now_ns(),
                     "group " + std::to_string(group) + " shall be" + text_of(target));
  testkit::SimProcess* process = leader->process();
  state(group).asking = process;
  leader->on_group(group, [this, group, process, target = std::move(target)](Group* asked) {
    GroupState& known = state(group);
    known.asking = nullptr;
    if (!asked) return;
    const uint64_t number = ++known.next_attempt;
    known.open[number] = ids_of(target);
    asked->reconfigure(target.data(), static_cast<uint32_t>(target.size()),
                       new Attempt(this, process, group, number));
  });
}

void MembershipControl::ended(uint32_t group, uint64_t attempt, Status status) {
  testkit::SimWorld& world = cluster_->world();
  world.trace().line(world.now_ns(),
                     "group " + std::to_string(group) + ": change ended: " + describe(status));
  GroupState& known = state(group);
  if (status.code == StatusCode::unknown_outcome) return;
  if (status.ok()) {
    // Whatever was asked for earlier has been overtaken by it.
    known.certain = known.open[attempt];
    known.open.erase(known.open.begin(), known.open.upper_bound(attempt));
    return;
  }
  known.open.erase(attempt);
}

}  // namespace grey::sim
