#include "daemon/node_identity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "daemon/temp_dir.h"

namespace greyd {
namespace {

using grey::StatusCode;
using ::testing::HasSubstr;

class NodeIdentityTest : public testing::Test {
 protected:
  NodeIdentityTest() {
    config_.node.id = "node-1";
    config_.network.advertise_host = "fd00::1";
    config_.network.raft_addr = {"0.0.0.0", 9080};
    config_.network.api_addr = {"0.0.0.0", 8080};
    config_.network.gossip_addr = {"0.0.0.0", 7946};
    data_ = DataDir::open(dir_.path("data"), "0.1.0", &error_);
    EXPECT_TRUE(data_) << error_;
  }
  std::unique_ptr<NodeIdentity> load() {
    error_.clear();
    return NodeIdentity::load(*data_, config_, "0.1.0", &error_);
  }
  static grey::Identity get(const NodeIdentity& identity) {
    grey::Identity out = {};
    out.struct_size = sizeof(out);
    identity.get(&out);
    return out;
  }

  const TempDir dir_;
  Config config_;
  std::string error_;
  std::unique_ptr<DataDir> data_;
};

TEST_F(NodeIdentityTest, IsMadeOnceAndKept) {
  const auto first = load();
  ASSERT_TRUE(first) << error_;
  const auto second = load();
  ASSERT_TRUE(second) << error_;
  const grey::Identity a = get(*first);
  const grey::Identity b = get(*second);
  EXPECT_EQ(std::memcmp(a.instance_uuid, b.instance_uuid, 16), 0);
  EXPECT_NE(a.boot_nonce, b.boot_nonce);
  EXPECT_STREQ(b.node_id, "node-1");
  EXPECT_STREQ(b.version, "0.1.0");
  EXPECT_STREQ(b.raft_address, "[fd00::1]:9080");
  EXPECT_STREQ(b.api_address, "[fd00::1]:8080");
  EXPECT_STREQ(b.gossip_address, "[fd00::1]:7946");
  EXPECT_EQ(b.number, 0u);
}

TEST_F(NodeIdentityTest, AnotherNodeIdIsRefused) {
  ASSERT_TRUE(load());
  config_.node.id = "node-2";
  EXPECT_FALSE(load());
  EXPECT_THAT(error_, HasSubstr("belongs to the node \"node-1\", but node.id is \"node-2\""));
}

TEST_F(NodeIdentityTest, JoinsOnceAndForGood) {
  Uuid cluster = {};
  cluster[0] = 7;
  Uuid other = {};
  other[0] = 8;
  {
    const auto identity = load();
    EXPECT_EQ(identity->join({}, 2).code, StatusCode::invalid_argument);
    EXPECT_EQ(identity->join(cluster, 0).code, StatusCode::invalid_argument);
    EXPECT_TRUE(identity->join(cluster, 2).ok());
    EXPECT_TRUE(identity->join(cluster, 2).ok());
    EXPECT_EQ(identity->join(cluster, 3).code, StatusCode::failed_precondition);
    EXPECT_EQ(identity->join(other, 2).code, StatusCode::failed_precondition);
  }
  const auto identity = load();
  ASSERT_TRUE(identity) << error_;
  EXPECT_EQ(get(*identity).number, 2u);
  EXPECT_EQ(get(*identity).cluster_id[0], 7);
  EXPECT_EQ(identity->number(), 2u);
}

TEST_F(NodeIdentityTest, AJoinThatCannotBeWrittenDidNotHappen) {
  const auto identity = load();
  Uuid cluster = {};
  cluster[0] = 7;
  // A folder of that name makes the temporary file impossible, whoever runs the test.
  std::filesystem::create_directory(dir_.path("data/identity.tmp"));
  EXPECT_EQ(identity->join(cluster, 2).code, StatusCode::io_error);
  EXPECT_EQ(get(*identity).number, 0u);
}

TEST_F(NodeIdentityTest, DamageIsRefused) {
  ASSERT_TRUE(load());
  std::string content = dir_.read("data/identity");
  content[30] ^= 1;
  dir_.write("data/identity", content);
  EXPECT_FALSE(load());
  EXPECT_THAT(error_, HasSubstr("identity is damaged"));
}

TEST_F(NodeIdentityTest, DataWithoutAnIdentityIsRefused) {
  dir_.write("data/rocksdb", "");
  EXPECT_FALSE(load());
  EXPECT_THAT(error_, HasSubstr("has data but no file identity"));
}

TEST_F(NodeIdentityTest, AnOlderCallerGetsWhatItKnows) {
  const auto identity = load();
  grey::Identity out = {};
  out.number = 77;
  out.struct_size = 4;
  identity->get(&out);
  EXPECT_EQ(out.number, 77u);
  EXPECT_EQ(out.struct_size, 4u);
}

}  // namespace
}  // namespace greyd
