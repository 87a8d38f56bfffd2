// What one node knows of the groups it has replicas of, as it tells the others
// (docs/formats/service-messages.md).
#ifndef GREY_SERVICE_KV_REPORT_H_
#define GREY_SERVICE_KV_REPORT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "grey/bytes.h"
#include "grey/consensus.h"

namespace grey::kv {

struct ReplicaReport {
  uint32_t node = 0;
  ReplicaRole role = ReplicaRole::voter;
  ReplicaProgress progress = ReplicaProgress::unknown;
  bool recently_active = false;
  uint64_t match_index = 0;
};

struct GroupReport {
  uint32_t group = 0;
  GroupRole role = GroupRole::follower;
  bool quorum_reachable = false;
  bool installed = false;
  uint32_t leader = 0;
  uint64_t term = 0;
  uint64_t commit_index = 0;
  uint64_t applied_index = 0;
  uint64_t last_index = 0;
  std::string problem;
  std::vector<ReplicaReport> replicas;  // of a leader only
};

struct NodeReport {
  uint32_t number = 0;
  std::string version;
  std::vector<GroupReport> groups;  // with a replica here, in order of group
};

void encode_report(const NodeReport& report, std::vector<uint8_t>* out);
bool decode_report(ByteView bytes, NodeReport* out);

// Reads status and, on a leader, replicas. On the group's loop.
GroupReport report_group(uint32_t number, Group* group, const std::string& problem);

}  // namespace grey::kv

#endif  // GREY_SERVICE_KV_REPORT_H_
