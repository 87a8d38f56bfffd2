// The words of the consensus core: identifiers, log entries, durable state.
#ifndef GREY_RAFT_CORE_TYPES_H_
#define GREY_RAFT_CORE_TYPES_H_

#include <compare>
#include <cstdint>

#include "grey/glue/bytes.h"

namespace grey::raft {

// A number that is not interchangeable with another kind of number. Conversion is explicit both
// ways.
template <typename Tag>
class Id {
 public:
  constexpr Id() = default;
  explicit constexpr Id(uint64_t value) : value_(value) {}
  constexpr uint64_t value() const { return value_; }
  explicit constexpr operator bool() const { return value_ != 0; }
  friend constexpr auto operator<=>(Id, Id) = default;

 private:
  uint64_t value_ = 0;
};

// One Raft group: the control group or a shard.
using GroupId = Id<struct GroupTag>;

// A member of one group. Minted by the control group per placement, never reused; 0 is nobody.
using ReplicaId = Id<struct ReplicaTag>;
inline constexpr ReplicaId kNobody{};

// Leadership eras; 0 comes before the first election.
using Term = Id<struct TermTag>;
constexpr Term next_term(Term term) {
  return Term(term.value() + 1);
}

// A position in the log; the first entry has 1, 0 comes before it.
using LogIndex = Id<struct LogIndexTag>;
constexpr LogIndex operator+(LogIndex index, uint64_t count) {
  return LogIndex(index.value() + count);
}
constexpr LogIndex operator-(LogIndex index, uint64_t count) {
  return LogIndex(index.value() - count);
}
constexpr uint64_t operator-(LogIndex to, LogIndex from) {
  return to.value() - from.value();
}

// The time at which the core is called. `monotonic_ns` never goes back and drives every timer;
// `wall_ms` may jump and is only written into entries.
struct Now {
  uint64_t monotonic_ns = 0;
  uint64_t wall_ms = 0;
};

enum class EntryType : uint8_t {
  noop = 0,           // begins a leader's term; empty payload
  command = 1,        // the payload belongs to the service
  configuration = 2,  // the payload is an encoded Configuration
};

struct Entry {
  Term term;
  LogIndex index;
  EntryType type = EntryType::noop;
  // The proposing leader's wall clock, never below that of an earlier entry of the group: the only
  // time a state machine knows.
  uint64_t timestamp_ms = 0;
  Buffer payload;
  // The driver's own, carried unread (for example type and version of the command).
  uint64_t opaque = 0;
};

// What an entry counts as towards byte limits: its payload and a flat sum for what stands around
// it.
inline constexpr uint64_t kEntryOverheadBytes = 48;
inline uint64_t size_of(const Entry& entry) {
  return entry.payload.size() + kEntryOverheadBytes;
}

// What must survive a crash besides the entries. `term` and `vote` must be durable before anything
// that depends on them leaves the node; `commit` is a hint and may be written late.
struct HardState {
  Term term;
  ReplicaId vote;
  LogIndex commit;
  friend bool operator==(const HardState&, const HardState&) = default;
};

// An entry's identity. Two logs that hold the same position are equal up to it.
struct LogPosition {
  Term term;
  LogIndex index;
  friend bool operator==(const LogPosition&, const LogPosition&) = default;
};

// Raft's freshness order: later term first, then longer log.
constexpr bool at_least_as_fresh(LogPosition a, LogPosition b) {
  return a.term != b.term ? a.term > b.term : a.index >= b.index;
}

}  // namespace grey::raft

#endif  // GREY_RAFT_CORE_TYPES_H_
