#include "range.h"

#include <algorithm>

#include "placement.h"
#include "value_record.h"

namespace grey::kv {
namespace {

constexpr uint32_t kWindow = 64;  // shards asked at a time
constexpr uint32_t kPartItems = 128;
// Of one shard's first answer, so that all of them together stay near twice the page that is asked
// for, however many shards there are.
constexpr uint64_t kPartBytes = 64 << 10;
constexpr uint64_t kAllPartsBytes = 8 << 20;

// What the ranges of one loop may hold before no further one is begun.
constexpr uint32_t kMaxJobs = 64;
constexpr uint64_t kMaxHeldBytes = 64 << 20;

std::string engine_bound(ByteView key) {
  std::string bound(1, static_cast<char>(kDataPrefix));
  bound.append(text_of(key));
  return bound;
}

}  // namespace

void RangeJob::start(RouterShared* shared, Router* router, Loop* loop,
                     const KvRangeRequest& request, KvRangeDone* done) {
  KvCode refusal = KvCode::ok;
  if (!router->serving() || shared->draining.load()) refusal = KvCode::starting;
  if (request.limit == 0) refusal = KvCode::bad_request;
  const RangeLoad& load = router->range_load();
  if (load.jobs >= kMaxJobs || load.held_bytes >= kMaxHeldBytes) refusal = KvCode::busy;
  const bool empty = request.end.size != 0 && text_of(request.start) >= text_of(request.end);
  if (refusal != KvCode::ok || empty) {
    router->count(OperationKind::scan, refusal);
    post(loop, [refusal, done] {
      done->done(refusal, usual_message(refusal), nullptr, 0, false, kAgeUnknown);
    });
    return;
  }
  (new RangeJob(router, loop, router->shards(), request, done))->ask_more();
}

RangeJob::RangeJob(Router* router, Loop* loop, uint32_t shards, const KvRangeRequest& request,
                   KvRangeDone* done)
    : router_(router),
      loop_(loop),
      done_(done),
      limit_(request.limit),
      max_bytes_(request.max_bytes),
      reverse_(request.reverse != 0),
      consistency_(request.consistency),
      deadline_ns_(request.deadline_ns != 0 ? request.deadline_ns : loop->now_ns() + 5'000'000'000),
      parts_(shards) {
  ++router_->range_load().jobs;
  const std::string start = engine_bound(request.start);
  const std::string end = request.end.size != 0 ? engine_bound(request.end)
                                                : std::string(1, static_cast<char>(kDataEnd));
  ScanArguments arguments;
  arguments.limit = std::min(limit_, kPartItems + 2 * limit_ / shards);
  arguments.max_bytes =
      std::min(max_bytes_, std::min(kPartBytes, kAllPartsBytes / shards) + 2 * max_bytes_ / shards);
  arguments.reverse = reverse_;
  arguments.keys_only = request.keys_only != 0;
  arguments.start = view_of(start);
  arguments.end = view_of(end);
  arguments_ = encode_scan_arguments(arguments);
}

RangeJob::~RangeJob() {
  RangeLoad& load = router_->range_load();
  --load.jobs;
  load.held_bytes -= held_bytes_;
}

void RangeJob::ask_more() {
  while (asked_ < parts_.size() && asked_ - answered_ < kWindow && code_ == KvCode::ok) {
    auto* operation = new Operation;
    operation->kind = OperationKind::scan;
    operation->consistency = consistency_;
    operation->group = group_of_shard(asked_);
    operation->deadline_ns = deadline_ns_;
    operation->payload = arguments_;
    operation->sink = this;
    ++asked_;
    router_->submit_internal(operation);
  }
}

void RangeJob::operation_done(Operation* operation) noexcept {
  ++answered_;
  Part& part = parts_[operation->group - 1];
  if (operation->code != KvCode::ok) {
    code_ = operation->code;
  } else {
    part.page = operation->value;
    current_at_ns_ = std::min(current_at_ns_, operation->current_at_ns);
    held_bytes_ += part.page.size();
    router_->range_load().held_bytes += part.page.size();
    if (!decode_scan_page(part.page.view(), &part.items, &part.more)) code_ = KvCode::internal;
  }
  delete operation;
  ask_more();
  if (answered_ != asked_) return;
  answer();
  delete this;
}

void RangeJob::answer() {
  std::vector<KvItem> items;
  bool more = false;
  if (code_ == KvCode::ok) merge(&items, &more);
  router_->count(OperationKind::scan, code_);
  done_->done(code_, usual_message(code_), items.data(), static_cast<uint32_t>(items.size()), more,
              age_ms(current_at_ns_, router_->exact_now_ns()));
}

// The part whose next item comes first in the order asked for; null when all are used up.
RangeJob::Part* RangeJob::first_part() {
  Part* best = nullptr;
  for (Part& part : parts_) {
    if (part.next == part.items.size()) continue;
    if (!best) {
      best = &part;
      continue;
    }
    const int order =
        text_of(part.items[part.next].key).compare(text_of(best->items[best->next].key));
    if (reverse_ ? order > 0 : order < 0) best = &part;
  }
  return best;
}

void RangeJob::merge(std::vector<KvItem>* out, bool* more) {
  uint64_t bytes = 0;
  while (Part* part = first_part()) {
    const KvItem& item = part->items[part->next];
    bytes += item.key.size + item.value.size;
    if (out->size() == limit_ || (bytes > max_bytes_ && !out->empty())) {
      *more = true;
      return;
    }
    out->push_back(item);
    ++part->next;
    if (part->next == part->items.size() && part->more) {
      *more = true;
      return;
    }
  }
}

}  // namespace grey::kv
