// What of a message from outside can be judged without knowing anything else.
#ifndef GREY_RAFT_CORE_MESSAGE_CHECK_H_
#define GREY_RAFT_CORE_MESSAGE_CHECK_H_

#include "core/message.h"

namespace grey::raft {

// No group comes to a higher term or index in any time; up to here both can be counted on from.
inline constexpr uint64_t kHighestNumber = uint64_t{1} << 62;

// False for a message that contradicts itself, or holds a number that no replica counts to.
bool makes_sense(const Message& message);

// Whether only the leader of the message's term sends it.
bool is_from_leader(const Message& message);

}  // namespace grey::raft

#endif  // GREY_RAFT_CORE_MESSAGE_CHECK_H_
