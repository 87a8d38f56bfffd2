#include "core/progress.h"

#include <algorithm>

#include "core/check.h"
#include "grey/glue/mark.h"

namespace grey::raft {

bool Progress::can_send() const {
  if (fetching_) return false;
  switch (state_) {
    case ProgressState::probe:
      return !waiting_;
    case ProgressState::replicate:
      return !inflights_.full();
    case ProgressState::snapshot:
      return false;
  }
  return false;
}

void Progress::sent(LogIndex last, uint64_t bytes) {
  GREY_RAFT_CHECK(can_send() && last + 1 >= next_);
  if (state_ == ProgressState::probe) {
    waiting_ = true;
    return;
  }
  if (last < next_) return;
  inflights_.add(last, bytes);
  next_ = last + 1;
}

bool Progress::accepted(LogIndex index) {
  const bool news = index > match_;
  match_ = std::max(match_, index);
  next_ = std::max(next_, match_ + 1);
  inflights_.free_through(index);
  if (state_ == ProgressState::probe) {
    // Whatever it was that arrived, the logs meet at `match_`.
    if (index + 1 >= next_ || news) {
      state_ = ProgressState::replicate;
      next_ = match_ + 1;
      inflights_.clear();
    }
    waiting_ = false;
  }
  return news;
}

bool Progress::rejected(LogIndex rejected, LogIndex meeting_point) {
  if (rejected <= match_) {
    GREY_MARK("replication: a late refusal of what matches by now");
    return false;
  }
  switch (state_) {
    case ProgressState::snapshot:
      return false;
    case ProgressState::replicate:
      if (rejected >= next_) return false;
      GREY_MARK("replication: a gap in what was sent ahead");
      become_probe();
      next_ = std::max(match_, std::min(rejected - 1, meeting_point)) + 1;
      return true;
    case ProgressState::probe:
      if (rejected + 1 != next_) return false;
      next_ = std::max(match_, std::min(rejected - 1, meeting_point)) + 1;
      waiting_ = false;
      return true;
  }
  return false;
}

void Progress::resume() {
  waiting_ = false;
}

void Progress::become_probe() {
  state_ = ProgressState::probe;
  next_ = match_ + 1;
  waiting_ = false;
  fetching_ = false;
  inflights_.clear();
}

void Progress::become_snapshot() {
  become_probe();
  state_ = ProgressState::snapshot;
}

void Progress::snapshot_ended(LogIndex installed) {
  if (state_ != ProgressState::snapshot) return;
  become_probe();
  next_ = std::max(next_, installed + 1);
}

void Progress::lost_its_log(LogIndex last) {
  match_ = LogIndex(0);
  become_probe();
  next_ = last + 1;
  damaged_ = true;
}

}  // namespace grey::raft
