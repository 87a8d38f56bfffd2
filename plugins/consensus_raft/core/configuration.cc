#include "core/configuration.h"

#include <algorithm>
#include <initializer_list>
#include <iterator>

namespace grey::raft {
namespace {

using Ids = std::vector<ReplicaId>;

constexpr uint8_t kVersion = 2;
constexpr uint8_t kVersionWithoutHomes = 1;
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

// What leaves the group on the way from one to the next is retired.
void retire(const Configuration& from, Configuration* next) {
  const Ids gone = difference(from.members(), next->members());
  next->retired = gone.empty() ? from.retired : std::max(from.retired, gone.back());
}

// Adds the homes of members of `next` that are not among them yet.
void keep_homes(const std::vector<Home>& known, Configuration* next) {
  for (const Home& home : known) {
    if (next->contains(home.replica) && next->node_of(home.replica) == 0) {
      next->homes.push_back(home);
    }
  }
}

bool admits(const Configuration& from, const Configuration& to) {
  for (const ReplicaId id : to.members()) {
    const uint32_t known = from.node_of(id);
    if (from.tombstone(id) || (known != 0 && known != to.node_of(id))) return false;
  }
  return true;
}

uint64_t read_integer(const uint8_t* bytes, uint32_t size) {
  uint64_t value = 0;
  for (uint32_t i = size; i > 0; --i) value = (value << 8) | bytes[i - 1];
  return value;
}

// Reads integers one after the other; not `ok` once the bytes do not suffice.
struct Fields {
  ByteView bytes;
  uint64_t at;
  bool ok = true;

  uint64_t next(uint32_t size) {
    if (!ok || bytes.size - at < size) {
      ok = false;
      return 0;
    }
    const uint64_t value = read_integer(bytes.data + at, size);
    at += size;
    return value;
  }
  // A count of items of `item_size` bytes, all of which must be there.
  uint64_t count(uint32_t item_size) {
    const uint64_t count = next(4);
    if (count > kMaxMembers || (bytes.size - at) / item_size < count) ok = false;
    return ok ? count : 0;
  }
};

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

uint32_t Configuration::node_of(ReplicaId id) const {
  for (const Home& home : homes) {
    if (home.replica == id) return home.node;
  }
  return 0;
}

uint32_t Configuration::rank_of(ReplicaId id) const {
  uint32_t rank = 0;
  while (rank < homes.size() && homes[rank].replica != id) ++rank;
  return rank;
}

bool Configuration::valid() const {
  for (const Ids* ids : {&voters, &outgoing, &learners, &learners_next}) {
    if (!strictly_sorted(*ids)) return false;
  }
  if (voters.empty() && !(outgoing.empty() && learners.empty())) return false;
  if (!homes.empty()) {
    Ids housed;
    for (const Home& home : homes) {
      if (home.node == 0) return false;
      housed.push_back(home.replica);
    }
    std::sort(housed.begin(), housed.end());
    if (housed != members()) return false;
  }
  return disjoint(learners, voters) && disjoint(learners, outgoing) &&
         subset(learners_next, outgoing) && disjoint(learners_next, voters);
}

std::optional<Configuration> first_step(const Configuration& from,
                                        const ConfigurationTarget& target) {
  Configuration to{target.voters, {}, target.learners, {}, target.homes, kNobody};
  std::sort(to.voters.begin(), to.voters.end());
  std::sort(to.learners.begin(), to.learners.end());
  if (from.joint() || to.voters.empty() || !to.valid() || !admits(from, to)) return std::nullopt;
  retire(from, &to);
  if (to == from) return std::nullopt;

  Ids changed;
  std::set_symmetric_difference(from.voters.begin(), from.voters.end(), to.voters.begin(),
                                to.voters.end(), std::back_inserter(changed));
  if (changed.size() <= 1) return to;
  Configuration joint;
  joint.voters = to.voters;
  joint.outgoing = from.voters;
  joint.learners = difference(to.learners, from.voters);
  joint.learners_next = intersection(to.learners, from.voters);
  joint.homes = to.homes;
  if (!to.homes.empty()) keep_homes(from.homes, &joint);
  retire(from, &joint);
  return joint;
}

Configuration leave_joint(const Configuration& joint) {
  Configuration next{joint.voters, {}, merged(joint.learners, joint.learners_next), {}};
  keep_homes(joint.homes, &next);
  retire(joint, &next);
  return next;
}

Buffer encode(const Configuration& configuration) {
  const std::initializer_list<const Ids*> lists = {&configuration.voters, &configuration.outgoing,
                                                   &configuration.learners,
                                                   &configuration.learners_next};
  uint64_t size = 1;
  for (const Ids* ids : lists) size += 4 + 8 * ids->size();
  size += 8 + 4 + 12 * configuration.homes.size();
  Buffer result = Buffer::allocate(size);
  uint8_t* out = result.mutable_data();
  *out++ = kVersion;
  for (const Ids* ids : lists) {
    write_integer(ids->size(), 4, &out);
    for (const ReplicaId id : *ids) write_integer(id.value(), 8, &out);
  }
  write_integer(configuration.retired.value(), 8, &out);
  write_integer(configuration.homes.size(), 4, &out);
  for (const Home& home : configuration.homes) {
    write_integer(home.replica.value(), 8, &out);
    write_integer(home.node, 4, &out);
  }
  return result;
}

std::optional<Configuration> decode_configuration(ByteView bytes) {
  if (bytes.size < 1) return std::nullopt;
  const uint8_t version = bytes.data[0];
  if (version != kVersion && version != kVersionWithoutHomes) return std::nullopt;
  Configuration result;
  Fields in{bytes, 1};
  for (Ids* ids : {&result.voters, &result.outgoing, &result.learners, &result.learners_next}) {
    const uint64_t count = in.count(8);
    for (uint64_t i = 0; i < count; ++i) ids->push_back(ReplicaId(in.next(8)));
  }
  if (version != kVersionWithoutHomes) {
    result.retired = ReplicaId(in.next(8));
    const uint64_t count = in.count(12);
    for (uint64_t i = 0; i < count; ++i) {
      const ReplicaId replica(in.next(8));
      result.homes.push_back({replica, static_cast<uint32_t>(in.next(4))});
    }
  }
  if (!in.ok || in.at != bytes.size || !result.valid()) return std::nullopt;
  return result;
}

}  // namespace grey::raft
