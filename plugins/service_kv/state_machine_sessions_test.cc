#include "state_machine_fixture.h"

namespace grey::kv {
namespace {

using enum KvCode;
using Codes = std::vector<KvCode>;

TEST_F(StateMachineTest, AWriteSentTwiceIsDoneOnceAndAnsweredAlike) {
  EXPECT_EQ(put('a', 1, "k", "1"), ok);
  add(CommandType::put, "k", "other");
  apply();
  EXPECT_EQ(put('a', 1, "k", "1"), ok);
  EXPECT_EQ(revisions[0], 1u);
  EXPECT_EQ(value_of("k"), "other");
  EXPECT_EQ(repeated, 1u);
  EXPECT_EQ(sessions, 1u);
}

TEST_F(StateMachineTest, DuplicatesInOneBatchAreSeenToo) {
  add_put('a', 1, "k", "1");
  add_put('a', 2, "k", "2");
  add_put('a', 1, "k", "1");
  add_put('b', 1, "k", "3");
  add_put('a', 2, "k", "2");
  EXPECT_EQ(apply(), (Codes{ok, ok, ok, ok, ok}));
  EXPECT_EQ(revisions, (std::vector<uint64_t>{1, 2, 1, 4, 2}));
  EXPECT_EQ(value_of("k"), "3");
  EXPECT_EQ(sessions, 2u);
}

TEST_F(StateMachineTest, RefusalsAreOutcomesThatARetryGets) {
  Command create;
  create.condition = KvCondition::missing;
  create.key = view_of("k");
  create.value = view_of("new");
  Command erase;
  erase.type = CommandType::erase;
  erase.key = view_of("none");
  add(CommandType::put, "k", "1");
  add('a', 1, create);
  add('a', 2, erase);
  EXPECT_EQ(apply(), (Codes{ok, condition_failed, not_found}));
  add(CommandType::erase, "k", "");
  add(CommandType::put, "none", "now there");
  add('a', 1, create);
  add('a', 2, erase);
  EXPECT_EQ(apply(), (Codes{ok, ok, condition_failed, not_found}));
  EXPECT_EQ(value_of("k"), "(none)");
  EXPECT_EQ(value_of("none"), "now there");
}

TEST_F(StateMachineTest, AnyFirstSerialBeginsASessionInAShard) {
  EXPECT_EQ(put('a', 17, "k", "1"), ok);
  EXPECT_EQ(put('a', 3, "k", "2"), ok) << "sent before 17, arrived after it";
  EXPECT_EQ(put('a', 17, "k", "1"), ok);
  EXPECT_EQ(revisions[0], 1u);
}

TEST_F(StateMachineTest, BelowTheWindowASerialIsRefusedNotDone) {
  for (uint64_t serial = 1; serial <= kSessionWindow + 1; ++serial) {
    ASSERT_EQ(put('a', serial, "k", "v" + std::to_string(serial)), ok);
  }
  EXPECT_EQ(put('a', 1, "k", "v1"), session_expired);
  EXPECT_EQ(put('a', 2, "k", "v2"), ok);
  EXPECT_EQ(revisions[0], 2u);
  EXPECT_EQ(value_of("k"), "v65");
}

TEST_F(StateMachineTest, ASerialOfAnotherWriteIsRefused) {
  EXPECT_EQ(put('a', 1, "k", "1"), ok);
  EXPECT_EQ(put('a', 1, "k", "2"), bad_request);
  EXPECT_EQ(value_of("k"), "1");
  EXPECT_EQ(put('a', 1, "k", "1"), ok);
}

TEST_F(StateMachineTest, ARestartedReplicaRemembers) {
  EXPECT_EQ(put('a', 1, "k", "1"), ok);
  EXPECT_EQ(put('b', 1, "k", "2"), ok);
  reopen(1, {index, 1});
  storage.gets_block = true;  // after a restart everything is cold
  EXPECT_EQ(put('a', 1, "k", "1"), ok);
  EXPECT_EQ(revisions[0], 1u);
  EXPECT_EQ(value_of("k"), "2");
  EXPECT_EQ(sessions, 2u);
}

TEST_F(StateMachineTest, ASnapshotBringsTheSessionsAlong) {
  EXPECT_EQ(put('a', 1, "k", "1"), ok);
  EXPECT_EQ(put('b', 1, "k", "2"), ok);
  int chunks = 0;
  move_by_snapshot(10, &chunks);
  EXPECT_GT(chunks, 2);
  EXPECT_EQ(put('a', 1, "k", "1"), ok);
  EXPECT_EQ(revisions[0], 1u);
  EXPECT_EQ(value_of("k", 2), "2");
  EXPECT_EQ(sessions, 2u);
}

TEST_F(StateMachineTest, AnIdleClientsWritesAreRefusedNotDoneAgain) {
  retention_ms = 60'000;
  EXPECT_EQ(put('a', 4, "k", "1"), ok);
  now_ms += 59'999;
  EXPECT_EQ(put('a', 4, "k", "1"), ok) << "still remembered, and not idle any more";
  now_ms += 60'000;
  EXPECT_EQ(put('a', 4, "k", "1"), session_expired);
  EXPECT_EQ(put('a', 2, "k", "0"), session_expired) << "it may have been done";
  EXPECT_EQ(revisions[0], 0u);
  EXPECT_EQ(value_of("k"), "1");
  EXPECT_EQ(put('a', 5, "k", "2"), ok) << "above all that can have been done";
  EXPECT_EQ(put('a', 5, "k", "2"), ok);
}

TEST_F(StateMachineTest, AForgottenClientIsRememberedAsLongAgainAndThenDropped) {
  retention_ms = 60'000;
  EXPECT_EQ(put('a', 1, "k", "1"), ok);
  const auto others_for = [this](uint64_t ms) {
    for (uint64_t passed = 0; passed < ms; passed += 10'000) {
      now_ms += 10'000;
      add(CommandType::put, "x", "y");
      apply();
    }
  };
  others_for(110'000);
  EXPECT_EQ(put('b', 1, "k", "2"), ok);
  EXPECT_EQ(put('a', 1, "k", "1"), session_expired);
  EXPECT_EQ(sessions, 2u);
  others_for(180'000);
  EXPECT_EQ(sessions, 0u) << "plain writes drive the clock as well";
  const auto left = content(1);
  EXPECT_EQ(left.size(), 3u) << "the table itself, k and x";
  EXPECT_EQ(left[0].first, session_table_key());
  EXPECT_EQ(put('c', 1, "k", "3"), ok);
  EXPECT_EQ(sessions, 1u);
}

TEST_F(StateMachineTest, ALeadersClockFarAheadDoesNotForgetClients) {
  EXPECT_EQ(put('a', 1, "k", "1"), ok);
  now_ms += 1'000'000'000'000;
  add(CommandType::put, "k", "2");
  apply();
  EXPECT_EQ(put('a', 1, "k", "1"), ok);
  EXPECT_EQ(revisions[0], 1u);
  EXPECT_EQ(value_of("k"), "2");
}

// Replicas apply the same log in other batches, restart, and wait for cold reads: nothing of that
// may show in what they answer or hold.
TEST_F(StateMachineTest, TheSameLogWithSessionsGivesTheSameInOtherBatches) {
  retention_ms = 40'000;
  const auto fill = [this](uint64_t i) {
    now_ms = 1'000'000 + i * i * 2 + (i < 200 ? 0 : 50'000);
    if (i % 11 == 0) {
      commands.push_back(Buffer());
      return;
    }
    if (i % 7 == 0) {
      add(CommandType::put, "k" + std::to_string(i % 5), "plain");
      return;
    }
    const uint64_t write = i % 10 == 9 ? i - 4 : i;  // some are sent twice
    const std::string key = "k" + std::to_string(write % 13);
    Command command;
    if (write % 3 == 0) command.condition = KvCondition::missing;
    command.type = write % 4 == 0 ? CommandType::erase : CommandType::put;
    command.key = view_of(key);
    add(static_cast<char>('a' + write % 3), 1 + (write * 31) % 20, command);
  };
  Codes single;
  std::vector<uint64_t> single_revisions;
  constexpr uint64_t kEntries = 400;
  for (uint64_t i = 0; i < kEntries; ++i) {
    fill(i);
    single.push_back(apply()[0]);
    single_revisions.push_back(revisions[0]);
  }
  for (const KvCode code : {ok, not_found, condition_failed, session_expired, bad_request}) {
    EXPECT_NE(std::count(single.begin(), single.end(), code), 0) << static_cast<int>(code);
  }
  reopen(2, AppliedState{});
  uint64_t from = 0;
  for (const uint64_t size : {1u, 50u, 49u, 300u}) {
    storage.gets_block = size == 50;
    std::vector<uint64_t> times;
    for (uint64_t i = from; i < from + size; ++i) {
      fill(i);
      times.push_back(now_ms);
    }
    const Codes codes = apply(&times);
    for (uint64_t i = 0; i < size; ++i) {
      EXPECT_EQ(codes[i], single[from + i]) << from + i;
      EXPECT_EQ(revisions[i], single_revisions[from + i]) << from + i;
    }
    from += size;
    if (size == 49) reopen(2, {index, 1});
  }
  ASSERT_EQ(from, kEntries);
  EXPECT_EQ(content(1), content(2));
}

}  // namespace
}  // namespace grey::kv
