#include "member.h"

#include <gtest/gtest.h>

namespace grey::swim {
namespace {

Update update(State state, uint64_t incarnation, uint64_t nonce) {
  return {state, "a", nonce, incarnation, {}, ""};
}
Member member(State state, uint64_t incarnation, uint64_t nonce) {
  Member result;
  result.state = state;
  result.incarnation = incarnation;
  result.boot_nonce = nonce;
  return result;
}

TEST(Member, UnderOneIncarnationTheWorseBeliefHolds) {
  EXPECT_TRUE(overrides(update(State::suspect, 5, 1), member(State::alive, 5, 1)));
  EXPECT_TRUE(overrides(update(State::dead, 5, 1), member(State::suspect, 5, 1)));
  EXPECT_TRUE(overrides(update(State::left, 5, 1), member(State::dead, 5, 1)));
  EXPECT_FALSE(overrides(update(State::alive, 5, 1), member(State::suspect, 5, 1)));
  EXPECT_FALSE(overrides(update(State::alive, 5, 1), member(State::alive, 5, 1)));
}

TEST(Member, AHigherIncarnationRefutesAndALowerIsOldNews) {
  EXPECT_TRUE(overrides(update(State::alive, 6, 1), member(State::dead, 5, 1)));
  EXPECT_FALSE(overrides(update(State::dead, 4, 1), member(State::alive, 5, 1)));
}

TEST(Member, ANewRunOfTheProcessIsToldByItsIncarnation) {
  EXPECT_TRUE(overrides(update(State::alive, 9, 2), member(State::left, 5, 7)));
  EXPECT_FALSE(overrides(update(State::dead, 5, 7), member(State::alive, 9, 2)));
}

}  // namespace
}  // namespace grey::swim
