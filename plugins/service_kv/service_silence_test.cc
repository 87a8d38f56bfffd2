// Requests that are with a node which says nothing any more, though its link stands.
#include "service_fixture.h"

namespace grey::kv {
namespace {

struct SilenceTest : ServiceTest {
  KvRequest slow(KvOperation operation, std::string_view value) {
    KvRequest request = request_for(operation, "key", value);
    request.deadline_ns = world.now_ns + 5'000'000'000;
    return request;
  }
  // With the leader, node 1, when that stops. Nothing is known for as long as nobody else leads.
  void submit_and_freeze(const KvRequest& request) {
    decree.hold_commits = true;
    submit(2, request, &answer);
    world.run_for(20);
    network.frozen.insert("host-1:1");
    world.run_for(2000);
    EXPECT_EQ(answer.calls, 0);
    decree.lead_all(9, 3);
    decree.release_commits();
  }
  Answer answer;  // outlives a test that fails
};

TEST_F(SilenceTest, AWriteIsInDoubtSoonAfterAnotherLeads) {
  make(3);
  submit_and_freeze(slow(KvOperation::put, "value"));
  world.run_for(900);
  EXPECT_EQ(answer.calls, 0) << "the old leader is given time to answer";
  world.run_for(200);
  EXPECT_EQ(answer.calls, 1);
  EXPECT_EQ(answer.code, KvCode::unknown_outcome);
  EXPECT_EQ(put(2, "key", "later").code, KvCode::ok) << "it holds up nothing of its key";
  network.thaw();
  world.run_for(5000);
  EXPECT_EQ(answer.calls, 1);
  EXPECT_EQ(get(2, "key").value, "later") << "nothing was sent again behind its back";
}

TEST_F(SilenceTest, AWriteWithASessionIsDoneOnceByTheNextLeader) {
  make(3);
  KvRequest request = slow(KvOperation::put, "value");
  request.has_session = 1;
  request.session_id[0] = 0xC1;
  request.serial = 1;
  submit_and_freeze(request);
  world.run_for(300);
  EXPECT_EQ(answer.calls, 1);
  EXPECT_EQ(answer.code, KvCode::ok);
  EXPECT_EQ(get(3, "key").value, "value");
}

TEST_F(SilenceTest, AReadIsDoneByTheNextLeader) {
  make(3);
  ASSERT_EQ(put(1, "key", "value").code, KvCode::ok);
  world.run_for(50);
  servers[1]->consensus->behind = true;  // so that node 2 asks the leader
  ASSERT_EQ(put(1, "other", "value").code, KvCode::ok);
  world.run_for(1500);
  network.frozen.insert("host-1:1");
  submit(2, slow(KvOperation::get, ""), &answer);
  world.run_for(1000);
  EXPECT_EQ(answer.calls, 0);
  decree.lead_all(9, 3);
  world.run_for(300);
  EXPECT_EQ(answer.calls, 1);
  EXPECT_EQ(answer.value, "value");
}

// Who lives answers by itself, and what it lost is done again.
TEST_F(SilenceTest, AWriteThatALivingLeaderLostIsNotInDoubt) {
  make(3);
  decree.hold_commits = true;
  submit(2, slow(KvOperation::put, "value"), &answer);
  world.run_for(2000);
  decree.lead_all(9, 3);
  decree.release_commits();
  world.run_for(300);
  EXPECT_EQ(answer.calls, 1);
  EXPECT_EQ(answer.code, KvCode::ok);
}

// It has handed over, and its engine stands for a moment: it knows that the write is done, and will
// say so.
TEST_F(SilenceTest, AWriteThatALivingLeaderHasYetToApplyIsNotInDoubt) {
  make(3);
  servers[0]->consensus->behind = true;
  submit(2, slow(KvOperation::put, "value"), &answer);
  world.run_for(20);
  EXPECT_EQ(answer.calls, 0);
  decree.lead_all(9, 3);
  world.run_for(400);
  servers[0]->consensus->behind = false;
  EXPECT_EQ(put(3, "{key}2", "so that it goes on").code, KvCode::ok);
  world.run_for(100);
  EXPECT_EQ(answer.calls, 1);
  EXPECT_EQ(answer.code, KvCode::ok);
}

// What is known of a leader here is from before: no word on whom the write was given to since.
TEST_F(SilenceTest, AWriteIsNotInDoubtForAChangeBeforeItWasForwarded) {
  make(3);
  world.run_for(2000);
  servers[1]->consensus->failed = true;
  decree.lead_all(9, 3);
  decree.hold_commits = true;
  submit(2, slow(KvOperation::put, "value"), &answer);
  world.run_for(2500);
  EXPECT_EQ(answer.calls, 0);
  decree.release_commits();
  world.run_for(100);
  EXPECT_EQ(answer.calls, 1);
  EXPECT_EQ(answer.code, KvCode::ok);
}

// The majority leads, but read_quorum asks for more.
TEST_F(SilenceTest, WithFewerVotersThanAReadNeedsItIsRefusedAtOnce) {
  settings["storage.read_quorum"] = "3";
  make(3);
  ASSERT_EQ(put(1, "key", "value").code, KvCode::ok);
  world.run_for(50);
  decree.readable = false;
  for (const uint32_t server : {1u, 2u}) {
    const uint64_t began_ns = world.now_ns;
    EXPECT_EQ(get(server, "key").code, KvCode::no_quorum);
    EXPECT_LT(world.now_ns - began_ns, 100'000'000u);
    KvRequest stale = request_for(KvOperation::get, "key", "");
    stale.consistency = KvConsistency::stale;
    EXPECT_EQ(finish(server, stale).value, "value");
    EXPECT_EQ(put(server, "other", "value").code, KvCode::ok);
  }
  decree.readable = true;
  EXPECT_EQ(get(2, "key").value, "value");
}

}  // namespace
}  // namespace grey::kv
