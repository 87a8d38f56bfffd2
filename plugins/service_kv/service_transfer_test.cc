// Transfers of leadership on request, as whole nodes do them.
#include "placement.h"
#include "service_fixture.h"

namespace grey::kv {
namespace {

constexpr uint64_t kHoldNs = 600'000'000'000;

std::string error_code(const JsonAnswer& answer) {
  return std::string(answer.document.at("error").at("code").as_string());
}
std::string error_text(const JsonAnswer& answer) {
  return std::string(answer.document.at("error").at("message").as_string());
}

struct TransferTest : ServiceTest {
  uint32_t leader(uint32_t group) { return decree.groups[group].leader; }
};

TEST_F(TransferTest, AnyNodeTransfersTheControlGroup) {
  make(3, 2);
  uint32_t to = 2;
  for (const uint32_t server : {3u, 1u, 2u}) {
    const JsonAnswer answer = transfer(server, "{\"to\":\"node-" + std::to_string(to) + "\"}");
    EXPECT_EQ(answer.status, 200u) << boost::json::serialize(answer.document);
    EXPECT_EQ(answer.document.at("done"), true);
    EXPECT_EQ(answer.document.at("leader").as_string(), "node-" + std::to_string(to));
    EXPECT_EQ(answer.document.at("term"), decree.groups[kControlGroup].term);
    ASSERT_EQ(answer.document.at("moved").as_array().size(), 1u);
    EXPECT_EQ(answer.document.at("moved").at(0).at("shard"), "control");
    EXPECT_EQ(leader(kControlGroup), to);
    to = to % 3 + 1;
  }
  EXPECT_EQ(decree.transfers, 3u);
  EXPECT_EQ(decree.kept[kControlGroup], std::make_pair(leader(kControlGroup), kHoldNs));
  for (uint32_t group = 1; group < 9; ++group) EXPECT_EQ(leader(group), 1u);
}

TEST_F(TransferTest, WhatIsSoAlreadyIsDone) {
  make(3);
  for (const char* body :
       {"{\"to\":\"node-1\"}", "{\"from\":\"node-2\"}", "{\"from\":\"node-3\",\"shard\":\"all\"}",
        "{\"to\":\"node-1\",\"shard\":7}"}) {
    const JsonAnswer answer = transfer(2, body);
    EXPECT_EQ(answer.status, 200u) << body;
    EXPECT_EQ(answer.document.at("leader"), "node-1");
    EXPECT_TRUE(answer.document.at("moved").as_array().empty());
  }
  EXPECT_EQ(decree.transfers, 0u);
  EXPECT_EQ(decree.kept[group_of_shard(7)].first, 1u) << "and is kept so";
}

TEST_F(TransferTest, WithoutATargetSomebodyElseLeadsAfterwards) {
  make(3);
  const JsonAnswer answer = transfer(1, "");
  EXPECT_EQ(answer.status, 200u);
  EXPECT_NE(leader(kControlGroup), 1u);
  EXPECT_EQ(decree.transfers, 1u) << "once, although its node leads no more";
}

TEST_F(TransferTest, OneShardIsTransferred) {
  make(3, 2);
  const JsonAnswer answer = transfer(2, "{\"to\":\"node-3\",\"shard\":5}");
  EXPECT_EQ(answer.document.at("moved").at(0).at("shard"), 5);
  EXPECT_EQ(answer.document.at("leader"), "node-3");
  for (uint32_t group = 0; group < 9; ++group) {
    EXPECT_EQ(leader(group), group == group_of_shard(5) ? 3u : 1u);
  }
}

TEST_F(TransferTest, AllThatANodeLeadsIsSpreadOverTheOthers) {
  make(3, 2);
  decree.lead(group_of_shard(2), 2);
  world.run_for(50);
  const JsonAnswer answer = transfer(1, "{\"from\":\"node-1\",\"shard\":\"all\"}");
  EXPECT_EQ(answer.status, 200u) << boost::json::serialize(answer.document);
  EXPECT_EQ(answer.document.at("moved").as_array().size(), 8u);
  std::map<uint32_t, uint32_t> leads;
  for (uint32_t group = 0; group < 9; ++group) ++leads[leader(group)];
  EXPECT_EQ(leads[1], 0u);
  EXPECT_GE(leads[2], 4u);
  EXPECT_GE(leads[3], 4u);
  const JsonAnswer again = transfer(3, "{\"from\":\"node-1\",\"shard\":\"all\"}");
  EXPECT_EQ(again.status, 200u);
  EXPECT_TRUE(again.document.at("moved").as_array().empty());
  EXPECT_EQ(decree.transfers, 8u);
}

TEST_F(TransferTest, WhatCannotBeMeantIsABadRequest) {
  make(3, 1, "1");
  for (const auto& [body, said] :
       std::map<std::string, std::string>{{"{\"to\":\"node-9\"}", "node-1, node-2, node-3"},
                                          {"{\"to\":\"node-2\",\"from\":\"node-2\"}", "the same"},
                                          {"{\"to\":2}", "must be the id of a node"},
                                          {"{\"too\":\"node-2\"}", "unknown field \"too\""},
                                          {"{\"shard\":8}", "from 0 to 7"},
                                          {"{\"shard\":\"1\"}", "from 0 to 7"},
                                          {"{\"shard\":-1}", "from 0 to 7"},
                                          {"{\"shard\":\"all\"}", "needs \"from\""},
                                          {"[]", "JSON object"},
                                          {"{", "JSON object"}}) {
    const JsonAnswer answer = transfer(2, body);
    EXPECT_EQ(answer.status, 400u) << body;
    EXPECT_EQ(error_code(answer), "bad_request");
    EXPECT_NE(error_text(answer).find(said), std::string::npos) << error_text(answer);
  }
  decree.lead(group_of_shard(0), 1);
  world.run_for(50);
  EXPECT_EQ(error_text(transfer(2, "{\"to\":\"node-2\",\"shard\":0}")),
            "no other node has a voting replica of shard 0");
  EXPECT_EQ(decree.transfers, 0u);
}

TEST_F(TransferTest, ADeadTargetIsRefusedAtOnce) {
  make(3);
  servers[2]->kill();
  world.run_for(100);
  const JsonAnswer answer = transfer(2, "{\"to\":\"node-3\"}");
  EXPECT_EQ(answer.status, 503u);
  EXPECT_EQ(error_code(answer), "node_unavailable");
  EXPECT_EQ(decree.transfers, 0u);
  const JsonAnswer drain = transfer(2, "{\"from\":\"node-3\",\"shard\":\"all\"}");
  EXPECT_EQ(drain.status, 200u) << "others lead everything";
}

TEST_F(TransferTest, WithoutQuorumNothingIsTransferred) {
  make(3);
  for (auto& server : servers) server->consensus->quorum = false;
  const JsonAnswer answer = transfer(2, "{\"to\":\"node-3\"}");
  EXPECT_EQ(answer.status, 503u);
  EXPECT_EQ(error_code(answer), "no_quorum");
}

TEST_F(TransferTest, ARefusedOrderIsGivenAgainUntilTheDeadline) {
  make(3);
  decree.refuse_transfer = make_status(StatusCode::busy, "a transfer is under way");
  JsonAnswer answer;
  ask_transfer(3, "{\"to\":\"node-2\"}", &answer, 1000);
  world.run_for(900);
  EXPECT_EQ(answer.calls, 0);
  world.run_for(101);
  EXPECT_EQ(answer.status, 503u) << "surely nothing was done";
  EXPECT_NE(error_text(answer).find("a transfer is under way"), std::string::npos);
  ask_transfer(3, "{\"to\":\"node-2\"}", &answer, 1000);
  world.run_for(500);
  decree.refuse_transfer = ok_status();
  world.run_for(200);
  EXPECT_EQ(answer.calls, 2);
  EXPECT_EQ(answer.status, 200u);
}

TEST_F(TransferTest, WhatHasBegunAndIsNotDoneInTimeIsUnknown) {
  make(3);
  decree.hold_transfers = true;
  JsonAnswer answer = transfer(3, "{\"to\":\"node-2\"}", 500);
  EXPECT_EQ(answer.status, 504u);
  EXPECT_EQ(error_code(answer), "unknown_outcome");
  EXPECT_EQ(answer.document.at("error").at("retryable"), false);
  // A later refusal says nothing about the first order.
  ask_transfer(3, "{\"to\":\"node-2\"}", &answer, 4000);
  world.run_for(1000);
  decree.refuse_transfer = make_status(StatusCode::busy, "a transfer is under way");
  world.run_for(3001);
  EXPECT_EQ(answer.status, 504u) << boost::json::serialize(answer.document);
}

TEST_F(TransferTest, AnOrderThatIsLostIsGivenAgain) {
  make(3);
  network.cut("host-1:1", "host-3:1");
  JsonAnswer answer;
  ask_transfer(3, "{\"to\":\"node-2\"}", &answer);
  world.run_for(1000);
  EXPECT_EQ(answer.calls, 0) << "nobody whom node 3 reaches leads: the leader may be there";
  network.heal();
  world.run_for(1500);
  EXPECT_EQ(answer.status, 200u);
  EXPECT_EQ(leader(kControlGroup), 2u);
}

TEST_F(TransferTest, AnOrderOfAnEarlierTermDoesNothing) {
  make(3);
  const TransferOrders orders{
      1, kHoldNs, {{kControlGroup, decree.groups[kControlGroup].term - 1, 2}}};
  const std::vector<uint8_t> bytes = encode_transfer_orders(orders);
  const ByteView part{bytes.data(), bytes.size()};
  ASSERT_TRUE(servers[1]->node.host->peers()->send(1, kChannelService, 0, &part, 1).ok());
  world.run_for(200);
  EXPECT_EQ(decree.transfers, 0u);
  EXPECT_EQ(leader(kControlGroup), 1u);
}

TEST_F(TransferTest, ANodeThatStopsSaysSo) {
  make(3);
  decree.hold_transfers = true;
  JsonAnswer begun, late;
  ask_transfer(3, "{\"to\":\"node-2\"}", &begun);
  world.run_for(300);
  Stopped drained;
  servers[2]->plugin->drain(&drained);
  ask_transfer(3, "{\"to\":\"node-2\"}", &late);
  world.run_for(100);
  EXPECT_EQ(error_code(late), "starting");
  Stopped stopped;
  servers[2]->plugin->stop(&stopped);
  EXPECT_TRUE(world.run_until([&] { return stopped.done; }));
  EXPECT_EQ(begun.status, 504u);
  servers[2]->kv = {};
  servers[2]->service = {};
  servers[2]->plugin = {};
}

}  // namespace
}  // namespace grey::kv
