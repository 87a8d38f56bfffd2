// One group as this node serves it: its replica here, if there is one, and the way to its leader.
//
// Operations are served here where that is right, else forwarded (one hop), else they wait for a
// leader until their deadline. Writes wait in the order of their arrival. A write is tried again
// only when it surely was not done before, or has a session, and never behind a later write of its
// key.
#ifndef GREY_SERVICE_KV_GROUP_ROUTE_H_
#define GREY_SERVICE_KV_GROUP_ROUTE_H_

#include <array>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "forward_message.h"
#include "operation.h"
#include "state_machine.h"
#include "topology.h"

namespace grey::kv {

class GroupRoute;

// What a route needs of its loop. All calls on that loop.
class RouteHost {
 public:
  virtual Loop* loop() = 0;
  virtual Storage* storage() = 0;
  virtual const Topology& topology() = 0;
  virtual bool linked(uint32_t node) = 0;
  // Sends the operation; forward_failed() of its route tells, later, that it was not sent.
  virtual void forward(Operation* operation, uint32_t node) = 0;
  // No answer to a forwarded operation is wanted any more.
  virtual void forget(Operation* operation) = 0;
  // Takes the operation back, with its outcome.
  virtual void finish(Operation* operation) = 0;
  // Calls pump() of the route in this turn, after what runs now.
  virtual void attend(GroupRoute* route) = 0;
  // Whether the engine may be given one more read that blocks; fetched() when that one has ended.
  virtual bool may_fetch() = 0;
  virtual void fetched() = 0;
  virtual void applied(uint64_t bytes) = 0;
  // By how many clients with sessions a replica here remembers more, or less; and how many writes
  // had been done before.
  virtual void sessions(int64_t change, uint64_t repeated) = 0;
  virtual void failed(uint32_t group, Status status) = 0;

 protected:
  ~RouteHost() = default;
};

class GroupRoute final : public OperationHandler, private MachineObserver {
 public:
  GroupRoute(RouteHost* host, uint32_t group);
  ~GroupRoute();

  // Opens this node's replica, whose partition is open and holds `applied`.
  Status open(Consensus* consensus, AppliedState applied, ErrorText* error);
  // Says why this node's replica is not there.
  void set_problem(std::string problem) { problem_ = std::move(problem); }

  // Takes an operation over, from a client here or from another node.
  void start(Operation* operation);
  // Tries again what waits.
  void pump();
  // Ends what is past its deadline or is waited for in vain, and pumps.
  void tick();
  void peer_down(uint32_t node);
  void replied(Operation* operation, const ForwardedReply& reply, const Buffer& value);
  void forward_failed(Operation* operation);

  // Ends the replica; operations are answered. `done` once, when nothing calls this any more.
  void stop(Completion* done);

  uint32_t group_number() const { return group_number_; }
  Group* group() const { return group_.get(); }
  // Of this node's replica; empty: none.
  std::string problem() const {
    const bool full = machine_ && machine_->engine_is_full();
    return problem_.empty() && full ? "the storage engine has no space left on its disk" : problem_;
  }
  bool idle() const { return first_ == nullptr; }
  uint64_t waiting() const { return waiting_reads_.size() + waiting_writes_.size(); }
  bool attended = false;  // the host's: pump() is due

 private:
  // How long a node that turned an operation down is left alone, unless news come first.
  static constexpr uint64_t kTurnedDownNs = 20'000'000;

  // The part of an election timeout that a node which was replaced as leader is given to answer
  // what may be done again elsewhere.
  static constexpr uint64_t kRepeatableGraceParts = 4;

  // Keys are told apart by their hash, in so many classes: writes of two keys of one class only
  // wait for each other needlessly.
  static constexpr uint64_t kKeyClasses = 64;

  // Who leads by what this node's replica heard last, and since when; node 0: nothing is known.
  struct KnownLeader {
    uint32_t node = 0;
    uint64_t since_ns = 0;
  };

  struct Candidate {
    uint32_t node;
    uint64_t not_before_ns = 0;  // it turned an operation down
    bool no_quorum = false;      // and because it sees none
  };

  // True: on its way or over. False: it has to wait.
  bool dispatch(Operation* operation);
  bool dispatch_away(Operation* operation);
  void serve_remote(Operation* operation);
  void ask_leader(Operation* operation);
  bool forward_to(Operation* operation, uint32_t node);
  bool overtaken(const Operation& operation) const;
  void give_up(Operation* operation, const char* message);
  void propose(Operation* operation);
  void write_here(Operation* operation);
  void confirm(Operation* operation);
  void read(Operation* operation);
  void not_read(Operation* operation, Status status);
  void wait(Operation* operation);
  void unwait(Operation* operation);
  void retry(Operation* operation);
  void end_in_doubt(Operation* operation);
  void turn_away(Operation* operation, bool no_quorum);
  void fail(Operation* operation);
  void complete(Operation* operation, KvCode code);
  void conclude(Operation* operation, KvCode code);
  void abandon(Operation* operation);
  void expire(Operation* operation);
  void end_overtaken(const Operation& later);
  void end_stop();
  void link(Operation* operation);
  void unlink(Operation* operation);

  bool usable() const;      // there is a replica here that has not failed
  bool reads_here() const;  // and a read would not have to wait for it
  bool leader_known() const;
  bool quorum_in_sight();  // or it is too early to tell
  void refresh();          // status_, leader_
  Candidate* candidate(uint32_t node);
  void pump_writes();
  uint32_t& under_way(const Operation& operation) {
    return writes_under_way_[operation.key_hash % kKeyClasses];
  }

  void proposal_resolved(Operation* operation, ProposalOutcome outcome,
                         Status why) noexcept override;
  void read_confirmed(Operation* operation, Status status) noexcept override;
  void value_read(Operation* operation, Status status, ByteView value) noexcept override;
  void page_read(Operation* operation, Status status, const ScanItem* items, uint32_t count,
                 bool more) noexcept override;
  void machine_changed() noexcept override;
  void machine_applied(uint64_t bytes) noexcept override { host_->applied(bytes); }
  void machine_failed(Status status) noexcept override { host_->failed(group_number_, status); }
  void machine_sessions(uint64_t clients, uint64_t repeated) noexcept override {
    if (clients == sessions_told_ && repeated == 0) return;
    host_->sessions(static_cast<int64_t>(clients - sessions_told_), repeated);
    sessions_told_ = clients;
  }

  RouteHost* host_;
  const uint32_t group_number_;
  const uint64_t opened_ns_;
  std::unique_ptr<KvMachine> machine_;
  Ref<Group> group_;
  GroupStatus status_{};
  // This replica turned an operation down: it is left alone until then, unless news come first.
  uint64_t local_not_before_ns_ = 0;
  std::string problem_;
  std::vector<Candidate> candidates_;  // the other nodes with a replica
  uint32_t rotation_ = 0;
  uint32_t leader_hint_ = 0;
  KnownLeader leader_;

  Operation* first_ = nullptr;  // all operations, in order of arrival
  Operation* last_ = nullptr;
  uint64_t next_sequence_ = 1;
  std::deque<Operation*> waiting_reads_;
  std::deque<Operation*> waiting_writes_;  // in order of sequence
  // Of this node's clients, by the class of their key.
  std::array<uint32_t, kKeyClasses> writes_under_way_{};
  uint64_t sessions_told_ = 0;
  bool stopping_ = false;
  bool closed_ = false;  // neither group nor machine calls any more
  Completion* stop_done_ = nullptr;
};

}  // namespace grey::kv

#endif  // GREY_SERVICE_KV_GROUP_ROUTE_H_
