#include "raft_judge.h"

#include <gtest/gtest.h>

namespace grey::sim {
namespace {

GroupStatus status_of(GroupRole role, uint64_t term, uint64_t commit, uint64_t last = 3) {
  GroupStatus status = {};
  status.struct_size = sizeof(status);
  status.role = role;
  status.term = term;
  status.commit_index = commit;
  status.last_index = last;
  status.problem = "";
  return status;
}

TEST(RaftJudge, AcceptsReplicasThatAgree) {
  RaftJudge judge;
  for (uint32_t node = 1; node <= 3; ++node) {
    judge.opened(node, 0, {0, 0});
    judge.applied(node, 0, 2, 1, 100);
    judge.applied(node, 0, 3, 1, 101);
  }
  judge.acknowledged(0, 3, 101);
  judge.observed(1, 0, status_of(GroupRole::leader, 1, 3));
  judge.observed(2, 0, status_of(GroupRole::leader, 2, 3));
  judge.opened(3, 0, {2, 1});
  judge.applied(3, 0, 3, 1, 101);
  // Of an earlier term than that of the latest leader: it may not know what that one committed.
  judge.opened(2, 1, {0, 0});
  judge.observed(2, 1, status_of(GroupRole::leader, 7, 0, 5));
  judge.applied(2, 1, 5, 7, 1);
  judge.observed(1, 1, status_of(GroupRole::leader, 6, 0, 4));
  EXPECT_EQ(judge.verdict(), "");
  EXPECT_EQ(judge.elections(), 4u);
}

TEST(RaftJudge, NoticesEachBrokenRule) {
  const auto verdict = [](auto breaks) {
    RaftJudge judge;
    judge.opened(1, 0, {0, 0});
    judge.opened(2, 0, {0, 0});
    judge.applied(1, 0, 2, 1, 100);
    judge.applied(1, 0, 3, 2, 101);
    breaks(judge);
    return judge.verdict().substr(0, judge.verdict().find(':'));
  };
  EXPECT_EQ(verdict([](RaftJudge&) {}), "");
  EXPECT_EQ(verdict([](RaftJudge& j) { j.applied(2, 0, 2, 1, 7); }), "a committed entry changed");
  EXPECT_EQ(verdict([](RaftJudge& j) { j.applied(2, 0, 2, 9, 100); }), "a committed entry changed");
  EXPECT_EQ(verdict([](RaftJudge& j) { j.applied(2, 0, 3, 2, 101); }), "skipped");
  EXPECT_EQ(verdict([](RaftJudge& j) { j.applied(1, 0, 3, 2, 101); }), "applied twice");
  EXPECT_EQ(verdict([](RaftJudge& j) { j.applied(1, 0, 4, 1, 5); }), "the term fell");
  EXPECT_EQ(verdict([](RaftJudge& j) {
              j.installed(1, 0, {2, 1});
            }),
            "a snapshot moved the state back");
  EXPECT_EQ(verdict([](RaftJudge& j) {
              j.installed(2, 0, {3, 1});
            }),
            "a snapshot contradicts the log");
  EXPECT_EQ(verdict([](RaftJudge& j) { j.acknowledged(0, 4, 1); }),
            "acknowledged, but not what was applied there");
  EXPECT_EQ(verdict([](RaftJudge& j) {
              j.observed(1, 0, status_of(GroupRole::leader, 5, 0));
              j.observed(2, 0, status_of(GroupRole::leader, 5, 0));
            }),
            "two leaders in one term");
  EXPECT_EQ(verdict([](RaftJudge& j) { j.observed(2, 0, status_of(GroupRole::leader, 5, 0, 2)); }),
            "a leader lacks committed entries");
  EXPECT_EQ(verdict([](RaftJudge& j) {
              j.observed(1, 0, status_of(GroupRole::follower, 5, 0));
              j.observed(1, 0, status_of(GroupRole::follower, 4, 0));
            }),
            "the current term fell");
  EXPECT_EQ(verdict([](RaftJudge& j) {
              j.observed(1, 0, status_of(GroupRole::follower, 5, 3));
              j.observed(1, 0, status_of(GroupRole::follower, 5, 2));
            }),
            "the commit index fell");
}

}  // namespace
}  // namespace grey::sim
