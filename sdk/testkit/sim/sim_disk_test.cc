#include "grey/testkit/sim_disk.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "grey/glue/plugin.h"
#include "sim_test_cluster.h"

namespace grey::testkit {
namespace {

class SimDiskTest : public testing::Test {
 protected:
  Files* files() { return cluster_.host(1)->files(); }

  Ref<File> open(const char* path, uint32_t flags = kFileCreate) {
    File* file = nullptr;
    const Status status = files()->open(path, flags, &file);
    return status.ok() ? Ref<File>::adopt(file) : Ref<File>();
  }
  // The content of a file, or "missing".
  std::string content(const char* path) {
    Ref<File> file = open(path, kFileReadOnly);
    if (!file) return "missing";
    std::string bytes(1 << 16, '\0');
    uint64_t got = 0;
    EXPECT_TRUE(file->read(0, reinterpret_cast<uint8_t*>(bytes.data()), bytes.size(), &got).ok());
    bytes.resize(got);
    return bytes;
  }
  void store(const char* path, std::string_view bytes, bool sync = true) {
    Ref<File> file = open(path);
    ASSERT_TRUE(file);
    ASSERT_TRUE(file->write(0, view_of(bytes)).ok());
    if (sync) {
      ASSERT_TRUE(file->sync().ok());
      ASSERT_TRUE(files()->sync_directory("").ok());
    }
  }
  void power_cycle() {
    cluster_.node(1).crash(true);
    cluster_.boot(1);
  }
  SimDisk& disk() { return cluster_.node(1).disk(); }

