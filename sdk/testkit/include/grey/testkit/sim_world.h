// A simulated world: virtual time, one queue of events, one seed, one thread.
#ifndef GREY_TESTKIT_SIM_WORLD_H_
#define GREY_TESTKIT_SIM_WORLD_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "grey/object.h"
#include "grey/testkit/sim_random.h"
#include "grey/testkit/sim_trace.h"

namespace grey::testkit {

inline constexpr uint64_t kMicrosecondNs = 1'000;
inline constexpr uint64_t kMillisecondNs = 1'000'000;
inline constexpr uint64_t kSecondNs = 1'000'000'000;

// A service of a simulated host: not counted, it lives as long as its process object.
template <typename Interface>
class SimService : public Interface {
 public:
  Object* query(const char*) noexcept override { return nullptr; }
  void retain() noexcept override {}
  void release() noexcept override {}

 protected:
  ~SimService() = default;
};

// Whose events they are: those of a life that has ended are dropped, unrun.
class SimLife {
 public:
  bool alive() const { return alive_; }

 protected:
  ~SimLife() = default;
  bool alive_ = true;
};

class SimLoop;

class SimWorld {
 public:
  explicit SimWorld(uint64_t seed) : random_(seed) {}
  SimWorld(const SimWorld&) = delete;
  SimWorld& operator=(const SimWorld&) = delete;

  uint64_t now_ns() const { return now_ns_; }
  SimRandom& random() { return random_; }
  SimTrace& trace() { return trace_; }

  // Runs `action` at `time_ns`, or now if that is past, behind what was planned for the same time.
  // With a `life`: unless it has ended by then.
  void at(uint64_t time_ns, const SimLife* life, std::function<void()> action);
  void after(uint64_t delay_ns, const SimLife* life, std::function<void()> action) {
    at(now_ns_ + delay_ns, life, std::move(action));
  }

  // Runs everything planned up to `time_ns`, which is the time afterwards.
  void run_until(uint64_t time_ns);
  // The same, but ends early (true) once `done` holds; it is asked after every event.
  bool run_until(uint64_t time_ns, const std::function<bool()>& done);

  // Forgets everything planned: the end of the world (SimNode's destructor calls it).
  void drop_events() { events_.clear(); }

  // The loop whose turn runs, or null.
  SimLoop* current_loop() const { return current_loop_; }
  void set_current_loop(SimLoop* loop) { current_loop_ = loop; }

  uint64_t event_count() const { return event_count_; }

 private:
  struct Event {
    uint64_t time_ns;
    uint64_t sequence;
    const SimLife* life;
    std::function<void()> action;
  };
  static bool later(const Event& a, const Event& b) {
    return a.time_ns != b.time_ns ? a.time_ns > b.time_ns : a.sequence > b.sequence;
  }
  // Runs the next event if it is due by `time_ns`.
  bool step(uint64_t time_ns);

  uint64_t now_ns_ = 0;
  uint64_t next_sequence_ = 0;
  uint64_t event_count_ = 0;
  std::vector<Event> events_;  // a heap, the next one first
  SimRandom random_;
  SimTrace trace_;
  SimLoop* current_loop_ = nullptr;
};

}  // namespace grey::testkit

#endif  // GREY_TESTKIT_SIM_WORLD_H_
