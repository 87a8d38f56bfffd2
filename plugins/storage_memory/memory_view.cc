#include "memory_view.h"

#include <vector>

namespace grey::memory {

void scan_content(const Content& content, const ScanRequest& request, ScanDone* done) {
  auto first = content.lower_bound(text_of(request.start));
  auto last = request.end.size == 0 ? content.end() : content.lower_bound(text_of(request.end));
  // An empty or inverted range has nothing in it.
  if (request.end.size != 0 && text_of(request.end) <= text_of(request.start)) last = first;
  std::vector<ScanItem> items;
  uint64_t bytes = 0;
  const auto take = [&](const Content::value_type& pair) {
    const uint64_t size = pair.first.size() + (request.keys_only ? 0 : pair.second.size());
    if (!items.empty() && (items.size() >= request.max_items || bytes + size > request.max_bytes)) {
      return false;
    }
    bytes += size;
    items.push_back(
        {view_of(pair.first), request.keys_only ? ByteView{nullptr, 0} : pair.second.view()});
    return true;
  };
  bool more = false;
  if (request.reverse) {
    while (last != first && !more) more = !take(*--last);
  } else {
    for (; first != last && !more; ++first) more = !take(*first);
  }
  done->page(ok_status(), items.data(), static_cast<uint32_t>(items.size()), more);
}

void MemoryView::position(uint64_t* applied_index, uint64_t* applied_term) noexcept {
  *applied_index = applied_index_;
  *applied_term = applied_term_;
}

void MemoryView::submit_scan(Loop* loop, const ScanRequest* request, ScanDone* done) noexcept {
  post(loop,
       [content = content_, request = *request, done] { scan_content(*content, request, done); });
}

void MemoryImport::submit_add(Loop* loop, const ScanItem* items, uint32_t count, ByteView,
                              Completion* done) noexcept {
  for (uint32_t i = 0; i < count; ++i) {
    bytes_ += items[i].key.size + items[i].value.size;
    content_->insert_or_assign(string_of(items[i].key), Buffer::copy_of(items[i].value));
  }
  post(loop, [done] { done->complete(ok_status()); });
}

void MemoryImport::submit_commit(Loop* loop, Completion* done) noexcept {
  {
    std::lock_guard lock(partition_->mutex);
    partition_->content = content_;
    partition_->bytes = bytes_;
    partition_->applied_index = applied_index_;
    partition_->applied_term = applied_term_;
    partition_->label = label_;
    ++partition_->generation;
  }
  content_ = std::make_shared<Content>();
  post(loop, [done] { done->complete(ok_status()); });
}

}  // namespace grey::memory
