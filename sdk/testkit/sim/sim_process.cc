#include "grey/testkit/sim_process.h"

#include "sim_files.h"
#include "sim_meter.h"
#include "sim_net.h"

namespace grey::testkit {

class SimProcess::ProcessWorkers final : public SimService<Workers> {
 public:
  explicit ProcessWorkers(SimProcess* process) : process_(process) {}

  bool submit(Task* task) noexcept override {
    if (queued_ == kCapacity) return false;
    ++queued_;
    plan(task, process_->random_state_.between(20, 3000) * kMicrosecondNs);
    return true;
  }

 private:
  static constexpr uint32_t kCapacity = 1024;

  void plan(Task* task, uint64_t delay_ns) {
    process_->world()->after(delay_ns, process_, [this, task] { run(task); });
  }

  // Blocking calls take no virtual time, so a disk that hangs stops the worker before its task.
  void run(Task* task) {
    SimWorld* world = process_->world();
    if (process_->paused_until_ns() > world->now_ns()) {
      return plan(task, process_->paused_until_ns() - world->now_ns());
    }
    if (process_->node()->disk().faults().hung) {
      process_->node()->disk().when_resumed([this, task] {
        if (process_->alive()) run(task);
      });
      return;
    }
    --queued_;
    task->run();
    process_->effects_ended();
  }

  SimProcess* process_;
  uint32_t queued_ = 0;
};

class SimProcess::ProcessRandom final : public SimService<Random> {
 public:
  explicit ProcessRandom(SimRandom random) : random_(random) {}
  uint64_t next() noexcept override { return random_.next(); }

 private:
  SimRandom random_;
};

SimProcess::SimProcess(SimNode* node, uint32_t loop_count)
    : node_(node),
      random_state_(node->random().branch()),
      boot_nonce_(random_state_.next() | 1),
      files_(std::make_unique<SimFiles>(this)),
      net_(std::make_unique<SimNet>(this)),
      meter_(std::make_unique<SimMeter>()),
      workers_(std::make_unique<ProcessWorkers>(this)),
      random_(std::make_unique<ProcessRandom>(random_state_.branch())) {
  for (uint32_t i = 0; i < loop_count; ++i) loops_.push_back(std::make_unique<SimLoop>(this, i));
  node->world()->trace().line(node->world()->now_ns(), node->name() + " starts");
}

SimProcess::~SimProcess() = default;

SimHost* SimProcess::make_host(std::string plugin, std::map<std::string, std::string> options) {
  hosts_.push_back(std::make_unique<SimHost>(this, std::move(plugin), std::move(options)));
  return hosts_.back().get();
}

void SimProcess::pause_until(uint64_t time_ns) {
  paused_until_ns_ = time_ns;
  world()->trace().line(world()->now_ns(), node_->name() + " pauses");
  plan_again();
}

void SimProcess::pause_amid_a_turn_until(uint64_t time_ns) {
  for (auto& loop : loops_) loop->stop_amid_a_turn(random_state_.chance(50));
  pause_until(time_ns);
}

Workers* SimProcess::workers() {
  return workers_.get();
}

Random* SimProcess::random() {
  return random_.get();
}

void SimProcess::log(const std::string& plugin, LogLevel level, std::string_view text) {
  constexpr const char* kNames[] = {"trace", "debug", "info", "WARNING", "ERROR"};
  std::string line =
      node_->name() + " " + plugin + " " + kNames[static_cast<uint32_t>(level)] + ": ";
  line.append(text);
  world()->trace().line(world()->now_ns(), std::move(line));
}

void SimProcess::effects_ended() {
  if (doomed_ && alive_) node_->finish_doom();
}

void SimProcess::plan_again() {
  for (auto& loop : loops_) loop->plan_again();
}

void SimProcess::end_life() {
  alive_ = false;
  for (auto& loop : loops_) loop->end_life();
}

}  // namespace grey::testkit
