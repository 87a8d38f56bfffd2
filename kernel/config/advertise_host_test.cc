#include "config/advertise_host.h"

#include <gtest/gtest.h>

namespace greyd {
namespace {

const std::vector<Endpoint> kGuidePeers = {
    {"node-1.grey.internal", 9080}, {"node-2.grey.internal", 9080}, {"node-3.grey.internal", 9080}};

TEST(AdvertiseHostTest, OwnEntryIsFoundByNodeIdAndDot) {
  EXPECT_EQ(default_advertise_host("node-2", {"0.0.0.0", 9080}, kGuidePeers, "m"),
            "node-2.grey.internal");
}

TEST(AdvertiseHostTest, OwnEntryIsFoundByBareNodeIdWithoutCase) {
  EXPECT_EQ(default_advertise_host("B", {"0.0.0.0", 1}, {{"a", 1}, {"b", 1}}, "m"), "b");
}

TEST(AdvertiseHostTest, NodeIdThatIsOnlyABeginningDoesNotCount) {
  EXPECT_EQ(default_advertise_host("node", {"0.0.0.0", 9080}, kGuidePeers, "m"), "m");
}

TEST(AdvertiseHostTest, AnotherPortIsAnotherNode) {
  EXPECT_EQ(default_advertise_host("node-2", {"0.0.0.0", 9081}, kGuidePeers, "m"), "m");
}

TEST(AdvertiseHostTest, ListenAddressTellsNodesOnOneHostApart) {
  const std::vector<Endpoint> peers = {{"127.0.0.1", 9081}, {"127.0.0.1", 9082}};
  EXPECT_EQ(default_advertise_host("x", {"127.0.0.1", 9082}, peers, "m"), "127.0.0.1");
  EXPECT_EQ(default_advertise_host("x", {"127.0.0.1", 9083}, peers, "m"), "m");
}

TEST(AdvertiseHostTest, ListenAddressWinsOverNodeId) {
  const std::vector<Endpoint> peers = {{"a.one", 1}, {"10.0.0.1", 1}};
  EXPECT_EQ(default_advertise_host("a", {"10.0.0.1", 1}, peers, "m"), "10.0.0.1");
}

TEST(AdvertiseHostTest, TwoEntriesThatLookLikeItsOwnAreNone) {
  EXPECT_EQ(default_advertise_host("a", {"0.0.0.0", 1}, {{"a.one", 1}, {"a.two", 1}}, "m"), "m");
}

TEST(AdvertiseHostTest, WithoutPeersItIsTheHostName) {
  EXPECT_EQ(default_advertise_host("a", {"10.0.0.1", 1}, {}, "m"), "m");
}

}  // namespace
}  // namespace greyd
