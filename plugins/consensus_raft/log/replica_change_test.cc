// One replica of a group follows another on its node; and logs of the time when configurations did
// not say where replicas live.
#include <gtest/gtest.h>

#include "log/lane.h"
#include "log/recovered_group.h"
#include "testing/test_world.h"

namespace grey::raft::testing {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;

struct Client final : public LaneClient {
  std::vector<uint64_t> persisted;
  void log_persisted(uint64_t sequence) override { persisted.push_back(sequence); }
  void log_failed(Status) override {}
  LogIndex compactable() override { return LogIndex(0); }
  SnapshotMeta compact(LogIndex) override { return {}; }
  void make_durable() override {}
};

GroupState state_of(uint64_t replica) {
  GroupState state;
  state.replica = ReplicaId(replica);
  return state;
}

Effects entries(uint64_t sequence, uint64_t term, uint64_t first, uint64_t count) {
  Effects effects;
  effects.sequence = sequence;
  effects.hard_state = HardState{Term(term), ReplicaId(1), LogIndex(0)};
  for (uint64_t i = 0; i < count; ++i) {
    effects.append.push_back({Term(term), LogIndex(first + i), EntryType::command, 1,
                              Buffer::copy_of(std::string(20, 'x')), 0});
  }
  return effects;
}

class ReplicaChangeTest : public ::testing::Test {
 protected:
  void open() {
    hosts_.push_back(std::make_unique<TestHost>(&world_, 1, &disk_));
    world_.attach(1, hosts_.back().get());
    Result<std::unique_ptr<Lane>> opened = Lane::open(hosts_.back().get(), {.folder = "lane"});
    ASSERT_TRUE(opened.ok()) << describe(opened.status());
    lanes_.push_back(std::move(opened).value());
    lanes_.back()->attach(hosts_.back()->loop(0), LaneMetrics{});
  }
  void power_cut() {
    world_.detach(1, PeerDown::refused);
    disk_.lose_unsynced();
  }
  Lane& lane() { return *lanes_.back(); }

  TestWorld world_;
  TestDisk disk_;
  std::vector<std::unique_ptr<TestHost>> hosts_;
  std::vector<std::unique_ptr<Lane>> lanes_;
};

TEST_F(ReplicaChangeTest, NothingOfTheEarlierReplicaComesBack) {
  open();
  Client earlier, later;
  LaneGroup* group = lane().add(1, state_of(11));
  group->client = &earlier;
  lane().append(group, entries(1, 5, 1, 30));
  world_.run_for(kSecond);
  // Its log begins late, which the new one's does not; and it has something on its way still.
  lane().reset(group, SnapshotMeta{{Term(5), LogIndex(500)}, 0, {}}, [] {});
  lane().append(group, entries(2, 7, 501, 3));
  group->client = nullptr;
  lane().replace(group, state_of(12));
  group->client = &later;
  lane().append(group, entries(1, 1, 1, 2));
  world_.run_for(kSecond);
  EXPECT_EQ(later.persisted, std::vector<uint64_t>{1});
  power_cut();
  open();
  const LaneGroup* found = lane().find(1);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->problem, "");
  EXPECT_EQ(found->state.replica, ReplicaId(12));
  EXPECT_EQ(found->state.hard_state.term, Term(1));
  EXPECT_EQ(found->restored->log.boundary(), (LogPosition{Term(0), LogIndex(0)}));
  EXPECT_EQ(found->restored->log.last(), (LogPosition{Term(1), LogIndex(2)}));
}

// Damage may have taken the beginning of the later replica's log along: what is left is the earlier
// one's, and the later one may have voted.
TEST_F(ReplicaChangeTest, BehindADamagedLogTheLaterOneCountsAsDamaged) {
  open();
  LaneGroup* group = lane().add(1, state_of(11));
  group->state.damaged_until = LogPosition{Term(5), LogIndex(40)};
  lane().put_state(group);
  world_.run_for(kSecond);
  lane().replace(group, state_of(12));
  ASSERT_TRUE(group->restored);
  EXPECT_EQ(group->restored->hard_state.vote, ReplicaId(12));
  world_.run_for(kSecond);
  power_cut();
  open();
  const LaneGroup* found = lane().find(1);
  EXPECT_EQ(found->state.replica, ReplicaId(12));
  EXPECT_EQ(found->state.damaged_until, (LogPosition{Term(5), LogIndex(40)}));
  EXPECT_EQ(found->state.hard_state.term, Term(6));
  EXPECT_EQ(found->restored->damaged_until, found->state.damaged_until);
}

TEST(GroupStateTest, HomesOfVersion1ComeFromTheGroupState) {
  Configuration two;
  two.voters = {ReplicaId(1), ReplicaId(2)};
  // As version 1 wrote it: replica, hard state, boundary without homes, damage, then homes.
  ByteWriter old;
  old.put(uint64_t{1});
  for (int i = 0; i < 3; ++i) old.put(uint64_t{0});
  for (int i = 0; i < 3; ++i) old.put(uint64_t{0});
  old.put(uint32_t{1 + 4 * 4 + 2 * 8});
  old.put(uint8_t{1});
  old.put(uint32_t{2});
  old.put(uint64_t{1});
  old.put(uint64_t{2});
  for (int i = 0; i < 3; ++i) old.put(uint32_t{0});
  old.put(uint8_t{0});
  for (int i = 0; i < 2; ++i) old.put(uint64_t{0});
  old.put(uint32_t{2});
  for (const uint64_t id : {2, 1}) {
    old.put(id);
    old.put(static_cast<uint32_t>(10 + id));
    old.put(uint32_t{0});
  }
  const std::optional<GroupState> state = get_group_state(old.view());
  ASSERT_TRUE(state);
  const std::vector<Home> homes = {{ReplicaId(2), 12}, {ReplicaId(1), 11}};
  EXPECT_EQ(state->boundary.configuration.voters, two.voters);
  EXPECT_EQ(state->boundary.configuration.homes, homes);
  // A later boundary of version 1 gets them, too.
  RecoveredGroup group(*state, SnapshotMeta{{Term(1), LogIndex(9)}, 0, two}, 4096);
  EXPECT_EQ(group.restored().configurations.latest().homes, homes);
  EXPECT_EQ(group.state().boundary.configuration.homes, homes);
}

}  // namespace
}  // namespace grey::raft::testing
