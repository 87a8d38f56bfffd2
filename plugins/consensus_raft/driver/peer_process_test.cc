// What a node believes of a peer whose process was replaced, or talks nonsense.
#include <gtest/gtest.h>

#include "testing/snapshot_fixture.h"

namespace grey::raft::testing {
namespace {

class PeerProcessTest : public SnapshotTest {
 protected:
  PeerInfo process_of(uint32_t number) {
    PeerInfo info{};
    info.struct_size = sizeof(info);
    info.number = number;
    info.boot_nonce = nodes_[number]->host.boot_nonce();
    return info;
  }
  // A frame from node `from` arrives at node `to`, on its loop 0.
  void deliver(uint32_t to, const PeerInfo& from, uint64_t term, MessageBody body) {
    ByteWriter frame;
    put_frame_header(FrameKind::messages, &frame);
    put_message(1, {ReplicaId(100 + from.number), ReplicaId(100 + to), Term(term), std::move(body)},
                &frame);
    nodes_[to]->host.deliver(from, kChannelConsensus, 0, Buffer::copy_of(frame.view()));
    world_.run_for(1 * kMs);
  }
};

TEST_F(PeerProcessTest, AnEarlierProcessIsNotHeardAnyMore) {
  start_all();
  put("a");
  const uint32_t leader = leader_of(1);
  const uint32_t follower = leader % 3 + 1;
  const PeerInfo earlier = process_of(follower);
  crash(follower);
  start(follower);
  open_groups(follower, 1);
  world_.run_for(500 * kMs);
  ASSERT_EQ(leader_of(1), leader);
  deliver(leader, earlier, 1000, VoteResponse{false});
  EXPECT_LT(nodes_[leader]->status(1).term, 1000u);
  deliver(leader, process_of(follower), 1000, VoteResponse{false});
  EXPECT_GE(nodes_[leader]->status(1).term, 1000u) << "the test delivers nothing";
}

TEST_F(PeerProcessTest, NorDoesItEndTheTransferToItsSuccessor) {
  settings_["snapshot_rate"] = 2 << 20;
  engine().keep_imports = true;
  leave_behind();
  come_back();
  ASSERT_TRUE(world_.run_until([&] { return chunks_sent_ == 4; }, 10 * kSecond));
  const PeerInfo earlier = process_of(behind_);
  crash(behind_);
  std::string end;
  on_message_ = [&](uint32_t from, uint32_t to, const SnapshotMessage& message,
                    std::vector<std::string>*) {
    if (from != behind_) return;
    end = encoded({1, ReplicaId(100 + from), ReplicaId(100 + to), message.snapshot,
                   SnapshotEnd{SnapshotOutcome::failed}});
  };
  come_back();
  ASSERT_TRUE(world_.run_until([&] { return chunks_sent_ >= 6; }, 10 * kSecond));
  nodes_[leader_of(1)]->host.deliver(earlier, kChannelSnapshot, 0, Buffer::copy_of(end));
  expect_filled();
  EXPECT_EQ(views_.size(), 1u) << "it began anew";
}

TEST_F(PeerProcessTest, WhoeverSendsWhatNoReplicaSendsLosesItsLink) {
  start_all();
  put("a");
  const uint32_t leader = leader_of(1);
  const uint32_t follower = leader % 3 + 1;
  const uint64_t term = nodes_[leader]->status(1).term;
  const uint64_t resets = nodes_[leader]->host.resets;
  deliver(leader, process_of(follower), term, AppendResponse{false, LogIndex(1'000'000)});
  EXPECT_EQ(nodes_[leader]->host.resets, resets + 1);
  put("b");
}

// What is kept of losses is kept by route: else each made-up one would stay for ever.
TEST_F(PeerProcessTest, WhoeverVouchesForLanesFromALoopWithoutAnyLosesItsLink) {
  start_all();
  put("a");
  const uint64_t resets = nodes_[1]->host.resets;
  const PeerInfo sender = process_of(2);
  ByteWriter frame;
  put_frame_header(FrameKind::liveness, &frame);
  put_liveness({sender.boot_nonce, 0, 3, {}}, &frame);
  for (const uint32_t route : {2u, 3u, 1u << 31}) {
    nodes_[1]->host.deliver(sender, kChannelConsensus, route, Buffer::copy_of(frame.view()));
    world_.run_for(1 * kMs);
  }
  EXPECT_EQ(nodes_[1]->host.resets, resets + 2);
  put("b");
}

// Not one byte of it is taken for something that it is not, and the others go on.
TEST_F(PeerProcessTest, B35_FramesOfAnotherVersionAreRefusedWithAWord) {
  start_all();
  put("a");
  for (const int by : {-1, 1}) {
    const uint32_t odd = leader_of(1) % 3 + 1;
    world_.tamper = [&](uint32_t from, uint32_t, uint32_t, std::vector<std::string>* messages) {
      if (from == odd) messages->front()[0] = static_cast<char>(kWireVersion + by);
    };
    put("b");
    const TestHost& host = nodes_[leader_of(1)]->host;
    EXPECT_GT(host.resets, 0u);
    ASSERT_FALSE(host.log_lines.empty());
    EXPECT_NE(host.log_lines.back().find("of another version"), std::string::npos)
        << host.log_lines.back();
    world_.tamper = nullptr;
    const std::vector<std::string>& applied = nodes_[odd]->machines[1]->commands();
    ASSERT_TRUE(
        world_.run_until([&] { return !applied.empty() && applied.back() == "b"; }, 10 * kSecond));
    for (const auto& [number, node] : nodes_) {
      EXPECT_NE(node->status(1).role, GroupRole::failed) << number;
    }
    put("c");
  }
}

}  // namespace
}  // namespace grey::raft::testing
