// One life of a daemon on a simulated machine: loops, workers and a host for each of its plugins.
#ifndef GREY_TESTKIT_SIM_PROCESS_H_
#define GREY_TESTKIT_SIM_PROCESS_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "grey/host.h"
#include "grey/testkit/sim_host.h"
#include "grey/testkit/sim_loop.h"
#include "grey/testkit/sim_node.h"

namespace grey::testkit {

class SimFiles;
class SimMeter;
class SimNet;

class SimProcess final : public SimLife {
 public:
  SimProcess(SimNode* node, uint32_t loop_count);
  ~SimProcess();

  SimNode* node() { return node_; }
  SimWorld* world() { return node_->world(); }
  uint32_t loop_count() const { return static_cast<uint32_t>(loops_.size()); }
  SimLoop* loop(uint32_t index) { return loops_[index].get(); }
  uint64_t boot_nonce() const { return boot_nonce_; }

  // A host for one plugin, kept by the process. `options` are the plugin's own.
  SimHost* make_host(std::string plugin, std::map<std::string, std::string> options);

  // What all hosts of the process share. Set before a plugin asks for them; borrowed.
  std::map<std::string, std::string> settings;  // of the whole file: "storage.shards"
  std::map<std::string, Object*> interfaces;    // for interface_of
  Peers* peers = nullptr;
  std::function<void()> identity_changed;        // after join_cluster
  std::function<void(std::string)> on_shutdown;  // request_shutdown, with the reason

  // The process stands still until then, as after SIGSTOP: while its loops wait, or, amid a turn,
  // when they have just read their clocks. True time.
  void pause_until(uint64_t time_ns);
  void pause_amid_a_turn_until(uint64_t time_ns);
  uint64_t paused_until_ns() const { return paused_until_ns_; }

  // It is crashing within this turn: nothing that it does now is seen by anybody.
  bool doomed() const { return doomed_; }

  SimFiles* files() { return files_.get(); }
  SimNet* net() { return net_.get(); }
  SimMeter* meter() { return meter_.get(); }
  Workers* workers();
  Random* random();
  void log(const std::string& plugin, LogLevel level, std::string_view text);
  // Whether lines of this level are traced; warnings and errors always are.
  LogLevel log_level = LogLevel::info;

  // For the other parts of the simulated host.
  void turn_ended() { effects_ended(); }
  void effects_ended();
  void plan_again();
  void end_life();

 private:
  friend class SimNode;
  class ProcessWorkers;
  class ProcessRandom;

  SimNode* node_;
  SimRandom random_state_;
  const uint64_t boot_nonce_;
  uint64_t paused_until_ns_ = 0;
  bool doomed_ = false;
  std::vector<std::unique_ptr<SimLoop>> loops_;
  std::unique_ptr<SimFiles> files_;
  std::unique_ptr<SimNet> net_;
  std::unique_ptr<SimMeter> meter_;
  std::unique_ptr<ProcessWorkers> workers_;
  std::unique_ptr<ProcessRandom> random_;
  std::vector<std::unique_ptr<SimHost>> hosts_;
};

}  // namespace grey::testkit

#endif  // GREY_TESTKIT_SIM_PROCESS_H_
