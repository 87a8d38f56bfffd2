#include "grey/testkit/sim_loop.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "grey/testkit/sim_node.h"
#include "grey/testkit/sim_process.h"
#include "sim_timer.h"

namespace grey::testkit {
namespace {

// What a turn and each task in it cost of the loop's own time. More than nothing, so that a loop
// that posts or defers to itself for ever does not stop the world.
constexpr uint64_t kTurnNs = 10 * kMicrosecondNs;
constexpr uint64_t kTaskNs = 2 * kMicrosecondNs;

// What is deferred after as many rounds of the stages waits for the next turn.
constexpr int kMostRounds = 16;

}  // namespace

SimLoop::SimLoop(SimProcess* process, uint32_t index)
    : process_(process),
      world_(process->world()),
      index_(index),
      turn_ns_(process->node()->clock().monotonic_ns()) {}

SimLoop::~SimLoop() {
  end_life();
}

bool SimLoop::is_current() noexcept {
  return world_->current_loop() == this;
}

void SimLoop::post(Task* task) noexcept {
  enqueue([task] { task->run(); });
}

void SimLoop::defer(TurnPhase phase, Task* task) noexcept {
  deferred_[static_cast<size_t>(phase)].push_back(task);
  if (!in_turn_) plan();
}

Timer* SimLoop::make_timer(Task* task) noexcept {
  return new SimTimer(this, task);
}

void SimLoop::enqueue(std::function<void()> action) {
  enqueue({std::move(action), false});
}

void SimLoop::enqueue_event(std::function<void()> action) {
  enqueue({std::move(action), true});
}

void SimLoop::stop_amid_a_turn(bool events) {
  if (!stopped_) stopped_ = Stopped{process_->node()->clock().monotonic_ns(), events};
}

void SimLoop::enqueue(Action action) {
  if (!process_->alive()) return;
  inbox_.push_back(std::move(action));
  plan();
}

void SimLoop::at_turn_end(std::function<void()> action) {
  turn_end_.push_back(std::move(action));
  plan();
}

void SimLoop::plan_again() {
  planned_ns_ = UINT64_MAX;
  plan();
}

void SimLoop::end_life() {
  for (SimTimer* timer : timers_) {
    timer->loop_ = nullptr;
    timer->is_armed_ = false;
  }
  timers_.clear();
  armed_.clear();
}

void SimLoop::plan() {
  if (in_turn_ || !process_->alive()) return;
  const bool work = stopped_ || !inbox_.empty() || !turn_end_.empty() || !deferred_[0].empty() ||
                    !deferred_[1].empty() || !deferred_[2].empty();
  uint64_t wanted = UINT64_MAX;
  if (work) {
    wanted = world_->now_ns();
  } else if (!armed_.empty()) {
    wanted = process_->node()->clock().world_of(armed_.begin()->deadline_ns);
  }
  if (wanted == UINT64_MAX) return;
  wanted = std::max({wanted, free_at_ns_, process_->paused_until_ns(), world_->now_ns()});
  if (wanted >= planned_ns_) return;
  planned_ns_ = wanted;
  const uint64_t number = ++plan_number_;
  world_->at(wanted, process_, [this, number] {
    if (number == plan_number_) turn();
  });
}

void SimLoop::turn() {
  planned_ns_ = UINT64_MAX;
  if (process_->paused_until_ns() > world_->now_ns()) return plan();
  const std::deque<Action> batch = take_batch();
  in_turn_ = true;
  tasks_run_ = batch.size();
  world_->set_current_loop(this);
  world_->trace().count(world_->now_ns(), 1, process_->node()->number() * 16 + index_);
  for (const Action& action : batch) action.run();
  run_timers();
  run_stages();
  world_->set_current_loop(nullptr);
  in_turn_ = false;
  free_at_ns_ = world_->now_ns() + kTurnNs + tasks_run_ * kTaskNs;
  process_->turn_ended();
  plan();
}

std::deque<SimLoop::Action> SimLoop::take_batch() {
  const auto stopped = std::exchange(stopped_, std::nullopt);
  turn_ns_ = stopped ? stopped->clock_ns : process_->node()->clock().monotonic_ns();
  std::deque<Action> batch = std::exchange(inbox_, {});
  if (!stopped || stopped->events) return batch;
  const auto events = std::stable_partition(batch.begin(), batch.end(),
                                            [](const Action& action) { return !action.is_event; });
  inbox_.assign(std::make_move_iterator(events), std::make_move_iterator(batch.end()));
  batch.erase(events, batch.end());
  return batch;
}

void SimLoop::run_timers() {
  // A timer that is armed anew for a time already past fires in the next turn.
  const uint64_t limit = next_sequence_;
  while (!armed_.empty() && armed_.begin()->deadline_ns <= turn_ns_ &&
         armed_.begin()->sequence < limit) {
    SimTimer* timer = armed_.begin()->timer;
    timer->remove();
    timer->task_->run();
  }
}

void SimLoop::run_stages() {
  for (int round = 0; round < kMostRounds; ++round) {
    if (deferred_[0].empty() && deferred_[1].empty() && deferred_[2].empty()) break;
    for (auto& stage : deferred_) {
      const auto tasks = std::exchange(stage, {});
      for (Task* task : tasks) task->run();
      tasks_run_ += tasks.size();
    }
  }
  auto ends = std::move(turn_end_);
  turn_end_.clear();
  for (auto& action : ends) action();
}

}  // namespace grey::testkit
