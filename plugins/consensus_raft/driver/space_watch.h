// Watches how much room the disk of the data directory has left.
#ifndef GREY_CONSENSUS_RAFT_DRIVER_SPACE_WATCH_H_
#define GREY_CONSENSUS_RAFT_DRIVER_SPACE_WATCH_H_

#include <atomic>
#include <functional>

#include "grey/glue/ref.h"
#include "grey/host.h"

namespace grey::raft {

// One a process. Everything on loop 0, but for what is said.
class SpaceWatch {
 public:
  // Nearly full: less than `min_free` bytes; no longer so once there is a quarter more than that.
  // 0: never.
  SpaceWatch(Host* host, uint64_t min_free);

  // Asks the disk again; nothing while an answer is still to come.
  void look();
  // Any loop. Neither holds before the disk has answered for the first time.
  bool nearly_full() const { return state_.load(std::memory_order_relaxed) == State::nearly_full; }
  bool has_room() const { return state_.load(std::memory_order_relaxed) == State::has_room; }
  // Calls `done` when nothing is under way any more; no look() after it.
  void close(std::function<void()> done);

 private:
  enum class State : uint8_t { unknown = 0, has_room = 1, nearly_full = 2 };

  void answered(Status status, uint64_t free);

  Host* host_;
  const uint64_t min_free_;
  std::atomic<State> state_{State::unknown};
  bool asking_ = false;
  std::function<void()> closed_;
  Ref<Instrument> free_bytes_;
  Ref<Instrument> nearly_full_shown_;
};

}  // namespace grey::raft

#endif  // GREY_CONSENSUS_RAFT_DRIVER_SPACE_WATCH_H_
