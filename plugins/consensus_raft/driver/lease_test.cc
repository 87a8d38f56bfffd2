// Leases of nodes that stand still between the reading of a turn's clock and what the turn works
// on.
#include <gtest/gtest.h>

#include "driver/wire.h"
#include "testing/driver_fixture.h"

namespace grey::raft::testing {
namespace {

class LeaseTest : public DriverTest {
 protected:
  void start_with_leases() {
    settings_["lease_reads"] = 1;
    settings_["rebalance"] = 0;
    start_all();
    put("a");
    world_.run_for(500 * kMs);
    leader_ = leader_of(1);
    ASSERT_NE(leader_, 0u);
    one_ = leader_ % 3 + 1;
    other_ = one_ % 3 + 1;
  }
  void cut(uint32_t a, uint32_t b) {
    world_.cut(a, b);
    world_.cut(b, a);
  }
  bool read_is_served(uint32_t number) {
    reads_.push_back(std::make_unique<ReadOutcome>());
    ReadOutcome* read = reads_.back().get();
    nodes_[number]->groups[1]->read_index(10 * kMs, read);
    EXPECT_TRUE(world_.run_until([&] { return read->done; }, kSecond));
    return read->status.ok();
  }
  bool led_by_another() { return nodes_[one_]->leads(1) || nodes_[other_]->leads(1); }

  uint32_t leader_ = 0, one_ = 0, other_ = 0;
  std::vector<std::unique_ptr<ReadOutcome>> reads_;
};

TEST_F(LeaseTest, ALeaderThatIsCutOffServesReadsWhileItsLeaseLasts) {
  start_with_leases();
  cut(leader_, one_);
  cut(leader_, other_);
  EXPECT_TRUE(read_is_served(leader_));
  ASSERT_TRUE(world_.run_until([this] { return led_by_another(); }, 5 * kSecond));
  EXPECT_FALSE(read_is_served(leader_));
}

// The read comes when the pause is nearly over, to a turn whose clock is from before it.
TEST_F(LeaseTest, B16_ARequestYoungerThanTheTurnsClockIsHeldAgainstTheTimeOfItsOwn) {
  start_with_leases();
  nodes_[leader_]->host.stop_amid_a_turn();
  cut(leader_, one_);  // what others have sent meanwhile is read in the turn behind this one
  cut(leader_, other_);
  ASSERT_TRUE(world_.run_until([this] { return led_by_another(); }, 5 * kSecond));
  Outcome written;
  nodes_[nodes_[one_]->leads(1) ? one_ : other_]->propose(1, "b", &written);
  ASSERT_TRUE(world_.run_until([&] { return written.done; }, kSecond));
  ASSERT_EQ(written.outcome, grey::ProposalOutcome::committed);
  ReadOutcome read;
  nodes_[leader_]->groups[1]->read_index(kSecond, &read);
  nodes_[leader_]->host.go_on();
  ASSERT_TRUE(world_.run_until([&] { return read.done; }, 3 * kSecond));
  EXPECT_FALSE(read.status.ok()) << "it would miss what was written before it";
}

// The same where the turn has come to the group already when it is stopped: by a message just
// before.
TEST_F(LeaseTest, B16_ATurnThatIsStoppedInTheMiddleReadsTheClockAnew) {
  start_with_leases();
  ReadOutcome read;
  bool stopped = false;
  const auto stand_still = [&] {
    nodes_[leader_]->host.stop_amid_a_turn();
    cut(leader_, one_);
    cut(leader_, other_);
    EXPECT_TRUE(world_.run_until([this] { return led_by_another(); }, 5 * kSecond));
    nodes_[leader_]->groups[1]->read_index(kSecond, &read);
    nodes_[leader_]->host.go_on();
  };
  world_.tamper = [&](uint32_t, uint32_t to, uint32_t, std::vector<std::string>* messages) {
    const bool of_groups = messages->front()[1] != static_cast<char>(FrameKind::liveness);
    if (to != leader_ || !of_groups || std::exchange(stopped, true)) return;
    // Behind the message in the same turn.
    world_.after(world_.link_ns, [&] {
      world_.after(0, [&] { post(nodes_[leader_]->host.loop(0), stand_still); });
    });
  };
  ASSERT_TRUE(world_.run_until([&] { return read.done; }, 8 * kSecond));
  EXPECT_FALSE(read.status.ok());
}

// An answer that came behind the reading of the turn's clock was not heard ages ago.
TEST_F(LeaseTest, WhatIsYoungerThanTheTurnsClockCountsAsJustHeard) {
  start_with_leases();
  TestNode& node = *nodes_[leader_];
  bool sent = false, looked = false;
  world_.tamper = [&](uint32_t from, uint32_t, uint32_t, std::vector<std::string>* messages) {
    const bool of_groups = messages->front()[1] != static_cast<char>(FrameKind::liveness);
    sent = sent || (from == leader_ && of_groups);
  };
  ASSERT_TRUE(world_.run_until([&] { return sent; }, kSecond));
  node.host.stop_amid_a_turn();
  world_.run_for(50 * kMs);
  post(node.host.loop(0), [&] {
    looked = true;
    EXPECT_LT(node.host.loop(0)->now_ns(), world_.now_ns()) << "nothing is tested";
    ReplicaStatus replicas[3];
    ASSERT_EQ(node.groups[1]->replicas(replicas, 3), 3u);
    for (const ReplicaStatus& replica : replicas) EXPECT_TRUE(replica.recently_active);
  });
  node.host.go_on();
  ASSERT_TRUE(world_.run_until([&] { return looked; }, kSecond));
}

// A follower reads its leader's heartbeats in a turn whose clock is from before they were sent, and
// answers them: it is bound from when it reads them.
TEST_F(LeaseTest, B16_AHeartbeatYoungerThanTheTurnsClockBindsForAsLongAsItsLeaderReliesOn) {
  start_with_leases();
  nodes_[one_]->host.stop_amid_a_turn();
  world_.run_for(1500 * kMs);
  cut(leader_, other_);
  world_.run_for(970 * kMs);
  nodes_[one_]->host.go_on();
  world_.run_for(kMs);  // it has answered
  cut(leader_, one_);
  uint64_t served = 0;
  for (int i = 0; i < 100; ++i) {
    const bool led = led_by_another();
    const bool serves = read_is_served(leader_);
    if (serves) ++served;
    ASSERT_FALSE(led && serves) << "two leaders, of which the first relies on a lease";
    world_.run_for(10 * kMs);
  }
  EXPECT_GT(served, 20u) << "there was a lease";
  EXPECT_TRUE(world_.run_until([this] { return led_by_another(); }, 5 * kSecond));
}

}  // namespace
}  // namespace grey::raft::testing
