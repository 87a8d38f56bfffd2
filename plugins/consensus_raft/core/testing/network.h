// Several cores on an in-memory network with faults, which says of each node that it lives, all
// from one seed, judged after every step.
#ifndef GREY_RAFT_CORE_TESTING_NETWORK_H_
#define GREY_RAFT_CORE_TESTING_NETWORK_H_

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/raft.h"
#include "core/random.h"
#include "core/testing/judge.h"

namespace grey::raft::testing {

// Chances are per thousand, for each message or for each step.
struct Faults {
  uint32_t lose = 0;
  uint32_t duplicate = 0;
  uint32_t delay = 0;      // arrives late, behind others
  uint32_t crash = 0;      // of a random replica; what was not persisted may be lost
  uint32_t partition = 0;  // cuts random links, each direction by itself
  uint32_t compact = 0;
  uint32_t membership = 0;
  uint32_t transfer = 0;
};

struct NetworkOptions {
  uint64_t seed = 1;
  uint32_t voters = 3;
  uint32_t spares = 0;  // run with an empty configuration, for changes of the membership; more
                        // are made when they are used up
  Faults faults;
  RaftOptions raft;  // group and limits; self and seed are set per replica
};

class Network {
 public:
  explicit Network(const NetworkOptions& options);

  // One step of simulated time: faults, deliveries, ticks, writes.
  void step();
  void run(uint32_t steps) {
    for (uint32_t i = 0; i < steps && judge_.verdict().empty(); ++i) step();
  }
  // Steps until `done` or the limit; whether it came to that.
  template <typename Predicate>
  bool run_until(Predicate&& done, uint32_t limit) {
    for (uint32_t i = 0; i < limit && !done(); ++i) step();
    return done();
  }

  // From here on no faults; links whole, crashed replicas up again.
  void heal();
  void set_faults(const Faults& faults) { options_.faults = faults; }
  void cut(ReplicaId from, ReplicaId to) { cut_.insert({from, to}); }
  void mend(ReplicaId from, ReplicaId to) { cut_.erase({from, to}); }
  void isolate(ReplicaId id);
  void mend_all() { cut_.clear(); }
  void crash(ReplicaId id);
  void restart(ReplicaId id);
  void tell_gone(ReplicaId id);  // everybody learns that its process has ended
  void hold_writes(ReplicaId id, bool hold) { node(id).writes_held = hold; }

  // The replica that leads the highest term, or kNobody.
  ReplicaId leader() const;
  // At any leader; false when there is none or it refuses.
  bool propose();
  bool propose_at(ReplicaId id);
  void read_at(ReplicaId id);
  Status change_at(ReplicaId id, const ConfigurationTarget& target);
  // Compacts the log of `id` to what it has applied.
  void compact(ReplicaId id);

  bool up(ReplicaId id) const { return nodes_.at(id).core != nullptr; }
  Raft& core(ReplicaId id) { return *nodes_.at(id).core; }
  std::vector<ReplicaId> ids() const;
  const Judge& judge() const { return judge_; }
  uint64_t now_ns() const { return now_.monotonic_ns; }
  // The same for the same seed and calls.
  uint64_t fingerprint() const { return fingerprint_; }
  uint64_t messages_sent() const { return messages_sent_; }

 private:
  struct Write {
    uint64_t sequence;
    std::optional<HardState> hard_state;
    std::optional<LogIndex> truncate_from;
    std::vector<Entry> entries;
  };
  struct Node {
    std::unique_ptr<Raft> core;  // null while down
    HardState hard_state;
    SnapshotMeta boundary;
    std::vector<Entry> log;  // durable, after the boundary
    std::vector<Write> writes;
    bool writes_held = false;
    uint32_t lives = 0;
  };
  struct Packet {
    uint64_t due_ns;
    uint64_t order;  // breaks ties
    Message message;
    std::optional<SnapshotMeta> snapshot;  // travels with a SnapshotOffer
  };

  // What one node has heard of another's being alive, apart from the messages of the group.
  struct Heard {
    uint64_t at_ns = 0;
    uint32_t life = 0;
    bool silent = false;
  };

  Node& node(ReplicaId id) { return nodes_.at(id); }
  bool chance(uint32_t per_thousand) { return random_.below(1000) < per_thousand; }
  ReplicaId any_replica();
  void inject_faults();
  void vouch();
  void change_membership(ReplicaId leader);
  void add_replica(Configuration first);
  void deliver();
  void receive(Packet& packet);
  void install(ReplicaId id, const SnapshotMeta& snapshot);
  void make_durable(Node& node, uint32_t count);
  void collect(ReplicaId id);
  void post(Message message, std::optional<SnapshotMeta> snapshot);
  void apply(ReplicaId id, ApplyRange range);
  const Entry& entry_of(const Node& node, LogIndex index) const;

  NetworkOptions options_;
  Random random_;
  Now now_{1'000'000'000, 1'700'000'000'000};
  std::map<ReplicaId, Node> nodes_;
  std::multimap<uint64_t, Packet> packets_;  // by time of arrival
  std::set<std::pair<ReplicaId, ReplicaId>> cut_;
  std::map<std::pair<ReplicaId, ReplicaId>, Heard> heard_;  // by (who, of whom)
  Judge judge_;
  Effects effects_;
  uint64_t next_id_ = 1;
  uint64_t fingerprint_ = 0;
  uint64_t messages_sent_ = 0;
};

}  // namespace grey::raft::testing

#endif  // GREY_RAFT_CORE_TESTING_NETWORK_H_
