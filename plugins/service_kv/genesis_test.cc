#include "genesis.h"

#include <gtest/gtest.h>

#include "genesis_store.h"
#include "testing.h"

namespace grey::kv {
namespace {

using testing::Network;
using testing::TestNode;
using testing::World;

// One machine that runs Genesis and nothing else.
struct Machine final : private PeerHandler {
  Machine(Network* network, uint8_t number, std::vector<std::string> peers)
      : node(network, "host-" + std::to_string(number) + ":1", "node-" + std::to_string(number),
             number) {
    node.peers = std::move(peers);
    node.settings["storage.shards"] = "8";
  }
  void boot() {
    node.boot(1);
    genesis = std::make_unique<Genesis>(node.host.get(), read_settings(node.host->config()),
                                        [this](const GenesisRecord& record) { joined = record; });
    node.host->test_peers.set_handler(kChannelService, this);
    ErrorText error = empty_error_text();
    start_status = genesis->start(&error);
    start_error = error.text;
  }
  void kill() {
    genesis->stop();
    genesis.reset();
    node.kill();
    joined.reset();
  }
  void wipe() {
    node.files.content.clear();
    node.identity.instance_uuid[1] ^= 1;
    std::fill_n(node.identity.cluster_id, 16, 0);
    node.identity.number = 0;
  }
  std::string problem() const { return genesis->problem(); }

  uint32_t loop_of(uint32_t) noexcept override { return 0; }
  void on_message(uint32_t from, uint32_t, const BufferRef* payload,
                  const PeerInfo* info) noexcept override {
    EXPECT_TRUE(genesis->on_message(from, info, view_of(*payload)));
  }