  SimTestCluster cluster_{1};
};

TEST_F(SimDiskTest, WhatWasSyncedSurvives) {
  store("a", "synced");
  for (int i = 0; i < 20; ++i) {
    power_cycle();
    EXPECT_EQ(content("a"), "synced");
  }
}

TEST_F(SimDiskTest, WhatWasNotSyncedMayBeThereGoneOrTorn) {
  const std::string before(4096, 'a'), after(4096, 'b');
  std::set<std::string> seen;
  for (int i = 0; i < 60; ++i) {
    store("f", before);
    Ref<File> file = open("f");
    ASSERT_TRUE(file->write(0, view_of(after)).ok());
    file = {};
    power_cycle();
    const std::string found = content("f");
    ASSERT_EQ(found.size(), 4096u);
    for (size_t at = 0; at < found.size(); ++at) {
      ASSERT_EQ(found[at], found[at / 512 * 512]) << "sectors are whole";
    }
    seen.insert(found == before ? "gone" : found == after ? "there" : "torn");
  }
  EXPECT_EQ(seen, (std::set<std::string>{"gone", "there", "torn"}));
}

TEST_F(SimDiskTest, AKilledProcessLosesNothingThatItWrote) {
  store("a", "not synced", false);
  cluster_.node(1).crash(false);
  cluster_.boot(1);
  EXPECT_EQ(content("a"), "not synced");
}

TEST_F(SimDiskTest, NamesAreDurableOnlyAfterTheirDirectoryWasSynced) {
  std::set<std::string> seen;
  for (int i = 0; i < 40; ++i) {
    Ref<File> file = open("name");
    ASSERT_TRUE(file->write(0, view_of("x")).ok());
    ASSERT_TRUE(file->sync().ok());
    file = {};
    power_cycle();
    seen.insert(content("name"));
    (void)files()->remove("name");
    ASSERT_TRUE(files()->sync_directory("").ok());
  }
  EXPECT_EQ(seen, (std::set<std::string>{"missing", "x"}));
}

TEST_F(SimDiskTest, AFolderWhoseNameWasLostTakesItsFilesAlong) {
  std::set<std::string> seen;
  for (int i = 0; i < 40; ++i) {
    ASSERT_TRUE(files()->make_directory("one/two").ok());
    Ref<File> file = open("one/two/f");
    ASSERT_TRUE(file->write(0, view_of("x")).ok());
    ASSERT_TRUE(file->sync().ok());
    file = {};
    ASSERT_TRUE(files()->sync_directory("one/two").ok());
    ASSERT_TRUE(files()->sync_directory("one").ok());
    // The root, in which "one" stands, is synced in every other round only.
    if (i % 2 == 0) {
      ASSERT_TRUE(files()->sync_directory("").ok());
    }
    power_cycle();
    if (i % 2 == 0) {
      ASSERT_EQ(content("one/two/f"), "x");
    } else {
      seen.insert(content("one/two/f"));
    }
    for (const char* path : {"one/two/f", "one/two", "one"}) (void)files()->remove(path);
    ASSERT_TRUE(files()->sync_directory("").ok());
  }
  EXPECT_EQ(seen, (std::set<std::string>{"missing", "x"}));
}

TEST_F(SimDiskTest, RenameReplacesInOneStep) {
  for (int i = 0; i < 30; ++i) {
    store("target", "old");
    store("new", "new");
    ASSERT_TRUE(files()->rename("new", "target").ok());
    EXPECT_EQ(content("target"), "new");
    power_cycle();
    const std::string target = content("target"), source = content("new");
    EXPECT_TRUE((target == "old" && source == "new") || (target == "new" && source == "missing"))
        << target << " and " << source;
  }
}

TEST_F(SimDiskTest, SubmittedWritesEndInOrderAndAreDurableThen) {
  std::string order;
  Ref<File> file = open("f");
  ASSERT_TRUE(files()->sync_directory("").ok());
  const ByteView first = view_of("abc"), second = view_of("def");
  cluster_.on_loop(1, [&] {
    file->submit_write(0, &first, 1, kWriteSync, completion([&](Status) { order += "1"; }));
    file->submit_write(3, &second, 1, kWriteSync, completion([&](Status) { order += "2"; }));
  });
  EXPECT_EQ(order, "");
  cluster_.run_ms(100);
  EXPECT_EQ(order, "12");
  file = {};
  power_cycle();
  EXPECT_EQ(content("f"), "abcdef");
}

TEST_F(SimDiskTest, AHungDiskEndsNothingUntilItGoesOn) {
  bool done = false;
  Ref<File> file = open("f");
  const ByteView bytes = view_of("abc");
  disk().faults().hung = true;
  cluster_.on_loop(1, [&] {
    file->submit_write(0, &bytes, 1, kWriteSync, completion([&](Status) { done = true; }));
  });
  cluster_.run_ms(5000);
  EXPECT_FALSE(done);
  disk().resume();
  cluster_.run_ms(100);
  EXPECT_TRUE(done);
}

TEST_F(SimDiskTest, AfterAFailedSyncTheBytesAreNeverWritten) {
  store("f", "old");
  Ref<File> file = open("f");
  ASSERT_TRUE(file->write(0, view_of("new")).ok());
  disk().faults().sync_error = make_status(StatusCode::io_error, "medium error", 5);
  EXPECT_EQ(file->sync().code, StatusCode::io_error);
  disk().faults().sync_error = ok_status();
  EXPECT_TRUE(file->sync().ok()) << "as Linux does: the second call says nothing";
  EXPECT_EQ(content("f"), "new");
  file = {};
  power_cycle();
  EXPECT_EQ(content("f"), "old");
}

TEST_F(SimDiskTest, AFailedSyncMayKeepWhatItCouldNotWrite) {
  store("f", "old");
  Ref<File> file = open("f");
  ASSERT_TRUE(file->write(0, view_of("new")).ok());
  disk().faults().sync_error = make_status(StatusCode::io_error, "medium error", 5);
  disk().faults().failed_sync_keeps = true;
  EXPECT_EQ(file->sync().code, StatusCode::io_error);
  disk().faults() = {};
  EXPECT_TRUE(file->sync().ok());
  file = {};
  power_cycle();
  EXPECT_EQ(content("f"), "new");
}

TEST_F(SimDiskTest, ErrorsMayBeForSomeFilesOnly) {
  store("log-1", "a");
  store("data-1", "b");
  disk().faults().write_error = make_status(StatusCode::io_error, "medium error", 5);
  disk().faults().only = "log";
  EXPECT_FALSE(open("log-1")->write(0, view_of("c")).ok());
  EXPECT_FALSE(open("log-2"));
  EXPECT_TRUE(open("data-1")->write(0, view_of("c")).ok());
  EXPECT_EQ(disk().errors_answered(), 2u);
  EXPECT_EQ(disk().paths_with("-1"), (std::vector<std::string>{"data-1", "log-1"}));
}

TEST_F(SimDiskTest, WhatWasWrittenBackSurvivesAndRots) {
  store("f", std::string(10, 'a'), false);
  disk().write_back();
  SimRandom random(1);
  disk().rot("f", &random);
  power_cycle();
  const std::string found = content("f");
  ASSERT_EQ(found.size(), 10u);
  EXPECT_EQ(std::count(found.begin(), found.end(), 'a'), 9);
}

TEST_F(SimDiskTest, SaysWhenItIsFullOrBroken) {
  disk().set_capacity_bytes(100);
  Ref<File> file = open("f");
  EXPECT_TRUE(file->write(0, view_of(std::string(100, 'x'))).ok());
  EXPECT_EQ(file->write(100, view_of("y")).code, StatusCode::no_space);
  EXPECT_TRUE(file->write(0, view_of("y")).ok()) << "overwriting needs no room";
  uint64_t left = 1;
  EXPECT_TRUE(files()->free_bytes(&left).ok());
  EXPECT_EQ(left, 0u);
  disk().faults().read_error = make_status(StatusCode::io_error, "medium error", 5);
  uint8_t byte = 0;
  uint64_t got = 0;
  EXPECT_EQ(file->read(0, &byte, 1, &got).code, StatusCode::io_error);
}

TEST_F(SimDiskTest, BitsFlipOnTheMedium) {
  store("f", "aaa");
  disk().find("f")->flip_bit(1, 1);
  EXPECT_EQ(content("f"), "aca");
  power_cycle();
  EXPECT_EQ(content("f"), "aca");
}

TEST_F(SimDiskTest, ALyingDiskLosesWhatItAcknowledged) {
  disk().faults().lies = true;
  std::set<std::string> seen;
  for (int i = 0; i < 30; ++i) {
    store("f", "old");
    Ref<File> file = open("f");
    const ByteView bytes = view_of("new");
    bool done = false;
    cluster_.on_loop(1, [&] {
      file->submit_write(0, &bytes, 1, kWriteSync,
                         completion([&](Status status) { done = status.ok(); }));
    });
    cluster_.run_ms(50);
    EXPECT_TRUE(done);
    file = {};
    power_cycle();
    seen.insert(content("f"));
  }
  EXPECT_TRUE(seen.contains("old"));
}

TEST_F(SimDiskTest, ACrashInATurnUndoesWhatTheTurnStillDid) {
  store("f", "1");
  bool posted = false;
  cluster_.node(1).crash_after_disk_changes(1);
  cluster_.loop(1)->enqueue([&] {
    Ref<File> file = open("f");
    EXPECT_TRUE(file->write(0, view_of("2")).ok());
    EXPECT_TRUE(cluster_.node(1).process()->doomed());
    EXPECT_TRUE(file->write(0, view_of("3")).ok());
    EXPECT_TRUE(file->sync().ok());
    cluster_.loop(1)->enqueue([&] { posted = true; });
  });
  cluster_.run_ms(10);
  EXPECT_FALSE(posted);
  EXPECT_EQ(cluster_.node(1).process(), nullptr);
  cluster_.boot(1);
  EXPECT_NE(content("f"), "3");
}

}  // namespace
}  // namespace grey::testkit
