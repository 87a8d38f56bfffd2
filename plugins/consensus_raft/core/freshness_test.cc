// Nobody believes to be current who is not: whom a deposed leader, a late message, an earlier
// process or a damaged log could deceive.
#include "core/freshness.h"

#include <gtest/gtest.h>

#include "core/testing/lone.h"
#include "core/testing/network.h"

namespace grey::raft::testing {
namespace {

constexpr uint64_t kMs = 1'000'000;

TEST(FreshnessTest, ATimeCountsOnceItsCommitIsApplied) {
  Freshness freshness;
  EXPECT_EQ(freshness.current_at_ns(), 0u);
  freshness.learn(100, LogIndex(5), LogIndex(4));
  EXPECT_EQ(freshness.current_at_ns(), 0u);
  freshness.learn(200, LogIndex(6), LogIndex(4));
  freshness.learn(300, LogIndex(7), LogIndex(4));
  freshness.applied(LogIndex(5));
  EXPECT_EQ(freshness.current_at_ns(), 100u) << "though newer ones wait";
  freshness.applied(LogIndex(6));
  EXPECT_EQ(freshness.current_at_ns(), 100u) << "the newest one wants 7";
  freshness.applied(LogIndex(7));
  EXPECT_EQ(freshness.current_at_ns(), 300u);
  freshness.learn(250, LogIndex(7), LogIndex(7));
  EXPECT_EQ(freshness.current_at_ns(), 300u) << "it came late";
}

TEST(FreshnessTest, ATimeGoesBackOnceTheLeadershipIsConfirmedAsOfLater) {
  PeerClock clock;
  clock.heard(7, 100, 0);
  EXPECT_EQ(clock.echo_ns(0), 0u);
  EXPECT_EQ(clock.echo_ns(99), 0u);
  clock.heard(8, 110, 99);  // what is held stays: else under many answers none would ever go back
  EXPECT_EQ(clock.echo_ns(100), 7u);
  clock.heard(9, 120, 100);
  EXPECT_EQ(clock.echo_ns(119), 7u);
  EXPECT_EQ(clock.echo_ns(120), 9u);
}

// The time that a follower of leader 2 puts into its answer, as it would come back.
uint64_t time_sent(Lone* lone, uint64_t term) {
  lone->messages.clear();
  lone->step(2, term, Heartbeat{LogIndex(0), 1});
  const auto answers = lone->sent<HeartbeatResponse>();
  return answers.empty() ? 0 : answers.at(0).second.sent_ns;
}

Heartbeat echo(uint64_t sent_ns, uint64_t commit) {
  return Heartbeat{LogIndex(0), 1, false, sent_ns, LogIndex(commit)};
}

TEST(FreshnessTest, AFollowerIsCurrentAsOfWhatComesBack) {
  Lone lone(3, {1, 1}, 1);
  const uint64_t asked_ns = lone.now.monotonic_ns;
  const uint64_t sent_ns = time_sent(&lone, 1);
  ASSERT_NE(sent_ns, 0u);
  lone.pass(100 * kMs);
  EXPECT_EQ(lone.core->current_at_ns(), 0u);
  lone.step(2, 1, echo(sent_ns, 2));
  EXPECT_EQ(lone.core->current_at_ns(), 0u) << "2 is not applied";
  lone.step(2, 1, Heartbeat{LogIndex(2)});
  ASSERT_EQ(lone.applied, LogIndex(2));
  lone.core->applied(LogIndex(2));
  EXPECT_EQ(lone.core->current_at_ns(), asked_ns);
}

TEST(FreshnessTest, ATimeThatThisProcessDidNotSendCountsForNothing) {
  Lone lone(3, {}, 1);
  const uint64_t sent_ns = time_sent(&lone, 1);
  lone.pass(100 * kMs);
  lone.step(2, 1, echo(0, 0));
  lone.step(2, 1, echo(sent_ns + 200 * kMs, 0));  // not yet
  lone.step(2, 1, echo(sent_ns - 1, 0));          // before it was there
  EXPECT_EQ(lone.core->current_at_ns(), 0u);
  RaftOptions options;
  options.seed = 77;  // differs between starts
  Lone restarted(3, {}, 1, options);
  restarted.step(2, 1, echo(sent_ns, 0));
  EXPECT_EQ(restarted.core->current_at_ns(), 0u);
  lone.step(2, 1, echo(sent_ns, 0));
  EXPECT_NE(lone.core->current_at_ns(), 0u);
}

TEST(FreshnessTest, ADeposedLeadersHeartbeatCountsForNothing) {
  Lone lone(3, {}, 1);
  const uint64_t sent_ns = time_sent(&lone, 1);
  lone.step(3, 2, Heartbeat{LogIndex(0), 1});
  lone.step(2, 1, echo(sent_ns, 0));
  EXPECT_EQ(lone.core->current_at_ns(), 0u);
}

TEST(FreshnessTest, OfADamagedOrFilledReplicaNothingIsKnown) {
  Lone damaged(3, {1, 1}, 1, {}, at(1, 9));
  const uint64_t sent_ns = time_sent(&damaged, 1);
  damaged.step(2, 1, echo(sent_ns, 0));
  EXPECT_EQ(damaged.core->current_at_ns(), 0u);
  Lone filled(3, {}, 1);
  filled.step(2, 1, echo(time_sent(&filled, 1), 0));
  ASSERT_NE(filled.core->current_at_ns(), 0u);
  ASSERT_TRUE(filled.core->begin_snapshot_install(at(1, 20)).ok());
  EXPECT_EQ(filled.core->current_at_ns(), 0u);
}

// The latest heartbeat to replica `to` since the last call.
Heartbeat heartbeat_to(Lone* leader, uint64_t to) {
  Heartbeat result;
  for (const auto& [peer, heartbeat] : leader->sent<Heartbeat>()) {
    if (peer == ReplicaId(to)) result = heartbeat;
  }
  return result;
}

TEST(FreshnessTest, ALeaderSendsBackOnlyWhatCameBeforeAConfirmedRound) {
  Lone lone(3);
  lone.lead(3);
  const uint64_t term = lone.core->term().value();
  lone.pass(150 * kMs);
  uint64_t round = heartbeat_to(&lone, 2).round;
  lone.step(2, term, HeartbeatResponse{round, 70});
  lone.pass(150 * kMs);
  EXPECT_EQ(heartbeat_to(&lone, 2).echo_ns, 0u) << "no entry of its term is committed";
  lone.persist();
  lone.ack(2, 1);
  EXPECT_EQ(lone.core->current_at_ns(), 0u);
  lone.core->applied(LogIndex(1));
  lone.pass(150 * kMs);
  const uint64_t round_ns = lone.now.monotonic_ns;
  round = heartbeat_to(&lone, 2).round;
  lone.pass(1 * kMs);
  EXPECT_EQ(heartbeat_to(&lone, 2).echo_ns, 0u);
  lone.step(3, term, HeartbeatResponse{round, 900});
  EXPECT_EQ(lone.core->current_at_ns(), round_ns);
  lone.pass(150 * kMs);
  const Heartbeat heartbeat = heartbeat_to(&lone, 2);
  EXPECT_EQ(heartbeat.echo_ns, 70u);
  EXPECT_EQ(heartbeat.leader_commit, LogIndex(1));
}

TEST(FreshnessTest, ALeaderOfOneIsCurrentByItself) {
  Lone lone(1);
  lone.lead(1);
  lone.persist();
  lone.core->applied(LogIndex(1));
  lone.pass(150 * kMs);
  lone.pass(150 * kMs);
  EXPECT_EQ(lone.core->current_at_ns(), lone.now.monotonic_ns);
}

// A deposed leader and its last follower, cut off together: neither looks current while the others
// go on. That nobody ever does wrongly, the judge sees in every run of a network.
TEST(FreshnessTest, WhoeverIsCutOffGrowsOlder) {
  NetworkOptions options;
  options.voters = 5;
  Network network(options);
  ASSERT_TRUE(network.run_until([&] { return network.leader() != kNobody; }, 1000));
  network.propose();
  network.run(200);
  const ReplicaId old_leader = network.leader();
  const ReplicaId companion(old_leader == ReplicaId(1) ? 2 : 1);
  for (const ReplicaId id : network.ids()) {
    EXPECT_GT(network.core(id).current_at_ns() + 600 * kMs, network.now_ns()) << id.value();
  }
  const uint64_t cut_ns = network.now_ns();
  network.isolate(old_leader);
  network.isolate(companion);
  network.mend(old_leader, companion);
  network.mend(companion, old_leader);
  for (int i = 0; i < 1000; ++i) {
    network.propose();
    network.step();
    EXPECT_LE(network.core(old_leader).current_at_ns(), cut_ns);
    EXPECT_LE(network.core(companion).current_at_ns(), cut_ns);
  }
  EXPECT_NE(network.leader(), old_leader);
  EXPECT_EQ(network.judge().verdict(), "");
}

}  // namespace
}  // namespace grey::raft::testing
