#include "swim_core.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "address.h"
#include "grey/glue/bytes.h"
#include "simulated_cluster.h"

namespace grey::swim {
namespace {

constexpr uint64_t kStart = 1'000 * kMillisecondNs;

NetAddress at(uint8_t last) {
  return SimulatedCluster::address(last);
}

class SwimCoreTest : public testing::Test {
 protected:
  SwimCoreTest()
      : core_(
            SwimSelf{"me", 1, 100, {}}, SwimOptions{}, [this] { return random_ += 7; }, kStart) {}

  // "other" says `message` to the core.
  void hear(Message message, const std::string& sender = "other", uint64_t incarnation = 10) {
    message.sender = sender;
    message.boot_nonce = 2;
    message.incarnation = incarnation;
    core_.receive(kStart, at(9), view_of(encode_message(message)));
  }
  void hear_update(const Update& update) {
    Message message;
    message.updates = {update};
    hear(message);
  }
  std::vector<Message> said() {
    std::vector<Message> messages;
    for (const OutgoingDatagram& datagram : core_.take_datagrams()) {
      messages.push_back(decode_message(view_of(datagram.bytes)).value());
    }
    return messages;
  }
  const Member& member(const std::string& node_id) { return core_.members().at(node_id); }

  uint64_t random_ = 3;
  SwimCore core_;
};

TEST_F(SwimCoreTest, AnswersAPingMeantForItAndNoOther) {
  Message ping;
  ping.type = MessageType::ping;
  ping.sequence = 5;
  ping.subject = "somebody";
  hear(ping);
  EXPECT_TRUE(said().empty());
  ping.subject = "me";
  hear(ping);
  const auto messages = said();
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(messages[0].type, MessageType::ack);
  EXPECT_EQ(messages[0].sequence, 5u);
  EXPECT_EQ(messages[0].subject, "me");
}

TEST_F(SwimCoreTest, RefutesWithAHigherIncarnation) {
  hear_update({State::suspect, "me", 1, 100, {}, "x"});
  EXPECT_EQ(member("me").incarnation, 101u);
  EXPECT_EQ(member("me").state, State::alive);
  EXPECT_EQ(core_.health_score(), 1);
  hear_update({State::dead, "me", 1, 100, {}, ""});  // old news
  EXPECT_EQ(member("me").incarnation, 101u);
  hear_update({State::dead, "me", 1, 500, {}, ""});
  EXPECT_EQ(member("me").incarnation, 501u);
  EXPECT_EQ(core_.counters().refutations, 2u);
}

TEST_F(SwimCoreTest, DropsOtherClustersAndCountsWhatIsNoMessage) {
  core_.set_cluster_id({1});
  Message message;
  message.cluster_id = {2};
  hear(message);
  EXPECT_EQ(core_.counters().foreign_datagrams, 1u);
  EXPECT_EQ(core_.members().size(), 1u);
  message.cluster_id = {};  // belongs to none yet
  hear(message);
  message.cluster_id = {1};
  hear(message, "third");
  EXPECT_EQ(core_.members().size(), 3u);
  core_.receive(kStart, at(9), view_of("nonsense"));
  EXPECT_EQ(core_.counters().bad_datagrams, 1u);
}

TEST_F(SwimCoreTest, TellsASuspectWhatIsBelievedOfIt) {
  hear(Message{});
  said();
  hear_update({State::suspect, "other", 2, 10, {}, "x"});
  const auto messages = said();
  ASSERT_EQ(messages.size(), 1u);
  ASSERT_FALSE(messages[0].updates.empty());
  EXPECT_EQ(messages[0].updates[0].node_id, "other");
  EXPECT_EQ(messages[0].updates[0].state, State::suspect);
  hear(Message{}, "other", 11);
  EXPECT_EQ(member("other").state, State::alive);
}

TEST_F(SwimCoreTest, HelpsAndForwardsTheAnswer) {
  Message request;
  request.type = MessageType::ping_request;
  request.sequence = 77;
  request.subject = "target";
  request.address = at(3);
  hear(request);
  auto datagrams = core_.take_datagrams();
  ASSERT_EQ(datagrams.size(), 1u);
  EXPECT_TRUE(same_address(datagrams[0].to, at(3)));
  const Message ping = decode_message(view_of(datagrams[0].bytes)).value();
  EXPECT_EQ(ping.type, MessageType::ping);

  // Nothing for a while: the helper says that it is there itself.
  core_.tick(kStart + 170 * kMillisecondNs);
  const auto nacks = said();
  ASSERT_TRUE(std::any_of(nacks.begin(), nacks.end(), [](const Message& message) {
    return message.type == MessageType::nack && message.sequence == 77;
  }));

  Message ack;
  ack.type = MessageType::ack;
  ack.sequence = ping.sequence;
  ack.subject = "target";
  hear(ack, "stranger");  // not the target's own word
  for (const Message& message : said()) EXPECT_NE(message.sequence, 77u);
  hear(ack, "target");
  const auto messages = said();
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(messages[0].type, MessageType::ack);
  EXPECT_EQ(messages[0].sequence, 77u);
  EXPECT_EQ(messages[0].subject, "target");
}

TEST_F(SwimCoreTest, GossipDoesNotReplaceAnAddressHeardFromDirectly) {
  hear(Message{});
  Message message;
  message.updates = {{State::alive, "other", 2, 11, at(5), ""}};
  hear(message, "third");
  EXPECT_TRUE(same_address(member("other").address, at(9)));
  core_.join(kStart, "other", 2, at(6));
  EXPECT_TRUE(same_address(member("other").address, at(6)));
}

TEST_F(SwimCoreTest, TakesInNoMoreThanItsLimit) {
  for (int i = 0; i < 5'000; ++i) {
    hear_update({State::alive, "n" + std::to_string(i), 1, 1, at(1), ""});
  }
  EXPECT_EQ(core_.members().size(), SwimOptions{}.max_members);
}

TEST_F(SwimCoreTest, ForgetsTheDeadInTheEnd) {
  hear_update({State::dead, "old", 1, 1, at(1), ""});
  EXPECT_EQ(core_.members().count("old"), 1u);
  uint64_t now = kStart;
  while (now < kStart + SwimOptions{}.retention_ns + 10'000 * kMillisecondNs) {
    now = core_.next_deadline_ns();
    core_.tick(now);
    core_.take_datagrams();
  }
  EXPECT_EQ(core_.members().count("old"), 0u);
  EXPECT_EQ(core_.members().count("me"), 1u);
}

TEST_F(SwimCoreTest, TimeStandsStillWhileTheProcessDoes) {
  hear(Message{});
  hear_update({State::suspect, "other", 2, 10, {}, "x"});
  said();
  // Its refutation, if there is one, still waits in the socket.
  core_.tick(kStart + 60'000 * kMillisecondNs);
  EXPECT_EQ(member("other").state, State::suspect);
  EXPECT_EQ(core_.health_score(), 1);
  // Lived time goes on: without one it dies after all.
  for (uint64_t now = 0; now < kStart + 70'000 * kMillisecondNs;) {
    now = core_.next_deadline_ns();
    core_.tick(now);
  }
  EXPECT_EQ(member("other").state, State::dead);
}

TEST_F(SwimCoreTest, IsSilentAfterLeaving) {
  hear(Message{});
  said();
  core_.leave(kStart);
  const auto messages = said();
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(messages[0].updates.at(0).state, State::left);
  EXPECT_EQ(messages[0].updates.at(0).node_id, "me");
  hear_update({State::dead, "me", 1, 100, {}, ""});
  core_.tick(kStart + 60'000 * kMillisecondNs);
  EXPECT_TRUE(said().empty());
  EXPECT_EQ(core_.next_deadline_ns(), UINT64_MAX);
}

}  // namespace
}  // namespace grey::swim
