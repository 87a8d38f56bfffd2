// One page over all shards: every shard is asked once for its part, then the parts are merged.
#ifndef GREY_SERVICE_KV_RANGE_H_
#define GREY_SERVICE_KV_RANGE_H_

#include <vector>

#include "operation.h"
#include "router.h"
#include "scan_page.h"

namespace grey::kv {

// Deletes itself after its one answer. On the loop of its router.
//
// A shard's part is one moment of that shard. Where a part ends before the page is full, the page
// ends there too, rather than showing a second moment of the same shard: it is then shorter than
// asked for and says that the range goes on.
class RangeJob final : private OperationSink {
 public:
  static void start(RouterShared* shared, Router* router, Loop* loop, const KvRangeRequest& request,
                    KvRangeDone* done);

 private:
  struct Part {
    Buffer page;
    std::vector<KvItem> items;
    size_t next = 0;
    bool more = false;
  };

  RangeJob(Router* router, Loop* loop, uint32_t shards, const KvRangeRequest& request,
           KvRangeDone* done);
  ~RangeJob();
  void ask_more();
  void operation_done(Operation* operation) noexcept override;
  void answer();
  void merge(std::vector<KvItem>* out, bool* more);
  Part* first_part();

  Router* router_;
  Loop* loop_;
  KvRangeDone* done_;
  const uint32_t limit_;
  const uint64_t max_bytes_;
  const bool reverse_;
  const KvConsistency consistency_;
  const uint64_t deadline_ns_;
  Buffer arguments_;
  std::vector<Part> parts_;
  uint64_t held_bytes_ = 0;  // of the pages in parts_
  uint32_t asked_ = 0;
  uint32_t answered_ = 0;
  uint64_t current_at_ns_ = UINT64_MAX;  // the least; 0, unknown, is below all
  KvCode code_ = KvCode::ok;
};

}  // namespace grey::kv

#endif  // GREY_SERVICE_KV_RANGE_H_
