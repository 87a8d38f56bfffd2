// The documents of the API, as whole nodes answer them.
#include "documents.h"

#include "service_fixture.h"

namespace grey::kv {
namespace {

TEST_F(ServiceTest, DocumentsOfAHealthyCluster) {
  make(3, 2);
  const JsonAnswer status = document(2, "cluster/status");
  EXPECT_EQ(status.document.at("state"), "healthy") << boost::json::serialize(status.document);
  EXPECT_EQ(status.document.at("leader"), "node-1");
  EXPECT_EQ(status.document.at("members"), 3);
  EXPECT_EQ(status.document.at("fault_tolerance"), 1);
  EXPECT_EQ(status.document.at("shards").at("total"), 8);
  EXPECT_EQ(status.document.at("shards").at("with_leader"), 8);
  EXPECT_TRUE(status.document.at("problems").as_array().empty());
  const JsonAnswer members = document(3, "cluster/members");
  const auto& list = members.document.at("members").as_array();
  ASSERT_EQ(list.size(), 3u);
  EXPECT_EQ(list[0].at("role"), "leader");
  EXPECT_EQ(list[1].at("health"), "alive");
  EXPECT_EQ(list[1].at("api_addr"), "api-host-2:1");
  EXPECT_EQ(list[2].at("shards"), 8);
  EXPECT_EQ(document(3, "cluster/leader").document.at("api_addr"), "api-host-1:1");
  EXPECT_EQ(document(1, "cluster/replication").document.at("shards").as_array().size(), 8u);
  EXPECT_EQ(document(1, "readyz").status, 200u);
  EXPECT_EQ(document(1, "cluster/nothing").status, 404u);
}

TEST_F(ServiceTest, DocumentsWithADeadNodeAndWithoutQuorum) {
  make(3);
  servers[2]->kill();
  JsonAnswer status = document(1, "cluster/status");
  EXPECT_EQ(status.document.at("state"), "degraded");
  EXPECT_EQ(status.document.at("fault_tolerance"), 0);
  EXPECT_EQ(status.document.at("shards").at("under_replicated"), 8);
  EXPECT_EQ(document(1, "cluster/members").document.at("members").at(2).at("health"), "dead");
  EXPECT_EQ(document(1, "readyz").status, 200u);
  servers[1]->kill();
  servers[0]->consensus->quorum = false;
  status = document(1, "cluster/status");
  EXPECT_EQ(status.document.at("state"), "read_only");
  EXPECT_TRUE(status.document.at("leader").is_null());
  EXPECT_FALSE(status.document.at("problems").as_array().empty());
  const JsonAnswer ready = document(1, "readyz");
  EXPECT_EQ(ready.status, 503u);
  EXPECT_FALSE(ready.document.at("reasons").as_array().empty());
}

TEST_F(ServiceTest, BeforeGenesisRequestsAreTurnedAwayAndDocumentsSayWhy) {
  servers.push_back(std::make_unique<Server>(&network, &decree, 1,
                                             std::vector<std::string>{"host-1:1", "host-2:1"}));
  servers[0]->boot(1);
  world.run_for(500);
  EXPECT_EQ(put(1, "key", "value").code, KvCode::starting);
  EXPECT_FALSE(servers[0]->service->ready());
  const JsonAnswer ready = document(1, "readyz");
  EXPECT_EQ(ready.status, 503u);
  EXPECT_NE(boost::json::serialize(ready.document).find("host-2:1"), std::string::npos);
  EXPECT_EQ(document(1, "cluster/replication").document.at("shards").as_array().size(), 8u);
  EXPECT_EQ(document(1, "cluster/status").document.at("state"), "unavailable");
}

}  // namespace
}  // namespace grey::kv
