// Random imports, writes, drops, compactions and crashes against a model, from a seed: what is
// there is the state at the applied index, in a view also what was there, and of a generation that
// is not in force no more than an import under way has left. GREY_SEED chooses the first seed.
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "grey/testkit/storage_suite.h"
#include "rocks_engine.h"
#include "rocks_import.h"
#include "rocks_options.h"

namespace grey::testkit {
namespace {

using Content = std::map<std::string, std::string>;

struct Disk final : rocksdb::EnvWrapper {
  Disk() : EnvWrapper(rocksdb::Env::Default()) {}
  const char* Name() const override { return "Disk"; }
  rocksdb::Status GetFreeSpace(const std::string&, uint64_t* free) override {
    *free = full ? 0 : 1ull << 40;
    return rocksdb::Status::OK();
  }
  bool full = false;
};

struct Part {
  std::map<uint64_t, Content> history;  // by applied index
  uint64_t applied = 0;
  Ref<rocks::RocksImport> import;
  uint64_t import_index = 0;
  uint64_t added = 0;
  std::string label;
};

std::string key_of(uint64_t n) {
  char key[32];
  std::snprintf(key, sizeof(key), "k%06u", static_cast<unsigned>(n));
  return key;
}

struct RandomRun {
  explicit RandomRun(uint64_t seed) : random(seed) {
    host.settings["compression"] = "none";
    host.settings["write_buffer"] = "65536";
    options = rocks::make_options(host.config());
    options.env = &disk;
    options.target_file_size_base = 16 << 10;
    options.max_bytes_for_level_base = 64 << 10;
    options.level0_file_num_compaction_trigger = 2;
    folder = host.fake_files().folder() + "/db";
    open();
  }
  uint64_t pick(uint64_t n) { return random() % n; }
  void open() {
    engine = std::make_unique<rocks::RocksEngine>();
    ErrorText error = empty_error_text();
    ASSERT_TRUE(engine->open(folder, options, &error).ok()) << error.text;
    for (uint32_t p = 1; p <= kParts; ++p) open_part(p);
  }
  void open_part(uint32_t p) {
    PartitionState state = {};
    ASSERT_TRUE(engine->open_partition(p, &state).ok());
    Part& part = parts[p];
    ASSERT_LE(state.applied_index, part.applied);
    if (state.applied_index == 0) part.history[0];
    ASSERT_TRUE(part.history.count(state.applied_index)) << p << " at " << state.applied_index;
    part.applied = state.applied_index;
    part.history.erase(part.history.upper_bound(part.applied), part.history.end());
    check(p);
  }
  void check(uint32_t p) {
    rocks::PartitionEntry entry;
    ASSERT_TRUE(engine->find(p, &entry));
    const uint64_t gen = entry.position.generation;
    Part& part = parts[p];
    rocks::ImportRecord left;
    const bool unfinished = engine->find_unfinished(p, &left);
    std::unique_ptr<rocksdb::Iterator> it(engine->db()->NewIterator({}));
    const std::string all = rocks::data_prefix(p, 0).substr(0, 5);
    Content found;
    uint64_t imported = 0;
    for (it->Seek(all); it->Valid() && it->key().starts_with(all); it->Next()) {
      const std::string raw = it->key().ToString();
      const std::string key = raw.substr(13);
      if (raw.substr(0, 13) == rocks::data_prefix(p, gen)) {
        found[key] = it->value().ToString();
        continue;
      }
      ASSERT_EQ(raw.substr(0, 13), rocks::data_prefix(p, gen + 1)) << "another generation";
      ASSERT_TRUE(unfinished) << "keys without a record";
      ++imported;
      ASSERT_EQ(key, key_of(imported));
      ASSERT_TRUE(it->value().starts_with(left.label + ":"))
          << it->value().ToString().substr(0, 20);
    }
    ASSERT_TRUE(it->status().ok());
    if (unfinished) {
      ASSERT_EQ(imported, std::stoull(left.progress));
    }
    ASSERT_TRUE(found == part.history[part.applied])
        << p << " at " << part.applied << ": " << found.size() << " keys, expected "
        << part.history[part.applied].size();
  }
  void write(uint32_t p, bool may_wait = true) {
    Part& part = parts[p];
    if (part.import) return;
    Content next = part.history[part.applied];
    std::vector<std::string> bytes;
    bytes.reserve(64);
    std::vector<WriteOp> ops;
    if (pick(12) == 0) {
      const uint64_t from = pick(300), to = from + 1 + pick(100);
      bytes.push_back(key_of(from));
      bytes.push_back(key_of(to));
      next.erase(next.lower_bound(bytes[0]), next.lower_bound(bytes[1]));
      ops.push_back({WriteKind::erase_range, 0, view_of(bytes[0]), view_of(bytes[1])});
    }
    for (int i = 0; i < 10; ++i) {
      bytes.push_back(key_of(pick(300)));
      const std::string& key = bytes.back();
      if (pick(4) == 0) {
        next.erase(key);
        ops.push_back({WriteKind::erase, 0, view_of(key), {nullptr, 0}});
      } else {
        bytes.push_back("w" + std::to_string(random()) + std::string(200, 'v'));
        next[key] = bytes.back();
        ops.push_back({WriteKind::put, 0, view_of(key), view_of(bytes.back())});
      }
    }
    const uint64_t index = part.applied + 1 + pick(3);
    const WriteBatch batch = {
        sizeof(WriteBatch), p, index, 1, ops.data(), static_cast<uint32_t>(ops.size()), 0};
    ASSERT_TRUE(engine->write(batch, may_wait).ok());
    part.applied = index;
    part.history[index] = std::move(next);
  }
  void import_some(uint32_t p) {
    Part& part = parts[p];
    if (!part.import) {
      rocks::ImportRecord left;
      const bool resume = engine->find_unfinished(p, &left) && pick(3) != 0;
      part.import_index = resume ? left.applied_index : part.applied + 5 + pick(40);
      part.label = resume ? left.label : "L" + std::to_string(++labels);
      part.import =
          make_ref<rocks::RocksImport>(engine.get(), host.workers(), p,
                                       rocks::ImportRecord{part.import_index, 1, part.label, ""});
      const std::string progress = string_of(part.import->progress());
      part.added = progress.empty() ? 0 : std::stoull(progress);
    }
    const uint64_t until = part.added + 1 + pick(120);
    for (; part.added < until; ++part.added) {
      const std::string key = key_of(part.added + 1);
      const std::string value =
          part.label + ":" + std::to_string(part.added + 1) + std::string(300, 'i');
      const std::string progress = std::to_string(part.added + 1);
      const ScanItem item = {view_of(key), view_of(value)};
      ASSERT_TRUE(part.import->add(&item, 1, view_of(progress)).ok());
    }
  }
  void end_import(uint32_t p) {
    Part& part = parts[p];
    if (!part.import) return;
    if (pick(2) == 0) {
      const Status status = part.import->commit();
      ASSERT_TRUE(status.ok()) << describe(status);
      Content next;
      for (uint64_t n = 1; n <= part.added; ++n) {
        next[key_of(n)] = part.label + ":" + std::to_string(n) + std::string(300, 'i');
      }
      part.applied = part.import_index;
      part.history[part.applied] = std::move(next);
    }
    part.import = {};
  }
  void drop(uint32_t p) {
    Part& part = parts[p];
    part.import = {};
    ASSERT_TRUE(engine->drop(p).ok());
    part = {};
    open_part(p);
  }
  void look() {
    view = engine->db()->GetSnapshot();
    for (uint32_t p = 1; p <= kParts; ++p) {
      rocks::PartitionEntry entry;
      ASSERT_TRUE(engine->find(p, &entry));
      seen[rocks::data_prefix(p, entry.position.generation)] = parts[p].history[parts[p].applied];
    }
  }
  // What was seen must be there to the last, whatever has been switched or dropped meanwhile.
  void let_go() {
    if (!view) return;
    rocksdb::ReadOptions at_view;
    at_view.snapshot = view;
    {
      std::unique_ptr<rocksdb::Iterator> it(engine->db()->NewIterator(at_view));
      for (const auto& [prefix, expected] : seen) {
        Content found;
        for (it->Seek(prefix); it->Valid() && it->key().starts_with(prefix); it->Next()) {
          found[it->key().ToString().substr(prefix.size())] = it->value().ToString();
        }
        EXPECT_TRUE(found == expected) << found.size() << " keys, expected " << expected.size();
      }
    }
    engine->db()->ReleaseSnapshot(view);
    view = nullptr;
    seen.clear();
  }
  void crash() {
    let_go();
    for (auto& [p, part] : parts) part.import = {};
    const bool hard = pick(3) != 0;
    disk.full = hard;  // close() then loses what is in memory
    engine->close();
    disk.full = false;
    open();
  }
  void run(uint64_t steps) {
    for (uint64_t step = 0; step < steps && !testing::Test::HasFatalFailure(); ++step) {
      const uint32_t p = 1 + static_cast<uint32_t>(pick(kParts));
      const uint64_t what = pick(100);
      if (what < 55) {
        write(p);
      } else if (what < 75) {
        import_some(p);
      } else if (what < 85) {
        end_import(p);
      } else if (what < 89) {
        (void)engine->flush();
      } else if (what < 90) {
        drop(p);
      } else if (what < 92) {
        crash();
      } else if (what < 94) {
        (void)engine->db()->CompactRange({}, nullptr, nullptr);
      } else {
        if (!parts[p].import) check(p);
        if (view && pick(2) == 0) {
          let_go();
        } else if (!view && pick(3) == 0) {
          look();
        }
      }
    }
    for (auto& [p, part] : parts) part.import = {};
    let_go();
    engine->close();
  }

  const rocksdb::Snapshot* view = nullptr;
  std::map<std::string, Content> seen;  // by it, by prefix
  static constexpr uint32_t kParts = 4;
  std::mt19937_64 random;
  FakeHost host;
  Disk disk;
  rocksdb::Options options;
  std::string folder;
  std::unique_ptr<rocks::RocksEngine> engine;
  std::map<uint32_t, Part> parts;
  uint64_t labels = 0;
};

TEST(RocksRandomTest, NothingIsLostAndNothingComesBack) {
  const char* from = std::getenv("GREY_SEED");
  const uint64_t first = from ? std::stoull(from) : 1;
  for (uint64_t seed = first; seed < first + 2 && !HasFatalFailure(); ++seed) {
    SCOPED_TRACE("GREY_SEED=" + std::to_string(seed));
    RandomRun(seed).run(1500);
  }
}

}  // namespace
}  // namespace grey::testkit
