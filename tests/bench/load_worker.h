#ifndef GREY_TESTS_BENCH_LOAD_WORKER_H_
#define GREY_TESTS_BENCH_LOAD_WORKER_H_

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <queue>
#include <string>
#include <utility>
#include <vector>

#include "connection.h"
#include "options.h"
#include "tally.h"
#include "workload.h"

namespace grey::bench {

// One client thread: an epoll loop over its share of the connections.
//
// Closed loop: every connection always has --pipeline requests under way. Open loop: requests fall
// due at fixed times, whatever the server does; one that finds no free connection waits, and the
// wait is part of its latency. After an error a closed-loop connection pauses for 2 ms; a broken
// connection is opened again, at first at once, then after pauses of 10 to 200 ms.
class LoadWorker {
 public:
  // `number` counts the workers from 0. All pointers and references must outlive the worker.
  LoadWorker(const Options& options, const Schedule& schedule, int number,
             LastSuccess* last_success, std::atomic<uint64_t>* load_cursor);
  ~LoadWorker();
  LoadWorker(const LoadWorker&) = delete;
  LoadWorker& operator=(const LoadWorker&) = delete;

  // Returns when the schedule, or for a load the keys, have been worked off. A load that sees no
  // success for 30 s gives up, with the error kind "gave_up".
  void run();

  // To be read after run().
  [[nodiscard]] const Tally& tally() const { return tally_; }

 private:
  struct Slot {
    Connection connection;
    size_t endpoint = 0;
    uint32_t generation = 0;  // tells events of an earlier socket from those of the present one
    int64_t opened_ns = 0;
    int failures = 0;          // since the last response
    int64_t paused_until = 0;  // closed loop, after an error
    bool listed = false;       // in free_slots_
  };
  using Timer = std::pair<int64_t, size_t>;  // when, slot

  void open_slot(size_t index);
  void fail_slot(size_t index, const char* kind);
  void drop_expired(int64_t now);
  void run_timers(int64_t now);
  void pause_slot(size_t index, int64_t now);

  void handle_event(uint64_t tag, uint32_t events);
  void read_slot(size_t index);
  // False if the slot was closed meanwhile.
  bool take_response(size_t index, int64_t now);

  // Gives a slot that has room new work: closed loop.
  void fill(size_t index);
  // Hands due requests to slots that have room: open loop.
  void dispatch(int64_t now);
  void send(size_t index, const Request& request, int64_t due_ns, int64_t now);
  void work_on(size_t index);

  [[nodiscard]] bool open_loop() const { return options_.rate > 0; }
  [[nodiscard]] bool has_room(size_t index) const;
  [[nodiscard]] int64_t due_time(uint64_t arrival) const;
  [[nodiscard]] bool backlog() const;
  [[nodiscard]] bool finished(int64_t now) const;
  [[nodiscard]] int64_t next_wake(int64_t now) const;
  void wait(int64_t until, int64_t now);
  void count_unfinished(int64_t now);

  const Options& options_;
  const Schedule schedule_;
  const int number_;
  const int64_t timeout_ns_;
  Workload workload_;
  Tally tally_;
  int epoll_fd_ = -1;
  std::deque<Slot> slots_;  // a deque, since a slot cannot be moved
  std::deque<size_t> free_slots_;
  std::priority_queue<Timer, std::vector<Timer>, std::greater<>> timers_;
  std::vector<char> buffer_;
  uint64_t arrivals_ = 0;  // open loop: requests handed out so far
  size_t under_way_ = 0;
  bool exhausted_ = false;  // load: there was no key left to hand out
  int64_t next_scan_ns_ = 0;
  int64_t last_progress_ns_ = 0;
};

}  // namespace grey::bench

#endif  // GREY_TESTS_BENCH_LOAD_WORKER_H_
