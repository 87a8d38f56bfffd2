#include "host/timer_queue.h"

#include <algorithm>

namespace greyd {

bool TimerQueue::before(const TimerEntry* a, const TimerEntry* b) {
  if (a->deadline_ns != b->deadline_ns) return a->deadline_ns < b->deadline_ns;
  return a->sequence < b->sequence;
}

void TimerQueue::place(TimerEntry* entry, size_t position) {
  heap_[position] = entry;
  entry->position = position;
}

void TimerQueue::sift_up(TimerEntry* entry, size_t position) {
  while (position > 0) {
    const size_t parent = (position - 1) / 2;
    if (!before(entry, heap_[parent])) break;
    place(heap_[parent], position);
    position = parent;
  }
  place(entry, position);
}

void TimerQueue::sift_down(TimerEntry* entry, size_t position) {
  for (;;) {
    size_t child = 2 * position + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && before(heap_[child + 1], heap_[child])) ++child;
    if (!before(heap_[child], entry)) break;
    place(heap_[child], position);
    position = child;
  }
  place(entry, position);
}

void TimerQueue::arm(TimerEntry* entry, uint64_t deadline_ns) {
  cancel(entry);
  entry->deadline_ns = std::max(deadline_ns, earliest_ns_);
  entry->sequence = next_sequence_++;
  heap_.push_back(entry);
  sift_up(entry, heap_.size() - 1);
}

void TimerQueue::cancel(TimerEntry* entry) {
  const size_t position = entry->position;
  if (position == TimerEntry::kNotArmed) return;
  entry->position = TimerEntry::kNotArmed;
  TimerEntry* last = heap_.back();
  heap_.pop_back();
  if (last == entry) return;
  if (position > 0 && before(last, heap_[(position - 1) / 2])) {
    sift_up(last, position);
  } else {
    sift_down(last, position);
  }
}

uint64_t TimerQueue::next_deadline_ns() const {
  return heap_.empty() ? kNone : heap_.front()->deadline_ns;
}

void TimerQueue::run_due(uint64_t now_ns) {
  earliest_ns_ = now_ns + 1;
  while (!heap_.empty() && heap_.front()->deadline_ns <= now_ns) {
    TimerEntry* entry = heap_.front();
    cancel(entry);
    entry->task->run();  // may free the entry
  }
  earliest_ns_ = 0;
}

}  // namespace greyd
