// A snapshot takes the place of the log.
#include <algorithm>

#include "core/check.h"
#include "core/raft_state.h"
#include "grey/glue/mark.h"

namespace grey::raft {

void RaftState::on_message(ReplicaId from, const SnapshotOffer& offer) {
  Follower* follower = accept_leader(from);
  if (!follower || installing_) return;
  if (offer.snapshot.index > commit_ && !log_.matches(offer.snapshot)) {
    // Not before the log has begun: an engine that was filled for a new replica would otherwise
    // meet the log of its predecessor after a crash. It is offered again.
    if (vote_durable()) out_.wanted_snapshot = WantedSnapshot{from, offer.snapshot};
    return;
  }
  GREY_MARK("snapshot: offered to one whose log reaches further");
  // The log reaches further than the snapshot: only the leader did not know.
  if (offer.snapshot.index > commit_) commit_to(offer.snapshot.index);
  follower->verified = std::max(follower->verified, commit_);
  follower->ack_due = true;
}

Status RaftState::begin_snapshot_install(LogPosition snapshot) {
  if (failed_) return make_status(StatusCode::failed, failed_);
  if (installing_ || snapshot.index <= commit_ || log_.matches(snapshot)) {
    GREY_MARK("snapshot: complete, but the log has overtaken it");
    return make_status(StatusCode::failed_precondition, "the snapshot is not ahead of the log");
  }
  if (role() == Role::leader) {
    return make_status(StatusCode::failed_precondition, "a leader installs no snapshot");
  }
  installing_ = snapshot;
  dirty_ = true;
  return ok_status();
}

void RaftState::snapshot_installed(const SnapshotMeta& snapshot) {
  if (failed_) return;
  GREY_RAFT_CHECK(installing_ == snapshot.position);
  dirty_ = true;
  installing_.reset();
  const LogPosition at = snapshot.position;
  if (at.term > term_) return fail("a snapshot is of a later term than any leader");
  log_ = LogView(at, std::max(snapshot.timestamp_ms, log_.last_timestamp_ms()));
  writes_.truncated(at.index + 1);
  out_.append.clear();
  out_.truncate_from.reset();
  written_last_ = at.index;
  commit_ = released_ = applied_ = at.index;
  freshness_.applied(at.index);
  configurations_ = ConfigurationHistory(at.index, snapshot.configuration);
  proposals_.replaced_by(at, &out_.proposals);
  configuration_changed();
  if (auto* follower = std::get_if<Follower>(&role_); follower && follower->leader != kNobody) {
    follower->verified = std::max(follower->verified, at.index);
    follower->ack_due = true;
  }
}

void RaftState::snapshot_install_failed() {
  GREY_MARK("snapshot: an install failed");
  installing_.reset();
  dirty_ = true;
}

}  // namespace grey::raft
