#include <gtest/gtest.h>

#include <random>

#include "grey/glue/bytes.h"
#include "grey/glue/crc32c.h"
#include "grey/glue/plugin.h"
#include "grey/glue/status.h"
#include "grey/glue/wire.h"
#include "grey/storage.h"

namespace grey {
namespace {

TEST(Crc32c, MatchesTheVectorsOfRfc3720) {
  uint8_t bytes[32] = {};
  EXPECT_EQ(crc32c({bytes, 32}), 0x8A9136AAu);
  for (uint8_t& byte : bytes) byte = 0xFF;
  EXPECT_EQ(crc32c({bytes, 32}), 0x62A8AB43u);
  for (uint8_t i = 0; i < 32; ++i) bytes[i] = i;
  EXPECT_EQ(crc32c({bytes, 32}), 0x46DD794Eu);
  EXPECT_EQ(crc32c(view_of("123456789")), 0xE3069283u);
}

TEST(Crc32c, ChainsAndAgreesWithItsTable) {
  std::mt19937 random(1);
  std::string text(1000, '\0');
  for (char& byte : text) byte = static_cast<char>(random());
  const uint32_t whole = crc32c(view_of(text));
  for (size_t cut : {0u, 1u, 7u, 8u, 9u, 999u, 1000u}) {
    const std::string_view head = std::string_view(text).substr(0, cut);
    const std::string_view tail = std::string_view(text).substr(cut);
    EXPECT_EQ(crc32c(view_of(tail), crc32c(view_of(head))), whole);
  }
  const ByteView bytes = view_of(text);
  EXPECT_EQ(~crc32c_detail::by_table(~0u, bytes.data, bytes.size), whole);
}

// Long ones are done in three runs at once.
TEST(Crc32c, AgreesWithItsTableForEveryLength) {
  std::mt19937 random(2);
  std::string text(4 * 3072 + 64, '\0');
  for (char& byte : text) byte = static_cast<char>(random());
  for (const size_t begin : {0u, 3u}) {
    uint32_t expected = ~0u;
    for (size_t size = 0; begin + size <= text.size(); ++size) {
      const ByteView bytes = view_of(std::string_view(text).substr(begin, size));
      if (size != 0) expected = crc32c_detail::by_table(expected, bytes.data + size - 1, 1);
      ASSERT_EQ(crc32c(bytes), ~expected) << size;
      ASSERT_EQ(crc32c(bytes, 0x12345678),
                ~crc32c_detail::by_table(~0x12345678u, bytes.data, size));
    }
  }
}

TEST(Wire, ReadsWhatWasWritten) {
  std::string bytes;
  WireWriter writer(&bytes);
  writer.number(uint8_t{0xAB});
  writer.number(uint16_t{0x1234});
  writer.number(uint32_t{0xDEADBEEF});
  writer.number(uint64_t{0x0123456789ABCDEF});
  writer.text("text");
  writer.raw(view_of("raw"));
  WireReader reader(view_of(bytes));
  EXPECT_EQ(reader.number<uint8_t>(), 0xAB);
  EXPECT_EQ(reader.number<uint16_t>(), 0x1234);
  EXPECT_EQ(reader.number<uint32_t>(), 0xDEADBEEF);
  EXPECT_EQ(reader.number<uint64_t>(), 0x0123456789ABCDEF);
  EXPECT_EQ(reader.text(), "text");
  EXPECT_FALSE(reader.done());
  EXPECT_EQ(text_of(reader.raw(3)), "raw");
  EXPECT_TRUE(reader.done());
}

TEST(Wire, AReadBeyondTheEndSpoilsTheReaderForGood) {
  for (size_t size = 0; size < 12; ++size) {
    std::string bytes;
    WireWriter writer(&bytes);
    writer.text("12345678");
    bytes.resize(size);
    WireReader reader(view_of(bytes));
    EXPECT_EQ(reader.text(), size < 4 ? "" : "");
    EXPECT_FALSE(reader.ok());
    EXPECT_EQ(reader.number<uint8_t>(), 0);
    EXPECT_FALSE(reader.done());
  }
}

TEST(Buffer, SharesOneBlockUntilTheLastReferenceIsGone) {
  Buffer slice;
  {
    Buffer whole = Buffer::copy_of(std::string_view("hello world"));
    slice = whole.slice(6, 5);
    EXPECT_EQ(slice.data(), whole.data() + 6);
  }
  EXPECT_EQ(slice.text(), "world");
  const BufferRef ref = slice.ref();
  Buffer again(ref);
  slice = Buffer();
  EXPECT_EQ(again.text(), "world");
}

struct Counted final : Implements<Storage> {
  explicit Counted(int* alive) : alive_(alive) { ++*alive_; }
  ~Counted() override { --*alive_; }
  Status open_partition(uint32_t, PartitionState*) noexcept override { return ok_status(); }
  Status try_write(const WriteBatch*) noexcept override { return ok_status(); }
  void submit_write(Loop*, const WriteBatch*, Completion*) noexcept override {}
  Status try_get(uint32_t, ByteView, ValueSink*) noexcept override { return ok_status(); }
  void submit_get(Loop*, uint32_t, ByteView, ValueDone*) noexcept override {}
  void submit_scan(Loop*, const ScanRequest*, ScanDone*) noexcept override {}
  Status open_view(uint32_t, StorageView**) noexcept override { return ok_status(); }
  Status begin_import(uint32_t, uint64_t, uint64_t, ByteView, StorageImport**) noexcept override {
    return ok_status();
  }
  ByteView import_label(uint32_t) noexcept override { return {nullptr, 0}; }
  void submit_flush(Loop*, Completion*) noexcept override {}
  uint64_t durable_index(uint32_t) noexcept override { return 0; }
  void submit_drop(Loop*, uint32_t, Completion*) noexcept override {}
  void statistics(StorageStatistics*) noexcept override {}
  void submit_verify(Loop*, ErrorText*, Completion*) noexcept override {}
  int* alive_;
};

TEST(Ref, CountsReferencesAndAnswersQueries) {
  int alive = 0;
  {
    Ref<Counted> first = make_ref<Counted>(&alive);
    Ref<Storage> found = query_interface<Storage>(first.get());
    EXPECT_EQ(found.get(), first.get());
    EXPECT_EQ(first->query("grey.nothing/1"), nullptr);
    Ref<Storage> copy = found;
    first = {};
    EXPECT_EQ(alive, 1);
  }
  EXPECT_EQ(alive, 0);
}

TEST(Status, DescribesItself) {
  EXPECT_EQ(describe(make_status(StatusCode::no_space, "log", 28)),
            "no_space: log (No space left on device)");
  ErrorText error = empty_error_text();
  set_error(&error, std::string(5000, 'x'));
  EXPECT_EQ(std::strlen(error.text), sizeof(error.text) - 1);
  Result<int> good(4), bad(make_status(StatusCode::busy));
  EXPECT_EQ(good.value(), 4);
  EXPECT_EQ(bad.status().code, StatusCode::busy);
}

// What the border is made of must be copyable as bytes.
static_assert(std::is_trivially_copyable_v<Status> && std::is_standard_layout_v<Status>);
static_assert(std::is_trivially_copyable_v<BufferRef> && std::is_standard_layout_v<BufferRef>);
static_assert(std::is_trivially_copyable_v<PluginDescriptor>);
static_assert(std::is_standard_layout_v<PluginDescriptor>);
static_assert(std::is_trivially_copyable_v<WriteOp> && std::is_standard_layout_v<WriteBatch>);
static_assert(std::is_trivially_copyable_v<PeerInfo> && std::is_trivially_copyable_v<Identity>);

}  // namespace
}  // namespace grey