  TestNode node;
  std::unique_ptr<Genesis> genesis;
  std::optional<GenesisRecord> joined;
  Status start_status = ok_status();
  std::string start_error;
};

struct GenesisTest : ::testing::Test {
  void make(uint8_t count) {
    std::vector<std::string> peers;
    for (uint8_t i = 1; i <= count; ++i) peers.push_back("host-" + std::to_string(i) + ":1");
    for (uint8_t i = 1; i <= count; ++i) {
      machines.push_back(std::make_unique<Machine>(&network, i, peers));
    }
  }
  bool all_joined() {
    for (const auto& machine : machines) {
      if (!machine->joined) return false;
    }
    return true;
  }
  ~GenesisTest() override {
    for (const auto& machine : machines) {
      if (machine->genesis) machine->kill();
    }
  }
  World world;
  Network network{&world};
  std::vector<std::unique_ptr<Machine>> machines;
};

TEST_F(GenesisTest, ANodeWithoutPeersIsAClusterAtOnce) {
  machines.push_back(std::make_unique<Machine>(&network, 1, std::vector<std::string>{}));
  machines[0]->boot();
  ASSERT_TRUE(world.run_until([&] { return all_joined(); }));
  EXPECT_EQ(machines[0]->joined->members.size(), 1u);
  EXPECT_EQ(machines[0]->node.identity.number, 1u);
}

TEST_F(GenesisTest, ThreeBlankNodesBecomeOneClusterWithOneRecord) {
  make(3);
  machines[2]->boot();
  machines[0]->boot();
  world.run_for(2000);
  EXPECT_FALSE(machines[0]->joined);
  EXPECT_NE(machines[0]->problem().find("waiting for bootstrap peers"), std::string::npos);
  EXPECT_NE(machines[0]->problem().find("host-2:1"), std::string::npos);
  machines[1]->boot();
  ASSERT_TRUE(world.run_until([&] { return all_joined(); }));
  for (uint32_t i = 0; i < 3; ++i) {
    EXPECT_EQ(machines[i]->joined->cluster_id, machines[0]->joined->cluster_id);
    EXPECT_EQ(machines[i]->node.identity.number, i + 1);
    EXPECT_EQ(machines[i]->joined->members[2].node_id, "node-3");
    GenesisRecord stored;
    EXPECT_TRUE(load_genesis_record(&machines[i]->node.files, &stored).ok());
    EXPECT_EQ(stored.cluster_id, machines[0]->joined->cluster_id);
  }
}

TEST_F(GenesisTest, DifferentSettingsAreAnErrorThatShowsBothUntilTheyAgree) {
  make(2);
  machines[1]->node.settings["storage.shards"] = "16";
  machines[0]->boot();
  machines[1]->boot();
  world.run_for(2000);
  EXPECT_FALSE(machines[0]->joined || machines[1]->joined);
  for (const auto& machine : machines) {
    EXPECT_NE(machine->problem().find("shards 8"), std::string::npos) << machine->problem();
    EXPECT_NE(machine->problem().find("shards 16"), std::string::npos) << machine->problem();
  }
  machines[1]->kill();
  machines[1]->node.settings["storage.shards"] = "8";
  machines[1]->boot();
  EXPECT_TRUE(world.run_until([&] { return all_joined(); }));
}

TEST_F(GenesisTest, TwoNodesOfOneNameDoNotFormACluster) {
  make(2);
  std::strcpy(machines[1]->node.identity.node_id, "node-1");
  machines[0]->boot();
  machines[1]->boot();
  world.run_for(2000);
  EXPECT_FALSE(machines[0]->joined || machines[1]->joined);
  EXPECT_NE(machines[0]->problem().find("two bootstrap peers"), std::string::npos);
}

TEST_F(GenesisTest, ARecordThatCannotBeWrittenEverywhereCountsNowhere) {
  make(3);
  machines[2]->node.files.write_result = make_status(StatusCode::io_error);
  for (const auto& machine : machines) machine->boot();
  world.run_for(3000);
  EXPECT_FALSE(machines[0]->joined || machines[1]->joined || machines[2]->joined);
  EXPECT_TRUE(machines[0]->node.files.content.contains(kGenesisPath));
  EXPECT_NE(machines[2]->problem().find("cannot be written"), std::string::npos);
  machines[2]->node.files.write_result = ok_status();
  EXPECT_TRUE(world.run_until([&] { return all_joined(); })) << "it tries again by itself";
}

TEST_F(GenesisTest, AnUnfinishedRecordOfOtherSettingsIsAnErrorThatShowsBoth) {
  make(2);
  machines[1]->node.files.write_result = make_status(StatusCode::io_error);
  for (const auto& machine : machines) machine->boot();
  world.run_for(2000);
  ASSERT_TRUE(machines[0]->node.files.content.contains(kGenesisPath));
  for (const auto& machine : machines) {
    machine->kill();
    machine->node.settings["storage.shards"] = "16";
    machine->node.files.write_result = ok_status();
    machine->boot();
  }
  world.run_for(2000);
  EXPECT_FALSE(machines[0]->joined || machines[1]->joined);
  const std::string problem = machines[0]->problem();
  EXPECT_NE(problem.find("shards 8"), std::string::npos) << problem;
  EXPECT_NE(problem.find("shards 16"), std::string::npos) << problem;
  machines[0]->kill();
  machines[1]->kill();
  for (const auto& machine : machines) {
    machine->node.settings["storage.shards"] = "8";
    machine->boot();
  }
  EXPECT_TRUE(world.run_until([&] { return all_joined(); }));
}

TEST_F(GenesisTest, AnUnfinishedRecordIsResumedAndNotReplaced) {
  make(3);
  machines[2]->node.files.write_result = make_status(StatusCode::io_error);
  for (const auto& machine : machines) machine->boot();
  world.run_for(2000);
  GenesisRecord unfinished;
  ASSERT_TRUE(load_genesis_record(&machines[0]->node.files, &unfinished).ok());
  for (const auto& machine : machines) machine->kill();
  machines[2]->node.files.write_result = ok_status();
  for (const auto& machine : machines) machine->boot();
  ASSERT_TRUE(world.run_until([&] { return all_joined(); }));
  EXPECT_EQ(machines[1]->joined->cluster_id, unfinished.cluster_id);
}

TEST_F(GenesisTest, ANodeThatMissedTheCommitJoinsWhenItComesBack) {
  make(2);
  for (const auto& machine : machines) machine->boot();
  ASSERT_TRUE(
      world.run_until([&] { return machines[1]->node.files.content.contains(kGenesisPath); }));
  machines[1]->kill();  // the record is on its disk, the commit is not
  ASSERT_TRUE(uuid_of(machines[1]->node.identity.cluster_id) == kNoUuid);
  machines[1]->boot();
  EXPECT_TRUE(world.run_until([&] { return all_joined(); }));
}

TEST_F(GenesisTest, ABlankNodeAmongMembersWaitsToBeAdded) {
  make(3);
  for (const auto& machine : machines) machine->boot();
  ASSERT_TRUE(world.run_until([&] { return all_joined(); }));
  machines[2]->kill();
  machines[2]->wipe();
  machines[2]->boot();
  world.run_for(2000);
  EXPECT_FALSE(machines[2]->joined);
  EXPECT_NE(machines[2]->problem().find("waits to be added"), std::string::npos);
}

TEST_F(GenesisTest, ARestartedMemberServesWithTheStoredRecord) {
  make(2);
  for (const auto& machine : machines) machine->boot();
  ASSERT_TRUE(world.run_until([&] { return all_joined(); }));
  const Uuid id = machines[0]->joined->cluster_id;
  machines[1]->kill();
  machines[1]->node.settings["storage.shards"] = "64";
  machines[1]->boot();
  ASSERT_TRUE(machines[1]->joined);
  EXPECT_EQ(machines[1]->joined->cluster_id, id);
  EXPECT_EQ(machines[1]->joined->settings.shards, 8u);
}

TEST_F(GenesisTest, ADamagedRecordOfAMemberIsRefusedWithASentence) {
  machines.push_back(std::make_unique<Machine>(&network, 1, std::vector<std::string>{}));
  machines[0]->boot();
  ASSERT_TRUE(world.run_until([&] { return all_joined(); }));
  machines[0]->kill();
  machines[0]->node.files.content[kGenesisPath][20] ^= 1;
  machines[0]->boot();
  EXPECT_FALSE(machines[0]->start_status.ok());
  EXPECT_NE(machines[0]->start_error.find(kGenesisPath), std::string::npos);
}

}  // namespace
}  // namespace grey::kv
