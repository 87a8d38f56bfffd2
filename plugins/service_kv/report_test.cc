#include "report.h"

#include <gtest/gtest.h>

#include "mutate.h"

namespace grey::kv {
namespace {

TEST(Report, ComesBackAsItWasAndNoBytesCrashTheDecoder) {
  NodeReport report;
  report.number = 2;
  report.version = "1.2.3";
  GroupReport group;
  group.group = 4;
  group.role = GroupRole::leader;
  group.term = 9;
  group.problem = "slow disk";
  group.replicas = {{1, ReplicaRole::learner, ReplicaProgress::snapshot, true, 33}};
  report.groups = {group};
  std::vector<uint8_t> bytes;
  encode_report(report, &bytes);
  NodeReport out;
  ASSERT_TRUE(decode_report({bytes.data(), bytes.size()}, &out));
  EXPECT_EQ(out.version, "1.2.3");
  ASSERT_EQ(out.groups.size(), 1u);
  EXPECT_EQ(out.groups[0].role, GroupRole::leader);
  EXPECT_EQ(out.groups[0].problem, "slow disk");
  EXPECT_EQ(out.groups[0].replicas[0].match_index, 33u);
  EXPECT_EQ(out.groups[0].replicas[0].progress, ReplicaProgress::snapshot);
  for_each_mutation(bytes, [](ByteView changed) {
    NodeReport ignored;
    (void)decode_report(changed, &ignored);
  });
}

}  // namespace
}  // namespace grey::kv
