// Writes with a session through whole nodes: sent again by the client, or by the service itself.
#include "service_fixture.h"
#include "slots.h"

namespace grey::kv {
namespace {

struct SessionServiceTest : ServiceTest {
  // Three nodes; the key's shard has replicas on nodes 1 and 2, clients speak to node 3.
  void make_with_distant_client() {
    make(3, 1, "2");
    for (int i = 0; key.empty(); ++i) {
      const std::string next = "k" + std::to_string(i);
      if (shard_of(view_of(next), 8) == 0) key = next;
    }
  }
  KvRequest request(uint64_t serial, std::string_view value) {
    KvRequest made = request_for(KvOperation::put, key, value);
    made.has_session = 1;
    made.session_id[0] = 0xC1;
    made.serial = serial;
    return made;
  }
  // A write of which nobody can say, at node 3, whether it was done: sent, and the link broke.
  void submit_and_cut(const KvRequest& sent, Answer* answer) {
    decree.hold_commits = true;
    submit(3, sent, answer);
    world.run_for(20);
    network.cut("host-1:1", "host-3:1");
    world.run_for(20);
    EXPECT_EQ(answer->calls, 0) << "with a session it is tried again";
  }
  size_t commands() { return decree.groups[1].committed.size(); }

  std::string key;
};

TEST_F(SessionServiceTest, ARetryThroughAnyNodeGetsTheFirstOutcome) {
  make(3, 2);
  key = "key";
  const Answer first = finish(1, request(1, "value"));
  EXPECT_EQ(first.code, KvCode::ok);
  ASSERT_EQ(put(2, "key", "of another").code, KvCode::ok);
  for (const uint32_t leader : {1u, 2u, 3u}) {
    decree.lead_all(9, leader);
    world.run_for(50);
    for (const uint32_t server : {1u, 2u, 3u}) {
      const Answer again = finish(server, request(1, "value"), server % 2);
      EXPECT_EQ(again.code, KvCode::ok);
      EXPECT_EQ(again.revision, first.revision);
    }
  }
  EXPECT_EQ(get(2, "key").value, "of another");
}

TEST_F(SessionServiceTest, AWriteDoneBehindABrokenLinkIsFoundByTheServiceItself) {
  make_with_distant_client();
  Answer answer;
  submit_and_cut(request(1, "value"), &answer);
  decree.release_commits();
  world.run_for(20);
  const size_t before = commands();
  EXPECT_EQ(before, 1u) << "done at the leader that cannot be reached";
  decree.lead_all(9, 2);
  ASSERT_TRUE(world.run_until([&] { return answer.calls != 0; }, 500));
  EXPECT_EQ(answer.code, KvCode::ok);
  EXPECT_EQ(answer.revision, 1u);
  EXPECT_EQ(commands(), before + 1) << "it was sent twice";
  EXPECT_EQ(get(2, key).revision, 1u) << "and done once";
}

TEST_F(SessionServiceTest, AWriteLostBehindABrokenLinkIsDoneByTheServiceItself) {
  make_with_distant_client();
  Answer answer;
  submit_and_cut(request(1, "value"), &answer);
  decree.hold_commits = false;
  decree.lead_all(9, 2);  // what the old leader had is gone
  ASSERT_TRUE(world.run_until([&] { return answer.calls != 0; }, 500));
  EXPECT_EQ(answer.code, KvCode::ok);
  EXPECT_EQ(commands(), 1u);
  EXPECT_EQ(get(2, key).value, "value");
}

TEST_F(SessionServiceTest, WithNobodyToAskTheOutcomeStaysUnknown) {
  make_with_distant_client();
  Answer answer;
  submit_and_cut(request(1, "value"), &answer);
  decree.lead_all(9, 0);
  ASSERT_TRUE(world.run_until([&] { return answer.calls != 0; }));
  EXPECT_EQ(answer.code, KvCode::unknown_outcome) << "not read_only: it may have been done";
  EXPECT_EQ(answer.message, usual_message(KvCode::unknown_outcome));
}

TEST_F(SessionServiceTest, ARefusalOfTheNextTryDoesNotMakeTheOutcomeKnown) {
  make_with_distant_client();
  Answer answer;
  submit_and_cut(request(1, "value"), &answer);
  decree.refuse = make_status(StatusCode::busy);
  decree.lead_all(9, 2);
  ASSERT_TRUE(world.run_until([&] { return answer.calls != 0; }));
  EXPECT_EQ(answer.code, KvCode::unknown_outcome);
  decree.refuse = ok_status();
}

TEST_F(SessionServiceTest, AForgottenSerialIsRefusedAndTheKeyStays) {
  make(3);
  key = "key";
  ASSERT_EQ(finish(1, request(1, "value")).code, KvCode::ok);
  for (int hour = 0; hour < 9; ++hour) {  // three an entry, at most
    decree.timestamp_ms += 3 * 3'600'000;
    ASSERT_EQ(put(1, "key", "later").code, KvCode::ok);
  }
  const Answer again = finish(2, request(1, "value"));
  EXPECT_EQ(again.code, KvCode::session_expired);
  EXPECT_EQ(get(1, "key").value, "later");
  EXPECT_EQ(finish(2, request(2, "next")).code, KvCode::ok);
}

TEST_F(SessionServiceTest, MisuseIsSaid) {
  make(2);
  key = "key";
  const Answer zero = finish(1, request(0, "value"));
  EXPECT_EQ(zero.code, KvCode::bad_request);
  EXPECT_NE(zero.message.find("begin at 1"), std::string::npos);
  ASSERT_EQ(finish(1, request(1, "value")).code, KvCode::ok);
  for (const uint32_t server : {1u, 2u}) {
    const Answer other = finish(server, request(1, "other"));
    EXPECT_EQ(other.code, KvCode::bad_request);
    EXPECT_NE(other.message.find("another write"), std::string::npos);
  }
  KvRequest read = request_for(KvOperation::get, "key", "");
  read.has_session = 1;
  EXPECT_EQ(finish(1, read).value, "value") << "a read needs no session and ignores it";
}

TEST_F(SessionServiceTest, AStopLeavesATriedWriteUnknown) {
  make_with_distant_client();
  Answer answer;
  submit_and_cut(request(1, "value"), &answer);
  Stopped stopped;
  servers[2]->plugin->stop(&stopped);
  ASSERT_TRUE(world.run_until([&] { return stopped.done; }));
  (void)servers[2]->kv.detach();
  servers[2]->service = {};
  (void)servers[2]->plugin.detach();
  EXPECT_EQ(answer.calls, 1);
  EXPECT_EQ(answer.code, KvCode::unknown_outcome);
}

// Retried behind a later write of its key, a write that was not done would undo that one.
TEST_F(SessionServiceTest, ADoubtfulWriteIsNotDoneBehindALaterOneOfItsKey) {
  make_with_distant_client();
  Answer first, second;
  decree.hold_commits = true;
  submit(3, request(1, "first"), &first);
  submit(3, request(2, "second"), &second);
  world.run_for(20);
  network.cut("host-1:1", "host-3:1");
  world.run_for(20);
  decree.hold_commits = false;
  decree.lead_all(9, 2);
  ASSERT_TRUE(world.run_until([&] { return first.calls != 0 && second.calls != 0; }));
  EXPECT_EQ(second.code, KvCode::ok);
  EXPECT_TRUE(first.code == KvCode::ok || first.code == KvCode::unknown_outcome);
  EXPECT_EQ(get(2, key).value, "second");
}

}  // namespace
}  // namespace grey::kv
