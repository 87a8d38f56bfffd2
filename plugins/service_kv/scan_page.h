// A page of one shard, as asked for and as answered, between loops and between nodes.
#ifndef GREY_SERVICE_KV_SCAN_PAGE_H_
#define GREY_SERVICE_KV_SCAN_PAGE_H_

#include <cstdint>
#include <vector>

#include "grey/glue/bytes.h"
#include "grey/kv.h"
#include "grey/storage.h"

namespace grey::kv {

// `start` and `end` are engine keys, borrowed from what they were decoded from.
struct ScanArguments {
  uint32_t limit = 0;
  uint64_t max_bytes = 0;
  bool reverse = false;
  bool keys_only = false;
  ByteView start{nullptr, 0};
  ByteView end{nullptr, 0};
};

Buffer encode_scan_arguments(const ScanArguments& arguments);
bool decode_scan_arguments(ByteView bytes, ScanArguments* out);

// Takes engine items with their records; strips prefixes, record headers and, with keys_only,
// values. `corruption` or `incompatible` when a record is not one.
Status encode_scan_page(const ScanItem* items, uint32_t count, bool more, bool keys_only,
                        Buffer* out);
// Items borrow from `page`.
bool decode_scan_page(ByteView page, std::vector<KvItem>* items, bool* more);

}  // namespace grey::kv

#endif  // GREY_SERVICE_KV_SCAN_PAGE_H_
