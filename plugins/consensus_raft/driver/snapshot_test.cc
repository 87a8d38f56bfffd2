// Snapshot transfers: their window, what is lost on the way, who is killed meanwhile, and what of
// the log is kept for them.
#include <gmock/gmock.h>

#include "testing/snapshot_fixture.h"

namespace grey::raft::testing {
namespace {

TEST_F(SnapshotTest, AWindowOfChunksIsOnItsWay) {
  settings_["snapshot_window"] = 1 << 20;
  settings_["snapshot_rate"] = int64_t{1} << 36;
  leave_behind();
  world_.link_ns = 20 * kMs;
  uint64_t sent = 0, taken = 0, most = 0, limit = 0;
  on_message_ = [&](uint32_t, uint32_t, const SnapshotMessage& message, std::vector<std::string>*) {
    if (const auto* chunk = std::get_if<SnapshotChunk>(&message.body)) {
      EXPECT_LT(chunk->offset, limit) << "more than the follower has room for";
      sent = chunk->offset + chunk->bytes.size;
    } else if (const auto* fetch = std::get_if<SnapshotFetch>(&message.body)) {
      taken = fetch->offset;
      limit = fetch->limit;
    }
    most = std::max(most, sent - std::min(sent, taken));
  };
  come_back();
  ASSERT_TRUE(world_.run_until([&] { return chunks_sent_ > 0; }, 10 * kSecond));
  const uint64_t begin = world_.now_ns();
  expect_filled();
  EXPECT_EQ(installs(), 1u);
  EXPECT_LT(world_.now_ns() - begin, 350 * kMs) << "13 chunks of 40 ms each, one by one";
  EXPECT_GE(most, uint64_t{768 << 10}) << "hardly more than one";
  EXPECT_LE(most, uint64_t{1 << 20} + (256 << 10));
}

// The second one has lost its engine and its log's beginning is gone, too.
TEST_F(SnapshotTest, SeveralFollowersAreFilledAtOnce) {
  settings_["snapshot_rate"] = 4 << 20;
  leave_behind();
  crash(2);
  states_[2].engines[1] = TestEngine{};
  states_[2].engines[1].keep_all = true;
  start(2);
  open_groups(2, 1);
  come_back();
  std::set<uint64_t> running;
  size_t most = 0;
  on_message_ = [&](uint32_t, uint32_t, const SnapshotMessage& message, auto*) {
    const bool chunk = std::holds_alternative<SnapshotChunk>(message.body);
    if (chunk) running.insert(message.to.value());
    if (std::holds_alternative<SnapshotEnd>(message.body)) running.erase(message.from.value());
    most = std::max(most, running.size());
  };
  const auto recovered = [&] {
    return all_equal() && std::string(nodes_[2]->status(1).problem).empty();
  };
  ASSERT_TRUE(world_.run_until(recovered, 30 * kSecond));
  EXPECT_EQ(most, 2u);
  EXPECT_EQ(nodes_[2]->machines[1]->installs, 1u);
}

TEST_F(SnapshotTest, StateIsShownWhileItRuns) {
  settings_["snapshot_rate"] = 1 << 20;
  leave_behind();
  come_back();
  ASSERT_TRUE(world_.run_until([&] { return chunks_sent_ > 3; }, 10 * kSecond));
  EXPECT_EQ(progress_of_behind(), ReplicaProgress::snapshot);
  expect_filled();
  EXPECT_TRUE(world_.run_until([&] { return progress_of_behind() == ReplicaProgress::replicate; },
                               kSecond));
}

// --- What happens on the way.

TEST_F(SnapshotTest, LostDoubledAndReorderedChunks) {
  leave_behind();
  Random random(7);
  std::string held;
  on_message_ = [&](uint32_t, uint32_t, const SnapshotMessage&,
                    std::vector<std::string>* messages) {
    switch (random.below(6)) {
      case 0:
        messages->clear();
        break;
      case 1:
        messages->push_back(messages->front());
        break;
      case 2:
        held.swap(messages->front());
        if (messages->front().empty()) messages->clear();
        break;
      default:
        break;
    }
  };
  come_back();
  expect_filled(120 * kSecond);
  EXPECT_EQ(engine().now.commands.size(), expected_[1].size());
}

TEST_F(SnapshotTest, BrokenLinkIsGoneOnWith) {
  settings_["snapshot_rate"] = 2 << 20;
  leave_behind();
  come_back();
  ASSERT_TRUE(world_.run_until([&] { return chunks_sent_ == 6; }, 10 * kSecond));
  world_.cut(1, behind_);
  world_.cut(behind_, 1);
  nodes_[1]->host.peer_down(behind_, PeerDown::closed);
  nodes_[behind_]->host.peer_down(1, PeerDown::closed);
  world_.run_for(700 * kMs);
  world_.heal();
  nodes_[1]->host.peer_up(&nodes_[behind_]->host);
  nodes_[behind_]->host.peer_up(&nodes_[1]->host);
  expect_filled();
  EXPECT_EQ(installs(), 1u);
  EXPECT_LT(bytes_sent_, uint64_t{8} << 20) << "it began anew";
}

TEST_F(SnapshotTest, DamagedChunkIsFetchedAgain) {
  leave_behind();
  int damaged = 0;
  on_chunk_ = [&](const SnapshotMessage&, const SnapshotChunk& chunk,
                  std::vector<std::string>* messages) {
    if (chunk.offset == 0 || damaged != 0) return;
    ++damaged;
    messages->front()[messages->front().size() / 2] ^= 1;
  };
  come_back();
  expect_filled();
  EXPECT_EQ(damaged, 1);
  EXPECT_EQ(installs(), 1u);
}

// A chunk that is whole by its own CRC and still not what was sent: the snapshot's checksum tells.
TEST_F(SnapshotTest, WrongChunkIsNeverInstalled) {
  leave_behind();
  int wrong = 0;
  on_chunk_ = [&](const SnapshotMessage& message, const SnapshotChunk& chunk,
                  std::vector<std::string>* messages) {
    if (chunk.offset == 0 || wrong != 0) return;
    ++wrong;
    std::string bytes = string_of(chunk.bytes);
    bytes[bytes.size() / 2] ^= 1;
    SnapshotMessage changed = message;
    SnapshotChunk body = chunk;
    body.bytes = view_of(bytes);
    changed.body = body;
    messages->front() = encoded(changed);
  };
  come_back();
  expect_filled();
  EXPECT_EQ(wrong, 1);
}

// The engine still works on the chunk before it: nothing new begins until it has answered.
TEST_F(SnapshotTest, AWrongChunkAmidAWriteEndsTheTransferOnlyAfterIt) {
  leave_behind();
  Completion* held = nullptr;
  engine().held_write = &held;
  int wrong = 0;
  on_chunk_ = [&](const SnapshotMessage& message, const SnapshotChunk& chunk,
                  std::vector<std::string>* messages) {
    if (chunk.offset == 0 || wrong != 0) return;
    ++wrong;
    SnapshotMessage changed = message;
    SnapshotChunk body = chunk;
    ++body.checksum;
    changed.body = body;
    messages->front() = encoded(changed);
  };
  come_back();
  ASSERT_TRUE(world_.run_until([&] { return wrong == 1; }, 10 * kSecond));
  world_.run_for(5 * kSecond);
  EXPECT_EQ(views_.size(), 1u) << "another transfer has begun";
  ASSERT_TRUE(held);
  engine().held_write = nullptr;
  held->complete(ok_status());
  expect_filled();
  EXPECT_EQ(installs(), 1u);
}

TEST_F(SnapshotTest, BusyEnginesAreAskedAgain) {
  leave_behind();
  states_[1].engines[1].busy = 5;
  come_back();
  ASSERT_TRUE(world_.run_until([&] { return chunks_sent_ > 2; }, 10 * kSecond));
  engine().busy = 7;
  expect_filled();
  EXPECT_EQ(states_[1].engines[1].busy + engine().busy, 0u);
  EXPECT_EQ(views_.size(), 1u) << "it began anew";
}

// Neither side holds anything for it meanwhile, and it is not sent over and over.
TEST_F(SnapshotTest, ASnapshotThatHasNoRoomIsOfferedAgainNowAndThen) {
  leave_behind();
  int refused = 0;
  on_message_ = [&](uint32_t, uint32_t, const SnapshotMessage& message, auto*) {
    const auto* end = std::get_if<SnapshotEnd>(&message.body);
    if (end && end->outcome != SnapshotOutcome::installed) ++refused;
  };
  for (const uint64_t room : {uint64_t{1} << 20, uint64_t{0}}) {
    engine().room = room;
    if (nodes_.size() < 3) come_back();
    refused = 0;
    world_.run_for(10 * kSecond);
    EXPECT_GE(refused, 5) << room;
    EXPECT_LE(refused, 11) << room;
  }
  EXPECT_EQ(installs(), 0u);
  engine().room = UINT64_MAX;
  expect_filled(3 * kSecond);
}

TEST_F(SnapshotTest, RevokedViewBeginsAnew) {
  settings_["snapshot_rate"] = 4 << 20;
  leave_behind();
  come_back();
  ASSERT_TRUE(world_.run_until([&] { return chunks_sent_ > 2; }, 10 * kSecond));
  states_[1].engines[1].revoke_views = true;
  world_.run_for(kSecond);
  EXPECT_EQ(installs(), 0u);
  states_[1].engines[1].revoke_views = false;
  expect_filled();
  EXPECT_EQ(installs(), 1u);
}

TEST_F(SnapshotTest, B10_InstallWaitsForWhatIsBeingApplied) {
  start_all();
  put_many(1);
  ASSERT_TRUE(world_.run_until([&] { return all_equal(); }, kSecond));
  TestMachine& machine = *nodes_[behind_]->machines[1];
  machine.hold = true;
  put_many(1);
  world_.run_for(200 * kMs);
  for (uint32_t other = 1; other <= 2; ++other) {
    world_.cut(behind_, other);
    world_.cut(other, behind_);
  }
  put_many(400);
  world_.heal();
  ASSERT_TRUE(world_.run_until([&] { return progress_of_behind() == ReplicaProgress::snapshot; },
                               20 * kSecond));
  world_.run_for(2 * kSecond);
  EXPECT_EQ(chunks_sent_, 0u) << "an install began under an apply";
  EXPECT_EQ(engine().import.bytes, "");
  machine.let_go();
  expect_filled();
  EXPECT_EQ(installs(), 1u);
}

// Everything of a transfer comes once more, after the follower has gone further.
TEST_F(SnapshotTest, B10_StaleSnapshotMovesNothingBack) {
  leave_behind();
  std::vector<std::string> transfer, frames;
  world_.tamper = [&](uint32_t from, uint32_t to, uint32_t channel,
                      std::vector<std::string>* messages) {
    if (from != 1 || to != behind_) return;
    (channel == kChannelSnapshot ? transfer : frames).push_back(messages->front());
  };
  come_back();
  expect_filled();
  put_many(20);
  expect_filled();
  world_.tamper = nullptr;
  const GroupStatus before = nodes_[behind_]->status(1);
  const PeerInfo info = [&] {
    PeerInfo one{};
    one.number = 1;
    one.boot_nonce = nodes_[1]->host.boot_nonce();
    return one;
  }();
  for (const uint32_t channel : {kChannelConsensus, kChannelSnapshot, kChannelSnapshot}) {
    for (const std::string& message : channel == kChannelSnapshot ? transfer : frames) {
      nodes_[behind_]->host.deliver(info, channel, 0, Buffer::copy_of(message));
    }
    world_.run_for(100 * kMs);
  }
  const GroupStatus after = nodes_[behind_]->status(1);
  EXPECT_GE(after.applied_index, before.applied_index);
  EXPECT_GE(after.commit_index, before.commit_index);
  EXPECT_EQ(installs(), 1u);
  expect_filled();
}

// --- Who is killed meanwhile.

TEST_F(SnapshotTest, KilledReceiverGoesOnWhereItsEngineStands) {
  settings_["snapshot_rate"] = 2 << 20;
  engine().keep_imports = true;
  leave_behind();
  come_back();
  ASSERT_TRUE(world_.run_until([&] { return chunks_sent_ == 8; }, 10 * kSecond));
  crash(behind_);
  const uint64_t kept = engine().import.bytes.size();
  ASSERT_GT(kept, uint64_t{1} << 20);
  bytes_sent_ = 0;
  world_.run_for(300 * kMs);
  come_back();
  expect_filled();
  EXPECT_EQ(nodes_[behind_]->machines[1]->resumed_at, kept);
  EXPECT_EQ(installs(), 1u);
  const uint64_t whole = 401 * 8007;
  EXPECT_LT(bytes_sent_, whole - kept + (1 << 20));
}

// Its engine has lost more than the sender keeps: the view is read again from there.
TEST_F(SnapshotTest, KilledReceiverWithNothingLeftBeginsAtZeroOfTheSameView) {
  settings_["snapshot_rate"] = 2 << 20;
  leave_behind();
  come_back();
  ASSERT_TRUE(world_.run_until([&] { return chunks_sent_ == 8; }, 10 * kSecond));
  crash(behind_);
  put_many(1);
  come_back();
  expect_filled();
  EXPECT_EQ(installs(), 1u);
  EXPECT_EQ(nodes_[behind_]->machines[1]->resumed_at, 0u);
  EXPECT_EQ(views_.size(), 1u);
}

// What an unfinished import has left of another view is not gone on with.
TEST_F(SnapshotTest, B11_ImportOfAnotherViewIsDropped) {
  settings_["snapshot_rate"] = 2 << 20;
  engine().keep_imports = true;
  leave_behind();
  come_back();
  ASSERT_TRUE(world_.run_until([&] { return chunks_sent_ == 8; }, 10 * kSecond));
  crash(behind_);
  world_.run_for(60 * kSecond);  // the sender gives up
  put_many(1);
  come_back();
  expect_filled();
  EXPECT_EQ(nodes_[behind_]->machines[1]->resumed_at, 0u);
  EXPECT_EQ(installs(), 1u);
}

TEST_F(SnapshotTest, KilledSenderIsReplacedByAnother) {
  settings_["snapshot_rate"] = 2 << 20;
  leave_behind();
  come_back();
  ASSERT_TRUE(world_.run_until([&] { return chunks_sent_ == 6; }, 10 * kSecond));
  const uint32_t leader = leader_of(1);
  crash(leader);
  ASSERT_TRUE(world_.run_until([&] { return leader_of(1) != 0; }, 10 * kSecond));
  ASSERT_NE(leader_of(1), behind_);
  put_many(2);
  start(leader);
  open_groups(leader, 1);
  expect_filled();
  EXPECT_GE(installs(), 1u);
}

TEST_F(SnapshotTest, B12_LeaderChangeInTheMiddleBeginsAnewWithoutEnd) {
  settings_["snapshot_rate"] = 2 << 20;
  settings_["rebalance"] = 0;
  leave_behind();
  come_back();
  for (int round = 0; round < 3; ++round) {
    const uint64_t sent = chunks_sent_;
    ASSERT_TRUE(world_.run_until([&] { return chunks_sent_ >= sent + 4; }, 10 * kSecond));
    const uint32_t leader = leader_of(1);
    Done done;
    nodes_[leader]->groups[1]->transfer(3 - leader, &done);
    ASSERT_TRUE(world_.run_until([&] { return done.done; }, 5 * kSecond));
    ASSERT_TRUE(done.status.ok());
    EXPECT_EQ(leader_of(1), 3 - leader);
  }
  expect_filled();
  EXPECT_EQ(installs(), 1u);
}

// A transfer that the new leader does not go on with must not hold back what it sends instead.
TEST_F(SnapshotTest, FollowerAppliesAgainAtOnceWhenTheNewLeaderHasTheLog) {
  settings_["snapshot_rate"] = 1 << 20;
  // Node 2 keeps its whole log, since nothing of its engine is durable by itself.
  settings_["log_budget"] = 64 << 20;
  start_all();
  put_many(1);
  ASSERT_TRUE(world_.run_until([&] { return all_equal(); }, kSecond));
  crash(behind_);
  crash(1);
  settings_["log_budget"] = 1 << 20;
  start(1);
  open_groups(1, 1);
  ASSERT_TRUE(world_.run_until([&] { return leader_of(1) == 1; }, 10 * kSecond));
  put_many(400);
  come_back();
  ASSERT_TRUE(world_.run_until([&] { return chunks_sent_ == 3; }, 10 * kSecond));
  Done done;
  nodes_[1]->groups[1]->transfer(2, &done);
  ASSERT_TRUE(world_.run_until([&] { return done.done; }, 5 * kSecond));
  ASSERT_TRUE(done.status.ok());
  EXPECT_TRUE(world_.run_until([&] { return all_equal(); }, 2 * kSecond));
  EXPECT_EQ(installs(), 0u);
}

// --- What of the log is kept for it.

// B12: writes go on all the while, more than the log keeps for anybody else.
TEST_F(SnapshotTest, B12_LogIsKeptForTheReceiver) {
  settings_["snapshot_rate"] = 2 << 20;
  leave_behind();
  come_back();
  ASSERT_TRUE(world_.run_until([&] { return chunks_sent_ == 2; }, 10 * kSecond));
  put_many(150);  // 1.2 MB: over the budget, below twice of it
  ASSERT_EQ(installs(), 0u) << "the transfer was over before the writes";
  expect_filled();
  EXPECT_EQ(installs(), 1u);
  EXPECT_EQ(views_.size(), 1u) << "it began anew";
  // And it goes once it is not needed.
  put_many(100);
  world_.run_for(2 * kSecond);
  put_many(10);
  EXPECT_GT(nodes_[1]->status(1).first_index, 500u);
}

// The entries behind the snapshot are kept until the follower has them, not only until it is
// installed.
TEST_F(SnapshotTest, B12_LogIsKeptUntilTheReceiverHasCaughtUp) {
  settings_["snapshot_rate"] = 4 << 20;
  leave_behind();
  come_back();
  ASSERT_TRUE(world_.run_until([&] { return chunks_sent_ == 2; }, 10 * kSecond));
  put_many(110);
  ASSERT_EQ(installs(), 0u);
  // Once it has installed, the entries are slow to arrive, and writes go on.
  ASSERT_TRUE(world_.run_until([&] { return installs() == 1; }, 10 * kSecond));
  world_.run_for(1 * kMs);
  world_.cut(1, behind_);
  put_many(40);
  world_.heal();
  expect_filled();
  EXPECT_EQ(installs(), 1u);
}

TEST_F(SnapshotTest, B12_TransferThatHoldsTwiceTheBudgetBeginsAnew) {
  settings_["snapshot_rate"] = 1 << 20;
  leave_behind();
  come_back();
  ASSERT_TRUE(world_.run_until([&] { return chunks_sent_ == 2; }, 10 * kSecond));
  const uint64_t taken_at = nodes_[1]->status(1).applied_index;
  put_many(400);
  ASSERT_EQ(installs(), 0u);
  EXPECT_GT(nodes_[1]->status(1).first_index, taken_at) << "the log grows without bound";
  expect_filled();
  EXPECT_EQ(installs(), 1u);
  EXPECT_EQ(views_.size(), 2u);
}

}  // namespace
}  // namespace grey::raft::testing
