// The whole service: nodes that form a cluster, take requests on any node, and lose each other.
#include "placement.h"
#include "service_fixture.h"
#include "slots.h"

namespace grey::kv {
namespace {

TEST_F(ServiceTest, OneNodePutsGetsAndErases) {
  make(1, 2);
  for (uint32_t loop = 0; loop < 2; ++loop) {
    const std::string key = "key-" + std::to_string(loop);
    EXPECT_EQ(get(1, key, loop).code, KvCode::not_found);
    const Answer written = put(1, key, "value", loop);
    EXPECT_EQ(written.code, KvCode::ok);
    const Answer read = get(1, key, loop);
    EXPECT_EQ(read.value, "value");
    EXPECT_EQ(read.revision, written.revision);
    EXPECT_EQ(finish(1, request_for(KvOperation::erase, key, ""), loop).code, KvCode::ok);
    EXPECT_EQ(finish(1, request_for(KvOperation::erase, key, ""), loop).code, KvCode::not_found);
    EXPECT_EQ(get(1, key, loop).code, KvCode::not_found);
  }
}

TEST_F(ServiceTest, ConditionsAreAboutTheRevisionAKeyHasNow) {
  make(1);
  KvRequest request = request_for(KvOperation::put, "k", "1");
  request.condition = KvCondition::exists;
  EXPECT_EQ(finish(1, request).code, KvCode::condition_failed);
  request.condition = KvCondition::missing;
  const uint64_t revision = finish(1, request).revision;
  EXPECT_EQ(finish(1, request).code, KvCode::condition_failed);
  request.condition = KvCondition::revision_is;
  request.revision = revision + 1;
  EXPECT_EQ(finish(1, request).code, KvCode::condition_failed);
  request.revision = revision;
  EXPECT_EQ(finish(1, request).code, KvCode::ok);
  request.operation = KvOperation::erase;
  EXPECT_EQ(finish(1, request).code, KvCode::condition_failed);
  request.condition = KvCondition::exists;
  EXPECT_EQ(finish(1, request).code, KvCode::ok);
  EXPECT_EQ(finish(1, request).code, KvCode::condition_failed) << "If-Match on a missing key";
}

TEST_F(ServiceTest, WhatIsNotBuiltOrOutOfLimitsIsSaid) {
  make(1);
  KvRequest request = request_for(KvOperation::put, "k", "1");
  request.ttl_ms = 5;
  EXPECT_EQ(finish(1, request).code, KvCode::not_implemented);
  EXPECT_EQ(put(1, "", "1").code, KvCode::bad_request);
  EXPECT_EQ(put(1, std::string((32 << 10) + 1, 'x'), "1").code, KvCode::too_large);
  EXPECT_EQ(put(1, std::string(32 << 10, 'x'), "1").code, KvCode::ok);
  EXPECT_EQ(put(1, "k", std::string((8 << 20) + 1, 'x')).code, KvCode::too_large);
}

// Until it is flushed, the consensus log must keep it.
TEST_F(ServiceTest, WhatARefusedFlushLeftIsFlushedLaterWithoutFurtherWrites) {
  make(1);
  FaultyStorage& storage = servers[0]->storage;
  world.run_for(60'000);
  EXPECT_EQ(put(1, "key", "value").code, KvCode::ok);
  storage.refuses_flushes = true;
  storage.flushes = 0;
  world.run_for(65'000);
  EXPECT_EQ(storage.flushes, 3) << "at once, and about every 30 s";
  storage.refuses_flushes = false;
  world.run_for(30'000);
  EXPECT_EQ(storage.flushes, 4);
  world.run_for(120'000);
  EXPECT_EQ(storage.flushes, 4) << "nothing is left";
}

TEST_F(ServiceTest, AnyNodeTakesAnyRequest) {
  make(3, 2);
  for (uint32_t server = 1; server <= 3; ++server) {
    for (int i = 0; i < 20; ++i) {
      const std::string key = "key-" + std::to_string(server) + "-" + std::to_string(i);
      ASSERT_EQ(put(server, key, key, static_cast<uint32_t>(i) % 2).code, KvCode::ok);
      EXPECT_EQ(get(server % 3 + 1, key).value, key);
    }
  }
}

TEST_F(ServiceTest, ANodeWithoutAReplicaForwardsReadsAndWrites) {
  make(3, 2, "1");
  for (uint32_t group = 1; group < 9; ++group) decree.lead(group, (group - 1) % 3 + 1);
  world.run_for(50);
  for (int i = 0; i < 30; ++i) {
    const std::string key = "key-" + std::to_string(i);
    ASSERT_EQ(put(1, key, key).code, KvCode::ok);
    EXPECT_EQ(get(2, key).value, key);
    KvRequest stale = request_for(KvOperation::get, key, "");
    stale.consistency = KvConsistency::stale;
    EXPECT_EQ(finish(3, stale).value, key);
  }
}

TEST_F(ServiceTest, APartitionThatDoesNotOpenKeepsItsReplicaDownAndNotTheNode) {
  prepare = [](Server& server) {
    if (server.number == 2) server.storage.damaged = {3, 4};
  };
  make(3);
  for (int i = 0; i < 30; ++i) {
    const std::string key = "key-" + std::to_string(i);
    ASSERT_EQ(put(2, key, key).code, KvCode::ok);
    EXPECT_EQ(get(2, key).value, key);
    EXPECT_EQ(get(3, key).value, key);
  }
  const std::string status = boost::json::serialize(document(2, "cluster/status").document);
  EXPECT_NE(status.find("the storage engine cannot open the shard"), std::string::npos) << status;
}

TEST_F(ServiceTest, PipelinedRequestsForOneKeyTakeEffectInOrder) {
  make(3);
  for (const uint32_t server : {1u, 2u}) {
    Answer answers[6];
    const char* values[] = {"a", "b", "c"};
    for (int i = 0; i < 3; ++i) {
      submit(server, request_for(KvOperation::put, "key", values[i]), &answers[2 * i]);
      submit(server, request_for(KvOperation::get, "key", ""), &answers[2 * i + 1]);
    }
    ASSERT_TRUE(world.run_until([&] { return answers[5].calls != 0; }));
    for (int i = 0; i < 3; ++i) EXPECT_EQ(answers[2 * i + 1].value, values[i]);
  }
}

TEST_F(ServiceTest, RequestsWaitForALeaderWhileOneMayStillAppear) {
  make(3);
  for (const uint32_t server : {1u, 3u}) {
    decree.lead_all(9, 0);
    Answer write, second, read;
    submit(server, request_for(KvOperation::put, "key", "1"), &write);
    submit(server, request_for(KvOperation::put, "key", "2"), &second);
    submit(server, request_for(KvOperation::get, "other", ""), &read);
    world.run_for(60);
    EXPECT_EQ(write.calls + second.calls + read.calls, 0);
    const uint64_t before =
        decree.groups[group_of_shard(shard_of(view_of("key"), 8))].committed.size();
    decree.lead_all(9, 2);
    world.run_for(200);
    EXPECT_EQ(write.code, KvCode::ok);
    EXPECT_EQ(second.code, KvCode::ok);
    EXPECT_EQ(read.code, KvCode::not_found);
    EXPECT_LT(write.revision, second.revision);
    EXPECT_EQ(decree.groups[group_of_shard(shard_of(view_of("key"), 8))].committed.size(),
              before + 2);
  }
}

TEST_F(ServiceTest, AWriteThatFindsNoLeaderInTimeWasNotDone) {
  make(3);
  decree.lead_all(9, 0);
  KvRequest request = request_for(KvOperation::put, "key", "value");
  request.deadline_ns = world.now_ns + 200'000'000;
  EXPECT_EQ(finish(1, request).code, KvCode::read_only);
  request.deadline_ns = world.now_ns + 200'000'000;
  request.operation = KvOperation::get;
  EXPECT_EQ(finish(1, request).code, KvCode::no_quorum);
  decree.lead_all(9, 1);
  world.run_for(500);
  EXPECT_EQ(get(1, "key").code, KvCode::not_found);
}

TEST_F(ServiceTest, AnUnsentMessageIsNoUnknownOutcome) {
  make(3);
  testing::TestPeers& peers = servers[1]->node.host->test_peers;
  peers.send_result = make_status(StatusCode::busy);
  Answer first, second;
  submit(2, request_for(KvOperation::put, "key", "1"), &first);
  submit(2, request_for(KvOperation::put, "key", "2"), &second);
  world.run_for(100);
  EXPECT_EQ(first.calls + second.calls, 0);
  peers.send_result = ok_status();
  world.run_for(100);
  EXPECT_EQ(first.code, KvCode::ok);
  EXPECT_EQ(second.code, KvCode::ok);
  EXPECT_LT(first.revision, second.revision);
  EXPECT_EQ(get(3, "key").value, "2");
}

TEST_F(ServiceTest, MalformedMessagesAreDroppedAndTheNodeGoesOn) {
  make(2);
  const uint8_t types[] = {0, 1, 2, 3, 4, 16, 17, 32, 33, 99};
  for (const uint8_t type : types) {
    for (const size_t size : {0u, 1u, 2u, 7u, 40u}) {
      std::string bytes(size, '\x05');
      if (size > 0) bytes[0] = static_cast<char>(type);
      if (size > 1) bytes[1] = 1;
      const ByteView part = view_of(bytes);
      (void)servers[1]->node.host->test_peers.send(1, kChannelService, type, &part, 1);
    }
  }
  world.run_for(50);
  EXPECT_NE(servers[0]->node.logged.back().find("cannot be understood"), std::string::npos);
  EXPECT_EQ(put(2, "key", "value").code, KvCode::ok);
}

TEST_F(ServiceTest, WithoutQuorumWritesAndReadsAreRefusedAtOnceAndStaleReadsServed) {
  make(3);
  ASSERT_EQ(put(1, "key", "value").code, KvCode::ok);
  world.run_for(3000);
  servers[0]->consensus->quorum = false;
  const uint64_t began_ns = world.now_ns;
  EXPECT_EQ(put(1, "key", "2").code, KvCode::read_only);
  EXPECT_EQ(get(1, "key").code, KvCode::no_quorum);
  EXPECT_LT(world.now_ns - began_ns, 50'000'000u);
}

TEST_F(ServiceTest, AReplicaThatDoesNotKeepUpLeavesReadsToTheLeader) {
  make(3);
  ASSERT_EQ(put(1, "key", "1").code, KvCode::ok);
  ASSERT_EQ(get(2, "key").value, "1");
  servers[1]->consensus->behind = true;
  ASSERT_EQ(put(1, "key", "2").code, KvCode::ok);
  // Nobody knows yet: it is waited for, and not up to the deadline.
  KvRequest read = request_for(KvOperation::get, "key", "");
  read.deadline_ns = world.now_ns + 5'000'000'000;
  EXPECT_EQ(finish(2, read).value, "2");
  const uint64_t began_ns = world.now_ns;
  EXPECT_EQ(get(2, "key").value, "2");
  EXPECT_LT(world.now_ns - began_ns, 50'000'000u);
}

// The majority leads, but write_quorum asks for more.
TEST_F(ServiceTest, WithFewerVotersThanAWriteNeedsItIsRefusedAtOnce) {
  settings["storage.write_quorum"] = "3";
  make(3);
  ASSERT_EQ(put(1, "key", "value").code, KvCode::ok);
  EXPECT_EQ(document(1, "cluster/status").document.at("state"), "healthy");
  decree.writable = false;
  for (const uint32_t server : {1u, 2u}) {
    const uint64_t began_ns = world.now_ns;
    EXPECT_EQ(put(server, "key", "2").code, KvCode::read_only);
    EXPECT_LT(world.now_ns - began_ns, 50'000'000u);
    EXPECT_EQ(get(server, "key").value, "value");
  }
  world.run_for(3000);
  EXPECT_EQ(document(2, "cluster/status").document.at("state"), "read_only");
}

TEST_F(ServiceTest, AWriteThatIsNotCommittedInTimeIsOfUnknownOutcome) {
  make(3);
  decree.hold_commits = true;
  for (const uint32_t server : {1u, 2u}) {
    KvRequest request = request_for(KvOperation::put, "key", "value");
    request.deadline_ns = world.now_ns + 300'000'000;
    const Answer answer = finish(server, request);
    EXPECT_EQ(answer.code, KvCode::unknown_outcome);
  }
  decree.release_commits();
  world.run_for(100);
  EXPECT_EQ(get(3, "key").value, "value");
}

// One that nobody answers holds up only what is of its key.
TEST_F(ServiceTest, AWriteThatIsDoneAgainWaitsForThoseOfItsKeyOnly) {
  make(1);
  const uint32_t shard = shard_of(view_of("a"), 8);
  std::string other = "b";
  while (shard_of(view_of(other), 8) != shard) other += "b";
  for (const bool same : {false, true}) {
    decree.hold_commits = true;
    Answer stuck, again, later;
    submit(1, request_for(KvOperation::put, "a", "1"), &stuck);
    world.run_for(10);
    decree.refuse = make_status(StatusCode::not_leader);
    submit(1, request_for(KvOperation::put, same ? "a" : other, "2"), &again);
    world.run_for(10);
    decree.refuse = ok_status();
    decree.hold_commits = false;  // the next one that is proposed takes the first one along
    world.run_for(200);
    EXPECT_EQ(again.calls, same ? 0 : 1);
    EXPECT_EQ(stuck.calls, same ? 0 : 1);
    if (same) submit(1, request_for(KvOperation::put, other, "3"), &later);
    world.run_for(200);
    EXPECT_EQ(again.code, KvCode::ok);
    EXPECT_EQ(stuck.code, KvCode::ok);
    EXPECT_LT(stuck.revision, again.revision);
    if (same) {
      EXPECT_EQ(get(1, "a").value, "2");
    }
  }
}

TEST_F(ServiceTest, ALostProposalIsDoneAgainAtTheNextLeader) {
  make(3);
  decree.hold_commits = true;
  Answer answer;
  submit(1, request_for(KvOperation::put, "key", "value"), &answer);
  world.run_for(20);
  decree.hold_commits = false;
  decree.lead_all(9, 2);
  ASSERT_TRUE(world.run_until([&] { return answer.calls != 0; }));
  EXPECT_EQ(answer.code, KvCode::ok);
  EXPECT_EQ(get(3, "key").value, "value");
}

TEST_F(ServiceTest, ABrokenLinkLeavesASentWriteUnknownAndReadsAreDoneAgain) {
  make(3, 1, "2");
  // A shard that node 3 holds no replica of: shard 0 on nodes 1 and 2.
  std::string key;
  for (int i = 0; key.empty(); ++i) {
    const std::string next = "k" + std::to_string(i);
    if (shard_of(view_of(next), 8) == 0) key = next;
  }
  ASSERT_EQ(put(3, key, "1").code, KvCode::ok);
  decree.hold_commits = true;
  Answer write;
  submit(3, request_for(KvOperation::put, key, "2"), &write);
  world.run_for(20);
  network.cut("host-1:1", "host-3:1");
  ASSERT_TRUE(world.run_until([&] { return write.calls != 0; }, 100));
  EXPECT_EQ(write.code, KvCode::unknown_outcome);
  Answer read;
  submit(3, request_for(KvOperation::get, key, ""), &read);
  ASSERT_TRUE(world.run_until([&] { return read.calls != 0; }));
  EXPECT_EQ(read.code, KvCode::ok) << "the other replica answers after a read index";
  decree.release_commits();
}

TEST_F(ServiceTest, ALeadersRefusalIsPassedOn) {
  make(2);
  const std::pair<StatusCode, KvCode> cases[] = {{StatusCode::busy, KvCode::busy},
                                                 {StatusCode::no_space, KvCode::no_space}};
  for (const auto& [status, code] : cases) {
    decree.refuse = make_status(status);
    EXPECT_EQ(put(1, "key", "value").code, code);
    EXPECT_EQ(put(2, "key", "value").code, code);
  }
  decree.refuse = ok_status();
  EXPECT_EQ(put(2, "key", "value").code, KvCode::ok);
}

TEST_F(ServiceTest, WithoutRoomWritesAreRefusedAndDeletesPass) {
  make(2);
  EXPECT_EQ(put(1, "key", "value").code, KvCode::ok);
  decree.no_space = true;
  EXPECT_EQ(put(1, "key", "other").code, KvCode::no_space);
  EXPECT_EQ(put(2, "key", "other").code, KvCode::no_space);
  for (const uint32_t node : {1, 2}) {
    Answer erased;
    submit(node, request_for(KvOperation::erase, "key", ""), &erased);
    ASSERT_TRUE(world.run_until([&] { return erased.calls != 0; }));
    EXPECT_EQ(erased.code, node == 1 ? KvCode::ok : KvCode::not_found);
  }
  decree.no_space = false;
  EXPECT_EQ(put(2, "key", "value").code, KvCode::ok);
}

TEST_F(ServiceTest, ARangeGoesOverAllShardsInOrder) {
  make(3, 2, "1");
  for (uint32_t group = 1; group < 9; ++group) decree.lead(group, (group - 1) % 3 + 1);
  world.run_for(50);
  for (int i = 0; i < 50; ++i) put(1, "k" + std::to_string(100 + i), "v");
  const auto range = [&](std::string_view start, std::string_view end, uint32_t limit,
                         bool reverse) {
    KvRangeRequest request{};
    request.struct_size = sizeof(request);
    request.start = view_of(start);
    request.end = view_of(end);
    request.limit = limit;
    request.reverse = reverse ? 1 : 0;
    request.max_bytes = 1 << 20;
    request.deadline_ns = world.now_ns + 2'000'000'000;
    RangeAnswer answer;
    servers[1]->kv->submit_range(servers[1]->loop(1), &request, &answer);
    EXPECT_EQ(answer.calls, 0);
    EXPECT_TRUE(world.run_until([&] { return answer.calls != 0; }));
    return answer;
  };
  RangeAnswer all = range("", "", 1000, false);
  EXPECT_EQ(all.code, KvCode::ok);
  ASSERT_EQ(all.keys.size(), 50u);
  EXPECT_TRUE(std::is_sorted(all.keys.begin(), all.keys.end()));
  EXPECT_FALSE(all.more);
  RangeAnswer some = range("k110", "k120", 5, false);
  EXPECT_EQ(some.keys, (std::vector<std::string>{"k110", "k111", "k112", "k113", "k114"}));
  EXPECT_TRUE(some.more);
  RangeAnswer back = range("k110", "k120", 3, true);
  EXPECT_EQ(back.keys, (std::vector<std::string>{"k119", "k118", "k117"}));
  EXPECT_TRUE(back.more);
  EXPECT_TRUE(range("k120", "k110", 3, false).keys.empty());
  EXPECT_EQ(
      servers[1]->node.host->metrics.at(R"(grey_kv_requests_total{operation="range",code="ok"})"),
      4);
}

TEST_F(ServiceTest, RangesAreRefusedBeforeTheyHoldTooMuch) {
  make(2);
  decree.hold_commits = true;  // so that no read index is confirmed and all ranges wait
  const auto begin = [&](RangeAnswer* answer) {
    KvRangeRequest request{};
    request.struct_size = sizeof(request);
    request.limit = 10;
    request.max_bytes = 1 << 20;
    request.deadline_ns = world.now_ns + 1'000'000'000;
    servers[0]->kv->submit_range(servers[0]->loop(0), &request, answer);
  };
  std::vector<std::unique_ptr<RangeAnswer>> answers;
  for (int i = 0; i < 200; ++i) begin(answers.emplace_back(std::make_unique<RangeAnswer>()).get());
  ASSERT_TRUE(world.run_until([&] {
    return std::all_of(answers.begin(), answers.end(),
                       [](const auto& answer) { return answer->calls == 1; });
  }));
  const auto refused = std::count_if(answers.begin(), answers.end(), [](const auto& answer) {
    return answer->code == KvCode::busy;
  });
  EXPECT_GT(refused, 0);
  EXPECT_LT(refused, 200);
  decree.hold_commits = false;
  RangeAnswer later;
  begin(&later);
  ASSERT_TRUE(world.run_until([&] { return later.calls != 0; }));
  EXPECT_EQ(later.code, KvCode::ok) << "what the others held is free again";
}

TEST_F(ServiceTest, AFullQueueOfTheEngineIsBusyAndNoFault) {
  make(1);
  put(1, "key", "value");
  FaultyStorage& storage = servers[0]->storage;
  storage.gets_block = true;
  storage.refused_reads = 1;
  EXPECT_EQ(get(1, "key").code, KvCode::busy);
  EXPECT_EQ(get(1, "key").value, "value");
  storage.refused_reads = 1;
  KvRangeRequest request{};
  request.struct_size = sizeof(request);
  request.limit = 10;
  request.max_bytes = 1 << 20;
  request.deadline_ns = world.now_ns + 2'000'000'000;
  RangeAnswer page;
  servers[0]->kv->submit_range(servers[0]->loop(), &request, &page);
  EXPECT_TRUE(world.run_until([&] { return page.calls != 0; }));
  EXPECT_EQ(page.code, KvCode::busy);
  for (const std::string& line : servers[0]->node.logged) {
    EXPECT_EQ(line.find("group"), std::string::npos) << line;
  }
}

// What the replicas read for themselves must find room in the workers' queue.
TEST_F(ServiceTest, ClientsReadsThatWaitForTheDiskAreBounded) {
  make(1);
  put(1, "key", "value");
  servers[0]->storage.gets_block = true;
  std::vector<Answer> answers(600);
  for (size_t i = 0; i < answers.size(); ++i) {
    submit(1, request_for(KvOperation::get, "key", ""), &answers[i]);
  }
  EXPECT_TRUE(world.run_until([&] {
    return std::all_of(answers.begin(), answers.end(), [](auto& each) { return each.calls != 0; });
  }));
  const auto served = std::count_if(answers.begin(), answers.end(),
                                    [](auto& each) { return each.code == KvCode::ok; });
  EXPECT_EQ(served, 512);
  EXPECT_EQ(answers.back().code, KvCode::busy);
  EXPECT_EQ(get(1, "key").code, KvCode::ok);
}

TEST_F(ServiceTest, StopAnswersEverythingExactlyOnce) {
  make(3);
  decree.hold_commits = true;
  Answer proposed, forwarded, read;
  submit(1, request_for(KvOperation::put, "key", "value"), &proposed);
  submit(2, request_for(KvOperation::put, "other", "value"), &forwarded);
  world.run_for(20);
  submit(1, request_for(KvOperation::get, "key", ""), &read);
  for (const uint32_t server : {0u, 1u}) {
    Stopped stopped;
    servers[server]->plugin->stop(&stopped);
    ASSERT_TRUE(world.run_until([&] { return stopped.done; }));
    (void)servers[server]->kv.detach();
    servers[server]->service = {};
    (void)servers[server]->plugin.detach();
  }
  EXPECT_EQ(proposed.calls, 1);
  EXPECT_EQ(proposed.code, KvCode::unknown_outcome);
  EXPECT_EQ(forwarded.calls, 1);
  EXPECT_EQ(forwarded.code, KvCode::unknown_outcome);
  EXPECT_EQ(read.calls, 1);
}

}  // namespace
}  // namespace grey::kv
