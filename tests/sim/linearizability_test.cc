#include "linearizability.h"

#include <gtest/gtest.h>

#include <random>

namespace grey::sim {
namespace {

constexpr uint64_t kNever = UINT64_MAX;

HistoryOp get(uint64_t from, uint64_t to, uint64_t value) {
  return {OpKind::get, OpOutcome::done, value, 0, from, to, 0};
}
HistoryOp put(uint64_t from, uint64_t to, uint64_t value) {
  return {OpKind::put, to == kNever ? OpOutcome::unknown : OpOutcome::done, value, 0, from, to, 0};
}
HistoryOp erase(uint64_t from, uint64_t to) {
  return {OpKind::erase, to == kNever ? OpOutcome::unknown : OpOutcome::done, 0, 0, from, to, 0};
}
HistoryOp put_if(uint64_t from, uint64_t to, uint64_t expected, uint64_t value, OpOutcome outcome) {
  return {OpKind::put_if, outcome, value, expected, from, to, 0};
}

TEST(Linearizability, AcceptsWhatHappenedOneAfterTheOther) {
  EXPECT_EQ(check_register({}), Verdict::linearizable);
  EXPECT_EQ(check_register({get(1, 2, 0), put(3, 4, 7), get(5, 6, 7), erase(7, 8), get(9, 10, 0)}),
            Verdict::linearizable);
}

TEST(Linearizability, RejectsAStaleRead) {
  EXPECT_EQ(check_register({put(1, 2, 1), put(3, 4, 2), get(5, 6, 1)}), Verdict::not_linearizable);
  EXPECT_EQ(check_register({put(1, 2, 1), get(3, 4, 0)}), Verdict::not_linearizable);
}

TEST(Linearizability, RejectsAReadOfWhatNobodyWrote) {
  EXPECT_EQ(check_register({put(1, 2, 1), get(3, 4, 9)}), Verdict::not_linearizable);
}

TEST(Linearizability, RejectsAReadFromTheFuture) {
  EXPECT_EQ(check_register({get(1, 2, 5), put(3, 4, 5)}), Verdict::not_linearizable);
}

TEST(Linearizability, LetsConcurrentOperationsTakeEffectInAnyOrder) {
  EXPECT_EQ(check_register({put(1, 10, 1), put(1, 10, 2), get(11, 12, 1)}), Verdict::linearizable);
  EXPECT_EQ(check_register({put(1, 10, 1), put(1, 10, 2), get(11, 12, 2)}), Verdict::linearizable);
  EXPECT_EQ(check_register({put(1, 10, 1), get(2, 3, 1), get(4, 5, 1)}), Verdict::linearizable);
}

TEST(Linearizability, RejectsReadsThatGoBackWhileAWriteIsUnderWay) {
  EXPECT_EQ(check_register({put(1, 10, 1), get(2, 3, 1), get(4, 5, 0)}), Verdict::not_linearizable);
  EXPECT_EQ(
      check_register({put(1, 20, 1), put(1, 20, 2), get(2, 3, 1), get(4, 5, 2), get(6, 7, 1)}),
      Verdict::not_linearizable);
}

TEST(Linearizability, AnUnknownWriteMayHappenLateOrNever) {
  EXPECT_EQ(check_register({put(1, kNever, 1), get(5, 6, 0), get(7, 8, 0)}), Verdict::linearizable);
  EXPECT_EQ(check_register({put(1, kNever, 1), get(5, 6, 0), get(7, 8, 1)}), Verdict::linearizable);
  EXPECT_EQ(check_register({put(1, kNever, 1), get(5, 6, 1), get(7, 8, 0)}),
            Verdict::not_linearizable);
  EXPECT_EQ(check_register({put(1, 2, 4), erase(3, kNever), get(5, 6, 4), get(7, 8, 0)}),
            Verdict::linearizable);
}

TEST(Linearizability, AnAcknowledgedWriteMustNotBeLost) {
  EXPECT_EQ(check_register({put(1, 2, 1), put(3, kNever, 2), get(5, 6, 0)}),
            Verdict::not_linearizable);
}

TEST(Linearizability, ConditionsHoldWhenTheirWriteTakesEffect) {
  const auto done = OpOutcome::done;
  EXPECT_EQ(check_register({put(1, 2, 1), put_if(3, 4, 1, 2, done), get(5, 6, 2)}),
            Verdict::linearizable);
  EXPECT_EQ(check_register({put(1, 2, 1), put_if(3, 4, 9, 2, done)}), Verdict::not_linearizable);
  // Both replaced the same value: a lost update.
  EXPECT_EQ(check_register({put(1, 2, 1), put_if(3, 9, 1, 2, done), put_if(3, 9, 1, 3, done)}),
            Verdict::not_linearizable);
  EXPECT_EQ(check_register({put(1, 2, 1), put_if(3, 9, 1, 2, done),
                            put_if(3, 9, 1, 3, OpOutcome::mismatch), get(10, 11, 2)}),
            Verdict::linearizable);
  EXPECT_EQ(check_register({put(1, 2, 1), put_if(3, 4, 1, 2, OpOutcome::mismatch)}),
            Verdict::not_linearizable);
  EXPECT_EQ(check_register({put(1, 2, 1), put_if(3, kNever, 1, 2, OpOutcome::unknown), get(5, 6, 1),
                            get(7, 8, 2)}),
            Verdict::linearizable);
  EXPECT_EQ(
      check_register({put(1, 2, 1), put_if(3, kNever, 9, 2, OpOutcome::unknown), get(7, 8, 2)}),
      Verdict::not_linearizable);
}

TEST(Linearizability, GivesUpRatherThanRunForEver) {
  History history;
  for (uint64_t i = 1; i <= 24; ++i) history.push_back(put(1, kNever, i));
  for (uint64_t i = 0; i < 20; ++i) history.push_back(get(100 + 2 * i, 101 + 2 * i, 1 + i % 24));
  history.push_back(get(500, 501, 99));
  EXPECT_EQ(check_register(history, 1000), Verdict::undecided);
}

// Runs a real register with random overlaps, then adds a read of an overwritten value: the first is
// always accepted, the second never.
TEST(Linearizability, TellsRandomGoodHistoriesFromBadOnes) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 200; ++round) {
    History history;
    uint64_t state = 0, value = 0, time = 1;
    for (int i = 0; i < 60; ++i) {
      time += 10;
      // The effect is at `time`; the ends lie up to 25 around it.
      const uint64_t from = time > 26 ? time - random() % 26 : 0, to = time + random() % 26;
      switch (random() % 4) {
        case 0:
          history.push_back(put(from, random() % 8 == 0 ? kNever : to, state = ++value));
          break;
        case 1:
          history.push_back(get(from, to, state));
          break;
        case 2: {
          const bool right = random() % 2 == 0;
          history.push_back(put_if(from, to, right ? state : 1000, ++value,
                                   right ? OpOutcome::done : OpOutcome::mismatch));
          if (right) state = value;
          break;
        }
        default:
          history.push_back(get(from, to, state));
      }
    }
    ASSERT_EQ(check_register(history), Verdict::linearizable) << "round " << round;
    history.push_back(put(time + 100, time + 110, 5000));
    history.push_back(put(time + 120, time + 130, 5001));
    history.push_back(get(time + 200, time + 210, 5000));
    ASSERT_EQ(check_register(history), Verdict::not_linearizable) << "round " << round;
  }
}

}  // namespace
}  // namespace grey::sim
