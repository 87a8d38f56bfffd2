#include "core/pending_proposals.h"

#include <algorithm>

#include "grey/glue/mark.h"

namespace grey::raft {

void PendingProposals::add(uint64_t id, LogPosition position) {
  const Pending added{id, position};
  if (pending_.empty() || pending_.back().position.index <= position.index) {
    pending_.push_back(added);
    return;
  }
  const auto after = std::upper_bound(
      pending_.begin(), pending_.end(), position.index,
      [](LogIndex index, const Pending& pending) { return index < pending.position.index; });
  pending_.insert(after, added);
}

void PendingProposals::committed_through(LogIndex index, const LogView& log,
                                         std::vector<ProposalResult>* out) {
  while (!pending_.empty() && pending_.front().position.index <= index) {
    const Pending& pending = pending_.front();
    const auto term = log.term_at(pending.position.index);
    const ProposalOutcome outcome = !term                            ? ProposalOutcome::unknown
                                    : *term == pending.position.term ? ProposalOutcome::committed
                                                                     : ProposalOutcome::lost;
    if (outcome == ProposalOutcome::lost) GREY_MARK("proposal: lost to another leader's entry");
    if (outcome == ProposalOutcome::unknown) GREY_MARK("proposal: compacted before it was told");
    out->push_back({pending.id, outcome, pending.position.index, pending.position.term});
    pending_.pop_front();
  }
  if (const auto term = log.term_at(index)) give_up_before(*term, out);
}

void PendingProposals::give_up_before(Term term, std::vector<ProposalResult>* out) {
  if (term <= committed_term_) return;
  committed_term_ = term;
  const auto hopeless = [&](const Pending& pending) {
    if (pending.position.term >= term) return false;
    GREY_MARK("proposal: lost behind the end of a later term's log");
    out->push_back(
        {pending.id, ProposalOutcome::lost, pending.position.index, pending.position.term});
    return true;
  };
  pending_.erase(std::remove_if(pending_.begin(), pending_.end(), hopeless), pending_.end());
}

void PendingProposals::replaced_by(LogPosition snapshot, std::vector<ProposalResult>* out) {
  while (!pending_.empty() && pending_.front().position.index <= snapshot.index) {
    const LogPosition position = pending_.front().position;
    ProposalOutcome outcome = ProposalOutcome::unknown;
    if (position.index == snapshot.index) {
      outcome = position.term == snapshot.term ? ProposalOutcome::committed : ProposalOutcome::lost;
    }
    GREY_MARK("proposal: a snapshot goes over it");
    out->push_back({pending_.front().id, outcome, position.index, position.term});
    pending_.pop_front();
  }
  give_up_before(snapshot.term, out);
}

void PendingProposals::abandon(std::vector<ProposalResult>* out) {
  for (const Pending& pending : pending_) {
    out->push_back(
        {pending.id, ProposalOutcome::unknown, pending.position.index, pending.position.term});
  }
  pending_.clear();
}

}  // namespace grey::raft
