// Mistakes that other implementations made (as in bug_classes_test.cc) which show on links, clocks
// and answers that are wrong in part.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <utility>

#include "core/testing/lone.h"
#include "core/testing/network.h"

namespace grey::raft::testing {
namespace {

Lone leader_with_leases() {
  RaftOptions options;
  options.lease_reads = true;
  Lone lone(3, {}, 0, options);
  lone.lead(3);
  lone.persist();
  lone.ack(2, 1);
  lone.ack(3, 1);
  lone.messages.clear();
  return lone;
}

TEST(BugClassTest, B15_LeaderThatNobodyAnswersServesNoRead) {
  Network network({.seed = 11, .voters = 3, .spares = 0, .faults = {}, .raft = {}});
  ASSERT_TRUE(network.run_until([&] { return network.leader() != kNobody; }, 1000));
  network.run(100);
  const ReplicaId old = network.leader();
  const uint64_t before = network.judge().reads_served();
  network.isolate(old);
  network.read_at(old);
  // It believes that it leads still, and others may have chosen and written already.
  network.run(20);
  ASSERT_EQ(network.core(old).role(), Role::leader);
  network.read_at(old);
  ASSERT_TRUE(network.run_until(
      [&] { return network.leader() != old && network.leader() != kNobody && network.propose(); },
      2000));
  network.read_at(old);
  network.run(1000);
  EXPECT_EQ(network.judge().reads_served(), before);
  EXPECT_EQ(network.judge().verdict(), "");
}

// A leader that sent a round (its number is returned) a lease's length ago, and whose peers gave
// signs of life since, but no answer to that round.
uint64_t let_a_round_grow_old(Lone* lone) {
  lone->pass(kTimeoutNs / 5);
  const uint64_t round = lone->sent<Heartbeat>().at(0).second.round;
  lone->pass(kTimeoutNs * 7 / 10);
  lone->ack(2, 1);
  lone->ack(3, 1);
  lone->pass(kTimeoutNs / 4);
  return round;
}

TEST(BugClassTest, B16_LeaseCountsFromTheSendingNotFromTheAnswer) {
  Lone lone = leader_with_leases();
  const uint64_t round = let_a_round_grow_old(&lone);
  ASSERT_EQ(lone.core->role(), Role::leader);
  lone.step(2, 1, HeartbeatResponse{round});
  lone.read(1);
  EXPECT_TRUE(lone.reads.empty());
}

TEST(BugClassTest, B16_ClockThatGoesBackProlongsNoLease) {
  Lone lone = leader_with_leases();
  lone.step(2, 1, HeartbeatResponse{let_a_round_grow_old(&lone)});
  ASSERT_EQ(lone.core->role(), Role::leader);
  lone.core->tick({lone.now.monotonic_ns - kTimeoutNs / 2, lone.now.wall_ms});
  lone.read(1);
  EXPECT_TRUE(lone.reads.empty());
}

TEST(BugClassTest, B16_LeaseIsOverAfterALongPause) {
  Lone lone = leader_with_leases();
  lone.pass(kTimeoutNs / 5);
  lone.step(2, 1, HeartbeatResponse{lone.sent<Heartbeat>().at(0).second.round});
  lone.pass(60 * kTimeoutNs);
  lone.read(1);
  ASSERT_EQ(lone.reads.size(), 1u);
  EXPECT_FALSE(lone.reads[0].ok);
}

TEST(BugClassTest, B16_NoVoteWhileALeaseMayStand) {
  RaftOptions options;
  options.lease_reads = true;
  Lone lone(3, {}, 0, options);
  lone.pass(2 * kTimeoutNs);  // whatever an earlier life has promised is over
  lone.step(2, 1, Heartbeat{LogIndex(0), 1, false});
  lone.persist();
  // That its process has ended does not end what it has promised to clients.
  lone.core->peer_gone(ReplicaId(2));
  lone.messages.clear();
  lone.step(3, 1, PreVoteRequest{Term(2), at(0, 0)});
  EXPECT_FALSE(lone.sent<PreVoteResponse>().at(0).second.granted);
  EXPECT_EQ(lone.core->role(), Role::follower);
}

// Links between two of five replicas: bit n of a topology is the n-th pair.
constexpr int kPairs = 10;

std::array<std::pair<uint64_t, uint64_t>, kPairs> pairs_of_five() {
  std::array<std::pair<uint64_t, uint64_t>, kPairs> pairs;
  size_t next = 0;
  for (uint64_t a = 1; a <= 5; ++a) {
    for (uint64_t b = a + 1; b <= 5; ++b) pairs[next++] = {a, b};
  }
  return pairs;
}

bool somebody_reaches_a_quorum(int topology) {
  std::array<int, 6> reached{};
  for (int i = 0; i < kPairs; ++i) {
    if ((topology >> i & 1) == 0) continue;
    ++reached[pairs_of_five()[i].first];
    ++reached[pairs_of_five()[i].second];
  }
  return std::any_of(reached.begin(), reached.end(), [](int peers) { return peers >= 2; });
}

TEST(BugClassTest, B24_B25_WhoeverReachesAQuorumGetsWritesCommitted) {
  int tried = 0;
  for (int topology = 0; topology < 1 << kPairs; ++topology) {
    if (!somebody_reaches_a_quorum(topology)) continue;
    ++tried;
    Network network({.seed = static_cast<uint64_t>(topology) + 1,
                     .voters = 5,
                     .spares = 0,
                     .faults = {},
                     .raft = {}});
    ASSERT_TRUE(network.run_until([&] { return network.leader() != kNobody; }, 1000));
    for (int i = 0; i < kPairs; ++i) {
      if ((topology >> i & 1) != 0) continue;
      const auto [a, b] = pairs_of_five()[i];
      network.cut(ReplicaId(a), ReplicaId(b));
      network.cut(ReplicaId(b), ReplicaId(a));
    }
    // Whoever led before has noticed by now whether it can still.
    network.run(600);
    const LogIndex before = network.judge().committed();
    ASSERT_TRUE(network.run_until(
        [&] {
          for (const ReplicaId id : network.ids()) network.propose_at(id);
          return network.judge().committed() > before;
        },
        2000))
        << "topology " << topology;
    ASSERT_EQ(network.judge().verdict(), "") << "topology " << topology;
  }
  EXPECT_GT(tried, 900);
}

TEST(BugClassTest, B38_NeitherOfTwoCommitsAlone) {
  Network network({.seed = 2, .voters = 2, .spares = 0, .faults = {}, .raft = {}});
  ASSERT_TRUE(network.run_until([&] { return network.leader() != kNobody; }, 1000));
  network.run(100);
  const LogIndex before = network.judge().committed();
  network.isolate(ReplicaId(1));
  for (int i = 0; i < 3000; ++i) {
    for (const ReplicaId id : network.ids()) network.propose_at(id);
    network.step();
  }
  EXPECT_EQ(network.judge().committed(), before);
  EXPECT_EQ(network.judge().verdict(), "");
  network.mend_all();
  EXPECT_TRUE(network.run_until(
      [&] { return network.propose() && network.judge().committed() > before; }, 2000));
}

TEST(BugClassTest, B40_OneVoteSentAgainIsNoQuorum) {
  Lone lone(5);
  lone.pass(2 * kTimeoutNs);
  for (uint64_t i = 2; i <= 3; ++i) lone.step(i, 0, PreVoteResponse{Term(1), true});
  lone.persist();
  ASSERT_EQ(lone.core->role(), Role::candidate);
  for (int i = 0; i < 3; ++i) lone.step(2, 1, VoteResponse{true});
  EXPECT_EQ(lone.core->role(), Role::candidate);
  lone.step(3, 1, VoteResponse{true});
  EXPECT_EQ(lone.core->role(), Role::leader);
}

// Three of three are to confirm a read, and one is silent: the leader stays, reads are told.
TEST(ReadQuorumTest, ReadsThatTooFewReplicasConfirmEndSoon) {
  RaftOptions options;
  options.read_quorum = 3;
  Lone lone(3, {}, 0, options);
  lone.lead(3);
  lone.persist();
  lone.ack(2, 1);
  lone.read(1);
  const auto pass_with_one_peer = [&](uint64_t ns) {
    for (const uint64_t until = lone.now.monotonic_ns + ns; lone.now.monotonic_ns < until;) {
      lone.pass(kTimeoutNs / 20);
      for (const auto& [peer, heartbeat] : lone.sent<Heartbeat>()) {
        if (peer == ReplicaId(2)) lone.step(2, 1, HeartbeatResponse{heartbeat.round});
      }
    }
  };
  pass_with_one_peer(kTimeoutNs * 3 / 4);
  EXPECT_TRUE(lone.core->readable());
  EXPECT_TRUE(lone.reads.empty());
  pass_with_one_peer(kTimeoutNs * 3 / 4);
  ASSERT_EQ(lone.core->role(), Role::leader);
  EXPECT_FALSE(lone.core->readable());
  EXPECT_TRUE(lone.core->writable());
  ASSERT_EQ(lone.reads.size(), 1u);
  EXPECT_FALSE(lone.reads[0].ok);
  lone.read(2);
  pass_with_one_peer(options.heartbeat_interval_ns);
  ASSERT_EQ(lone.reads.size(), 2u);
  EXPECT_FALSE(lone.reads[1].ok);
  lone.read(3);
  for (const auto& [peer, heartbeat] : lone.sent<Heartbeat>()) {
    lone.step(peer.value(), 1, HeartbeatResponse{heartbeat.round});
  }
  pass_with_one_peer(options.heartbeat_interval_ns);
  EXPECT_TRUE(lone.core->readable());
  ASSERT_EQ(lone.reads.size(), 3u);
  EXPECT_TRUE(lone.reads[2].ok);
}

TEST(ReadQuorumTest, ReadsDoNotKeepALeaderWithoutQuorumInOffice) {
  Lone lone(3);
  lone.lead(3);
  lone.persist();
  lone.ack(2, 1);
  for (uint64_t id = 1; id <= 60; ++id) {
    lone.read(id);
    lone.pass(kTimeoutNs / 20);
  }
  EXPECT_NE(lone.core->role(), Role::leader);
}

}  // namespace
}  // namespace grey::raft::testing
