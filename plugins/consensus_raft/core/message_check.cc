#include "core/message_check.h"

#include "core/configuration.h"

namespace grey::raft {
namespace {

bool countable(Term term) {
  return term.value() <= kHighestNumber;
}
bool countable(LogIndex index) {
  return index.value() <= kHighestNumber;
}

// A position in the log of whoever speaks in `term`.
bool possible(LogPosition position, Term term) {
  return position.term <= term && countable(position.index);
}

bool good(const PreVoteRequest& request, Term term) {
  return request.campaign_term > term && countable(request.campaign_term) &&
         possible(request.last, term);
}
bool good(const VoteRequest& request, Term term) {
  return possible(request.last, term);
}
bool good(const AppendRequest& request, Term term) {
  if (!possible(request.previous, term) || !countable(request.commit)) return false;
  LogPosition last = request.previous;
  for (const Entry& entry : request.entries) {
    if (entry.index != last.index + 1 || entry.term < last.term || entry.term > term) return false;
    if (entry.type == EntryType::configuration && !decode_configuration(entry.payload.view())) {
      return false;
    }
    last = {entry.term, entry.index};
  }
  return term != Term(0);
}
bool good(const AppendResponse& response, Term term) {
  return countable(response.index) && possible(response.hint, term);
}
bool good(const Heartbeat& heartbeat, Term term) {
  return term != Term(0) && countable(heartbeat.commit) && countable(heartbeat.leader_commit);
}
bool good(const ReadIndexResponse& response, Term) {
  return countable(response.index);
}
bool good(const SnapshotOffer& offer, Term term) {
  return term != Term(0) && possible(offer.snapshot, term);
}
template <typename Body>
bool good(const Body&, Term) {
  return true;
}

}  // namespace

bool makes_sense(const Message& message) {
  if (message.from == message.to || message.from == kNobody || !countable(message.term)) {
    return false;
  }
  return std::visit([&message](const auto& body) { return good(body, message.term); },
                    message.body);
}

bool is_from_leader(const Message& message) {
  return std::holds_alternative<AppendRequest>(message.body) ||
         std::holds_alternative<Heartbeat>(message.body) ||
         std::holds_alternative<SnapshotOffer>(message.body);
}

}  // namespace grey::raft
