// Sleep: what an idle group does not say any more, and everything that wakes it.
#include <gtest/gtest.h>

#include "core/testing/lone.h"
#include "core/testing/network.h"

namespace grey::raft::testing {
namespace {

constexpr uint64_t kMs = 1'000'000;

class QuiesceTest : public ::testing::Test {
 protected:
  static NetworkOptions options(uint32_t voters) {
    NetworkOptions options;
    options.seed = 5;
    options.voters = voters;
    options.raft.quiesce_after_ns = 500 * kMs;
    options.raft.gone_jitter_ns = 200 * kMs;  // nobody has a home here, so it is left to chance
    return options;
  }
  void fall_asleep() {
    ASSERT_TRUE(network_.run_until([this] { return all_asleep(); }, 2000));
    leader_ = network_.leader();
  }
  bool all_asleep() {
    for (const ReplicaId id : network_.ids()) {
      if (!network_.up(id) || !network_.core(id).quiesced()) return false;
    }
    return true;
  }
  ReplicaId a_follower() const { return leader_ == ReplicaId(1) ? ReplicaId(2) : ReplicaId(1); }
  // Steps of 10 ms until another replica leads a later term.
  int steps_until_replaced() {
    const Term term = network_.core(a_follower()).term();
    for (int steps = 0; steps < 1000; ++steps) {
      const ReplicaId now = network_.leader();
      if (now != kNobody && now != leader_ && network_.core(now).term() > term) return steps;
      network_.step();
    }
    return 1000;
  }

