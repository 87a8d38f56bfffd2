#include "core/raft_state.h"

#include <algorithm>
#include <limits>
#include <type_traits>
#include <utility>

#include "core/check.h"
#include "core/message_check.h"
#include "grey/glue/mark.h"

namespace grey::raft {

RaftState::RaftState(const RaftOptions& options, RestoredState restored, Now now)
    : options_(options),
      self_(options.self),
      random_(options.seed),
      now_(now),
      term_(restored.hard_state.term),
      vote_(restored.hard_state.vote),
      released_(restored.applied),
      applied_(restored.applied),
      log_(std::move(restored.log)),
      configurations_(std::move(restored.configurations)),
      writes_(restored.hard_state.term, restored.hard_state.vote),
      written_(restored.hard_state),
      written_last_(log_.last_index()),
      damaged_until_(restored.damaged_until),
      next_context_(random_.next()),
      clock_base_(next_context_),
      born_ns_(now.monotonic_ns),
      last_contact_ns_(now.monotonic_ns) {
  commit_ = std::clamp(restored.hard_state.commit, std::min(applied_, log_.last_index()),
                       log_.last_index());
  if (options_.lease_reads) no_vote_before_ns_ = now.monotonic_ns + timeout();
  role_.emplace<Follower>().deadline_ns = now.monotonic_ns + random_timeout();
  announced_.term = term_;
  sample_ = {term_, vote_, Role::follower, commit_, released_, applied_};
  if (log_.last().term > term_) {
    fail("the log holds an entry of a later term than the hard state");
  } else if (term_.value() > kHighestNumber || log_.last_index().value() > kHighestNumber) {
    fail("the log holds a term or an index that no group comes to");
  } else if (applied_ > log_.last_index() || applied_ < log_.boundary().index) {
    fail("the applied state lies outside of the log");
  }
}

// --- Time

void RaftState::tick(Now now) {
  now_.monotonic_ns = std::max(now_.monotonic_ns, now.monotonic_ns);
  now_.wall_ms = now.wall_ms;
  if (failed_ || now_.monotonic_ns < next_deadline_ns()) return;
  dirty_ = true;
  if (auto* leader = std::get_if<Leader>(&role_)) return tick_leader(*leader);
  if (auto* follower = std::get_if<Follower>(&role_)) {
    if (now_.monotonic_ns >= timeout()) {
      const std::vector<uint64_t> late = follower->reads.expire(now_.monotonic_ns - timeout());
      if (!late.empty()) {
        GREY_MARK("read: the leader does not answer a forwarded read");
        wake();
      }
      finish_reads(late, LogIndex(0), false);
    }
    if (follower->quiesced || now_.monotonic_ns < follower->deadline_ns) return;
  }
  on_deadline();
}

uint64_t RaftState::next_deadline_ns() const {
  constexpr uint64_t never = std::numeric_limits<uint64_t>::max();
  if (failed_) return never;
  if (const auto* leader = std::get_if<Leader>(&role_)) {
    if (leader->quiesced) return never;
    return leader->transfer ? std::min(leader->heartbeat_due_ns, leader->transfer->deadline_ns)
                            : leader->heartbeat_due_ns;
  }
  if (const auto* follower = std::get_if<Follower>(&role_)) {
    const uint64_t oldest = follower->reads.oldest_ns();
    const uint64_t overdue = oldest == never ? never : oldest + timeout();
    return follower->quiesced ? overdue : std::min(follower->deadline_ns, overdue);
  }
  if (const auto* candidate = std::get_if<PreCandidate>(&role_)) return candidate->deadline_ns;
  return std::get<Candidate>(role_).deadline_ns;
}

// --- Messages

namespace {

template <typename Body>
bool is(const Message& message) {
  return std::holds_alternative<Body>(message.body);
}

}  // namespace

Status RaftState::check(const Message& message) const {
  bool valid = message.to == self_ && makes_sense(message);
  if (const auto* ack = std::get_if<AppendResponse>(&message.body)) {
    // Only what was sent can come back.
    if (role() == Role::leader && message.term == term_ && !ack->rejected) {
      valid = valid && ack->index <= log_.last_index();
    }
  }
  if (valid) return ok_status();
  return make_status(StatusCode::invalid_argument, "a raft message contradicts itself");
}

Status RaftState::step(Message message) {
  if (failed_) return ok_status();
  if (const Status status = check(message); !status.ok()) return status;
  dirty_ = true;
  if (step_outside_of_terms(message)) return ok_status();
  if (message.term < term_) {
    step_stale(message);
    return ok_status();
  }
  if (message.term > term_) {
    const auto* vote = std::get_if<VoteRequest>(&message.body);
    const bool campaign = vote || is<PreVoteRequest>(message);
    if (campaign && !(vote && vote->transfer) && follows_live_leader()) {
      GREY_MARK("election: a campaign against a leader that lives");
      // A campaign against a leader that lives must not raise the term either: the campaigner would
      // depose it by asking.
      wake();
      if (!vote) {
        send(message.from,
             PreVoteResponse{std::get<PreVoteRequest>(message.body).campaign_term, false});
      }
      return ok_status();
    }
    if (role() == Role::candidate) GREY_MARK("election: candidate lost to a higher term");
    if (role() == Role::leader) GREY_MARK("leader: deposed by a higher term");
    become_follower(message.term, is_from_leader(message) ? message.from : kNobody);
  }
  dispatch(message);
  return ok_status();
}

void RaftState::step_stale(const Message& message) {
  // Whoever is behind learns the term from the answer; a deposed leader steps down by it.
  if (is_from_leader(message)) {
    GREY_MARK("leader: one of an older term is told");
    send(message.from, AppendResponse{true});
  } else if (const auto* request = std::get_if<PreVoteRequest>(&message.body)) {
    send(message.from, PreVoteResponse{request->campaign_term, false});
  } else if (is<VoteRequest>(message)) {
    send(message.from, VoteResponse{false});
  } else if (const auto* read = std::get_if<ReadIndexRequest>(&message.body)) {
    send(message.from, ReadIndexResponse{read->context, LogIndex(0), true});
  }
}

void RaftState::dispatch(Message& message) {
  std::visit([this, &message](auto& body) { on_message(message.from, body); }, message.body);
}

// --- Roles

void RaftState::set_term(Term term) {
  GREY_RAFT_CHECK(term > term_);
  term_ = term;
  vote_ = kNobody;
  term_leader_ = kNobody;
  held_.clear();  // they spoke for the old term
}

void RaftState::leave_role() {
  release_sleepers();
  if (auto* follower = std::get_if<Follower>(&role_)) {
    finish_reads(follower->reads.drain(), LogIndex(0), false);
  } else if (auto* leader = std::get_if<Leader>(&role_)) {
    last_contact_ns_ = heard_from_ns(*leader, 0);
    refuse_reads(*leader);
    if (leader->transfer) {
      out_.transfer =
          leader->transfer->ordered ? TransferOutcome::done : TransferOutcome::abandoned;
    }
  }
}

void RaftState::become_follower(Term term, ReplicaId leader) {
  leave_role();
  if (term > term_) set_term(term);
  Follower& follower = role_.emplace<Follower>();
  follower.deadline_ns = now_.monotonic_ns + random_timeout();
  follower.leader = leader;
  follower.contact_ns = now_.monotonic_ns;
  if (leader != kNobody) term_leader_ = leader;
}

ReplicaId RaftState::leader() const {
  if (role() == Role::leader) return self_;
  const auto* follower = std::get_if<Follower>(&role_);
  return follower ? follower->leader : kNobody;
}

// --- The log

void RaftState::append_entry(Entry entry) {
  if (entry.type == EntryType::configuration) {
    // Whoever calls has decoded it before.
    configurations_.append(entry.index, *decode_configuration(entry.payload.view()));
    log_.append(entry);
    out_.append.push_back(std::move(entry));
    configuration_changed();
    return;
  }
  log_.append(entry);
  out_.append.push_back(std::move(entry));
}

void RaftState::truncate_log(LogIndex from) {
  GREY_RAFT_CHECK(from > commit_);
  log_.truncate(from);
  writes_.truncated(from);
  while (!out_.append.empty() && out_.append.back().index >= from) out_.append.pop_back();
  if (from <= written_last_) {
    out_.truncate_from = from;
    written_last_ = from - 1;
  }
  if (!configurations_.truncate(from)) return;
  GREY_MARK("membership: a configuration cut off with its entry");
  configuration_changed();
}

void RaftState::configuration_changed() {
  out_.configuration = configuration();
  if (auto* leader = std::get_if<Leader>(&role_)) sync_peers(*leader);
}

void RaftState::commit_to(LogIndex index) {
  if (index <= commit_ || installing_) return;
  GREY_RAFT_CHECK(index <= log_.last_index());
  commit_ = index;
}

void RaftState::persisted(uint64_t sequence) {
  if (failed_) return;
  dirty_ = true;
  const LogIndex stable = writes_.persisted(sequence);
  if (stable > log_.stable()) log_.mark_stable(stable);
  // Applied or not: what is durable can be fetched.
  log_.trim_memory(commit_, 2 * options_.recent_entry_bytes);
  if (!vote_durable()) return;
  for (Message& message : held_) out_.messages.push_back(std::move(message));
  held_.clear();
  count_own_vote();
}

void RaftState::applied(LogIndex index) {
  if (failed_) return;
  GREY_RAFT_CHECK(index >= applied_ && index <= released_);
  applied_ = index;
  freshness_.applied(index);
  log_.trim_memory(index, options_.recent_entry_bytes);
}

// A damaged replica may not have been told all that it confirms, and the state of one that installs
// is about to be another.
uint64_t RaftState::current_at_ns() const {
  return failed_ || damaged_until_ || installing_ ? 0 : freshness_.current_at_ns();
}

void RaftState::compacted(LogIndex index) {
  if (failed_) return;
  GREY_RAFT_CHECK(index <= applied_);
  log_.compact(index);
  configurations_.compact(index);
}

void RaftState::fail(const char* reason) {
  if (failed_) return;
  // What this batch was about to do rests on a state that is no longer trusted.
  out_.messages.clear();
  leave_role();
  role_.emplace<Follower>();
  failed_ = reason;
  dirty_ = true;
  proposals_.abandon(&out_.proposals);
  held_.clear();
  out_.append.clear();
  out_.truncate_from.reset();
  out_.fetches.clear();
  out_.snapshots_needed.clear();
  out_.wanted_snapshot.reset();
  out_.removed = false;
  out_.failed = reason;
}

void RaftState::abandon() {
  dirty_ = true;
  release_sleepers();
  proposals_.abandon(&out_.proposals);
  if (auto* follower = std::get_if<Follower>(&role_)) {
    finish_reads(follower->reads.drain(), LogIndex(0), false);
  } else if (auto* leader = std::get_if<Leader>(&role_)) {
    std::vector<ReadRequest> reads;
    leader->reads.drain(&reads);
    for (const ReadRequest& request : reads) answer_read(request, LogIndex(0), false);
  }
}

// --- Effects

void RaftState::send(ReplicaId to, MessageBody body) {
  out_.messages.push_back({self_, to, term_, std::move(body)});
}

void RaftState::send_durable(ReplicaId to, MessageBody body) {
  auto& queue = vote_durable() ? out_.messages : held_;
  queue.push_back({self_, to, term_, std::move(body)});
}

void RaftState::release_entries() {
  // Not before it is durable here: an engine that flushed it could otherwise be ahead of this
  // replica's own log after a crash.
  const LogIndex end = std::min(commit_, log_.stable());
  if (end <= released_ || installing_) return;
  out_.apply = ApplyRange{released_ + 1, end};
  released_ = end;
  proposals_.committed_through(end, log_, &out_.proposals);
}

void RaftState::emit_writes() {
  const HardState now{term_, vote_, commit_};
  const bool must_sync = now.term != written_.term || now.vote != written_.vote ||
                         out_.truncate_from || !out_.append.empty();
  if (must_sync) out_.sequence = writes_.begin(term_, vote_, log_.last_index());
  if (must_sync || now.commit != written_.commit) out_.hard_state = now;
  written_ = now;
  written_last_ = log_.last_index();
}

void RaftState::emit_news() {
  const RoleChange now{role(), term_, leader()};
  if (now.role == announced_.role && now.term == announced_.term &&
      now.leader == announced_.leader) {
    return;
  }
  announced_ = now;
  out_.role_change = now;
}

void RaftState::check_invariants() {
  const InvariantSample now{term_, vote_, role(), commit_, released_, applied_};
  require_unbroken(broken_now(self_, now, log_, peers()));
  require_unbroken(broken_between(sample_, now));
  sample_ = now;
}

void RaftState::take_effects(Effects* effects) {
  dirty_ = false;
  if (!failed_) {
    if (auto* leading = std::get_if<Leader>(&role_)) lead(*leading);
    if (auto* follower = std::get_if<Follower>(&role_)) {
      acknowledge();
      recover_from_damage();
      forward_reads(*follower);
    }
    release_entries();
    if (!removed_ && configurations_.at(released_).tombstone(self_)) learn_removal();
    emit_writes();
    check_invariants();
  }
  emit_news();
  effects->clear();
  std::swap(*effects, out_);
}

}  // namespace grey::raft
