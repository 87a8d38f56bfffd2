#include "state_machine.h"

#include <gtest/gtest.h>

#include "memory_storage.h"
#include "snapshot.h"
#include "testing.h"
#include "value_record.h"

namespace grey::kv {
namespace {

using testing::Network;
using testing::TestNode;
using testing::World;

// The memory engine, with faults that the test asks for.
struct FaultyStorage final : testing::Uncounted<Storage> {
  Status open_partition(uint32_t partition, PartitionState* state) noexcept override {
    return real->open_partition(partition, state);
  }
  Status try_write(const WriteBatch* batch) noexcept override {
    ++writes;
    if (!write_faults.empty()) {
      const Status status = make_status(write_faults.back());
      write_faults.pop_back();
      return status;
    }
    return real->try_write(batch);
  }
  void submit_write(Loop* loop, const WriteBatch* batch, Completion* done) noexcept override {
    real->submit_write(loop, batch, done);
  }
  Status try_get(uint32_t partition, ByteView key, ValueSink* sink) noexcept override {
    ++gets;
    if (gets_block) return make_status(StatusCode::would_block);
    return real->try_get(partition, key, sink);
  }
  void submit_get(Loop* loop, uint32_t partition, ByteView key, ValueDone* done) noexcept override {
    real->submit_get(loop, partition, key, done);
  }
  void submit_scan(Loop* loop, const ScanRequest* request, ScanDone* done) noexcept override {
    real->submit_scan(loop, request, done);
  }
  Status open_view(uint32_t partition, StorageView** out) noexcept override {
    return real->open_view(partition, out);
  }
  Status begin_import(uint32_t partition, StorageImport** out) noexcept override {
    return real->begin_import(partition, out);
  }
  void submit_flush(Loop* loop, Completion* done) noexcept override {
    real->submit_flush(loop, done);
  }
  uint64_t durable_index(uint32_t partition) noexcept override {
    return real->durable_index(partition);
  }
  void submit_drop(Loop* loop, uint32_t partition, Completion* done) noexcept override {
    real->submit_drop(loop, partition, done);
  }
  void statistics(StorageStatistics* out) noexcept override { real->statistics(out); }
  void submit_verify(Loop* loop, ErrorText* error, Completion* done) noexcept override {
    real->submit_verify(loop, error, done);
  }

  Ref<Storage> real;
  std::vector<StatusCode> write_faults;
  bool gets_block = false;
  int writes = 0;
  int gets = 0;
};

struct TestProposal final : WriteProposal {
  void resolved(ProposalOutcome, Status, uint64_t) noexcept override {}
};

struct Result final : Completion {
  void complete(Status answer) noexcept override {
    ++calls;
    status = answer;
  }
  int calls = 0;
  Status status = ok_status();
};

struct StateMachineTest : ::testing::Test, MachineObserver {
  StateMachineTest() {
    node.boot(1);
    engine = Ref<memory::MemoryStorage>::adopt(new memory::MemoryStorage(node.host.get()));
    storage.real = Ref<Storage>::adopt(static_cast<Storage*>(engine->query(Storage::kInterfaceId)));
    for (const uint32_t partition : {1u, 2u}) {
      PartitionState state{};
      state.struct_size = sizeof(state);
      EXPECT_TRUE(storage.open_partition(partition, &state).ok());
    }
    machine = std::make_unique<KvMachine>(loop(), &storage, 1, AppliedState{}, this);
  }
  ~StateMachineTest() override {
    Result closed;
    machine->close(&closed);
    world.run_until([&] { return closed.calls != 0; });
    machine.reset();
  }
  Loop* loop() { return node.host->loop(0); }
  void machine_changed() noexcept override {}
  void machine_applied(uint64_t) noexcept override {}
  void machine_failed(Status) noexcept override { ++failures; }

  void add(CommandType type, std::string_view key, std::string_view value,
           KvCondition condition = KvCondition::none, uint64_t revision = 0) {
    commands.push_back(encode_command({type, condition, revision, view_of(key), view_of(value)}));
  }
  // Applies what was added as one call; the codes of the commands.
  std::vector<KvCode> apply() {
    std::vector<CommittedEntry> entries;
    std::vector<TestProposal> proposals(commands.size());
    for (size_t i = 0; i < commands.size(); ++i) {
      entries.push_back({++index, 1, 1, commands[i].ref(), &proposals[i]});
    }
    Result later;
    Status status = machine->apply(entries.data(), static_cast<uint32_t>(entries.size()), &later);
    if (status.code == StatusCode::would_block) {
      EXPECT_TRUE(world.run_until([&] { return later.calls != 0; }));
      status = later.status;
    }
    last = status;
    commands.clear();
    std::vector<KvCode> codes;
    revisions.clear();
    for (const TestProposal& each : proposals) {
      codes.push_back(each.code);
      revisions.push_back(each.revision);
    }
    return codes;
  }
  std::string value_of(std::string_view key, uint32_t partition = 1) {
    struct Sink final : ValueSink {
      void value(ByteView bytes) noexcept override {
        ValueRecord record;
        EXPECT_TRUE(decode_value_record(bytes, &record).ok());
        found = string_of(record.value);
      }
      std::string found = "(none)";
    } sink;
    (void)storage.real->try_get(partition, view_of("\x01" + std::string(key)), &sink);
    return sink.found;
  }

