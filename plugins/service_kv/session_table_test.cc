#include "session_table.h"

#include <gtest/gtest.h>

#include "mutate.h"

namespace grey::kv {
namespace {

SessionOutcome outcome(uint64_t serial) {
  return {serial, 77, KvCode::ok, 100 + serial};
}

SessionVerdict judge(const SessionRecord& record, uint64_t serial) {
  const SessionOutcome* known = nullptr;
  const SessionVerdict verdict = record.judge(serial, 77, &known);
  if (verdict == SessionVerdict::repeated) {
    EXPECT_EQ(*known, outcome(serial));
  }
  return verdict;
}

TEST(SessionRecord, SerialsMayComeInAnyOrder) {
  SessionRecord record;
  for (const uint64_t serial : {17u, 3u, 90u, 4u}) {
    EXPECT_EQ(judge(record, serial), SessionVerdict::fresh);
    record.remember(outcome(serial));
    EXPECT_EQ(judge(record, serial), SessionVerdict::repeated);
  }
  EXPECT_EQ(judge(record, 5), SessionVerdict::fresh);
}

TEST(SessionRecord, WhatLeavesTheWindowIsRefusedForEver) {
  SessionRecord record;
  for (uint64_t serial = 2; serial < 2 + kSessionWindow; ++serial) record.remember(outcome(serial));
  EXPECT_EQ(judge(record, 2), SessionVerdict::repeated);
  EXPECT_EQ(judge(record, 1), SessionVerdict::forgotten) << "its outcome could not be kept";
  record.remember(outcome(1000));
  EXPECT_EQ(judge(record, 2), SessionVerdict::forgotten);
  EXPECT_EQ(judge(record, 3), SessionVerdict::repeated);
  EXPECT_EQ(judge(record, 999), SessionVerdict::fresh);
  EXPECT_EQ(record.outcomes.size(), kSessionWindow);
}

TEST(SessionRecord, ForgottenOutcomesLeaveTheHighestSerialBehind) {
  SessionRecord record;
  record.remember(outcome(5));
  record.remember(outcome(9));
  record.forget_outcomes();
  for (const uint64_t serial : {1u, 5u, 7u, 9u}) {
    EXPECT_EQ(judge(record, serial), SessionVerdict::forgotten);
  }
  EXPECT_EQ(judge(record, 10), SessionVerdict::fresh);
  record.forget_outcomes();
  EXPECT_EQ(record.floor, 9u);
}

TEST(SessionRecord, ASerialOfAnotherWriteIsNoticed) {
  SessionRecord record;
  record.remember(outcome(5));
  const SessionOutcome* known = nullptr;
  EXPECT_EQ(record.judge(5, 78, &known), SessionVerdict::misused);
}

TEST(SessionTable, TimeStandsStillWithoutRecordsAndMovesInSteps) {
  SessionTable table;
  table.use(1'000'000, 600'000);
  EXPECT_EQ(table.advance(2'000'000), 0u);
  EXPECT_EQ(table.clock_ms, 0u);
  table.clients[0] = 1;
  table.advance(1'010'000);
  EXPECT_EQ(table.clock_ms, 10'000u);
  table.advance(1'005'000);
  EXPECT_EQ(table.clock_ms, 10'000u) << "backwards";
  table.advance(90'000'000'000);
  EXPECT_EQ(table.clock_ms, 10'000u + 75'000u) << "an eighth of the retention at most";
  table.retention_ms = 1000;
  table.advance(180'000'000'000);
  EXPECT_EQ(table.clock_ms, 85'000u + 60'000u) << "a minute, if that is more";
}

TEST(SessionTable, AGenerationIsDroppedTwoRetentionsAfterItWasLeft) {
  SessionTable table;
  uint64_t now_ms = 1'000'000;
  table.use(now_ms, 10'000);
  table.clients[0] = 4;
  const uint64_t first = table.generation;
  EXPECT_EQ(table.advance(now_ms += 9'999), 0u);
  EXPECT_EQ(table.generation, first);
  for (const int turn : {1, 2}) {
    EXPECT_EQ(table.advance(now_ms += 10'000), 0u);
    EXPECT_EQ(table.generation, first + static_cast<uint64_t>(turn));
    EXPECT_EQ(table.total(), 4u);
  }
  EXPECT_EQ(table.advance(now_ms += 9'999), 0u);
  EXPECT_EQ(table.advance(now_ms += 1), first);
  EXPECT_EQ(table.total(), 0u);
}

TEST(SessionTable, KeysOfAGenerationStandBetweenItsBounds) {
  ClientId low{}, high{};
  high.fill(0xFF);
  for (const uint64_t generation : {3u, 255u, 256u, 65535u}) {
    for (const ClientId& client : {low, high}) {
      EXPECT_GE(session_record_key(generation, client), session_generation_bound(generation));
      EXPECT_LT(session_record_key(generation, client), session_generation_bound(generation + 1));
    }
  }
  EXPECT_LT(session_table_key(), session_generation_bound(0));
}

TEST(SessionFormats, ComeBackAsTheyWere) {
  SessionTable table{1, 20, 3, 4, 5, {6, 7, 8}};
  const std::vector<uint8_t> table_bytes = encode_session_table(table);
  SessionTable table_out;
  ASSERT_TRUE(decode_session_table({table_bytes.data(), table_bytes.size()}, &table_out).ok());
  EXPECT_EQ(table_out, table);
  SessionRecord record;
  record.active_ms = 9;
  for (uint64_t serial = 1; serial < 100; ++serial) record.remember(outcome(serial));
  const std::vector<uint8_t> bytes = encode_session_record(record);
  EXPECT_EQ(bytes.size(), kMaxSessionRecordBytes);
  SessionRecord out;
  ASSERT_TRUE(decode_session_record({bytes.data(), bytes.size()}, &out).ok());
  EXPECT_EQ(out, record);
}

TEST(SessionFormats, AreFixed) {
  SessionRecord record;
  record.floor = 1;
  record.active_ms = 2;
  record.outcomes = {{3, 4, KvCode::condition_failed, 5}};
  EXPECT_EQ(encode_session_record(record),
            (std::vector<uint8_t>{1, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0,
                                  3, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 3, 5, 0, 0, 0, 0, 0, 0, 0}));
  ClientId client{};
  client.fill('c');
  EXPECT_EQ(session_record_key(258, client),
            std::string("\0\2\0\0\0\0\0\0\1\2", 10) + std::string(16, 'c'));
}

TEST(SessionFormats, NewerVersionsAndAnyBytesAreRefusedWithoutACrash) {
  SessionRecord record;
  record.remember(outcome(5));
  record.remember(outcome(6));
  std::vector<uint8_t> bytes = encode_session_record(record);
  for_each_mutation(bytes, [](ByteView changed) {
    SessionRecord out;
    EXPECT_TRUE(decode_session_record(changed, &out).ok() || out.outcomes.empty());
  });
  bytes[0] = 2;
  EXPECT_EQ(decode_session_record({bytes.data(), bytes.size()}, &record).code,
            StatusCode::incompatible);
  std::vector<uint8_t> table_bytes = encode_session_table(SessionTable{});
  for_each_mutation(table_bytes, [](ByteView changed) {
    SessionTable out;
    (void)decode_session_table(changed, &out);
  });
  table_bytes[0] = 2;
  SessionTable table;
  EXPECT_EQ(decode_session_table({table_bytes.data(), table_bytes.size()}, &table).code,
            StatusCode::incompatible);
}

}  // namespace
}  // namespace grey::kv
