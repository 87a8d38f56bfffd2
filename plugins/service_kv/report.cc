#include "report.h"

#include "codec.h"

namespace grey::kv {
namespace {

constexpr uint32_t kMaxReplicas = 64;

void encode_replica(const ReplicaReport& replica, ByteWriter* writer) {
  writer->u32(replica.node);
  writer->u8(static_cast<uint8_t>(replica.role));
  writer->u8(static_cast<uint8_t>(replica.progress));
  writer->u8(replica.recently_active ? 1 : 0);
  writer->u64(replica.match_index);
}

bool decode_replica(ByteReader* reader, ReplicaReport* out) {
  out->node = reader->u32();
  const uint8_t role = reader->u8();
  const uint8_t progress = reader->u8();
  out->recently_active = reader->u8() != 0;
  out->match_index = reader->u64();
  out->role = static_cast<ReplicaRole>(role);
  out->progress = static_cast<ReplicaProgress>(progress);
  return reader->ok() && role <= static_cast<uint8_t>(ReplicaRole::outgoing) &&
         progress <= static_cast<uint8_t>(ReplicaProgress::unknown);
}

bool decode_group(ByteReader* reader, GroupReport* out) {
  out->group = reader->u32();
  const uint8_t role = reader->u8();
  out->quorum_reachable = reader->u8() != 0;
  out->installed = reader->u8() != 0;
  out->leader = reader->u32();
  out->term = reader->u64();
  out->commit_index = reader->u64();
  out->applied_index = reader->u64();
  out->last_index = reader->u64();
  out->problem = std::string(reader->text());
  const uint32_t count = reader->u32();
  if (!reader->ok() || count > kMaxReplicas || role > static_cast<uint8_t>(GroupRole::removed)) {
    return false;
  }
  out->role = static_cast<GroupRole>(role);
  out->replicas.resize(count);
  for (ReplicaReport& replica : out->replicas) {
    if (!decode_replica(reader, &replica)) return false;
  }
  return true;
}

}  // namespace

void encode_report(const NodeReport& report, std::vector<uint8_t>* out) {
  ByteWriter writer(out);
  writer.u32(report.number);
  writer.text(report.version);
  writer.u32(static_cast<uint32_t>(report.groups.size()));
  for (const GroupReport& group : report.groups) {
    writer.u32(group.group);
    writer.u8(static_cast<uint8_t>(group.role));
    writer.u8(group.quorum_reachable ? 1 : 0);
    writer.u8(group.installed ? 1 : 0);
    writer.u32(group.leader);
    writer.u64(group.term);
    writer.u64(group.commit_index);
    writer.u64(group.applied_index);
    writer.u64(group.last_index);
    writer.text(group.problem);
    writer.u32(static_cast<uint32_t>(group.replicas.size()));
    for (const ReplicaReport& replica : group.replicas) encode_replica(replica, &writer);
  }
}

bool decode_report(ByteView bytes, NodeReport* out) {
  ByteReader reader(bytes);
  out->number = reader.u32();
  out->version = std::string(reader.text());
  const uint32_t count = reader.u32();
  for (uint32_t i = 0; i < count; ++i) {
    GroupReport group;
    if (!decode_group(&reader, &group)) return false;
    out->groups.push_back(std::move(group));
  }
  return reader.complete();
}

GroupReport report_group(uint32_t number, Group* group, const std::string& problem) {
  GroupReport report;
  report.group = number;
  report.problem = problem;
  if (!group) {
    report.role = GroupRole::failed;
    return report;
  }
  GroupStatus status{};
  status.struct_size = sizeof(status);
  group->status(&status);
  report.role = status.role;
  report.quorum_reachable = status.quorum_reachable != 0;
  report.installed = status.installed != 0;
  report.leader = status.leader;
  report.term = status.term;
  report.commit_index = status.commit_index;
  report.applied_index = status.applied_index;
  report.last_index = status.last_index;
  if (status.problem && report.problem.empty()) report.problem = status.problem;
  if (status.role != GroupRole::leader) return report;
  ReplicaStatus replicas[kMaxReplicas];
  const uint32_t count = group->replicas(replicas, kMaxReplicas);
  for (uint32_t i = 0; i < count && i < kMaxReplicas; ++i) {
    report.replicas.push_back({replicas[i].node_number, replicas[i].role, replicas[i].progress,
                               replicas[i].recently_active != 0, replicas[i].match_index});
  }
  return report;
}

}  // namespace grey::kv
