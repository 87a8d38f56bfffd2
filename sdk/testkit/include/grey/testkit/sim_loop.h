// A loop of a simulated process. See grey/loop.h for what a turn is.
#ifndef GREY_TESTKIT_SIM_LOOP_H_
#define GREY_TESTKIT_SIM_LOOP_H_

#include <deque>
#include <functional>
#include <optional>
#include <set>

#include "grey/glue/ref.h"
#include "grey/loop.h"
#include "grey/testkit/sim_world.h"

namespace grey::testkit {

class SimProcess;
class SimTimer;

class SimLoop final : public SimService<Loop> {
 public:
  SimLoop(SimProcess* process, uint32_t index);
  ~SimLoop();

  uint32_t index() noexcept override { return index_; }
  bool is_current() noexcept override;
  uint64_t now_ns() noexcept override { return turn_ns_; }
  void post(Task* task) noexcept override;
  void defer(TurnPhase phase, Task* task) noexcept override;
  Timer* make_timer(Task* task) noexcept override;

  // For the other parts of the simulated host.
  SimProcess* process() { return process_; }
  // Runs `action` in the next turn.
  void enqueue(std::function<void()> action);
  // Runs `action` at the end of this turn, behind the stages (or in the next turn, outside one).
  void at_turn_end(std::function<void()> action);
  // The same for what the network brings.
  void enqueue_event(std::function<void()> action);
  // The next turn has read its clock already, and goes on when the process does: what arrives until
  // then it works on with the time of now. Whether it comes to the network's `events` too, or
  // leaves them to the turn behind it, is a matter of what was ready when it began.
  void stop_amid_a_turn(bool events);
  // The machine's clock changed its rate, or the process goes on after a pause.
  void plan_again();
  // The process has ended: nothing runs any more, and timers forget the loop.
  void end_life();

 private:
  friend class SimTimer;
  struct ArmedTimer {
    uint64_t deadline_ns;
    uint64_t sequence;
    SimTimer* timer;
    bool operator<(const ArmedTimer& other) const {
      return deadline_ns != other.deadline_ns ? deadline_ns < other.deadline_ns
                                              : sequence < other.sequence;
    }
  };

  struct Action {
    std::function<void()> run;
    bool is_event;
  };
  void enqueue(Action action);
  void turn();
  // Of the inbox, what this turn works on.
  std::deque<Action> take_batch();
  void run_timers();
  void run_stages();
  // Plans the next turn where there is anything to do.
  void plan();

  SimProcess* process_;
  SimWorld* world_;
  const uint32_t index_;
  uint64_t turn_ns_;         // the local clock at the start of the turn
  uint64_t free_at_ns_ = 0;  // true time: the turn before took until then
  uint64_t planned_ns_ = UINT64_MAX;
  uint64_t plan_number_ = 0;  // a planned turn with another number was replaced
  uint64_t next_sequence_ = 0;
  bool in_turn_ = false;
  uint64_t tasks_run_ = 0;  // in this turn
  // Of a turn that was stopped when it had read its clock.
  struct Stopped {
    uint64_t clock_ns;
    bool events;
  };
  std::optional<Stopped> stopped_;
  std::deque<Action> inbox_;
  std::deque<Task*> deferred_[3];
  std::deque<std::function<void()>> turn_end_;
  std::set<ArmedTimer> armed_;
  std::set<SimTimer*> timers_;  // all there are; never iterated in a way that shows
};

}  // namespace grey::testkit

#endif  // GREY_TESTKIT_SIM_LOOP_H_
