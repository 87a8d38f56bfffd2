#include "driver/applier.h"

#include <algorithm>
#include <utility>

#include "grey/glue/mark.h"

namespace grey::raft {
namespace {

constexpr size_t kBatchEntries = 1024;
constexpr uint64_t kBatchBytes = 4 << 20;

// A tenth of a second adds little to what a stale read may miss anyway, and to a new leader's
// start.
constexpr uint64_t kGatherNs = 100'000'000;
constexpr uint64_t kGatherEntries = 512;
constexpr uint64_t kGatherBytes = 256 << 10;

}  // namespace

void Applier::extend(LogIndex until) {
  if (next_ > until_) {
    behind_since_ns_ = rest_since_ns_ = host_->now().monotonic_ns;
    gathered_bytes_ = 0;
  }
  const LogView& log = target_->log_view();
  for (LogIndex index = until_ + 1; index <= until && gathered_bytes_ < kGatherBytes;
       index = index + 1) {
    gathered_bytes_ += log.in_memory(index) ? size_of(log.entry(index)) : kGatherBytes;
  }
  until_ = until;
}

void Applier::run_at_leisure() {
  const uint64_t deadline = next_deadline_ns();
  if (deadline == UINT64_MAX) return;
  const bool awaited = !proposals_.empty();
  const bool enough = until_ - next_ + 1 >= kGatherEntries || gathered_bytes_ >= kGatherBytes;
  if (awaited || enough || host_->now().monotonic_ns >= deadline) run();
}

uint64_t Applier::next_deadline_ns() const {
  if (busy_ || paused_ || stopped_ || next_ > until_) return UINT64_MAX;
  return behind_since_ns_ + kGatherNs;
}

void Applier::run() {
  if (busy_ || paused_ || stopped_ || next_ > until_) return;
  if (!collect()) return fetch();
  if (batch_.back().index == until_.value()) rest_since_ns_ = host_->now().monotonic_ns;
  began_ns_ = host_->host()->clock()->monotonic_ns();
  busy_ = true;
  const Status status = machine_->apply(batch_.data(), static_cast<uint32_t>(batch_.size()), this);
  if (status.code != StatusCode::would_block) finish(status);
}

void Applier::complete(Status status) noexcept {
  finish(status);
}

void Applier::finish(Status status) {
  busy_ = false;
  if (stopped_) return target_->apply_again();
  if (!status.ok()) {
    stopped_ = true;
    return target_->apply_failed(status);
  }
  observe(host_->metrics().apply_seconds,
          static_cast<double>(host_->host()->clock()->monotonic_ns() - began_ns_) * 1e-9);
  next_ = LogIndex(batch_.back().index) + 1;
  behind_since_ns_ = rest_since_ns_;
  batch_.clear();
  payloads_.clear();
  fetched_.clear();
  target_->applied_through(next_ - 1);
  if (next_ <= until_) target_->apply_again();
}

// Builds the next batch from what is in memory. False when the first entry is not.
bool Applier::collect() {
  batch_.clear();
  payloads_.clear();
  size_t proposal = 0;
  uint64_t bytes = 0;
  if (!fetched_.empty()) {
    for (const Entry& entry : fetched_) add(entry, &proposal);
    return true;
  }
  const LogView& log = target_->log_view();
  for (LogIndex index = next_; index <= until_; index = index + 1) {
    if (!log.in_memory(index)) break;
    add(log.entry(index), &proposal);
    bytes += batch_.back().payload.size;
    if (batch_.size() >= kBatchEntries || bytes >= kBatchBytes) break;
  }
  return !batch_.empty();
}

// Entries of the consensus itself reach the state machine without payload, so that it sees no gap.
void Applier::add(const Entry& entry, size_t* proposal) {
  CommittedEntry committed{entry.index.value(), entry.term.value(), entry.timestamp_ms,
                           BufferRef{nullptr, 0, nullptr}, nullptr};
  if (entry.type == EntryType::command) {
    // The log may let go of it before it is applied.
    payloads_.push_back(entry.payload);
    committed.payload = entry.payload.ref();
  }
  while (*proposal < proposals_.size() && proposals_[*proposal].index < entry.index) ++*proposal;
  if (*proposal < proposals_.size() && proposals_[*proposal].index == entry.index) {
    committed.proposal = proposals_[*proposal].proposal;
  }
  batch_.push_back(committed);
}

void Applier::fetch() {
  busy_ = true;
  const LogView& log = target_->log_view();
  const LogIndex last =
      log.memory_first() > next_ ? std::min(until_, log.memory_first() - 1) : until_;
  target_->read_log(next_, last, kBatchBytes, [this](Status status, std::vector<Entry> entries) {
    busy_ = false;
    if (stopped_) return target_->apply_again();
    const bool good = status.ok() && !entries.empty() && follow(entries);
    if (!good) {
      stopped_ = true;
      return target_->apply_failed(
          status.ok() ? make_status(StatusCode::corruption, "the log has lost an entry") : status);
    }
    fetched_ = std::move(entries);
    target_->apply_again();
  });
}

// Whether they are what is to be applied next. What is committed is never cut off, so anything else
// is not what was written.
bool Applier::follow(const std::vector<Entry>& entries) const {
  LogIndex expected = next_;
  for (const Entry& entry : entries) {
    if (!target_->log_view().matches({entry.term, entry.index}) || entry.index != expected) {
      return false;
    }
    expected = expected + 1;
  }
  return true;
}

void Applier::skip_to(LogIndex index) {
  next_ = index + 1;
  if (until_ < index) until_ = index;
  fetched_.clear();
}

std::vector<Applier::Committed> Applier::take_through(LogIndex index) {
  std::vector<Committed> taken;
  while (!proposals_.empty() && proposals_.front().index <= index) {
    taken.push_back(proposals_.front());
    proposals_.pop_front();
  }
  return taken;
}

std::vector<Applier::Committed> Applier::take_abandoned() {
  const LogIndex held(busy_ && !batch_.empty() ? batch_.back().index : 0);
  const auto first = std::find_if(proposals_.begin(), proposals_.end(),
                                  [held](const Committed& one) { return one.index > held; });
  if (held != LogIndex(0)) GREY_MARK("apply: given up while the state machine works");
  std::vector<Committed> taken(first, proposals_.end());
  proposals_.erase(first, proposals_.end());
  return taken;
}

}  // namespace grey::raft
