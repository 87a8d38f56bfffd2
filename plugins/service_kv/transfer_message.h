// Orders to hand leaderships over, from the node that a client asked to the node that leads, and
// what became of them (docs/formats/service-messages.md).
#ifndef GREY_SERVICE_KV_TRANSFER_MESSAGE_H_
#define GREY_SERVICE_KV_TRANSFER_MESSAGE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "grey/bytes.h"

namespace grey::kv {

// To hand over, or with the receiver itself as `to`: to keep what it leads. Good in this term only,
// so that an order that arrives late does nothing.
struct TransferOrder {
  uint32_t group = 0;
  uint64_t term = 0;
  uint32_t to = 0;
};

struct TransferOrders {
  uint64_t id = 0;
  uint64_t keep_ns = 0;  // see Group::keep_leadership
  std::vector<TransferOrder> orders;
};

enum class TransferOutcome : uint8_t {
  done = 0,       // another leads, or it is kept
  refused = 1,    // surely not begun
  uncertain = 2,  // begun; the other may lead yet
};

struct TransferResult {
  uint32_t group = 0;
  TransferOutcome outcome = TransferOutcome::done;
  std::string reason;  // for a person; "" when done
};

struct TransferResults {
  uint64_t id = 0;  // of the orders
  std::vector<TransferResult> results;
};

std::vector<uint8_t> encode_transfer_orders(const TransferOrders& message);
std::vector<uint8_t> encode_transfer_results(const TransferResults& message);
// All or nothing; false: malformed.
bool decode_transfer_orders(ByteView bytes, TransferOrders* out);
bool decode_transfer_results(ByteView bytes, TransferResults* out);

}  // namespace grey::kv

#endif  // GREY_SERVICE_KV_TRANSFER_MESSAGE_H_
