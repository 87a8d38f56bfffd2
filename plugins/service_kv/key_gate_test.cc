#include "key_gate.h"

#include <gtest/gtest.h>

namespace grey::kv {
namespace {

struct Fixture : testing::Test {
  Operation* make(OperationKind kind, uint64_t hash = 1) {
    all.push_back(std::make_unique<Operation>());
    all.back()->kind = kind;
    all.back()->key_hash = hash;
    return all.back().get();
  }
  std::vector<Operation*> leave(Operation* operation) {
    std::vector<Operation*> admitted;
    gate.leave(*operation, &admitted);
    return admitted;
  }
  KeyGate gate;
  std::vector<std::unique_ptr<Operation>> all;
};
using KeyGateTest = Fixture;

TEST_F(KeyGateTest, WritesPassWritesAndReadsPassReads) {
  EXPECT_TRUE(gate.enter(make(OperationKind::put)));
  EXPECT_TRUE(gate.enter(make(OperationKind::erase)));
  EXPECT_TRUE(gate.enter(make(OperationKind::get, 2)));
  EXPECT_TRUE(gate.enter(make(OperationKind::get, 2)));
}

TEST_F(KeyGateTest, AReadWaitsForTheWritesBeforeItAndStopsThoseBehind) {
  Operation* first = make(OperationKind::put);
  Operation* second = make(OperationKind::put);
  Operation* read = make(OperationKind::get);
  Operation* behind = make(OperationKind::put);
  EXPECT_TRUE(gate.enter(first));
  EXPECT_TRUE(gate.enter(second));
  EXPECT_FALSE(gate.enter(read));
  EXPECT_FALSE(gate.enter(behind));
  EXPECT_EQ(gate.waiting(), 2u);
  EXPECT_TRUE(leave(second).empty());
  EXPECT_EQ(leave(first), std::vector<Operation*>{read});
  EXPECT_EQ(leave(read), std::vector<Operation*>{behind});
  EXPECT_TRUE(leave(behind).empty());
  EXPECT_EQ(gate.waiting(), 0u);
}

}  // namespace
}  // namespace grey::kv
