#include "rocks_partitioner.h"

#include "rocks_keys.h"

namespace grey::rocks {
namespace {

constexpr int kLowestLevel = 6;
constexpr uint64_t kWorthBytes = 4 << 20;
// A thousand small shards are not to be as many files. An import beside a table that is smaller
// than this, and so not ended, is compacted once more on its way down: little, where shards are
// alike. Where they are large, it is for the one in 64 that ends with so small a rest.
constexpr uint64_t kLowestWorthBytes = 1 << 20;

bool same_tag(const rocksdb::Slice& a, const rocksdb::Slice& b) {
  return !a.empty() && !b.empty() && a[0] == b[0];
}

// Both are data of one partition and generation, or both are no data.
bool same_part(const rocksdb::Slice& a, const rocksdb::Slice& b) {
  if (!same_tag(a, b) || a[0] != kDataTag) return same_tag(a, b);
  return a.size() >= kDataPrefixBytes && b.size() >= kDataPrefixBytes &&
         rocksdb::Slice(a.data(), kDataPrefixBytes) == rocksdb::Slice(b.data(), kDataPrefixBytes);
}

class Partitioner final : public rocksdb::SstPartitioner {
 public:
  explicit Partitioner(uint64_t worth_ending) : worth_ending_(worth_ending) {}

  const char* Name() const override { return "grey.partition"; }

  rocksdb::PartitionerResult ShouldPartition(const rocksdb::PartitionerRequest& request) override {
    const rocksdb::Slice& last = *request.prev_user_key;
    const rocksdb::Slice& next = *request.current_user_key;
    // What is not data stands before and behind all data, so that a table with both spans it.
    const bool ends = !same_tag(last, next) ||
                      (!same_part(last, next) && request.current_output_file_size >= worth_ending_);
    return ends ? rocksdb::kRequired : rocksdb::kNotRequired;
  }

  bool CanDoTrivialMove(const rocksdb::Slice& smallest, const rocksdb::Slice& largest) override {
    return same_part(smallest, largest);
  }

 private:
  const uint64_t worth_ending_;  // bytes of a table before it ends with a partition
};

class Factory final : public rocksdb::SstPartitionerFactory {
 public:
  const char* Name() const override { return "grey.partitions"; }
  std::unique_ptr<rocksdb::SstPartitioner> CreatePartitioner(
      const rocksdb::SstPartitioner::Context& context) const override {
    return std::make_unique<Partitioner>(context.output_level == kLowestLevel ? kLowestWorthBytes
                                                                              : kWorthBytes);
  }
};

}  // namespace

std::shared_ptr<rocksdb::SstPartitionerFactory> make_partitioner_factory() {
  return std::make_shared<Factory>();
}

}  // namespace grey::rocks
