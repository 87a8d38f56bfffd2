// What every storage engine must do, as tests: instantiate the suite with a way to make yours.
//
//   INSTANTIATE_TEST_SUITE_P(Mine, grey::testkit::StorageSuite, testing::Values(
//       grey::testkit::StorageMaker{[](Host* host) { return new MyPlugin(host); }, true}));
#ifndef GREY_TESTKIT_STORAGE_SUITE_H_
#define GREY_TESTKIT_STORAGE_SUITE_H_

#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "grey/storage.h"
#include "grey/testkit/fake_host.h"

namespace grey::testkit {

struct StorageMaker {
  std::function<Plugin*(Host*)> make;
  bool persistent;  // whether flushed data survives stop() and start()
};

// Drives an engine through its SDK interface only.
class StorageSuite : public testing::TestWithParam<StorageMaker> {
 protected:
  using Items = std::vector<std::pair<std::string, std::string>>;

  void SetUp() override { start(); }
  void TearDown() override { stop(); }

  void start();
  void stop();
  PartitionState open(uint32_t partition);
  // One batch at `index`: puts of the pairs, erases of the keys.
  Status write(uint32_t partition, uint64_t index, const Items& puts,
               const std::vector<std::string>& erases = {});
  std::optional<std::string> get(uint32_t partition, const std::string& key);
  // All keys of [start, end) in pages of `page_items`.
  Items scan(uint32_t partition, const std::string& begin = "", const std::string& end = "",
             bool reverse = false, uint32_t page_items = 1000);
  Items scan_view(StorageView* view);
  // Appends one page of a view from `from` on, which then is where the next one begins. False after
  // the last.
  bool read_page(StorageView* view, uint32_t page_items, std::string* from, Items* found);
  // Imports into one and the same partition; their term is 3.
  Ref<StorageImport> begin_import(uint64_t index, const std::string& label);
  Status add(const Ref<StorageImport>& import, const std::string& key, const std::string& value,
             const std::string& progress);
  Status commit(const Ref<StorageImport>& import);
  Status flush();
  Status await(const std::function<void(Completion*)>& call);

  FakeHost host_;
  Ref<Plugin> plugin_;
  Ref<Storage> storage_;
};

}  // namespace grey::testkit

#endif  // GREY_TESTKIT_STORAGE_SUITE_H_
