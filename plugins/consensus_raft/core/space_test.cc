// What a leader knows of the room on its peers' disks.
#include <gtest/gtest.h>

#include "core/testing/lone.h"
#include "core/testing/network.h"

namespace grey::raft::testing {
namespace {

constexpr uint64_t kMs = 1'000'000;

const Progress& peer(const Raft& core, uint64_t id) {
  for (const Progress& peer : core.peers()) {
    if (peer.id() == ReplicaId(id)) return peer;
  }
  std::abort();
}

TEST(SpaceTest, AFollowerSaysItInEachAnswerAndAtOnceWhenItChanges) {
  Lone lone(3, {}, 1);
  lone.core->set_has_room(true);  // to nobody: no leader is known
  lone.take();
  EXPECT_TRUE(lone.messages.empty());
  lone.step(2, 1, Heartbeat{LogIndex(0), 1});
  EXPECT_TRUE(lone.sent<HeartbeatResponse>().at(0).second.has_room);
  lone.core->set_has_room(false);
  lone.take();
  const auto told = lone.sent<HeartbeatResponse>();
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].first, ReplicaId(2));
  EXPECT_FALSE(told[0].second.has_room);
  EXPECT_EQ(told[0].second.round, 0u) << "it confirms no round";
  lone.core->set_has_room(false);
  lone.take();
  EXPECT_TRUE(lone.messages.empty());
  lone.step(2, 1, Heartbeat{LogIndex(0), 2});
  EXPECT_FALSE(lone.sent<HeartbeatResponse>().at(0).second.has_room);
}

TEST(SpaceTest, AReplicaWhoseLogHangsKeepsSilent) {
  Lone lone(3, {}, 1);
  lone.step(2, 1, Heartbeat{LogIndex(0), 1});
  lone.core->set_log_progress(false);
  lone.messages.clear();
  lone.core->set_has_room(true);
  lone.take();
  EXPECT_TRUE(lone.messages.empty());
}

TEST(SpaceTest, ALeaderBelievesInRoomOnlyOnceItIsTold) {
  Lone lone(3);
  lone.lead(3);
  EXPECT_FALSE(peer(*lone.core, 2).has_room());
  const uint64_t term = lone.core->term().value();
  lone.step(2, term, HeartbeatResponse{0, 70, true});
  EXPECT_TRUE(peer(*lone.core, 2).has_room());
  EXPECT_FALSE(peer(*lone.core, 3).has_room());
  lone.step(2, term, HeartbeatResponse{0, 80, false});
  EXPECT_FALSE(peer(*lone.core, 2).has_room());
}

TEST(SpaceTest, ALeaderThatMustGoOrdersTheOneWithRoomOfTwoThatAreEquallyFar) {
  for (const uint64_t roomy : {2, 3}) {
    Lone lone(3);
    lone.lead(3);
    lone.persist();
    const uint64_t term = lone.core->term().value();
    for (const uint64_t id : {2, 3}) {
      lone.ack(id, 1);
      lone.step(id, term, HeartbeatResponse{0, 70, id == roomy});
    }
    lone.messages.clear();
    lone.core->set_log_progress(false);
    lone.take();
    const auto orders = lone.sent<TimeoutNow>();
    ASSERT_EQ(orders.size(), 1u);
    EXPECT_EQ(orders[0].first, ReplicaId(roomy));
  }
}

TEST(SpaceTest, ALeaderThatSleepsLearnsItAndSleepsOn) {
  RaftOptions options;
  options.quiesce_after_ns = 500 * kMs;
  Network network({.seed = 5, .voters = 3, .spares = 0, .faults = {}, .raft = options});
  const auto asleep = [&] {
    for (const ReplicaId id : network.ids()) {
      if (!network.core(id).quiesced()) return false;
    }
    return true;
  };
  ASSERT_TRUE(network.run_until(asleep, 2000));
  const ReplicaId leader = network.leader();
  const ReplicaId other(leader == ReplicaId(1) ? 2 : 1);
  EXPECT_FALSE(peer(network.core(leader), other.value()).has_room());
  network.core(other).set_has_room(true);
  network.run(100);
  EXPECT_TRUE(peer(network.core(leader), other.value()).has_room());
  EXPECT_TRUE(asleep());
}

}  // namespace
}  // namespace grey::raft::testing
