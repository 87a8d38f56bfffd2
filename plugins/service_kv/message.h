// The types of the messages on the service channel (docs/formats/service-messages.md). Each begins
// with its type and its version.
#ifndef GREY_SERVICE_KV_MESSAGE_H_
#define GREY_SERVICE_KV_MESSAGE_H_

#include <cstdint>

namespace grey::kv {

enum class MessageType : uint8_t {
  genesis_state = 1,
  genesis_offer = 2,
  genesis_accept = 3,
  genesis_commit = 4,
  forward_requests = 16,
  forward_replies = 17,
  report_request = 32,
  report_reply = 33,
  transfer_orders = 34,
  transfer_results = 35,
};
inline constexpr uint8_t kMessageVersion = 1;

}  // namespace grey::kv

#endif  // GREY_SERVICE_KV_MESSAGE_H_
