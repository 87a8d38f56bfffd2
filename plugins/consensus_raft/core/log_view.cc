#include "core/log_view.h"

#include <algorithm>

#include "core/check.h"
#include "grey/glue/mark.h"

namespace grey::raft {

LogView::LogView(LogPosition boundary, uint64_t boundary_timestamp_ms)
    : terms_{{boundary.index, boundary.term}},
      boundary_(boundary.index),
      last_(boundary.index),
      stable_(boundary.index),
      window_first_(boundary.index + 1),
      last_timestamp_ms_(boundary_timestamp_ms) {}

const LogView::TermRun& LogView::run_of(LogIndex index) const {
  // Nearly every lookup is about the newest run.
  if (terms_.back().first <= index) return terms_.back();
  const auto after =
      std::upper_bound(terms_.begin(), terms_.end(), index,
                       [](LogIndex wanted, const TermRun& run) { return wanted < run.first; });
  return *std::prev(after);
}

std::optional<Term> LogView::term_at(LogIndex index) const {
  if (index < boundary_ || index > last_) return std::nullopt;
  return run_of(index).term;
}

LogPosition LogView::last_possible_match(LogPosition near) const {
  LogIndex index = std::min(near.index, last_);
  if (index <= boundary_) return boundary();
  auto run = terms_.rbegin();
  while (run->first > boundary_ && (run->first > index || run->term > near.term)) {
    GREY_MARK("replication: a conflict hint skips a term");
    index = std::min(index, run->first - 1);
    ++run;
  }
  return {run->term, std::max(index, boundary_)};
}

void LogView::append(Entry entry) {
  GREY_RAFT_CHECK(entry.index == last_ + 1);
  GREY_RAFT_CHECK(entry.term >= terms_.back().term);
  if (entry.term != terms_.back().term) terms_.push_back({entry.index, entry.term});
  last_ = entry.index;
  last_timestamp_ms_ = std::max(last_timestamp_ms_, entry.timestamp_ms);
  window_bytes_ += size_of(entry);
  window_.push_back(std::move(entry));
}

void LogView::truncate(LogIndex from) {
  GREY_RAFT_CHECK(from > boundary_);
  if (from > last_) return;
  while (!window_.empty() && window_.back().index >= from) {
    window_bytes_ -= size_of(window_.back());
    window_.pop_back();
  }
  window_first_ = std::min(window_first_, from);
  while (terms_.size() > 1 && terms_.back().first >= from) terms_.pop_back();
  last_ = from - 1;
  stable_ = std::min(stable_, last_);
}

void LogView::mark_stable(LogIndex index) {
  GREY_RAFT_CHECK(index <= last_);
  stable_ = std::max(stable_, index);
}

void LogView::compact(LogIndex index) {
  GREY_RAFT_CHECK(index <= stable_);
  if (index <= boundary_) return;
  const Term boundary_term = run_of(index).term;
  const auto after = std::find_if(terms_.begin(), terms_.end(),
                                  [index](const TermRun& run) { return run.first > index; });
  terms_.erase(terms_.begin(), after);
  terms_.insert(terms_.begin(), {index, boundary_term});
  boundary_ = index;
  while (!window_.empty() && window_.front().index <= index) {
    window_bytes_ -= size_of(window_.front());
    window_.pop_front();
  }
  window_first_ = std::max(window_first_, index + 1);
}

void LogView::trim_memory(LogIndex index, uint64_t keep_bytes) {
  const LogIndex limit = std::min(index, stable_);
  while (window_bytes_ > keep_bytes && !window_.empty() && window_.front().index <= limit) {
    window_bytes_ -= size_of(window_.front());
    window_.pop_front();
    window_first_ = window_first_ + 1;
  }
}

const Entry& LogView::entry(LogIndex index) const {
  GREY_RAFT_CHECK(in_memory(index));
  return window_[index - window_first_];
}

void LogView::copy(LogIndex first, LogIndex last, uint64_t max_bytes, uint64_t max_count,
                   std::vector<Entry>* out) const {
  const LogIndex end = std::min(last, last_);
  uint64_t bytes = 0;
  uint64_t count = 0;
  for (LogIndex index = first; index <= end; index = index + 1) {
    out->push_back(entry(index));
    bytes += size_of(out->back());
    if (bytes >= max_bytes || ++count >= max_count) return;
  }
}

}  // namespace grey::raft
