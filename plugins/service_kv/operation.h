// One request on its way: from the loop it came in on, to the loop of its group, perhaps to another
// node, and back.
//
// It is owned by one loop at a time: by the client's, then by the group's, then by the client's.
#ifndef GREY_SERVICE_KV_OPERATION_H_
#define GREY_SERVICE_KV_OPERATION_H_

#include <cstdint>

#include "grey/consensus.h"
#include "grey/glue/bytes.h"
#include "grey/kv.h"
#include "state_machine.h"

namespace grey::kv {

// Numbers of the wire.
enum class OperationKind : uint8_t { get = 0, put = 1, erase = 2, scan = 3 };

enum class OperationState : uint8_t {
  fresh,       // not looked at by its group yet
  waiting,     // for a leader, a link, or those before it
  proposed,    // in the group here
  confirming,  // a read index has been asked for
  fetching,    // the engine is reading
  forwarded,   // another node has it
};

// Why a node did not do what it was asked for, on the wire. Anything but `done` is surely not done.
enum class ForwardOutcome : uint8_t { done = 0, not_leader = 1, rejected = 2 };

struct Operation;

// Told on the operation's home loop.
class OperationHandler {
 public:
  virtual void proposal_resolved(Operation* operation, ProposalOutcome outcome,
                                 Status why) noexcept = 0;
  virtual void read_confirmed(Operation* operation, Status status) noexcept = 0;
  virtual void value_read(Operation* operation, Status status, ByteView value) noexcept = 0;
  virtual void page_read(Operation* operation, Status status, const ScanItem* items, uint32_t count,
                         bool more) noexcept = 0;

 protected:
  ~OperationHandler() = default;
};

// Receives an operation back on its origin loop; owns it then.
class OperationSink {
 public:
  virtual void operation_done(Operation* operation) noexcept = 0;

 protected:
  ~OperationSink() = default;
};

struct Operation final : WriteProposal, ReadDone, ValueDone, ScanDone {
  // What.
  OperationKind kind = OperationKind::get;
  KvConsistency consistency = KvConsistency::linearizable;
  uint32_t group = 0;
  uint64_t deadline_ns = 0;
  Buffer payload;            // command; engine key of a get; encoded ScanArguments
  ByteView key{nullptr, 0};  // the user's key, in payload; empty for a scan
  bool session = false;      // the command has one: sent twice it is done once

  // Whence: a client here (`client`), a part of this service (`sink`), or another node.
  uint32_t origin_loop = 0;
  KvDone* client = nullptr;
  OperationSink* sink = nullptr;
  uint64_t key_hash = 0;   // of its key, for the key gate
  bool gated = false;      // it is known to the key gate
  bool returning = false;  // it is on its way back to the origin loop
  uint32_t from_node = 0;  // 0: this one
  uint32_t reply_route = 0;
  uint64_t remote_id = 0;  // what the other node calls it

  // Outcome. `code` and `revision` are those of WriteProposal.
  ForwardOutcome forward_outcome = ForwardOutcome::done;
  uint32_t leader_hint = 0;
  uint64_t expires_ms = 0;
  uint64_t current_at_ns = 0;  // of a stale read, see age_ms()
  Buffer value;
  const char* message = "";  // lives as long as the process; "": the code's usual one

  // At home.
  OperationState state = OperationState::fresh;
  bool retried = false;    // it waits to be done again
  bool not_here = false;   // a read that this node's replica kept waiting: the leader is asked
  bool doubtful = false;   // an earlier try of it may have been done, or may be yet
  bool abandoned = false;  // the client was answered: it ends when the group lets go of it
  uint32_t target = 0;     // the node it was forwarded to
  uint64_t forwarded_ns = 0;
  uint64_t id = 0;        // under which it was forwarded
  uint64_t sequence = 0;  // order of arrival in its group
  OperationHandler* handler = nullptr;
  Operation* previous = nullptr;  // among all of its group
  Operation* next = nullptr;

  bool is_write() const { return kind == OperationKind::put || kind == OperationKind::erase; }

  void resolved(ProposalOutcome outcome, Status why, uint64_t) noexcept override {
    handler->proposal_resolved(this, outcome, why);
  }
  void readable(Status status) noexcept override { handler->read_confirmed(this, status); }
  void got(Status status, ByteView bytes) noexcept override {
    handler->value_read(this, status, bytes);
  }
  void page(Status status, const ScanItem* items, uint32_t count, bool more) noexcept override {
    handler->page_read(this, status, items, count, more);
  }
};

// How old a state is, rounded up, in which all is that was committed by a moment of this process's
// loops; the moment before which one of that age was complete. 0 and kAgeUnknown: not known.
uint64_t age_ms(uint64_t current_at_ns, uint64_t now_ns);
uint64_t moment_of(uint64_t age_ms, uint64_t now_ns);

// What a client reads with a code when nothing better is known.
const char* usual_message(KvCode code);

}  // namespace grey::kv

#endif  // GREY_SERVICE_KV_OPERATION_H_
