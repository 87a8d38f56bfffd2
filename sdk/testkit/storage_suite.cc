#include "grey/testkit/storage_suite.h"

#include <random>

namespace grey::testkit {
namespace {

constexpr uint32_t kPartition = 7;

struct Sink final : ValueSink {
  void value(ByteView bytes) noexcept override { found = string_of(bytes); }
  std::optional<std::string> found;
};

struct Got final : ValueDone {
  void got(Status result, ByteView bytes) noexcept override {
    status = result;
    value = string_of(bytes);
    done = true;
  }
  bool done = false;
  Status status = ok_status();
  std::string value;
};

struct Page final : ScanDone {
  void page(Status result, const ScanItem* items, uint32_t count, bool has_more) noexcept override {
    status = result;
    more = has_more;
    for (uint32_t i = 0; i < count; ++i) {
      found.emplace_back(string_of(items[i].key), string_of(items[i].value));
    }
    done = true;
  }
  bool done = false;
  bool more = false;
  Status status = ok_status();
  std::vector<std::pair<std::string, std::string>> found;
};

ScanRequest whole(uint32_t partition) {
  return {sizeof(ScanRequest), partition, {nullptr, 0}, {nullptr, 0}, 1000, 0, 1 << 20, 0, 0};
}

}  // namespace

void StorageSuite::start() {
  plugin_ = Ref<Plugin>::adopt(GetParam().make(&host_));
  ErrorText error = empty_error_text();
  const Status status = plugin_->start(&error);
  ASSERT_TRUE(status.ok()) << error.text;
  storage_ = query_interface<Storage>(plugin_.get());
  ASSERT_TRUE(storage_);
}

void StorageSuite::stop() {
  storage_ = {};
  EXPECT_TRUE(await([this](Completion* done) { plugin_->stop(done); }).ok());
  plugin_ = {};
}

PartitionState StorageSuite::open(uint32_t partition) {
  PartitionState state = {};
  state.struct_size = sizeof(state);
  EXPECT_TRUE(storage_->open_partition(partition, &state).ok());
  return state;
}

Status StorageSuite::write(uint32_t partition, uint64_t index, const Items& puts,
                           const std::vector<std::string>& erases) {
  std::vector<WriteOp> ops;
  for (const auto& [key, value] : puts) {
    ops.push_back({WriteKind::put, 0, view_of(key), view_of(value)});
  }
  for (const auto& key : erases) ops.push_back({WriteKind::erase, 0, view_of(key), {nullptr, 0}});
  const WriteBatch batch = {
      sizeof(WriteBatch), partition, index, 1, ops.data(), static_cast<uint32_t>(ops.size()), 0};
  const Status status = storage_->try_write(&batch);
  if (status.code != StatusCode::would_block && status.code != StatusCode::busy) return status;
  return await([&](Completion* done) { storage_->submit_write(host_.loop(0), &batch, done); });
}

std::optional<std::string> StorageSuite::get(uint32_t partition, const std::string& key) {
  Sink sink;
  const Status status = storage_->try_get(partition, view_of(key), &sink);
  if (status.code != StatusCode::would_block) return sink.found;
  Got got;
  storage_->submit_get(host_.loop(0), partition, view_of(key), &got);
  EXPECT_TRUE(host_.fake_loop().run_until([&] { return got.done; }));
  return got.status.ok() ? std::optional(got.value) : std::nullopt;
}

StorageSuite::Items StorageSuite::scan(uint32_t partition, const std::string& begin,
                                       const std::string& end, bool reverse, uint32_t page_items) {
  Items all;
  std::string from = begin, to = end;
  for (bool more = true; more;) {
    Page page;
    ScanRequest request = whole(partition);
    request.start = view_of(from);
    request.end = view_of(to);
    request.reverse = reverse;
    request.max_items = page_items;
    storage_->submit_scan(host_.loop(0), &request, &page);
    EXPECT_TRUE(host_.fake_loop().run_until([&] { return page.done; }));
    EXPECT_TRUE(page.status.ok()) << describe(page.status);
    EXPECT_LE(page.found.size(), page_items);
    all.insert(all.end(), page.found.begin(), page.found.end());
    more = page.more && !page.found.empty();
    if (!more) break;
    if (reverse) {
      to = page.found.back().first;
    } else {
      from = page.found.back().first + '\0';
    }
  }
  return all;
}

StorageSuite::Items StorageSuite::scan_view(StorageView* view) {
  Items all;
  std::string from;
  EXPECT_FALSE(read_page(view, 1000, &from, &all));
  return all;
}

bool StorageSuite::read_page(StorageView* view, uint32_t page_items, std::string* from,
                             Items* found) {
  Page page;
  ScanRequest request = whole(0);
  request.start = view_of(*from);
  request.max_items = page_items;
  view->submit_scan(host_.loop(0), &request, &page);
  EXPECT_TRUE(host_.fake_loop().run_until([&] { return page.done; }));
  EXPECT_TRUE(page.status.ok()) << describe(page.status);
  EXPECT_LE(page.found.size(), page_items);
  found->insert(found->end(), page.found.begin(), page.found.end());
  if (!page.found.empty()) *from = page.found.back().first + '\0';
  return page.more;
}

Ref<StorageImport> StorageSuite::begin_import(uint64_t index, const std::string& label) {
  StorageImport* import = nullptr;
  EXPECT_TRUE(storage_->begin_import(kPartition, index, 3, view_of(label), &import).ok());
  return Ref<StorageImport>::adopt(import);
}

Status StorageSuite::add(const Ref<StorageImport>& import, const std::string& key,
                         const std::string& value, const std::string& progress) {
  const ScanItem item = {view_of(key), view_of(value)};
  return await([&](Completion* done) {
    import->submit_add(host_.loop(0), &item, 1, view_of(progress), done);
  });
}

Status StorageSuite::commit(const Ref<StorageImport>& import) {
  return await([&](Completion* done) { import->submit_commit(host_.loop(0), done); });
}

Status StorageSuite::flush() {
  return await([this](Completion* done) { storage_->submit_flush(host_.loop(0), done); });
}

Status StorageSuite::await(const std::function<void(Completion*)>& call) {
  bool finished = false;
  Status result = ok_status();
  call(completion([&](Status status) {
    result = status;
    finished = true;
  }));
  EXPECT_TRUE(host_.fake_loop().run_until([&] { return finished; }));
  return result;
}

TEST_P(StorageSuite, ReadsWhatWasWritten) {
  EXPECT_EQ(open(kPartition).exists, 0u);
  ASSERT_TRUE(write(kPartition, 1, {{"a", "1"}, {"b", ""}}).ok());
  EXPECT_EQ(get(kPartition, "a"), "1");
  EXPECT_EQ(get(kPartition, "b"), "");
  EXPECT_EQ(get(kPartition, "c"), std::nullopt);
  ASSERT_TRUE(write(kPartition, 2, {{"a", "2"}}, {"b"}).ok());
  EXPECT_EQ(get(kPartition, "a"), "2");
  EXPECT_EQ(get(kPartition, "b"), std::nullopt);
}

TEST_P(StorageSuite, UnknownPartitionsAreAnError) {
  EXPECT_EQ(write(99, 1, {{"a", "1"}}).code, StatusCode::not_found);
  StorageView* view = nullptr;
  EXPECT_EQ(storage_->open_view(99, &view).code, StatusCode::not_found);
}

TEST_P(StorageSuite, PartitionsAreApart) {
  open(1);
  open(2);
  ASSERT_TRUE(write(1, 1, {{"k", "one"}}).ok());
  ASSERT_TRUE(write(2, 1, {{"k", "two"}}).ok());
  EXPECT_EQ(get(1, "k"), "one");
  EXPECT_EQ(scan(2), (Items{{"k", "two"}}));
}

TEST_P(StorageSuite, KeysAreOrderedAsUnsignedBytesAndMayHoldAnything) {
  open(kPartition);
  const std::string zero("\0", 1), high("\xff\xff"), middle("m\0n", 3);
  ASSERT_TRUE(write(kPartition, 1, {{high, "h"}, {zero, "z"}, {middle, "m"}}).ok());
  EXPECT_EQ(scan(kPartition), (Items{{zero, "z"}, {middle, "m"}, {high, "h"}}));
}

TEST_P(StorageSuite, PagesCoverARangeOnceInBothDirections) {
  open(kPartition);
  Items all;
  for (int i = 0; i < 100; ++i) {
    all.emplace_back("k" + std::to_string(1000 + i), std::to_string(i));
  }
  ASSERT_TRUE(write(kPartition, 1, all).ok());
  EXPECT_EQ(scan(kPartition, "", "", false, 7), all);
  EXPECT_EQ(scan(kPartition, "k1010", "k1013", false, 7),
            (Items{{"k1010", "10"}, {"k1011", "11"}, {"k1012", "12"}}));
  const Items reversed(all.rbegin(), all.rend());
  EXPECT_EQ(scan(kPartition, "", "", true, 7), reversed);
  EXPECT_EQ(scan(kPartition, "k1013", "k1010"), Items{});
}

// What the engine cannot hand to a worker it refuses, so that the caller asks again.
TEST_P(StorageSuite, AFullWorkersQueueIsBusyAndNothingIsDone) {
  open(kPartition);
  ASSERT_TRUE(write(kPartition, 1, {{"a", "1"}}).ok());
  host_.fake_workers().full = true;
  Got got;
  storage_->submit_get(host_.loop(0), kPartition, view_of("a"), &got);
  EXPECT_FALSE(got.done) << "told inside the call";
  EXPECT_TRUE(host_.fake_loop().run_until([&] { return got.done; }));
  EXPECT_TRUE(got.status.ok() || got.status.code == StatusCode::busy) << describe(got.status);
  Page page;
  const ScanRequest request = whole(kPartition);
  storage_->submit_scan(host_.loop(0), &request, &page);
  EXPECT_TRUE(host_.fake_loop().run_until([&] { return page.done; }));
  EXPECT_TRUE(page.status.ok() || page.status.code == StatusCode::busy) << describe(page.status);
  const Status flushed = flush();
  EXPECT_TRUE(flushed.ok() || flushed.code == StatusCode::busy) << describe(flushed);

  host_.fake_workers().full = false;
  EXPECT_TRUE(flush().ok());
  Got again;
  storage_->submit_get(host_.loop(0), kPartition, view_of("a"), &again);
  EXPECT_TRUE(host_.fake_loop().run_until([&] { return again.done; }));
  EXPECT_TRUE(again.status.ok()) << describe(again.status);
  EXPECT_EQ(again.value, "1");
}

TEST_P(StorageSuite, ABatchMayEraseARange) {
  open(kPartition);
  ASSERT_TRUE(write(kPartition, 1, {{"a", ""}, {"b", ""}, {"c", ""}, {"d", ""}}).ok());
  const std::string from = "b", to = "d";
  const WriteOp op = {WriteKind::erase_range, 0, view_of(from), view_of(to)};
  const WriteBatch batch = {sizeof(WriteBatch), kPartition, 2, 1, &op, 1, 0};
  ASSERT_TRUE(storage_->try_write(&batch).ok());
  EXPECT_EQ(scan(kPartition), (Items{{"a", ""}, {"d", ""}}));
}

TEST_P(StorageSuite, AViewStaysAsItWas) {
  open(kPartition);
  ASSERT_TRUE(write(kPartition, 5, {{"a", "1"}, {"b", "1"}}).ok());
  StorageView* raw = nullptr;
  ASSERT_TRUE(storage_->open_view(kPartition, &raw).ok());
  Ref<StorageView> view = Ref<StorageView>::adopt(raw);
  ASSERT_TRUE(write(kPartition, 6, {{"a", "2"}}, {"b"}).ok());
  uint64_t index = 0, term = 0;
  view->position(&index, &term);
  EXPECT_EQ(index, 5u);
  EXPECT_EQ(term, 1u);
  EXPECT_EQ(scan_view(view.get()), (Items{{"a", "1"}, {"b", "1"}}));
  EXPECT_EQ(scan(kPartition), (Items{{"a", "2"}}));
}

// Readers of one view do not disturb one another, and one that begins in its middle reads the same.
TEST_P(StorageSuite, PagesOfAViewDoNotDependOnItsOtherReaders) {
  open(kPartition);
  Items all;
  std::vector<std::string> keys;
  for (int i = 0; i < 200; ++i) {
    keys.push_back("k" + std::to_string(1000 + i));
    all.emplace_back(keys.back(), std::to_string(i));
  }
  ASSERT_TRUE(write(kPartition, 1, all).ok());
  StorageView* raw = nullptr;
  ASSERT_TRUE(storage_->open_view(kPartition, &raw).ok());
  Ref<StorageView> view = Ref<StorageView>::adopt(raw);

  struct Reader {
    uint32_t page_items;
    std::string from;
    Items found = {};
    bool more = true;
  } readers[] = {{7, ""}, {7, ""}, {50, "k1100"}, {1, "k1190"}};
  std::mt19937 random(1);
  for (uint64_t index = 2; index < 400; ++index) {
    const std::string& key = keys[random() % keys.size()];
    if (random() % 2) {
      ASSERT_TRUE(write(kPartition, index, {{key, "new"}, {key + "+", "new"}}).ok());
    } else {
      ASSERT_TRUE(write(kPartition, index, {}, {key}).ok());
    }
    if (index % 50 == 0) {
      ASSERT_TRUE(flush().ok());
    }
    Reader& reader = readers[random() % std::size(readers)];
    // Some pages in a row, so that it goes on where it has been itself.
    for (uint64_t pages = random() % 4; pages != 0 && reader.more; --pages) {
      reader.more = read_page(view.get(), reader.page_items, &reader.from, &reader.found);
    }
  }
  EXPECT_EQ(readers[0].found, all);
  EXPECT_EQ(readers[1].found, all);
  EXPECT_EQ(readers[2].found, Items(all.begin() + 100, all.end()));
  EXPECT_EQ(readers[3].found, Items(all.begin() + 190, all.end()));
}

TEST_P(StorageSuite, AnImportReplacesEverythingOnlyWhenCommitted) {
  const uint64_t generation = open(kPartition).generation;
  ASSERT_TRUE(write(kPartition, 1, {{"old", "1"}}).ok());
  EXPECT_EQ(text_of(storage_->import_label(kPartition)), "");
  Ref<StorageImport> dropped = begin_import(39, "other");
  ASSERT_TRUE(add(dropped, "dropped", "1", "one").ok());
  dropped = {};
  EXPECT_EQ(scan(kPartition), (Items{{"old", "1"}}));

  Ref<StorageImport> import = begin_import(40, "label");
  EXPECT_EQ(text_of(import->progress()), "") << "it is another import";
  ASSERT_TRUE(add(import, "new", "2", "two").ok());
  EXPECT_EQ(scan(kPartition), (Items{{"old", "1"}}));
  ASSERT_TRUE(commit(import).ok());
  EXPECT_EQ(scan(kPartition), (Items{{"new", "2"}}));
  EXPECT_EQ(text_of(storage_->import_label(kPartition)), "label");
  const PartitionState state = open(kPartition);
  EXPECT_EQ(state.applied_index, 40u);
  EXPECT_EQ(state.applied_term, 3u);
  EXPECT_GT(state.generation, generation);
  if (GetParam().persistent) {
    EXPECT_EQ(storage_->durable_index(kPartition), 40u);
  }
}

// What the contract leaves to the engine is whether anything is kept; if it is, then all of it.
TEST_P(StorageSuite, AnUnfinishedImportMayBeGoneOnWith) {
  open(kPartition);
  ASSERT_TRUE(write(kPartition, 1, {{"old", "1"}}).ok());
  Ref<StorageImport> import = begin_import(40, "label");
  ASSERT_TRUE(add(import, "a", "1", "one").ok());
  ASSERT_TRUE(add(import, "b", "2", "two").ok());
  import = begin_import(40, "label");
  const std::string kept = string_of(import->progress());
  ASSERT_TRUE(kept.empty() || kept == "two") << kept;
  if (kept.empty()) {
    ASSERT_TRUE(add(import, "a", "1", "one").ok());
    ASSERT_TRUE(add(import, "b", "2", "two").ok());
  }
  ASSERT_TRUE(add(import, "c", "3", "three").ok());
  ASSERT_TRUE(commit(import).ok());
  EXPECT_EQ(scan(kPartition), (Items{{"a", "1"}, {"b", "2"}, {"c", "3"}}));
}

TEST_P(StorageSuite, AnUnfinishedImportIsDroppedOnceThePartitionHasPassedIt) {
  open(kPartition);
  Ref<StorageImport> import = begin_import(40, "label");
  ASSERT_TRUE(add(import, "a", "1", "one").ok());
  import = {};
  ASSERT_TRUE(write(kPartition, 40, {{"b", "2"}}).ok());
  import = begin_import(40, "label");
  EXPECT_EQ(text_of(import->progress()), "");
  ASSERT_TRUE(commit(import).ok());
  EXPECT_EQ(scan(kPartition), Items{});
}

TEST_P(StorageSuite, DroppedPartitionsStartAgainEmpty) {
  open(kPartition);
  open(kPartition + 1);
  ASSERT_TRUE(write(kPartition, 1, {{"a", "1"}}).ok());
  ASSERT_TRUE(write(kPartition + 1, 1, {{"b", "1"}}).ok());
  ASSERT_TRUE(await([this](Completion* done) {
                storage_->submit_drop(host_.loop(0), kPartition, done);
              }).ok());
  EXPECT_EQ(open(kPartition).exists, 0u);
  EXPECT_EQ(scan(kPartition), Items{});
  EXPECT_EQ(scan(kPartition + 1), (Items{{"b", "1"}}));
}

TEST_P(StorageSuite, AFlushMakesDurableWhatAllPartitionsHad) {
  open(1);
  open(2);
  ASSERT_TRUE(write(1, 10, {{"a", "1"}}).ok());
  ASSERT_TRUE(write(2, 20, {{"b", "1"}}).ok());
  ASSERT_TRUE(flush().ok());
  ASSERT_TRUE(write(1, 11, {{"a", "2"}}).ok());
  if (!GetParam().persistent) {
    EXPECT_EQ(storage_->durable_index(1), 0u);
    return;
  }
  EXPECT_EQ(storage_->durable_index(1), 10u);
  EXPECT_EQ(storage_->durable_index(2), 20u);
  stop();
  start();
  const PartitionState state = open(1);
  EXPECT_EQ(state.exists, 1u);
  EXPECT_GE(state.applied_index, 10u);
  EXPECT_EQ(state.durable_index, state.applied_index);
  EXPECT_EQ(get(2, "b"), std::nullopt) << "a partition that was not opened";
  open(2);
  EXPECT_EQ(get(2, "b"), "1");
}

TEST_P(StorageSuite, AgreesWithAModelOverRandomBatches) {
  open(kPartition);
  std::map<std::string, std::string> model;
  std::mt19937 random(42);
  for (uint64_t index = 1; index <= 300; ++index) {
    std::map<std::string, std::string> puts;
    std::vector<std::string> erases;
    for (int i = 0; i < 5; ++i) {
      const std::string key = "k" + std::to_string(random() % 50);
      if (random() % 3 == 0 && !puts.contains(key)) {
        erases.push_back(key);
      } else if (std::find(erases.begin(), erases.end(), key) == erases.end()) {
        puts[key] = std::to_string(random());
      }
    }
    ASSERT_TRUE(write(kPartition, index, Items(puts.begin(), puts.end()), erases).ok());
    for (const auto& key : erases) model.erase(key);
    for (const auto& [key, value] : puts) model[key] = value;
    if (index % 100 == 0) {
      ASSERT_TRUE(flush().ok());
    }
  }
  EXPECT_EQ(scan(kPartition, "", "", false, 11), Items(model.begin(), model.end()));
  ErrorText error = empty_error_text();
  EXPECT_TRUE(
      await([&](Completion* done) { storage_->submit_verify(host_.loop(0), &error, done); }).ok())
      << error.text;
  StorageStatistics statistics = {};
  statistics.struct_size = sizeof(statistics);
  storage_->statistics(&statistics);
  EXPECT_GT(statistics.used_bytes, 0u);
}

}  // namespace grey::testkit
