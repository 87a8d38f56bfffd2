// The order of an install: import into the next generation, switch, flush, log reset and sync,
// reply. A crash, with what was not synced lost, at every arrow.
#include <gmock/gmock.h>

#include "testing/snapshot_fixture.h"

namespace grey::raft::testing {
namespace {

class InstallTest : public SnapshotTest {
 protected:
  // The follower's install comes to `step`, then the machine loses power.
  void crash_at(InstallStep step) {
    leave_behind();
    come_back();
    engine().stop_at = step;
    before_ = engine().durable.applied.index;
    ASSERT_TRUE(world_.run_until([&] { return engine().stopped; }, 20 * kSecond));
    crash(behind_);
  }
  // It starts alone, and stands on the state that is expected; then it is filled, and what it has
  // then survives another crash.
  void expect_recovery(bool has_the_snapshot) {
    isolate();
    come_back();
    world_.run_for(100 * kMs);
    const GroupStatus status = nodes_[behind_]->status(1);
    EXPECT_EQ(std::string(status.problem), "");
    EXPECT_EQ(status.applied_index > before_, has_the_snapshot);
    EXPECT_GE(status.applied_index, before_) << "the state went back";
    expect_no_gap(behind_);
    world_.heal();
    put_many(3);
    expect_filled();
    EXPECT_EQ(installs(), has_the_snapshot ? 0u : 1u);
    if (engine().keep_imports) {
      EXPECT_GT(nodes_[behind_]->machines[1]->resumed_at, 0u);
    }
    expect_survives();
  }
  void expect_survives() {
    crash(behind_);
    isolate();
    come_back();
    world_.run_for(100 * kMs);
    expect_no_gap(behind_);
    world_.heal();
    expect_filled();
  }
  void isolate() {
    for (uint32_t other = 1; other <= 2; ++other) {
      world_.cut(behind_, other);
      world_.cut(other, behind_);
    }
  }