  World world;
  Network network{&world};
  TestNode node{&network, "host:1", "node", 1};
  Ref<memory::MemoryStorage> engine;
  FaultyStorage storage;
  std::unique_ptr<KvMachine> machine;
  std::vector<Buffer> commands;
  std::vector<uint64_t> revisions;
  uint64_t index = 0;
  Status last = ok_status();
  int failures = 0;
};

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

TEST_F(StateMachineTest, ABusyEngineIsAskedAgainUntilItTakesTheBatch) {
  storage.write_faults = {StatusCode::would_block, StatusCode::no_space, StatusCode::busy,
                          StatusCode::busy};
  add(CommandType::put, "a", "1");
  EXPECT_EQ(apply(), (std::vector<KvCode>{KvCode::ok}));
  EXPECT_TRUE(last.ok());
  EXPECT_EQ(storage.writes, 4);
  EXPECT_EQ(value_of("a"), "1");
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

TEST_F(StateMachineTest, ACommandOfANewerVersionFailsTheReplica) {
  Buffer command =
      encode_command({CommandType::put, KvCondition::none, 0, view_of("a"), view_of("1")});
  command.mutable_data()[1] = 2;
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

struct Chunk final : SnapshotChunkDone {
  void chunk(Status answer, const BufferRef* ref, bool is_last) noexcept override {
    status = answer;
    bytes = string_of(view_of(*ref));
    last = is_last;
    ++calls;
  }
  Status status = ok_status();
  std::string bytes;
  bool last = false;
  int calls = 0;
};

TEST_F(StateMachineTest, ASnapshotCarriesTheWholeStateToAnotherReplica) {
  for (int i = 0; i < 200; ++i)
    add(CommandType::put, "k" + std::to_string(i), std::string(50, 'v'));
  apply();
  SnapshotReader* opened = nullptr;
  ASSERT_TRUE(machine->open_snapshot(&opened).ok());
  const auto reader = Ref<SnapshotReader>::adopt(opened);
  EXPECT_EQ(reader->state().index, 200u);
  add(CommandType::erase, "k7", "");
  apply();  // after the view: not in it

  KvMachine other(loop(), &storage, 2, AppliedState{}, this);
  SnapshotWriter* begun = nullptr;
  ASSERT_TRUE(other.begin_install(reader->state(), &begun).ok());
  const auto writer = Ref<SnapshotWriter>::adopt(begun);
  Chunk chunk;
  int chunks = 0;
  while (!chunk.last) {
    chunk.calls = 0;
    reader->read_next(1000, &chunk);
    ASSERT_TRUE(world.run_until([&] { return chunk.calls != 0; }));
    ASSERT_TRUE(chunk.status.ok());
    Result written;
    writer->write(view_of(chunk.bytes), &written);
    ASSERT_TRUE(world.run_until([&] { return written.calls != 0; }));
    ASSERT_TRUE(written.status.ok());
    ++chunks;
  }
  EXPECT_GT(chunks, 5);
  EXPECT_EQ(value_of("k3", 2), "(none)") << "in force before commit";
  Result committed;
  writer->commit(&committed);
  ASSERT_TRUE(world.run_until([&] { return committed.calls != 0; }));
  EXPECT_TRUE(committed.status.ok());
  EXPECT_EQ(other.applied().index, 200u);
  for (const char* key : {"k0", "k7", "k199"}) EXPECT_EQ(value_of(key, 2), std::string(50, 'v'));
  Result closed;
  other.close(&closed);
}

TEST_F(StateMachineTest, ADamagedChunkIsRefused) {
  std::vector<uint8_t> bytes;
  const ScanItem items[] = {{view_of("\x01"
                                     "a"),
                             view_of("1")},
                            {view_of("\x01"
                                     "b"),
                             view_of("2")}};
  encode_snapshot_chunk(items, 2, &bytes);
  std::vector<ScanItem> out;
  ASSERT_TRUE(decode_snapshot_chunk({bytes.data(), bytes.size()}, &out).ok());
  EXPECT_EQ(out.size(), 2u);
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::vector<uint8_t> changed = bytes;
    changed[i] ^= 1;
    EXPECT_FALSE(decode_snapshot_chunk({changed.data(), changed.size()}, &out).ok()) << i;
    EXPECT_TRUE(out.empty());
  }
}

}  // namespace
}  // namespace grey::kv