  Network network_{options(3)};
  ReplicaId leader_;
};

TEST_F(QuiesceTest, ASleepingGroupSaysNothingAndKeepsItsLeader) {
  fall_asleep();
  const uint64_t messages = network_.messages_sent();
  network_.run(2000);
  EXPECT_EQ(network_.messages_sent(), messages);
  EXPECT_EQ(network_.leader(), leader_);
  EXPECT_EQ(network_.core(leader_).next_deadline_ns(), UINT64_MAX);
  EXPECT_EQ(network_.core(a_follower()).next_deadline_ns(), UINT64_MAX);
}

TEST_F(QuiesceTest, AProposalWakesIt) {
  fall_asleep();
  const LogIndex before = network_.judge().committed();
  ASSERT_TRUE(network_.propose());
  EXPECT_TRUE(network_.run_until([&] { return network_.judge().committed() > before; }, 10));
  fall_asleep();
}

TEST_F(QuiesceTest, AReadAtEitherSideIsConfirmedByARound) {
  fall_asleep();
  for (const ReplicaId id : {leader_, a_follower()}) {
    const uint64_t served = network_.judge().reads_served();
    const uint64_t messages = network_.messages_sent();
    network_.read_at(id);
    EXPECT_TRUE(network_.run_until([&] { return network_.judge().reads_served() > served; }, 10));
    EXPECT_GT(network_.messages_sent(), messages);
    EXPECT_EQ(network_.judge().verdict(), "");
    fall_asleep();
  }
}

TEST_F(QuiesceTest, AChangeOfTheMembershipWakesIt) {
  fall_asleep();
  ConfigurationTarget target;
  target.voters = network_.core(leader_).configurations().latest().voters;
  target.voters.pop_back();
  if (target.voters.size() == 2 && leader_ == ReplicaId(3)) target.voters = {leader_, ReplicaId(1)};
  ASSERT_TRUE(network_.change_at(leader_, target).ok());
  EXPECT_TRUE(network_.run_until(
      [&] { return network_.core(leader_).configurations().latest().voters.size() == 2; }, 50));
}

TEST_F(QuiesceTest, ALeaderThatFallsSilentIsReplacedAsWhenAwake) {
  fall_asleep();
  network_.isolate(leader_);
  // An election timeout, the chance, and the election.
  EXPECT_LE(steps_until_replaced(), 100 + 20 + 10);
  // And it does not believe for longer that it leads.
  EXPECT_TRUE(
      network_.run_until([&] { return network_.core(leader_).role() != Role::leader; }, 100));
}

TEST_F(QuiesceTest, ALeaderThatRestartsIsReplaced) {
  fall_asleep();
  const ReplicaId old = leader_;
  network_.crash(old);
  network_.restart(old);
  EXPECT_LE(steps_until_replaced(), 30);
}

TEST_F(QuiesceTest, ALeaderWithoutAQuorumDoesNotLeadForEver) {
  fall_asleep();
  for (const ReplicaId id : network_.ids()) {
    if (id != leader_) network_.crash(id);
  }
  EXPECT_TRUE(
      network_.run_until([&] { return network_.core(leader_).role() != Role::leader; }, 130));
}

TEST_F(QuiesceTest, AFollowerThatWakesAsksTheLeaderToShowItself) {
  fall_asleep();
  const Term term = network_.core(leader_).term();
  network_.core(a_follower()).wake();
  network_.run(10);
  EXPECT_FALSE(network_.core(leader_).quiesced());
  network_.run(500);
  EXPECT_TRUE(all_asleep());
  EXPECT_EQ(network_.core(leader_).term(), term) << "nobody had a reason to campaign";
}

TEST_F(QuiesceTest, WhenTheLeadersReplicaFailsTheOthersElectThoughItsNodeLives) {
  fall_asleep();
  network_.core(leader_).fail("its engine has failed");
  EXPECT_LE(steps_until_replaced(), 230);
}

TEST_F(QuiesceTest, WhenTheLeadersReplicaFailsInTheTurnInWhichItWokeTheOthersElectToo) {
  fall_asleep();
  network_.core(leader_).wake();
  network_.core(leader_).fail("its engine has failed");
  EXPECT_LE(steps_until_replaced(), 230);
}

TEST_F(QuiesceTest, WhenAFollowersReplicaFailsTheLeaderLooksForItsQuorum) {
  fall_asleep();
  for (const ReplicaId id : network_.ids()) {
    if (id != leader_) network_.core(id).fail("its engine has failed");
  }
  EXPECT_TRUE(
      network_.run_until([&] { return network_.core(leader_).role() != Role::leader; }, 130));
}

// Three of five are told, wrongly, that their leader's process has ended, and do not hear it any
// more. It hears that their nodes live, and must not take that for their following it.
TEST(QuiesceOfFiveTest, ADeposedLeaderIsToldByThoseWhoLeaveIt) {
  NetworkOptions options;
  options.seed = 7;
  options.voters = 5;
  options.raft.quiesce_after_ns = 500 * kMs;
  Network network(options);
  const auto asleep = [&] {
    for (const ReplicaId id : network.ids()) {
      if (!network.core(id).quiesced()) return false;
    }
    return true;
  };
  ASSERT_TRUE(network.run_until(asleep, 2000));
  const ReplicaId old = network.leader();
  const ReplicaId companion(old == ReplicaId(1) ? 2 : 1);
  for (const ReplicaId id : network.ids()) {
    if (id == old || id == companion) continue;
    network.cut(old, id);
    network.core(id).peer_gone(old);
  }
  EXPECT_TRUE(
      network.run_until([&] { return network.core(old).role() != Role::leader; }, 100 + 20));
  EXPECT_FALSE(network.core(companion).quiesced());
}

// The first to notice does not campaign before the others have noticed too, and all but one wait
// for it.
TEST(QuiesceOfOneTest, AfterSilenceReplicasCampaignInTurn) {
  RaftOptions options;
  options.gone_step_ns = 30 * kMs;
  options.gone_jitter_ns = 10 * kMs;
  Lone lone(3, {}, 1, options);
  lone.step(2, 1, Heartbeat{});
  const uint64_t contact_ns = lone.now.monotonic_ns;
  lone.pass(400 * kMs);
  lone.core->peer_silent(ReplicaId(2));
  EXPECT_GE(lone.core->next_deadline_ns(), contact_ns + 1000 * kMs + 30 * kMs)
      << "before an election timeout without contact nobody may campaign";
  EXPECT_LE(lone.core->next_deadline_ns(), contact_ns + 1000 * kMs + 40 * kMs);
  lone.core->peer_silent(ReplicaId(3));
  EXPECT_EQ(lone.core->leader(), ReplicaId(2)) << "another one's silence is no reason";
}

TEST(QuiesceOfOneTest, WhatOthersVouchForCountsOnlyInSleep) {
  RaftOptions options;
  options.quiesce_after_ns = 500 * kMs;
  Lone lone(3, {}, 1, options);
  lone.step(2, 1, Heartbeat{});
  lone.pass(900 * kMs);
  lone.core->vouch(ReplicaId(2), lone.now.monotonic_ns);
  lone.pass(200 * kMs);
  lone.step(3, 1, PreVoteRequest{Term(2), {}});
  EXPECT_TRUE(lone.sent<PreVoteResponse>().at(0).second.granted) << "its heartbeats are missing";
}

TEST(QuiesceOfOneTest, ASleeperWhoseLeaderIsVouchedForDeniesItsVote) {
  RaftOptions options;
  options.quiesce_after_ns = 500 * kMs;
  Lone lone(3, {}, 1, options);
  Heartbeat last{};
  last.quiesce = true;
  lone.step(2, 1, last);
  ASSERT_TRUE(lone.core->quiesced());
  lone.pass(5000 * kMs);
  lone.core->vouch(ReplicaId(2), lone.now.monotonic_ns - 100 * kMs);
  lone.step(3, 1, PreVoteRequest{Term(2), {}});
  ASSERT_EQ(lone.messages.size(), 2u);
  EXPECT_TRUE(std::holds_alternative<Wake>(lone.messages[0].body))
      << "the leader is to show itself";
  EXPECT_FALSE(std::get<PreVoteResponse>(lone.messages[1].body).granted);
}

TEST(QuiesceOfOneTest, AFollowerThatALateMessageHasWokenSaysSo) {
  Lone lone(3, {}, 1);
  Heartbeat last{};
  last.quiesce = true;
  lone.step(2, 1, last);
  ASSERT_TRUE(lone.core->quiesced());
  lone.sent<Wake>();
  lone.step(2, 1, Heartbeat{});
  EXPECT_FALSE(lone.core->quiesced());
  EXPECT_EQ(lone.sent<Wake>().size(), 1u);
}

// A round trip of 2 ms, and a read in each turn of 20 us.
TEST(ManyRoundsTest, FreshnessFollowsWhileAHundredRoundsAreOnTheirWay) {
  Lone lone(3);
  lone.lead(3);
  lone.persist();
  lone.ack(2, 1);
  lone.core->applied(LogIndex(1));
  std::vector<uint64_t> rounds;
  for (uint64_t turn = 1; turn <= 2000; ++turn) {
    lone.pass(kMs / 50);
    lone.read(turn);
    for (const auto& [to, heartbeat] : lone.sent<Heartbeat>()) {
      if (to == ReplicaId(2) && heartbeat.round != 0) rounds.push_back(heartbeat.round);
    }
    if (rounds.size() <= 100) continue;
    const uint64_t answered = rounds[rounds.size() - 101];
    lone.step(2, lone.core->term().value(), HeartbeatResponse{answered, 1, true});
  }
  EXPECT_GT(lone.reads.size(), 1800u);
  EXPECT_GE(lone.core->current_at_ns() + 10 * kMs, lone.now.monotonic_ns);
}

TEST(QuiesceOfOneTest, AFollowerThatCannotSleepSaysSo) {
  Lone lone(3);
  lone.step(2, 1, AppendRequest{{}, LogIndex(0), {entry_of(1, 1)}});
  Heartbeat last{};
  last.quiesce = true;
  lone.step(2, 1, last);  // its entry is not durable
  EXPECT_FALSE(lone.core->quiesced());
  EXPECT_EQ(lone.sent<Wake>().size(), 1u);
}

}  // namespace
}  // namespace grey::raft::testing
