// How operations end, or begin again.
#include "group_route.h"

namespace grey::kv {
namespace {

// What only the state machine says: it holds for every try of the same serial.
bool is_final(KvCode code) {
  return code == KvCode::ok || code == KvCode::not_found || code == KvCode::condition_failed ||
         code == KvCode::bad_request;
}

}  // namespace

void GroupRoute::proposal_resolved(Operation* operation, ProposalOutcome outcome,
                                   Status why) noexcept {
  if (operation->from_node == 0) --under_way(*operation);
  if (operation->abandoned) {
    unlink(operation);
    delete operation;
    if (waiting() != 0) host_->attend(this);
    end_stop();
    return;
  }
  switch (outcome) {
    case ProposalOutcome::committed:
      complete(operation, operation->code);
      return;
    case ProposalOutcome::unknown:
      end_in_doubt(operation);
      return;
    case ProposalOutcome::lost:
      retry(operation);
      return;
    case ProposalOutcome::not_proposed:
      break;
  }
  switch (why.code) {
    case StatusCode::busy:
      complete(operation, KvCode::busy);
      return;
    case StatusCode::no_space:
      complete(operation, KvCode::no_space);
      return;
    case StatusCode::too_large:
      complete(operation, KvCode::too_large);
      return;
    default:
      local_not_before_ns_ = host_->loop()->now_ns() + kTurnedDownNs;
      retry(operation);
      return;
  }
}

// A try ended without anyone who could say whether it was done. With a session another one can find
// out, or do it; the node that the client spoke to tries again, until the deadline.
void GroupRoute::end_in_doubt(Operation* operation) {
  if (!operation->session || operation->from_node != 0) {
    complete(operation, KvCode::unknown_outcome);
    return;
  }
  operation->doubtful = true;
  operation->message = "";
  retry(operation);
}

void GroupRoute::expire(Operation* operation) {
  switch (operation->state) {
    case OperationState::waiting:
      unwait(operation);
      fail(operation);
      return;
    case OperationState::proposed:
      abandon(operation);
      return;
    case OperationState::forwarded:
      host_->forget(operation);
      if (!operation->is_write()) return fail(operation);
      --under_way(*operation);
      complete(operation, KvCode::unknown_outcome);
      return;
    case OperationState::fresh:
    case OperationState::confirming:  // the group ends it by itself
    case OperationState::fetching:
      return;
  }
}

// The proposal stays with the group; whoever waits for it is answered now.
void GroupRoute::abandon(Operation* operation) {
  operation->abandoned = true;
  end_overtaken(*operation);
  auto* answer = new Operation;
  answer->kind = operation->kind;
  answer->group = operation->group;
  answer->payload = operation->payload;
  answer->origin_loop = operation->origin_loop;
  answer->client = operation->client;
  answer->sink = operation->sink;
  answer->key_hash = operation->key_hash;
  answer->gated = operation->gated;
  answer->from_node = operation->from_node;
  answer->reply_route = operation->reply_route;
  answer->remote_id = operation->remote_id;
  answer->code = KvCode::unknown_outcome;
  host_->finish(answer);
}

// Tells the node that asked that it has to ask elsewhere.
void GroupRoute::turn_away(Operation* operation, bool no_quorum) {
  operation->forward_outcome = ForwardOutcome::not_leader;
  const uint32_t leader = usable() ? status_.leader : 0;
  operation->leader_hint = leader == host_->topology().own_number ? 0 : leader;
  complete(operation, no_quorum ? KvCode::no_quorum : KvCode::ok);
}

void GroupRoute::fail(Operation* operation) {
  if (operation->from_node != 0) return turn_away(operation, true);
  complete(operation, operation->is_write() ? KvCode::read_only : KvCode::no_quorum);
}

void GroupRoute::complete(Operation* operation, KvCode code) {
  conclude(operation, code);
  if (operation->is_write() && !waiting_writes_.empty()) end_overtaken(*operation);
  unlink(operation);
  host_->finish(operation);
  if (waiting() != 0) host_->attend(this);
  end_stop();
}

// A write that waits to be done again must not be done behind a later one of its key: that would
// undo it. If it was surely not done, it says so.
void GroupRoute::end_overtaken(const Operation& later) {
  if (later.from_node != 0 || later.state == OperationState::waiting) return;
  for (size_t i = 0; i < waiting_writes_.size();) {
    Operation* operation = waiting_writes_[i];
    if (operation->sequence > later.sequence) return;
    if (text_of(operation->key) != text_of(later.key)) {
      ++i;
      continue;
    }
    waiting_writes_.erase(waiting_writes_.begin() + static_cast<std::ptrdiff_t>(i));
    operation->message =
        "the leader changed and a later write of the key came first: nothing was "
        "written";
    conclude(operation, KvCode::read_only);
    unlink(operation);
    host_->finish(operation);
  }
}

// What is told of an operation. A refusal of the latest try says nothing about those before it.
void GroupRoute::conclude(Operation* operation, KvCode code) {
  const bool unknown = operation->doubtful && !is_final(code);
  operation->code = unknown ? KvCode::unknown_outcome : code;
  if (unknown) operation->message = "";
  if (operation->is_write() && operation->code == KvCode::bad_request) {
    operation->message = "another write had this serial of the session: nothing was written";
  }
}

}  // namespace grey::kv
