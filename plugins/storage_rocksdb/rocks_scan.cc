#include "rocks_scan.h"

#include <vector>

#include "rocks_options.h"

namespace grey::rocks {
namespace {

// A page whose bytes live in one arena, since the iterator's do not survive its next step.
struct Page {
  Status status = ok_status();
  std::string arena;
  struct Extent {
    size_t key_offset, key_size, value_offset, value_size;
  };
  std::vector<Extent> extents;
  bool more = false;
};

class Scan {
 public:
  Scan(const ScanRequest& request, uint32_t partition, uint64_t generation)
      : request_(request), lower_(data_prefix(partition, generation)), upper_(lower_) {
    lower_.append(text_of(request.start));
    if (request.end.size != 0) {
      upper_.append(text_of(request.end));
    } else {
      upper_ = data_prefix(partition, generation + 1);
    }
  }

  Page run(rocksdb::DB* db, const rocksdb::Snapshot* snapshot) {
    Page page;
    if (lower_ >= upper_) return page;
    const rocksdb::Slice lower(lower_), upper(upper_);
    rocksdb::ReadOptions options;
    options.snapshot = snapshot;
    // Who reads a frozen partition reads all of it, once.
    if (snapshot) {
      options.fill_cache = false;
      options.readahead_size = request_.max_bytes;
    }
    options.iterate_lower_bound = &lower;
    options.iterate_upper_bound = &upper;
    std::unique_ptr<rocksdb::Iterator> it(db->NewIterator(options));
    const bool reverse = request_.reverse != 0;
    reverse ? it->SeekToLast() : it->SeekToFirst();
    while (it->Valid() && take(*it, page)) reverse ? it->Prev() : it->Next();
    page.status = to_status(it->status());
    return page;
  }

 private:
  // False when the page is full: the item at hand is not part of it.
  bool take(const rocksdb::Iterator& it, Page& page) {
    const rocksdb::Slice key(it.key().data() + kDataPrefixBytes,
                             it.key().size() - kDataPrefixBytes);
    const rocksdb::Slice value = request_.keys_only ? rocksdb::Slice() : it.value();
    const bool full = page.extents.size() >= request_.max_items ||
                      page.arena.size() + key.size() + value.size() > request_.max_bytes;
    if (full && !page.extents.empty()) {
      page.more = true;
      return false;
    }
    page.extents.push_back(
        {page.arena.size(), key.size(), page.arena.size() + key.size(), value.size()});
    page.arena.append(key.data(), key.size());
    page.arena.append(value.data(), value.size());
    return true;
  }

  const ScanRequest request_;
  std::string lower_;
  std::string upper_;
};

void deliver(const Page& page, ScanDone* done) {
  std::vector<ScanItem> items;
  items.reserve(page.extents.size());
  const auto* base = reinterpret_cast<const uint8_t*>(page.arena.data());
  for (const Page::Extent& extent : page.extents) {
    items.push_back({{base + extent.key_offset, extent.key_size},
                     {base + extent.value_offset, extent.value_size}});
  }
  done->page(page.status, items.data(), static_cast<uint32_t>(items.size()), page.more);
}

}  // namespace

void submit_scan(RocksEngine* engine, Workers* workers, Loop* loop, const ScanRequest& request,
                 uint32_t partition, uint64_t generation,
                 std::shared_ptr<const rocksdb::Snapshot> snapshot, ScanDone* done) {
  auto work = [engine, loop, scan = Scan(request, partition, generation),
               snapshot = std::move(snapshot), done]() mutable {
    auto page = std::make_shared<Page>(scan.run(engine->db(), snapshot.get()));
    post(loop, [page, done] { deliver(*page, done); });
  };
  if (submit(workers, std::move(work))) return;
  post(loop, [done] {
    done->page(make_status(StatusCode::busy, "the workers' queue is full"), nullptr, 0, false);
  });
}

RocksView::RocksView(RocksEngine* engine, Workers* workers, uint32_t partition,
                     const Position& position)
    : engine_(engine),
      workers_(workers),
      partition_(partition),
      position_(position),
      snapshot_(engine->db()->GetSnapshot(), [engine](const rocksdb::Snapshot* snapshot) {
        engine->db()->ReleaseSnapshot(snapshot);
      }) {}

void RocksView::position(uint64_t* applied_index, uint64_t* applied_term) noexcept {
  *applied_index = position_.applied_index;
  *applied_term = position_.applied_term;
}

void RocksView::submit_scan(Loop* loop, const ScanRequest* request, ScanDone* done) noexcept {
  rocks::submit_scan(engine_, workers_, loop, *request, partition_, position_.generation, snapshot_,
                     done);
}

}  // namespace grey::rocks
