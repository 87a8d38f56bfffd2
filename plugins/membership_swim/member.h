// One member as this node sees it, and which of two beliefs about it is the newer.
#ifndef GREY_PLUGINS_MEMBERSHIP_SWIM_MEMBER_H_
#define GREY_PLUGINS_MEMBERSHIP_SWIM_MEMBER_H_

#include <optional>
#include <string>
#include <tuple>

#include "message.h"
#include "suspicion.h"

namespace grey::swim {

struct Member {
  std::string node_id;
  State state = State::alive;
  uint64_t boot_nonce = 0;
  uint64_t incarnation = 0;
  NetAddress address{};
  bool address_is_direct =
      false;              // heard from there, or told by its hello: gossip does not replace it
  uint64_t since_ns = 0;  // when state was entered
  std::optional<Suspicion> suspicion;  // exactly while state is suspect
};

inline bool is_present(State state) {
  return state == State::alive || state == State::suspect;
}

// A total order: (incarnation, boot nonce, state). Every node ends with the greatest belief it
// heard, whatever the order it heard them in, so all end with the same. Only the member itself
// raises its incarnation, to refute. A process that starts anew begins with a higher one (the time
// of day in milliseconds); if its clock ran back, it hears of itself under its old boot nonce and
// goes above.
inline bool overrides(const Update& update, const Member& member) {
  return std::tie(update.incarnation, update.boot_nonce, update.state) >
         std::tie(member.incarnation, member.boot_nonce, member.state);
}

}  // namespace grey::swim

#endif  // GREY_PLUGINS_MEMBERSHIP_SWIM_MEMBER_H_