  uint64_t before_ = 0;
};

TEST_F(InstallTest, B11_CrashDuringTheImport) {
  crash_at(InstallStep::importing);
  expect_recovery(false);
}

TEST_F(InstallTest, B11_CrashDuringTheImportOfWhichSomeIsDurable) {
  engine().keep_imports = true;
  crash_at(InstallStep::importing);
  ASSERT_NE(engine().import.bytes, "");
  expect_recovery(false);
}

TEST_F(InstallTest, B9_CrashBetweenImportAndSwitch) {
  engine().keep_imports = true;
  crash_at(InstallStep::imported);
  bytes_sent_ = 0;
  expect_recovery(false);
  EXPECT_EQ(bytes_sent_, 0u) << "everything was there already";
}

TEST_F(InstallTest, B9_CrashBetweenSwitchAndFlush) {
  engine().keep_imports = true;
  crash_at(InstallStep::switched);
  expect_recovery(false);
}

TEST_F(InstallTest, B9_CrashBetweenFlushAndLogReset) {
  crash_at(InstallStep::flushed);
  expect_recovery(true);
}

TEST_F(InstallTest, B9_CrashBetweenLogResetAndItsSync) {
  leave_behind();
  come_back();
  before_ = engine().durable.applied.index;
  engine().stop_at = InstallStep::imported;
  ASSERT_TRUE(world_.run_until([&] { return engine().stopped; }, 20 * kSecond));
  // The install ends while the log's disk hangs: the reset is written nowhere.
  crash(behind_);
  come_back();
  ASSERT_TRUE(world_.run_until([&] { return chunks_sent_ > 0 && installs() == 1; }, 20 * kSecond));
  states_[behind_].disk.hang = true;
  world_.run_for(10 * kMs);
  crash(behind_);
  states_[behind_].disk.hang = false;
  expect_recovery(true);
}

TEST_F(InstallTest, B9_CrashBetweenSyncAndReply) {
  leave_behind();
  come_back();
  before_ = engine().durable.applied.index;
  bool replied = false;
  on_message_ = [&](uint32_t from, uint32_t, const SnapshotMessage& message,
                    std::vector<std::string>* messages) {
    const auto* end = std::get_if<SnapshotEnd>(&message.body);
    if (from != behind_ || !end || end->outcome != SnapshotOutcome::installed) return;
    replied = true;
    isolate();  // so that the acknowledgement is lost, too
    messages->clear();
  };
  ASSERT_TRUE(world_.run_until([&] { return replied; }, 20 * kSecond));
  EXPECT_EQ(nodes_[behind_]->status(1).first_index, nodes_[behind_]->status(1).applied_index + 1);
  crash(behind_);
  on_message_ = nullptr;
  expect_recovery(true);
}

// Whether the switch has happened nobody knows: nothing is applied to what may be either state.
TEST_F(InstallTest, B10_FailedCommitStopsTheReplicaUntilARestart) {
  leave_behind();
  come_back();
  engine().fail_commit = true;
  ASSERT_TRUE(world_.run_until([&] { return nodes_[behind_]->status(1).role == GroupRole::failed; },
                               20 * kSecond));
  put_many(1);
  world_.run_for(kSecond);
  EXPECT_EQ(nodes_[behind_]->status(1).role, GroupRole::failed);
  crash(behind_);
  engine().fail_commit = false;
  come_back();
  expect_filled();
}

// What the log knew of the configuration is older than the snapshot: the engine knows it.
TEST_F(InstallTest, B9_ConfigurationComesWithTheSwitch) {
  crash_at(InstallStep::flushed);
  ByteReader reader(view_of(engine().now.label));
  std::optional<SnapshotHeader> header = get_snapshot_header(&reader);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->meta.position.index.value(), engine().now.applied.index);
  Configuration& configuration = header->meta.configuration;
  ASSERT_EQ(configuration.homes.size(), 3u);
  configuration.learners = {ReplicaId(199)};
  configuration.homes.push_back({ReplicaId(199), 9});
  ByteWriter label;
  put_snapshot_header(*header, &label);
  engine().now.label = engine().durable.label = string_of(label.view());
  isolate();
  come_back();
  world_.run_for(100 * kMs);
  EXPECT_EQ(nodes_[behind_]->status(1).replica_count, 4u);
  ReplicaStatus replicas[4];
  ASSERT_EQ(nodes_[behind_]->groups[1]->replicas(replicas, 4), 4u);
  EXPECT_EQ(replicas[3].replica_id, 199u);
  EXPECT_EQ(replicas[3].node_number, 9u);
  EXPECT_EQ(replicas[3].role, ReplicaRole::learner);
}

// B8: a log that is all snapshot is as fresh as the snapshot: it refuses an older candidate and
// wins over it.
TEST_F(InstallTest, B8_FollowerWithNothingButASnapshotDoesNotElectAnOlderLog) {
  leave_behind();
  // Node 2 lags behind what the snapshot holds.
  world_.cut(1, 2);
  world_.cut(2, 1);
  come_back();
  world_.cut(2, behind_);
  world_.cut(behind_, 2);
  ASSERT_TRUE(world_.run_until([&] { return installs() == 1 && leader_of(1) == 1; }, 30 * kSecond));
  put_many(1);
  ASSERT_TRUE(world_.run_until(
      [&] { return nodes_[behind_]->machines[1]->commands() == expected_[1]; }, 10 * kSecond));
  ASSERT_LT(nodes_[2]->machines[1]->commands().size(), expected_[1].size());
  world_.heal();
  crash(1);
  ASSERT_TRUE(world_.run_until([&] { return leader_of(1) != 0; }, 20 * kSecond));
  EXPECT_EQ(leader_of(1), behind_) << "the one whose log is older";
  start(1);
  open_groups(1, 1);
  expect_filled();
}

// Its result is within the snapshot: nobody here can say what it was.
TEST_F(InstallTest, ACommittedProposalThatASnapshotGoesOverIsOfUnknownOutcome) {
  start_all();
  put_many(1);
  ASSERT_TRUE(world_.run_until([&] { return all_equal(); }, kSecond));
  Done transfer;
  nodes_[1]->groups[1]->transfer(behind_, &transfer);
  ASSERT_TRUE(world_.run_until([&] { return leader_of(1) == behind_; }, kSecond));
  world_.run_for(20 * kMs);
  TestMachine& machine = *nodes_[behind_]->machines[1];
  machine.hold = true;
  Outcome applying, waiting;
  nodes_[behind_]->propose(1, "being applied", &applying);
  world_.run_for(20 * kMs);
  nodes_[behind_]->propose(1, "committed", &waiting);
  world_.run_for(20 * kMs);
  expected_[1].insert(expected_[1].end(), {"being applied", "committed"});
  for (uint32_t other = 1; other <= 2; ++other) {
    world_.cut(behind_, other);
    world_.cut(other, behind_);
  }
  ASSERT_TRUE(
      world_.run_until([&] { return nodes_[1]->leads(1) || nodes_[2]->leads(1); }, 10 * kSecond));
  ASSERT_TRUE(world_.run_until([&] { return !nodes_[behind_]->leads(1); }, 10 * kSecond));
  put_many(400);
  EXPECT_FALSE(applying.done || waiting.done);
  world_.heal();
  world_.run_for(kSecond);
  machine.let_go();
  expect_filled();
  ASSERT_TRUE(world_.run_until([&] { return applying.done && waiting.done; }, kSecond));
  EXPECT_EQ(installs(), 1u);
  EXPECT_EQ(waiting.outcome, grey::ProposalOutcome::unknown);
}

}  // namespace
}  // namespace grey::raft::testing
