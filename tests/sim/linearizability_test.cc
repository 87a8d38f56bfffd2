#include "linearizability.h"

#include <gtest/gtest.h>

#include <algorithm>
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

TEST(Linearizability, RemovesTellWhetherThereWasSomething) {
  const auto remove = [](uint64_t from, uint64_t to, OpOutcome outcome) {
    return HistoryOp{OpKind::remove, outcome, 0, 0, from, to, 0};
  };
  EXPECT_EQ(check_register({remove(1, 2, OpOutcome::mismatch), put(3, 4, 1),
                            remove(5, 6, OpOutcome::done), get(7, 8, 0)}),
            Verdict::linearizable);
  EXPECT_EQ(check_register({remove(1, 2, OpOutcome::done)}), Verdict::not_linearizable);
  EXPECT_EQ(check_register({put(1, 2, 1), remove(3, 4, OpOutcome::mismatch)}),
            Verdict::not_linearizable);
  // Two of three removes of unknown outcome may have done it.
  EXPECT_EQ(check_register({remove(1, kNever, OpOutcome::unknown), put(2, 3, 1), put(4, 5, 2),
                            remove(1, kNever, OpOutcome::unknown), get(6, 7, 0), put(8, 9, 3),
                            get(10, 11, 3), get(12, 13, 0)}),
            Verdict::linearizable);
  EXPECT_EQ(check_register({remove(1, kNever, OpOutcome::unknown), put(2, 3, 1), get(6, 7, 0),
                            put(8, 9, 3), get(12, 13, 0)}),
            Verdict::not_linearizable);
}

TEST(Linearizability, WhatNobodySawMayStillBeWhyAConditionFailed) {
  const auto mismatch = OpOutcome::mismatch;
  EXPECT_EQ(check_register({put(1, 2, 1), put_if(5, 6, 1, 2, mismatch)}),
            Verdict::not_linearizable);
  EXPECT_EQ(check_register({put(1, 2, 1), put(3, kNever, 9), put_if(5, 6, 1, 2, mismatch)}),
            Verdict::linearizable);
  EXPECT_EQ(check_register({put(1, 2, 1), put_if(3, kNever, 1, 9, OpOutcome::unknown),
                            put_if(5, 6, 1, 2, mismatch), get(7, 8, 1)}),
            Verdict::not_linearizable);
}

TEST(Linearizability, NamesAnOperationWithoutAPlace) {
  size_t stuck = 99;
  EXPECT_EQ(check_register({put(1, 2, 1), get(3, 4, 1), get(5, 6, 0), put(7, 8, 2)}, 1000, &stuck),
            Verdict::not_linearizable);
  EXPECT_EQ(stuck, 2u);
}

TEST(Linearizability, GivesUpRatherThanRunForEver) {
  History history;
  for (uint64_t i = 1; i <= 24; ++i) {
    history.push_back(put(1, 100, i));
    history.push_back(get(1, 100, i));
  }
  history.push_back(get(500, 501, 99));
  EXPECT_EQ(check_register(history, 1000), Verdict::undecided);
}

// A register of which 32 clients make 100,000 calls, one in a hundred without an answer: faults of
// a minute would leave fewer.
TEST(Linearizability, JudgesAHundredThousandOperations) {
  std::mt19937_64 random(11);
  History history;
  uint64_t state = 0, value = 0;
  for (uint64_t time = 1000; history.size() < 100'000; time += 10) {
    // About 32 calls overlap each moment.
    const uint64_t from = time - random() % 160, to = time + random() % 160;
    const bool unknown = random() % 100 == 0, happens = random() % 2 == 0;
    if (random() % 2 == 0) {
      history.push_back(get(from, to, state));
    } else if (random() % 8 == 0) {
      history.push_back(erase(from, unknown ? kNever : to));
      if (!unknown || happens) state = 0;
    } else {
      history.push_back(put(from, unknown ? kNever : to, ++value));
      if (!unknown || happens) state = value;
    }
  }
  EXPECT_EQ(check_register(history), Verdict::linearizable);
}

// The definition itself: some order of all that must, and of some that may have happened, within
// real time.
bool by_trying_everything(const History& history) {
  std::vector<size_t> order(history.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  do {
    for (uint32_t happened = 0; happened < (1u << history.size()); ++happened) {
      uint64_t state = 0, latest_call = 0;
      bool good = true;
      for (size_t i = 0; i < order.size() && good; ++i) {
        const HistoryOp& op = history[order[i]];
        const bool unknown = op.outcome == OpOutcome::unknown;
        if (!((happened >> order[i]) & 1)) {
          good = unknown;
          continue;
        }
        good = op.returned_ns >= latest_call;
        latest_call = std::max(latest_call, op.invoked_ns);
        const bool holds = op.kind == OpKind::put_if   ? state == op.expected
                           : op.kind == OpKind::remove ? state != 0
                                                       : true;
        if (op.kind == OpKind::get) good = good && (unknown || state == op.value);
        if (!unknown && holds != (op.outcome == OpOutcome::done)) good = false;
        if (op.kind != OpKind::get && holds) state = op.value;
      }
      if (good) return true;
    }
  } while (std::next_permutation(order.begin(), order.end()));
  return false;
}

TEST(Linearizability, AgreesWithTheDefinitionOnSmallHistories) {
  std::mt19937_64 random(3);
  int good = 0, bad = 0;
  for (int round = 0; round < 6000; ++round) {
    History history;
    uint64_t next_value = 1;
    for (int i = 0; i < 5; ++i) {
      HistoryOp op{};
      op.kind = static_cast<OpKind>(random() % 5);
      op.invoked_ns = 1 + random() % 20;
      op.returned_ns = op.invoked_ns + 1 + random() % 8;
      const bool tells = op.kind == OpKind::put_if || op.kind == OpKind::remove;
      if (op.kind == OpKind::get) op.value = random() % 4;
      if (op.kind == OpKind::put) op.value = next_value++;
      if (op.kind == OpKind::put_if) {
        op.expected = random() % 4;
        op.value = random() % 4 == 0 ? 0 : next_value++;
      }
      op.outcome = tells && random() % 2 == 0 ? OpOutcome::mismatch : OpOutcome::done;
      if (random() % 3 == 0) op.outcome = OpOutcome::unknown, op.returned_ns = kNever;
      history.push_back(op);
    }
    const bool expected = by_trying_everything(history);
    ++(expected ? good : bad);
    std::string text;
    for (const HistoryOp& op : history) text += describe(op) + "\n";
    ASSERT_EQ(check_register(history), expected ? Verdict::linearizable : Verdict::not_linearizable)
        << "round " << round << "\n"
        << text;
  }
  EXPECT_GT(good, 500);
  EXPECT_GT(bad, 500);
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
