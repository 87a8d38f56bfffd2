// The fixture of the tests of KvMachine: one machine on the memory engine.
#ifndef GREY_SERVICE_KV_STATE_MACHINE_FIXTURE_H_
#define GREY_SERVICE_KV_STATE_MACHINE_FIXTURE_H_

#include <gtest/gtest.h>

#include "snapshot.h"
#include "state_machine.h"
#include "storage_fixture.h"
#include "testing.h"
#include "value_record.h"

namespace grey::kv {

using testing::Network;
using testing::TestNode;
using testing::World;

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
  void machine_sessions(uint64_t clients, uint64_t again) noexcept override {
    sessions = clients;
    repeated += again;
  }

  void add(CommandType type, std::string_view key, std::string_view value,
           KvCondition condition = KvCondition::none, uint64_t revision = 0) {
    commands.push_back(encode_command({type, condition, revision, view_of(key), view_of(value)}));
  }
  // With a session of client `who`.
  void add(char who, uint64_t serial, Command command) {
    CommandSession& session = command.session.emplace();
    session.client.fill(static_cast<uint8_t>(who));
    session.serial = serial;
    session.retention_ms = retention_ms;
    session.fingerprint = fingerprint_of(command);
    commands.push_back(encode_command(command));
  }
  void add_put(char who, uint64_t serial, std::string_view key, std::string_view value) {
    Command command;
    command.key = view_of(key);
    command.value = view_of(value);
    add(who, serial, command);
  }
  KvCode put(char who, uint64_t serial, std::string_view key, std::string_view value) {
    add_put(who, serial, key, value);
    return apply()[0];
  }
  // Applies what was added as one call, at `times` or now; the codes of the commands.
  std::vector<KvCode> apply(const std::vector<uint64_t>* times = nullptr) {
    std::vector<CommittedEntry> entries;
    std::vector<TestProposal> proposals(commands.size());
    for (size_t i = 0; i < commands.size(); ++i) {
      entries.push_back(
          {++index, 1, times ? (*times)[i] : now_ms, commands[i].ref(), &proposals[i]});
    }
    Result later;
    Status status = machine->apply(entries.data(), static_cast<uint32_t>(entries.size()), &later);
    if (status.code == StatusCode::would_block) {
      EXPECT_TRUE(world.run_until([&] {
        was_full |= machine->engine_is_full();
        return later.calls != 0;
      }));
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

  // A new machine for a partition, as after a restart; the old one is closed.
  void reopen(uint32_t partition, AppliedState applied) {
    Result closed;
    machine->close(&closed);
    world.run_until([&] { return closed.calls != 0; });
    machine = std::make_unique<KvMachine>(loop(), &storage, partition, applied, this);
    index = applied.index;
    sessions = 0;
  }
  // Brings the state of the machine to partition 2, whose machine is the one in use then.
  void move_by_snapshot(uint64_t chunk_bytes, int* chunks) {
    SnapshotReader* opened = nullptr;
    ASSERT_TRUE(machine->open_snapshot(&opened).ok());
    const auto reader = Ref<SnapshotReader>::adopt(opened);
    const AppliedState state = reader->state();
    if (before_transfer) before_transfer();
    reopen(2, AppliedState{});
    SnapshotWriter* begun = nullptr;
    ASSERT_TRUE(machine->begin_install(state, view_of("label"), &begun).ok());
    const auto writer = Ref<SnapshotWriter>::adopt(begun);
    Chunk chunk;
    uint64_t bytes = 0;
    while (!chunk.last) {
      chunk.calls = 0;
      if (*chunks == 3) {
        // As after a restart: the reader has been elsewhere, and is told where the writer is.
        ASSERT_TRUE(reader->seek({nullptr, 0}).ok());
        SnapshotProgress progress{};
        writer->progress(&progress);
        EXPECT_EQ(progress.offset, bytes);
        EXPECT_EQ(progress.checksum, 102u);
        ASSERT_TRUE(reader->seek(progress.cursor).ok());
      }
      reader->read_next(chunk_bytes, &chunk);
      ASSERT_TRUE(world.run_until([&] { return chunk.calls != 0; }));
      ASSERT_TRUE(chunk.status.ok());
      Result written;
      bytes += chunk.bytes.size();
      writer->write(view_of(chunk.bytes), static_cast<uint32_t>(100 + *chunks), &written);
      ASSERT_TRUE(world.run_until([&] { return written.calls != 0; }));
      ASSERT_TRUE(written.status.ok());
      ++*chunks;
    }
    if (before_commit) before_commit();
    Result committed;
    writer->commit(&committed);
    ASSERT_TRUE(world.run_until([&] { return committed.calls != 0; }));
    EXPECT_TRUE(committed.status.ok());
    index = state.index;
  }
  // Everything in a partition, engine keys and values.
  std::vector<std::pair<std::string, std::string>> content(uint32_t partition) {
    struct Page final : ScanDone {
      void page(Status, const ScanItem* found, uint32_t count, bool) noexcept override {
        for (uint32_t i = 0; i < count; ++i) {
          items.emplace_back(string_of(found[i].key), string_of(found[i].value));
        }
        done = true;
      }
      std::vector<std::pair<std::string, std::string>> items;
      bool done = false;
    } page;
    ScanRequest request{};
    request.struct_size = sizeof(request);
    request.partition = partition;
    request.max_items = 1 << 20;
    request.max_bytes = 1 << 30;
    storage.real->submit_scan(loop(), &request, &page);
    EXPECT_TRUE(world.run_until([&] { return page.done; }));
    return page.items;
  }

  World world;
  Network network{&world};
  TestNode node{&network, "host:1", "node", 1};
  Ref<memory::MemoryStorage> engine;
  FaultyStorage storage;
  bool was_full = false;  // seen while apply() waited
  std::unique_ptr<KvMachine> machine;
  std::vector<Buffer> commands;
  std::vector<uint64_t> revisions;
  uint64_t index = 0;
  uint64_t now_ms = 1'000'000;  // of the leader
  uint64_t retention_ms = 3'600'000;
  std::function<void()> before_transfer, before_commit;
  Status last = ok_status();
  int failures = 0;
  uint64_t sessions = 0;
  uint64_t repeated = 0;
};

}  // namespace grey::kv

#endif  // GREY_SERVICE_KV_STATE_MACHINE_FIXTURE_H_
