// The cluster as one node sees it at one moment, and what follows from it for the API's documents.
#ifndef GREY_SERVICE_KV_CLUSTER_VIEW_H_
#define GREY_SERVICE_KV_CLUSTER_VIEW_H_

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "grey/membership.h"
#include "report.h"
#include "topology.h"

namespace grey::kv {

struct MemberView {
  bool linked = false;                 // or this node itself
  std::optional<MemberHealth> health;  // of the membership plugin, if there is one
  std::string api_address;
  std::string version;  // "": unknown
};

// What was gathered.
struct ClusterView {
  std::shared_ptr<const Topology> topology;  // null: no cluster yet
  uint32_t shards = 0;                       // configured, for before there is one
  uint64_t as_of_ms = 0;
  std::string version;               // of this node
  std::string waiting_for;           // why this node does not serve; ""
  std::vector<std::string> notices;  // settings that differ
  std::map<uint32_t, MemberView> members;
  std::map<uint32_t, NodeReport> reports;  // of those that answered
};

// What the reports say together about one group.
struct GroupSummary {
  uint32_t group = 0;
  const GroupReport* leader = nullptr;  // of the leader in the highest term; null: nobody leads
  uint32_t leader_number = 0;
  uint64_t term = 0;          // 0: unknown
  uint64_t commit_index = 0;  // of the leader, else the highest known
  uint32_t voters = 0;        // configured; of both halves while they change
  uint32_t good_voters = 0;   // connected, installed, at most kMaxHealthyLag entries behind
  uint32_t readable = 0;      // replicas that answered and have installed state
  bool rebuilding = false;    // some replica is being filled, or failed
  bool has_quorum = false;
  bool writable = false;  // as many voters answer the leader as a write needs
  uint32_t fault_tolerance =
      0;  // how many more voters may go, whichever: the lesser of both halves
};

enum class ClusterState { healthy, degraded, read_only, unavailable };
const char* state_name(ClusterState state);

inline constexpr uint64_t kMaxHealthyLag = 1000;

GroupSummary summarize(const ClusterView& view, uint32_t group);
ClusterState state_of(const ClusterView& view, const std::vector<GroupSummary>& groups);

}  // namespace grey::kv

#endif  // GREY_SERVICE_KV_CLUSTER_VIEW_H_
