#include "scan_page.h"

#include <gtest/gtest.h>

#include "mutate.h"
#include "value_record.h"

namespace grey::kv {
namespace {

std::vector<uint8_t> bytes_of(const Buffer& buffer) {
  return {buffer.data(), buffer.data() + buffer.size()};
}

TEST(ScanPage, ItemsComeBackWithoutPrefixAndHeader) {
  std::vector<uint8_t> record(kValueHeaderBytes + 1);
  encode_value_record({7, 0, view_of("v")}, record.data());
  const ScanItem item{view_of("\x01key"), {record.data(), record.size()}};
  for (const bool keys_only : {false, true}) {
    Buffer page;
    ASSERT_TRUE(encode_scan_page(&item, 1, true, keys_only, &page).ok());
    std::vector<KvItem> out;
    bool more = false;
    ASSERT_TRUE(decode_scan_page(page.view(), &out, &more));
    EXPECT_TRUE(more);
    ASSERT_EQ(out.size(), 1u);
    EXPECT_EQ(text_of(out[0].key), "key");
    EXPECT_EQ(text_of(out[0].value), keys_only ? "" : "v");
    EXPECT_EQ(out[0].revision, 7u);
    for_each_mutation(bytes_of(page), [](ByteView changed) {
      std::vector<KvItem> ignored;
      bool ignored_more = false;
      (void)decode_scan_page(changed, &ignored, &ignored_more);
    });
  }
}

TEST(ScanPage, ArgumentsStayAmongTheUsersKeys) {
  ScanArguments arguments;
  arguments.limit = 3;
  arguments.max_bytes = 9;
  arguments.reverse = true;
  arguments.start = view_of("\x01");
  arguments.end = view_of("\x02");
  const auto accepted = [](const ScanArguments& each) {
    const Buffer bytes = encode_scan_arguments(each);
    ScanArguments out;
    return decode_scan_arguments(bytes.view(), &out) && out.limit == each.limit &&
           out.reverse == each.reverse && text_of(out.end) == text_of(each.end);
  };
  EXPECT_TRUE(accepted(arguments));
  arguments.start = view_of(std::string_view("\0", 1));
  EXPECT_FALSE(accepted(arguments));
  arguments.start = view_of("\x01");
  arguments.end = view_of("\x02x");
  EXPECT_FALSE(accepted(arguments));
  arguments.end = view_of("");
  EXPECT_FALSE(accepted(arguments));
}

}  // namespace
}  // namespace grey::kv
