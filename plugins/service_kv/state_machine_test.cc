#include "state_machine_fixture.h"

namespace grey::kv {
namespace {

TEST_F(StateMachineTest, CommandsOfOneBatchSeeEachOther) {
  add(CommandType::put, "a", "1");
  add(CommandType::put, "a", "2", KvCondition::revision_is, 1);
  add(CommandType::put, "a", "3", KvCondition::revision_is, 1);
  add(CommandType::erase, "a", "");
  add(CommandType::erase, "a", "");
  add(CommandType::put, "a", "4", KvCondition::missing);
  add(CommandType::put, "a", "5", KvCondition::exists);
  using enum KvCode;
  EXPECT_EQ(apply(), (std::vector<KvCode>{ok, ok, condition_failed, ok, not_found, ok, ok}));
  EXPECT_EQ(revisions, (std::vector<uint64_t>{1, 2, 2, 2, 0, 6, 7}));
  EXPECT_EQ(value_of("a"), "5");
  EXPECT_EQ(storage.writes, 1);
  EXPECT_EQ(machine->applied().index, 7u);
}

TEST_F(StateMachineTest, APlainPutDoesNotRead) {
  add(CommandType::put, "a", "1");
  add(CommandType::put, "b", "2");
  apply();
  EXPECT_EQ(storage.gets, 0);
}

TEST_F(StateMachineTest, TheSameLogInOtherBatchesGivesTheSame) {
  const auto fill = [this](int i) {
    add(i % 3 == 0 ? CommandType::erase : CommandType::put, "k" + std::to_string(i % 5),
        i % 3 == 0 ? "" : std::to_string(i), i % 4 == 1 ? KvCondition::exists : KvCondition::none);
  };
  std::vector<KvCode> single;
  for (int i = 0; i < 60; ++i) {
    fill(i);
    single.push_back(apply()[0]);
  }
  KvMachine* first = machine.get();
  auto kept = std::move(machine);
  machine = std::make_unique<KvMachine>(loop(), &storage, 2, AppliedState{}, this);
  index = 0;
  for (int i = 0; i < 60; ++i) fill(i);
  EXPECT_EQ(apply(), single);
  for (int i = 0; i < 5; ++i) {
    const std::string key = "k" + std::to_string(i);
    EXPECT_EQ(value_of(key, 1), value_of(key, 2));
  }
  Result closed;
  first->close(&closed);
}

// A lock without fencing lets two holders write. A write under a condition is refused once anybody
// else has had the key, whatever its client believes, also when the key was deleted and made again.
TEST_F(StateMachineTest, B34_AWriteUnderARevisionIsAFence) {
  using enum KvCode;
  add(CommandType::put, "lock", "first", KvCondition::missing);
  EXPECT_EQ(apply()[0], ok);
  const uint64_t held = revisions[0];
  // Its holder sleeps; the lock is taken away, taken by another, given back and taken again.
  add(CommandType::erase, "lock", "");
  add(CommandType::put, "lock", "second", KvCondition::missing);
  add(CommandType::erase, "lock", "");
  add(CommandType::put, "lock", "first", KvCondition::missing);
  apply();
  add(CommandType::put, "lock", "late", KvCondition::revision_is, held);
  add(CommandType::erase, "lock", "", KvCondition::revision_is, held);
  EXPECT_EQ(apply(), (std::vector<KvCode>{condition_failed, condition_failed}));
  EXPECT_EQ(value_of("lock"), "first");
}

// What an engine can or cannot do for the moment is not part of what an entry means.
TEST_F(StateMachineTest, B35_AnEngineInTroubleAppliesTheSame) {
  const auto fill = [this] {
    for (int i = 0; i < 20; ++i) {
      add(CommandType::put, "k" + std::to_string(i % 3), std::to_string(i),
          i % 2 == 0 ? KvCondition::missing : KvCondition::exists);
      if (i % 5 == 4) add(CommandType::erase, "k" + std::to_string(i % 4), "");
    }
  };
  fill();
  const std::vector<KvCode> healthy = apply();
  const std::vector<uint64_t> healthy_revisions = revisions;
  reopen(2, AppliedState{});
  storage.write_faults = {StatusCode::would_block, StatusCode::no_space, StatusCode::no_space,
                          StatusCode::busy};  // the last comes first
  fill();
  EXPECT_EQ(apply(), healthy);
  EXPECT_TRUE(storage.write_faults.empty());
  EXPECT_EQ(revisions, healthy_revisions);
  EXPECT_EQ(content(2), content(1));
}

TEST_F(StateMachineTest, ABusyEngineIsAskedAgainUntilItTakesTheBatch) {
  storage.write_faults = {StatusCode::would_block, StatusCode::no_space, StatusCode::busy,
                          StatusCode::busy};
  add(CommandType::put, "a", "1");
  EXPECT_EQ(apply(), (std::vector<KvCode>{KvCode::ok}));
  EXPECT_TRUE(last.ok());
  EXPECT_EQ(storage.writes, 4);
  EXPECT_EQ(value_of("a"), "1");
}

TEST_F(StateMachineTest, SaysThatTheEngineIsFullUntilItHasRoom) {
  storage.write_faults = {StatusCode::busy};
  add(CommandType::put, "a", "1");
  apply();
  EXPECT_FALSE(was_full);
  storage.write_faults = {StatusCode::no_space, StatusCode::no_space};
  add(CommandType::put, "a", "2");
  apply();
  EXPECT_TRUE(was_full);
  EXPECT_FALSE(machine->engine_is_full());
  EXPECT_EQ(value_of("a"), "2");
}

TEST_F(StateMachineTest, AColdReadIsWaitedFor) {
  add(CommandType::put, "a", "1");
  apply();
  storage.gets_block = true;
  add(CommandType::put, "a", "2", KvCondition::revision_is, 1);
  add(CommandType::erase, "b", "");
  add(CommandType::put, "a", "3", KvCondition::revision_is, 2);
  EXPECT_EQ(apply(), (std::vector<KvCode>{KvCode::ok, KvCode::not_found, KvCode::ok}));
  EXPECT_EQ(value_of("a"), "3");
}

TEST_F(StateMachineTest, AColdReadThatFindsTheQueueFullIsAskedAgain) {
  add(CommandType::put, "a", "1");
  apply();
  storage.gets_block = true;
  storage.refused_reads = 3;
  add(CommandType::erase, "a", "");
  add(CommandType::put, "b", "2", KvCondition::exists);
  EXPECT_EQ(apply(), (std::vector<KvCode>{KvCode::ok, KvCode::condition_failed}));
  EXPECT_TRUE(last.ok());
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(storage.refused_reads, 0);
  EXPECT_EQ(value_of("a"), "(none)");
}

TEST_F(StateMachineTest, ACommandOfANewerVersionFailsTheReplica) {
  Buffer command =
      encode_command({CommandType::put, KvCondition::none, 0, view_of("a"), view_of("1")});
  command.mutable_data()[1] = 99;
  commands.push_back(command);
  apply();
  EXPECT_EQ(last.code, StatusCode::incompatible);
  EXPECT_NE(std::string(last.text).find("upgrade"), std::string::npos);
  EXPECT_EQ(failures, 1);
  EXPECT_EQ(machine->applied().index, 0u);
}

TEST_F(StateMachineTest, EntriesWithoutCommandOnlyMoveTheIndex) {
  commands.push_back(Buffer());
  apply();
  EXPECT_TRUE(last.ok());
  EXPECT_EQ(machine->applied().index, 1u);
}

TEST_F(StateMachineTest, ASnapshotCarriesTheWholeStateToAnotherReplica) {
  for (int i = 0; i < 200; ++i)
    add(CommandType::put, "k" + std::to_string(i), std::string(50, 'v'));
  apply();
  before_transfer = [this] {  // after the view: not in it
    add(CommandType::erase, "k7", "");
    apply();
  };
  before_commit = [this] { EXPECT_EQ(value_of("k3", 2), "(none)") << "in force before commit"; };
  int chunks = 0;
  move_by_snapshot(1000, &chunks);
  EXPECT_GT(chunks, 5);
  EXPECT_EQ(machine->applied().index, 200u);
  EXPECT_EQ(text_of(machine->installed_label()), "label");
  for (const char* key : {"k0", "k7", "k199"}) EXPECT_EQ(value_of(key, 2), std::string(50, 'v'));
}

TEST_F(StateMachineTest, ADamagedChunkIsRefused) {
  const ScanItem items[] = {{view_of("\x01"
                                     "a"),
                             view_of("1")},
                            {view_of("\x01"
                                     "b"),
                             view_of("2")}};
  const Buffer bytes = encode_snapshot_chunk(items, 2);
  std::vector<ScanItem> out;
  ASSERT_TRUE(decode_snapshot_chunk(bytes.view(), &out).ok());
  EXPECT_EQ(out.size(), 2u);
  for (size_t i = 0; i < bytes.size(); ++i) {
    Buffer changed = Buffer::copy_of(bytes.view());
    changed.mutable_data()[i] ^= 1;
    EXPECT_FALSE(decode_snapshot_chunk(changed.view(), &out).ok()) << i;
    EXPECT_TRUE(out.empty());
  }
}

}  // namespace
}  // namespace grey::kv
