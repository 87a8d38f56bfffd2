#include "rocks_scan.h"

#include <algorithm>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "rocks_options.h"
#include "rocks_page_cache.h"

namespace grey::rocks {
namespace {

constexpr uint64_t kMostReserved = 1 << 20;  // for a page that may be as large as `max_bytes`

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

// An iterator and the bounds that it borrows.
class Cursor {
 public:
  Cursor(rocksdb::DB* db, rocksdb::ReadOptions options, std::string lower, std::string upper)
      : lower_(std::move(lower)),
        upper_(std::move(upper)),
        lower_bound_(lower_),
        upper_bound_(upper_) {
    options.iterate_lower_bound = &lower_bound_;
    options.iterate_upper_bound = &upper_bound_;
    // What a compaction has replaced meanwhile is deleted by RocksDB's own threads, not by the one
    // that ends the iterator, which may be a loop.
    options.background_purge_on_iterator_cleanup = true;
    iterator_.reset(db->NewIterator(options));
  }
  Cursor(const Cursor&) = delete;
  Cursor& operator=(const Cursor&) = delete;

  rocksdb::Iterator& iterator() { return *iterator_; }
  const std::string& upper() const { return upper_; }

  // Where a page has ended, as the `lower` of a scan that goes on there.
  std::string next;
  uint64_t bytes = 0;  // that it has given
  uint64_t made_at_ns = 0;

 private:
  const std::string lower_;
  const std::string upper_;
  const rocksdb::Slice lower_bound_;
  const rocksdb::Slice upper_bound_;
  std::unique_ptr<rocksdb::Iterator> iterator_;
};

}  // namespace

// Seeking opens a table of every level and reads ahead in each of them: for pages of 256 KiB that
// was most of the work of a snapshot's sender. So a view goes on where its last page has ended.
//
// An iterator holds on to the tables and memtables of its beginning. It is not gone on with after a
// while, but one that nobody goes on with stays until the view is released.
class KeptCursor {
 public:
  // Null when there is none at this place.
  std::unique_ptr<Cursor> take(const std::string& lower, const std::string& upper,
                               uint64_t now_ns) {
    const std::lock_guard lock(mutex_);
    if (!cursor_ || cursor_->next != lower || cursor_->upper() != upper) return nullptr;
    return is_young(*cursor_, now_ns) ? std::move(cursor_) : nullptr;
  }
  // The one before it ends.
  void keep(std::unique_ptr<Cursor> cursor, uint64_t now_ns) {
    if (!is_young(*cursor, now_ns)) return;
    const std::lock_guard lock(mutex_);
    std::swap(cursor_, cursor);
  }

 private:
  static bool is_young(const Cursor& cursor, uint64_t now_ns) {
    constexpr uint64_t kMostBytes = 32 << 20;
    constexpr uint64_t kMostNs = 2'000'000'000;
    return cursor.bytes < kMostBytes && now_ns - cursor.made_at_ns < kMostNs;
  }

  std::mutex mutex_;
  std::unique_ptr<Cursor> cursor_;
};

namespace {

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

  // Of the newest state.
  Page run(rocksdb::DB* db) {
    Page page;
    if (lower_ >= upper_) return page;
    Cursor cursor(db, rocksdb::ReadOptions(), lower_, upper_);
    begin(cursor);
    fill(cursor, page);
    return page;
  }

  // Of a frozen one: who reads that reads all of it, once, page by page.
  Page run(rocksdb::DB* db, const rocksdb::Snapshot* snapshot, KeptCursor* kept) {
    Page page;
    if (lower_ >= upper_) return page;
    const UncachedReads uncached;
    page.arena.reserve(std::min(request_.max_bytes, kMostReserved));
    const uint64_t now_ns = db->GetEnv()->NowNanos();
    std::unique_ptr<Cursor> cursor;
    if (!request_.reverse) cursor = kept->take(lower_, upper_, now_ns);
    if (!cursor) {
      rocksdb::ReadOptions options;
      options.snapshot = snapshot;
      options.fill_cache = false;
      options.readahead_size = request_.max_bytes;
      cursor = std::make_unique<Cursor>(db, options, lower_, upper_);
      cursor->made_at_ns = now_ns;
      begin(*cursor);
    }
    fill(*cursor, page);
    if (request_.reverse || !page.more) return page;
    const Page::Extent& last = page.extents.back();
    cursor->next = lower_.substr(0, kDataPrefixBytes);
    cursor->next.append(page.arena, last.key_offset, last.key_size).push_back('\0');
    cursor->bytes += page.arena.size();
    kept->keep(std::move(cursor), now_ns);
    return page;
  }

 private:
  void begin(Cursor& cursor) const {
    request_.reverse ? cursor.iterator().SeekToLast() : cursor.iterator().SeekToFirst();
  }

  void fill(Cursor& cursor, Page& page) const {
    rocksdb::Iterator& it = cursor.iterator();
    while (it.Valid() && take(it, page)) request_.reverse ? it.Prev() : it.Next();
    page.status = to_status(it.status());
  }

  // False when the page is full: the item at hand is not part of it.
  bool take(const rocksdb::Iterator& it, Page& page) const {
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

// Reads a page on a worker and tells `done` on `loop`.
template <typename Read>
void submit_read(Workers* workers, Loop* loop, Read read, ScanDone* done) {
  auto work = [loop, read = std::move(read), done]() mutable {
    const auto page = [&] {
      // What it holds of the database ends before anybody may close that.
      Read once = std::move(read);
      return std::make_shared<Page>(once());
    }();
    post(loop, [page, done] { deliver(*page, done); });
  };
  if (submit(workers, std::move(work))) return;
  post(loop, [done] {
    done->page(make_status(StatusCode::busy, "the workers' queue is full"), nullptr, 0, false);
  });
}

}  // namespace

void submit_scan(RocksEngine* engine, Workers* workers, Loop* loop, const ScanRequest& request,
                 uint32_t partition, uint64_t generation, ScanDone* done) {
  auto read = [engine, scan = Scan(request, partition, generation)]() mutable {
    return scan.run(engine->db());
  };
  submit_read(workers, loop, std::move(read), done);
}

RocksView::RocksView(RocksEngine* engine, Workers* workers, uint32_t partition,
                     const Position& position)
    : engine_(engine),
      workers_(workers),
      partition_(partition),
      position_(position),
      snapshot_(
          engine->db()->GetSnapshot(),
          [engine](const rocksdb::Snapshot* snapshot) { engine->db()->ReleaseSnapshot(snapshot); }),
      kept_(std::make_shared<KeptCursor>()) {}

void RocksView::position(uint64_t* applied_index, uint64_t* applied_term) noexcept {
  *applied_index = position_.applied_index;
  *applied_term = position_.applied_term;
}

void RocksView::submit_scan(Loop* loop, const ScanRequest* request, ScanDone* done) noexcept {
  auto read = [engine = engine_, scan = Scan(*request, partition_, position_.generation),
               snapshot = snapshot_, kept = kept_]() mutable {
    return scan.run(engine->db(), snapshot.get(), kept.get());
  };
  submit_read(workers_, loop, std::move(read), done);
}

}  // namespace grey::rocks
