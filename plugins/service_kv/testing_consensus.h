// Consensus by decree, for the tests of this plugin: the test says who leads; what the leader is
// given is committed on every replica whose node can be reached, unless the test holds it back.
#ifndef GREY_SERVICE_KV_TESTING_CONSENSUS_H_
#define GREY_SERVICE_KV_TESTING_CONSENSUS_H_

#include <deque>

#include "testing.h"

namespace grey::kv::testing {

class TestConsensus;

// The truth about all groups of a cluster.
class Decree {
 public:
  explicit Decree(World* of) : world(of) {}

  struct Entry {
    Buffer payload;
    uint64_t term;
    uint64_t timestamp_ms;
  };
  struct Truth {
    uint32_t leader = 0;
    uint64_t term = 1;
    std::vector<Entry> committed;  // index 1 is at 0
  };
  World* world;
  std::map<uint32_t, Truth> groups;
  std::map<uint32_t, TestConsensus*> nodes;  // by node number
  bool hold_commits = false;
  bool writable = true;         // as many voters answer as a write needs
  bool readable = true;         // and as a read needs
  uint64_t timestamp_ms = 1;    // of entries from now on
  bool no_space = false;        // what a group's status says
  Status refuse = ok_status();  // with what a leader refuses proposals
  bool hold_transfers = false;  // they never end
  Status refuse_transfer = ok_status();
  uint32_t transfers = 0;                                  // begun
  std::map<uint32_t, std::pair<uint32_t, uint64_t>> kept;  // by group: the node, for how long

  void lead(uint32_t group, uint32_t node);  // 0: nobody
  void lead_all(uint32_t group_count, uint32_t node);
  void release_commits();
};

class TestGroup final : public Implements<Group>, private Completion {
 public:
  TestGroup(TestConsensus* consensus, uint32_t number, uint32_t loop, StateMachine* machine);
  ~TestGroup() override = default;

  uint32_t loop_index() noexcept override { return loop_; }
  void propose(const BufferRef* payload, Proposal* proposal) noexcept override;
  void read_index(uint64_t timeout_ns, ReadDone* done) noexcept override;
  void status(GroupStatus* out) noexcept override;
  uint32_t replicas(ReplicaStatus* out, uint32_t capacity) noexcept override;
  void transfer(uint32_t node_number, Completion* done) noexcept override;
  void reconfigure(const ReplicaPlacement* replicas, uint32_t count,
                   Completion* done) noexcept override;
  void keep_leadership(uint64_t for_ns) noexcept override;
  void stop(Completion* done) noexcept override;

  void commit_pending();
  void leader_changed();
  void catch_up();

 private:
  void complete(Status status) noexcept override;
  void applied(uint64_t up_to);
  Decree::Truth& truth();
  void run_soon(std::function<void()> event);

  TestConsensus* consensus_;
  const uint32_t number_;
  const uint32_t loop_;
  StateMachine* machine_;
  struct Pending {
    Buffer payload;
    Proposal* proposal;
  };
  struct Read {
    uint64_t index;
    ReadDone* done;
  };
  std::deque<Pending> pending_;              // proposed, not committed
  std::map<uint64_t, Proposal*> proposals_;  // committed, by index
  std::deque<Read> reads_;
  std::vector<CommittedEntry> applying_;
  uint64_t current_at_ns_ = 0;
  bool stopped_ = false;
};

class TestConsensus final : public Uncounted<Consensus> {
 public:
  TestConsensus(Decree* of, TestHost* host, uint32_t number);
  ~TestConsensus();
  uint32_t loop_of(uint32_t group) noexcept override { return group % host_->loop_count(); }
  bool has_group(uint32_t) noexcept override { return false; }
  Status open_group(const GroupOptions* options, StateMachine* machine, Group** out,
                    ErrorText* error) noexcept override;

  Decree* decree;
  uint32_t number;  // of this node
  bool quorum = true;
  bool failed = false;                    // its replicas
  bool behind = false;                    // its replicas apply nothing
  std::set<uint32_t> aging;               // groups that hear nothing new of what is committed
  std::set<uint32_t> ageless;             // that do not know how current they are
  std::map<uint32_t, uint32_t> believed;  // by group: whom its replica takes for the leader still
  std::map<uint32_t, Ref<TestGroup>> groups;
  std::map<uint32_t, std::vector<ReplicaPlacement>> placements;
  TestHost* host() { return host_; }

 private:
  TestHost* host_;
};

}  // namespace grey::kv::testing

#endif  // GREY_SERVICE_KV_TESTING_CONSENSUS_H_
