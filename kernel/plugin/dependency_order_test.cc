#include "plugin/dependency_order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace greyd {
namespace {

using ::testing::ElementsAre;

TEST(DependencyOrder, KeepsTheGivenOrderWhereItMay) {
  EXPECT_THAT(order_by_dependency({{"a", {}, {}}, {"b", {}, {}}, {"c", {}, {}}}).order,
              ElementsAre(0, 1, 2));
}

TEST(DependencyOrder, PutsProvidersFirst) {
  const DependencyOrder result = order_by_dependency({{"api", {}, {"kv/1"}},
                                                      {"kv", {"kv/1"}, {"log/1", "store/1"}},
                                                      {"log", {"log/1"}, {}},
                                                      {"store", {"store/1"}, {}}});
  EXPECT_THAT(result.order, ElementsAre(2, 3, 1, 0));
}

TEST(DependencyOrder, WaitsForAllThatProvide) {
  EXPECT_THAT(
      order_by_dependency({{"user", {}, {"x/1"}}, {"one", {"x/1"}, {}}, {"two", {"x/1"}, {}}})
          .order,
      ElementsAre(1, 2, 0));
}

TEST(DependencyOrder, TheHostIsAlwaysThere) {
  EXPECT_THAT(order_by_dependency({{"a", {}, {"grey.host.net/1", "grey.host/1"}}}).order,
              ElementsAre(0));
}

TEST(DependencyOrder, NamesWhatIsMissing) {
  const DependencyOrder result = order_by_dependency({{"api", {}, {"kv/1"}}});
  EXPECT_TRUE(result.order.empty());
  EXPECT_THAT(
      result.problems,
      ElementsAre(
          "plugin api needs the interface kv/1, which none of the chosen plugins provides"));
}

TEST(DependencyOrder, NamesTheCycleAndNotWhatHangsOnIt) {
  const DependencyOrder result =
      order_by_dependency({{"x", {}, {"a/1"}}, {"a", {"a/1"}, {"b/1"}}, {"b", {"b/1"}, {"a/1"}}});
  EXPECT_TRUE(result.order.empty());
  EXPECT_THAT(result.problems,
              ElementsAre("plugins cannot be started in any order, since they need each other: "
                          "a needs b needs a"));
}

}  // namespace
}  // namespace greyd
