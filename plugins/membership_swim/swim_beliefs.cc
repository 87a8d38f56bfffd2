// What this node believes of each member, and how it changes.
#include <algorithm>

#include "address.h"
#include "swim_core.h"

namespace grey::swim {

void SwimCore::hear_of(const Update& update, bool is_direct) {
  if (update.node_id == self_.node_id) return hear_of_self(update);
  auto found = members_.find(update.node_id);
  if (found == members_.end()) {
    if (members_.size() >= options_.max_members) return;
    Member member;
    member.node_id = update.node_id;
    member.address = update.address;
    member.address_is_direct = is_direct;
    found = members_.emplace(update.node_id, std::move(member)).first;
    return set_state(found->second, std::nullopt, update);
  }
  Member& member = found->second;
  const bool newer = overrides(update, member);
  if (!is_unset(update.address) && (is_direct || !member.address_is_direct ||
                                    (newer && update.boot_nonce != member.boot_nonce))) {
    member.address = update.address;
    member.address_is_direct = is_direct;
  }
  if (newer) {
    set_state(member, member.state, update);
  } else if (update.state == State::suspect && member.suspicion &&
             update.incarnation == member.incarnation && update.boot_nonce == member.boot_nonce) {
    confirm_suspicion(member, update);
  }
}

void SwimCore::hear_of_self(const Update& update) {
  Member& member = self();
  if (left_ || !overrides(update, member)) return;
  member.incarnation = std::min(update.incarnation + 1, kMaxIncarnation);
  ++version_;
  broadcast(member);
  // Of an earlier run it may well be true.
  if (update.boot_nonce != self_.boot_nonce) return;
  ++counters_.refutations;
  health_.apply(1);
}

void SwimCore::confirm_suspicion(Member& member, const Update& update) {
  if (!member.suspicion->confirm(update.accuser)) return;
  Update news = update_about(member);
  news.accuser = update.accuser;
  queue_.add(member.node_id, encode_update(news));
}

void SwimCore::set_state(Member& member, std::optional<State> before, const Update& update) {
  ++version_;
  member.state = update.state;
  member.boot_nonce = update.boot_nonce;
  member.incarnation = update.incarnation;
  if (before != update.state) {
    member.since_ns = now_ns_;
    transitions_.push_back({member.node_id, before, update.state});
  }
  member.suspicion.reset();
  if (update.state == State::suspect) {
    member.suspicion.emplace(
        suspicion_bounds(present_count(), options_.probe_interval_ns, options_.suspicion_multiplier,
                         options_.suspicion_max_multiplier),
        now_ns_, update.accuser);
  }
  broadcast(member);
}

void SwimCore::suspect(Member& member, const std::string& accuser) {
  hear_of({State::suspect, member.node_id, member.boot_nonce, member.incarnation, {}, accuser},
          false);
}

void SwimCore::broadcast(const Member& member) {
  queue_.add(member.node_id, encode_update(update_about(member)));
}

Update SwimCore::update_about(const Member& member) const {
  return {member.state,       member.node_id, member.boot_nonce,
          member.incarnation, member.address, member.suspicion ? member.suspicion->accuser() : ""};
}

}  // namespace grey::swim
