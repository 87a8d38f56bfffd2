#include "driver/read_queue.h"

#include <algorithm>
#include <utility>

#include "grey/glue/mark.h"

namespace grey::raft {

void ReadQueue::finish(Reads* reads, Status status) {
  for (const Read& read : *reads) read.done->readable(status);
}

void ReadQueue::add(ReadDone* done, uint64_t deadline_ns) {
  if (empty()) next_deadline_ns_ = UINT64_MAX;
  next_deadline_ns_ = std::min(next_deadline_ns_, deadline_ns);
  added_.push_back({done, deadline_ns});
}

uint64_t ReadQueue::begin_request() {
  if (added_.empty()) return 0;
  asked_.emplace(++last_request_, std::move(added_));
  added_.clear();
  return last_request_;
}

void ReadQueue::answered(uint64_t request, bool ok, LogIndex index, LogIndex applied) {
  auto found = asked_.extract(request);
  if (found.empty()) return;  // all of them have timed out
  if (!ok) {
    GREY_MARK("read: not confirmed, to be asked again");
    finish(&found.mapped(), make_status(StatusCode::not_leader, "no leader confirmed the read"));
  } else if (index <= applied) {
    finish(&found.mapped(), ok_status());
  } else {
    GREY_MARK("read: confirmed, waits for the state machine");
    waiting_.emplace(index, std::move(found.mapped()));
  }
}

void ReadQueue::applied(LogIndex index) {
  while (!waiting_.empty() && waiting_.begin()->first <= index) {
    auto first = waiting_.extract(waiting_.begin());
    finish(&first.mapped(), ok_status());
  }
}

void ReadQueue::expire(uint64_t now_ns) {
  if (now_ns < next_deadline_ns()) return;
  Reads expired;
  uint64_t next = UINT64_MAX;
  const auto sift = [&](Reads& reads) {
    std::erase_if(reads, [&](const Read& read) {
      if (read.deadline_ns > now_ns) {
        next = std::min(next, read.deadline_ns);
        return false;
      }
      expired.push_back(read);
      return true;
    });
    return reads.empty();
  };
  sift(added_);
  for (auto at = asked_.begin(); at != asked_.end();) {
    at = sift(at->second) ? asked_.erase(at) : std::next(at);
  }
  for (auto at = waiting_.begin(); at != waiting_.end();) {
    at = sift(at->second) ? waiting_.erase(at) : std::next(at);
  }
  next_deadline_ns_ = next;
  if (!expired.empty()) GREY_MARK("read: timed out");
  finish(&expired, make_status(StatusCode::timed_out, "no quorum confirmed the read in time"));
}

void ReadQueue::cancel_all(Status status) {
  Reads all = std::exchange(added_, {});
  for (auto& [request, reads] : std::exchange(asked_, {})) {
    all.insert(all.end(), reads.begin(), reads.end());
  }
  for (auto& [index, reads] : std::exchange(waiting_, {})) {
    all.insert(all.end(), reads.begin(), reads.end());
  }
  finish(&all, status);
}

}  // namespace grey::raft
