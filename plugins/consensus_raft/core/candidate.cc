// Elections: when to campaign, and for whom to vote.
#include <algorithm>

#include "core/raft_state.h"
#include "grey/glue/mark.h"

namespace grey::raft {

bool RaftState::promotable() const {
  if (failed_ || removed_ || damaged_until_ || installing_ || !log_progress_) return false;
  // Until its going is committed a voter that leaves may be the only one whose log allows it to
  // lead (thesis 4.2.2): of two voters, say, one of which has not heard that the other leaves.
  return configuration().is_voter(self_) || configurations_.at(commit_).is_voter(self_);
}

bool RaftState::grants_votes() const {
  return !damaged_until_ && now_.monotonic_ns >= no_vote_before_ns_;
}

bool RaftState::follows_live_leader() const {
  if (role() == Role::leader) return true;
  const auto* follower = std::get_if<Follower>(&role_);
  if (!follower || follower->leader == kNobody) return false;
  return now_.monotonic_ns - follower->contact_ns < timeout();
}

void RaftState::on_deadline() {
  if (role() == Role::candidate) GREY_MARK("election: a candidacy ran out of time");
  if (role() == Role::pre_candidate) GREY_MARK("election: pre-votes ran out of time");
  if (promotable()) return become_pre_candidate();
  GREY_MARK("election: one that may not campaign waits on");
  // A learner, a damaged or a stuck replica waits on, but forgets the leader it has lost.
  const bool lost_leader = leader() != kNobody || role() != Role::follower;
  if (lost_leader) become_follower(term_, kNobody);
  std::get<Follower>(role_).deadline_ns = now_.monotonic_ns + random_timeout();
  ask_for_membership();
}

void RaftState::become_pre_candidate() {
  leave_role();
  PreCandidate& candidate = role_.emplace<PreCandidate>();
  candidate.deadline_ns = now_.monotonic_ns + random_timeout();
  candidate.votes.record(self_, true);
  if (candidate.votes.result(configuration()) == VoteResult::won) {
    GREY_MARK("election: a group of one elects itself");
    return become_candidate(false);
  }
  for (const ReplicaId member : configuration().members()) {
    if (member == self_ || !configuration().is_voter(member)) continue;
    send(member, PreVoteRequest{next_term(term_), log_.last()});
  }
}

void RaftState::become_candidate(bool transfer) {
  leave_role();
  set_term(next_term(term_));
  vote_ = self_;
  role_.emplace<Candidate>().deadline_ns = now_.monotonic_ns + random_timeout();
  for (const ReplicaId member : configuration().members()) {
    if (member == self_ || !configuration().is_voter(member)) continue;
    // Not before the own vote is durable: after a crash this replica might otherwise lead the same
    // term twice.
    send_durable(member, VoteRequest{log_.last(), transfer});
  }
}

void RaftState::count_own_vote() {
  auto* candidate = std::get_if<Candidate>(&role_);
  if (!candidate) return;
  candidate->votes.record(self_, true);
  if (candidate->votes.result(configuration()) == VoteResult::won) become_leader();
}

void RaftState::on_message(ReplicaId from, const PreVoteRequest& request) {
  const bool fresh = at_least_as_fresh(request.last, log_.last());
  const bool granted = request.campaign_term > term_ && grants_votes() && log_progress_ &&
                       !follows_live_leader() && fresh;
  if (!fresh) {
    GREY_MARK("election: pre-vote refused, stale");
    campaign_instead();
  }
  if (!granted) wake();
  send(from, PreVoteResponse{request.campaign_term, granted});
}

// Somebody whose log is older has lost the leader too. It may not be able to win, and those who
// refused this replica when they still had a leader may think otherwise now: without this all of
// them would wait for another election timeout. One step gives the asker time to win all the same.
void RaftState::campaign_instead() {
  if (options_.lease_reads || !promotable()) return;
  auto* follower = std::get_if<Follower>(&role_);
  auto* candidate = std::get_if<PreCandidate>(&role_);
  if (!candidate && (!follower || follower->leader != kNobody || follower->voted)) return;
  GREY_MARK("election: campaigns instead of a stale replica");
  uint64_t& deadline_ns = candidate ? candidate->deadline_ns : follower->deadline_ns;
  deadline_ns = std::min(deadline_ns, now_.monotonic_ns + options_.gone_step_ns + turn_ns());
}

void RaftState::on_message(ReplicaId from, const PreVoteResponse& response) {
  auto* candidate = std::get_if<PreCandidate>(&role_);
  if (!candidate || response.campaign_term != next_term(term_)) return;
  candidate->votes.record(from, response.granted);
  switch (candidate->votes.result(configuration())) {
    case VoteResult::won:
      return become_candidate(false);
    case VoteResult::lost:
      GREY_MARK("election: pre-votes lost");
      return become_follower(term_, kNobody);
    case VoteResult::pending:
      return;
  }
}

void RaftState::on_message(ReplicaId from, const VoteRequest& request) {
  // Terms are equal here. Whoever knows the leader of this term must not elect another, and whoever
  // has voted may only say the same again.
  const bool free = vote_ == kNobody && term_leader_ == kNobody;
  const bool granted =
      (vote_ == from || free) && grants_votes() && at_least_as_fresh(request.last, log_.last());
  if (!at_least_as_fresh(request.last, log_.last())) GREY_MARK("election: vote refused, stale log");
  if (vote_ != from && !free) GREY_MARK("election: vote refused, given to another");
  if (damaged_until_) GREY_MARK("damage: a damaged replica gives no vote");
  if (granted) {
    if (vote_ == from) GREY_MARK("election: the same vote given again");
    vote_ = from;
    if (role() != Role::follower) become_follower(term_, kNobody);
    std::get<Follower>(role_).voted = true;
    std::get<Follower>(role_).deadline_ns = now_.monotonic_ns + random_timeout();
  }
  send_durable(from, VoteResponse{granted});
}

void RaftState::on_message(ReplicaId from, const VoteResponse& response) {
  auto* candidate = std::get_if<Candidate>(&role_);
  // Nobody has been asked before the own vote is durable.
  if (!candidate || !vote_durable()) return;
  candidate->votes.record(from, response.granted);
  switch (candidate->votes.result(configuration())) {
    case VoteResult::won:
      return become_leader();
    case VoteResult::lost:
      GREY_MARK("election: candidate lost by votes");
      return become_follower(term_, kNobody);
    case VoteResult::pending:
      return;
  }
}

void RaftState::on_message(ReplicaId from, const TimeoutNow&) {
  const auto* follower = std::get_if<Follower>(&role_);
  if (!follower || follower->leader != from || !promotable()) return;
  GREY_MARK("transfer: the successor campaigns at once");
  become_candidate(true);
}

}  // namespace grey::raft
