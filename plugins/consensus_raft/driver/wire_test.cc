// Messages survive the wire, and no bytes from outside do harm.
#include "driver/wire.h"

#include <gtest/gtest.h>

#include "core/random.h"

namespace grey::raft {
namespace {

const LogPosition kPosition{Term(3), LogIndex(70)};

std::vector<MessageBody> one_of_each() {
  AppendRequest append{kPosition, LogIndex(60), {}};
  for (uint64_t i = 0; i < 3; ++i) {
    Entry entry;
    entry.term = Term(4);
    entry.index = LogIndex(71 + i);
    entry.type = EntryType::command;
    entry.timestamp_ms = 5000 + i;
    entry.opaque = 9;
    entry.payload = Buffer::copy_of(std::string(i * 10, 'p'));
    append.entries.push_back(entry);
  }
  return {PreVoteRequest{Term(5), kPosition},
          PreVoteResponse{Term(5), true},
          VoteRequest{kPosition, true},
          VoteResponse{true},
          append,
          AppendResponse{true, LogIndex(9), kPosition, true},
          Heartbeat{LogIndex(8), 77, true, 5'000, LogIndex(9)},
          HeartbeatResponse{77, 5'001, true},
          ReadIndexRequest{123},
          ReadIndexResponse{123, LogIndex(5), true},
          TimeoutNow{},
          SnapshotOffer{kPosition},
          MembershipQuery{},
          Removal{},
          Wake{}};
}

ByteWriter frame_of_each() {
  ByteWriter out;
  put_frame_header(FrameKind::messages, &out);
  uint32_t group = 0;
  for (const MessageBody& body : one_of_each()) {
    put_message(++group, {ReplicaId(1), ReplicaId(2), Term(6), body}, &out);
  }
  return out;
}

TEST(WireTest, EveryMessageComesBackAsItWas) {
  const ByteWriter frame = frame_of_each();
  ByteReader reader(frame.view());
  ASSERT_EQ(get_frame_header(&reader), FrameKind::messages);
  ByteWriter again;
  put_frame_header(FrameKind::messages, &again);
  uint32_t count = 0;
  while (const std::optional<GroupMessage> message = next_message(&reader)) {
    EXPECT_EQ(message->group, ++count);
    EXPECT_EQ(message->message.body.index(), count - 1);
    put_message(message->group, message->message, &again);
  }
  EXPECT_TRUE(reader.finished());
  EXPECT_EQ(count, std::variant_size_v<MessageBody>);
  EXPECT_EQ(text_of(again.view()), text_of(frame.view()));
}

TEST(WireTest, EntriesFollowThePreviousOne) {
  ByteWriter out;
  put_message(1, {ReplicaId(1), ReplicaId(2), Term(6), one_of_each()[4]}, &out);
  ByteReader reader(out.view());
  const std::optional<GroupMessage> message = next_message(&reader);
  ASSERT_TRUE(message);
  const auto& append = std::get<AppendRequest>(message->message.body);
  ASSERT_EQ(append.entries.size(), 3u);
  EXPECT_EQ(append.entries[2].index, LogIndex(73));
  EXPECT_EQ(append.entries[2].payload.size(), 20u);
  EXPECT_EQ(append.entries[1].timestamp_ms, 5001u);
}

TEST(WireTest, TheClockOfAFollowerGoesThereAndBack) {
  ByteWriter out;
  put_message(1, {ReplicaId(1), ReplicaId(2), Term(6), one_of_each()[6]}, &out);
  put_message(1, {ReplicaId(2), ReplicaId(1), Term(6), one_of_each()[7]}, &out);
  ByteReader reader(out.view());
  const std::optional<GroupMessage> there = next_message(&reader);
  const std::optional<GroupMessage> back = next_message(&reader);
  ASSERT_TRUE(there && back);
  const auto& heartbeat = std::get<Heartbeat>(there->message.body);
  EXPECT_EQ(heartbeat.echo_ns, 5000u);
  EXPECT_EQ(heartbeat.leader_commit, LogIndex(9));
  EXPECT_EQ(std::get<HeartbeatResponse>(back->message.body).sent_ns, 5001u);
}

TEST(WireTest, CutOrChangedFramesAreRefusedOrReadWithoutHarm) {
  const ByteWriter frame = frame_of_each();
  for (size_t size = 0; size < frame.size(); ++size) {
    ByteReader reader({frame.data(), size});
    bool good = get_frame_header(&reader).has_value();
    while (good && next_message(&reader)) {
    }
    EXPECT_FALSE(good && reader.finished() && reader.left() != 0) << size;
  }
  Random random(1);
  for (int round = 0; round < 20'000; ++round) {
    std::vector<uint8_t> bytes(frame.data(), frame.data() + frame.size());
    for (int change = 0; change < 3; ++change) {
      bytes[random.below(bytes.size())] = static_cast<uint8_t>(random.next());
    }
    ByteReader reader({bytes.data(), bytes.size()});
    if (!get_frame_header(&reader)) continue;
    while (next_message(&reader)) {
    }
  }
}

TEST(WireTest, LivenessComesBackAsItWas) {
  ByteWriter frame;
  put_frame_header(FrameKind::liveness, &frame);
  put_liveness({77, 5, 3, {0, 2}}, &frame);
  ByteReader reader(frame.view());
  ASSERT_EQ(get_frame_header(&reader), FrameKind::liveness);
  const std::optional<LivenessMessage> message = get_liveness(&reader);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->boot_nonce, 77u);
  EXPECT_EQ(message->losses, 5u);
  EXPECT_EQ(message->lanes, 3u);
  EXPECT_EQ(message->alive, (std::vector<uint32_t>{0, 2}));
  for (size_t size = kFrameHeaderSize; size < frame.size(); ++size) {
    ByteReader cut({frame.data() + kFrameHeaderSize, size - kFrameHeaderSize});
    EXPECT_FALSE(get_liveness(&cut)) << size;
  }
}

TEST(WireTest, LivenessOfLanesThatCannotBeIsRefused) {
  for (const LivenessMessage& wrong :
       {LivenessMessage{1, 0, 0, {}}, LivenessMessage{1, 0, 65, {}}, LivenessMessage{1, 0, 2, {2}},
        LivenessMessage{1, 0, 1, {0, 0}}}) {
    ByteWriter bytes;
    put_liveness(wrong, &bytes);
    ByteReader reader(bytes.view());
    EXPECT_FALSE(get_liveness(&reader));
  }
}

// Written and read again; no prefix of it is a message.
SnapshotMessage through_the_wire(decltype(SnapshotMessage::body) body, ByteWriter* out) {
  out->clear();
  out->put_bytes(
      put_snapshot_message({7, ReplicaId(1), ReplicaId(2), kPosition, std::move(body)}, out));
  for (size_t size = 0; size < out->size(); ++size) {
    EXPECT_FALSE(get_snapshot_message({out->data(), size}));
  }
  const std::optional<SnapshotMessage> message = get_snapshot_message(out->view());
  EXPECT_TRUE(message);
  return message.value_or(SnapshotMessage{});
}

TEST(WireTest, SnapshotMessages) {
  ByteWriter out;
  SnapshotMeta meta;
  meta.position = kPosition;
  meta.configuration.voters = {ReplicaId(1), ReplicaId(2)};
  const SnapshotMessage header = through_the_wire(SnapshotHeader{9, meta}, &out);
  EXPECT_EQ(std::get<SnapshotHeader>(header.body).view, 9u);
  EXPECT_EQ(std::get<SnapshotHeader>(header.body).meta.configuration, meta.configuration);
  EXPECT_EQ(header.snapshot, kPosition);
  const std::string cursor = "a key";
  const SnapshotMessage message =
      through_the_wire(SnapshotFetch{SnapshotFetchMode::resume, 10, 20, 30, view_of(cursor)}, &out);
  const auto& fetch = std::get<SnapshotFetch>(message.body);
  EXPECT_EQ(fetch.offset, 10u);
  EXPECT_EQ(fetch.limit, 20u);
  EXPECT_EQ(fetch.checksum, 30u);
  EXPECT_EQ(text_of(fetch.cursor), cursor);
  const SnapshotMessage end = through_the_wire(SnapshotEnd{SnapshotOutcome::busy}, &out);
  EXPECT_EQ(std::get<SnapshotEnd>(end.body).outcome, SnapshotOutcome::busy);
  out.put_at(out.size() - 1, uint8_t{3});
  EXPECT_FALSE(get_snapshot_message(out.view())) << "an outcome that is none";
  through_the_wire(SnapshotAccept{}, &out);
}

TEST(WireTest, SnapshotChunkWithAWrongByteIsRefused) {
  const std::string bytes = "some bytes of a snapshot";
  ByteWriter out;
  const SnapshotMessage message =
      through_the_wire(SnapshotChunk{5, true, 77, view_of(bytes)}, &out);
  const auto& chunk = std::get<SnapshotChunk>(message.body);
  EXPECT_TRUE(chunk.last);
  EXPECT_EQ(chunk.offset, 5u);
  EXPECT_EQ(chunk.checksum, 77u);
  EXPECT_EQ(text_of(chunk.bytes), bytes);
  out.put_at(out.size() - 5, uint8_t{0});
  EXPECT_FALSE(get_snapshot_message(out.view()));
}

}  // namespace
}  // namespace grey::raft
