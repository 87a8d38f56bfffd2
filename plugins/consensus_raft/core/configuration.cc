#include "core/configuration.h"

#include <algorithm>
#include <initializer_list>
#include <iterator>

namespace grey::raft {
namespace {

using Ids = std::vector<ReplicaId>;

constexpr uint8_t kVersion = 1;
// More members than any group may have; keeps a corrupt count from asking for memory.
constexpr uint32_t kMaxMembers = 1024;

bool has(const Ids& ids, ReplicaId id) {
  return std::binary_search(ids.begin(), ids.end(), id);
}

bool strictly_sorted(const Ids& ids) {
  return std::adjacent_find(ids.begin(), ids.end(), std::greater_equal<>()) == ids.end() &&
         (ids.empty() || ids.front() != kNobody);
}

bool disjoint(const Ids& a, const Ids& b) {
  return std::none_of(a.begin(), a.end(), [&b](ReplicaId id) { return has(b, id); });
}

bool subset(const Ids& part, const Ids& whole) {
  return std::includes(whole.begin(), whole.end(), part.begin(), part.end());
}

Ids intersection(const Ids& a, const Ids& b) {
  Ids result;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(result));
  return result;
}

Ids difference(const Ids& a, const Ids& b) {
  Ids result;
  std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(result));
  return result;
}

Ids merged(const Ids& a, const Ids& b) {
  Ids result;
  std::set_union(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(result));
  return result;
}

uint64_t read_integer(const uint8_t* bytes, uint32_t size) {
  uint64_t value = 0;
  for (uint32_t i = size; i > 0; --i) value = (value << 8) | bytes[i - 1];
  return value;
}

void write_integer(uint64_t value, uint32_t size, uint8_t** out) {
  for (uint32_t i = 0; i < size; ++i, value >>= 8) *(*out)++ = static_cast<uint8_t>(value);
}

}  // namespace

bool Configuration::is_voter(ReplicaId id) const {
  return has(voters, id) || has(outgoing, id);
}

bool Configuration::is_learner(ReplicaId id) const {
  return has(learners, id);
}

size_t Configuration::member_count() const {
  return joint() ? members().size() : voters.size() + learners.size();
}

std::vector<ReplicaId> Configuration::members() const {
  return merged(merged(voters, outgoing), learners);
}

bool Configuration::valid() const {
  for (const Ids* ids : {&voters, &outgoing, &learners, &learners_next}) {
    if (!strictly_sorted(*ids)) return false;
  }
  if (voters.empty() && !(outgoing.empty() && learners.empty())) return false;
  return disjoint(learners, voters) && disjoint(learners, outgoing) &&
         subset(learners_next, outgoing) && disjoint(learners_next, voters);
}

std::optional<Configuration> first_step(const Configuration& from,
                                        const ConfigurationTarget& target) {
  Configuration to{target.voters, {}, target.learners, {}};
  std::sort(to.voters.begin(), to.voters.end());
  std::sort(to.learners.begin(), to.learners.end());
  if (from.joint() || to.voters.empty() || !to.valid() || to == from) return std::nullopt;

  Ids changed;
  std::set_symmetric_difference(from.voters.begin(), from.voters.end(), to.voters.begin(),
                                to.voters.end(), std::back_inserter(changed));
  if (changed.size() <= 1) return to;
  Configuration joint;
  joint.voters = to.voters;
  joint.outgoing = from.voters;
  joint.learners = difference(to.learners, from.voters);
  joint.learners_next = intersection(to.learners, from.voters);
  return joint;
}

Configuration leave_joint(const Configuration& joint) {
  return {joint.voters, {}, merged(joint.learners, joint.learners_next), {}};
}

Buffer encode(const Configuration& configuration) {
  const std::initializer_list<const Ids*> lists = {&configuration.voters, &configuration.outgoing,
                                                   &configuration.learners,
                                                   &configuration.learners_next};
  uint64_t size = 1;
  for (const Ids* ids : lists) size += 4 + 8 * ids->size();
  Buffer result = Buffer::allocate(size);
  uint8_t* out = result.mutable_data();
  *out++ = kVersion;
  for (const Ids* ids : lists) {
    write_integer(ids->size(), 4, &out);
    for (const ReplicaId id : *ids) write_integer(id.value(), 8, &out);
  }
  return result;
}

std::optional<Configuration> decode_configuration(ByteView bytes) {
  if (bytes.size < 1 || bytes.data[0] != kVersion) return std::nullopt;
  Configuration result;
  uint64_t at = 1;
  for (Ids* ids : {&result.voters, &result.outgoing, &result.learners, &result.learners_next}) {
    if (bytes.size - at < 4) return std::nullopt;
    const uint64_t count = read_integer(bytes.data + at, 4);
    at += 4;
    if (count > kMaxMembers || (bytes.size - at) / 8 < count) return std::nullopt;
    for (uint64_t i = 0; i < count; ++i, at += 8) {
      ids->push_back(ReplicaId(read_integer(bytes.data + at, 8)));
    }
  }
  if (at != bytes.size || !result.valid()) return std::nullopt;
  return result;
}

}  // namespace grey::raft
