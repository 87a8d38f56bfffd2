#include "transfer_message.h"

#include <gtest/gtest.h>

namespace grey::kv {
namespace {

ByteView view_of_bytes(const std::vector<uint8_t>& bytes, size_t size) {
  return {bytes.data(), size};
}

TEST(TransferMessage, OrdersComeBackWhole) {
  const auto bytes = encode_transfer_orders({7, 600, {{0, 5, 2}, {9, uint64_t{1} << 40, 3}}});
  TransferOrders out;
  ASSERT_TRUE(decode_transfer_orders(view_of_bytes(bytes, bytes.size()), &out));
  EXPECT_EQ(out.id, 7u);
  EXPECT_EQ(out.keep_ns, 600u);
  ASSERT_EQ(out.orders.size(), 2u);
  EXPECT_EQ(out.orders[1].group, 9u);
  EXPECT_EQ(out.orders[1].term, uint64_t{1} << 40);
  EXPECT_EQ(out.orders[1].to, 3u);
}

TEST(TransferMessage, ResultsComeBackWhole) {
  const auto bytes = encode_transfer_results(
      {8, {{0, TransferOutcome::done, ""}, {3, TransferOutcome::uncertain, "too slow"}}});
  TransferResults out;
  ASSERT_TRUE(decode_transfer_results(view_of_bytes(bytes, bytes.size()), &out));
  EXPECT_EQ(out.id, 8u);
  ASSERT_EQ(out.results.size(), 2u);
  EXPECT_EQ(out.results[1].outcome, TransferOutcome::uncertain);
  EXPECT_EQ(out.results[1].reason, "too slow");
}

TEST(TransferMessage, OtherBytesAreRefused) {
  const auto orders = encode_transfer_orders({7, 600, {{0, 5, 2}, {9, 6, 3}}});
  const auto results = encode_transfer_results({8, {{3, TransferOutcome::refused, "busy"}}});
  for (size_t size = 0; size < orders.size(); ++size) {
    TransferOrders out;
    EXPECT_FALSE(decode_transfer_orders(view_of_bytes(orders, size), &out)) << size;
  }
  for (size_t size = 0; size < results.size(); ++size) {
    TransferResults out;
    EXPECT_FALSE(decode_transfer_results(view_of_bytes(results, size), &out)) << size;
  }
  TransferResults out;
  auto wrong = results;
  wrong[2 + 8 + 4 + 4] = 3;  // no such outcome
  EXPECT_FALSE(decode_transfer_results(view_of_bytes(wrong, wrong.size()), &out));
  auto longer = orders;
  longer.push_back(0);
  TransferOrders more;
  EXPECT_FALSE(decode_transfer_orders(view_of_bytes(longer, longer.size()), &more));
  EXPECT_FALSE(decode_transfer_orders(view_of_bytes(results, results.size()), &more));
}

}  // namespace
}  // namespace grey::kv
