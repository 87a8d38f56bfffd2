// A simulated machine: disk, clocks, power, and the process that runs on it at present.
#ifndef GREY_TESTKIT_SIM_NODE_H_
#define GREY_TESTKIT_SIM_NODE_H_

#include <memory>
#include <string>

#include "grey/host.h"
#include "grey/testkit/sim_clock.h"
#include "grey/testkit/sim_disk.h"

namespace grey::testkit {

class SimNetwork;
class SimProcess;

class SimNode {
 public:
  // `number` from 1; the node's address is "10.0.0.NUMBER", its name "node-NUMBER".
  SimNode(SimWorld* world, SimNetwork* network, uint32_t number);
  ~SimNode();

  SimWorld* world() { return world_; }
  SimNetwork* network() { return network_; }
  uint32_t number() const { return number_; }
  const std::string& name() const { return name_; }
  const std::string& ip() const { return ip_; }
  SimDisk& disk() { return disk_; }
  SimClock& clock() { return clock_; }
  SimRandom& random() { return random_; }

  // What stands in the identity file. boot_nonce is the process's.
  Identity& identity() { return identity_; }

  // The process that runs, or null.
  SimProcess* process() { return process_; }
  bool powered() const { return powered_; }

  // Starts a process without content. None may run.
  SimProcess* boot(uint32_t loop_count);
  // Ends the process at once: nothing of it runs any more, and none of its objects is destroyed.
  // With `power_loss` the machine goes dark (the others hear nothing) and unsynced writes are lost;
  // without, the operating system lives on: it closes the connections and keeps what was written.
  void crash(bool power_loss);
  // The same by loss of power, in the middle of the `count`-th change to the disk from now on. What
  // the process still does in that turn has no effect.
  void crash_after_disk_changes(uint64_t count);
  // The process has stopped in good order and nothing of it is left to run.
  void retire();
  void power_on();

  void set_clock_rate_ppm(uint64_t rate_ppm);

 private:
  friend class SimProcess;
  void finish_doom();

  SimWorld* world_;
  SimNetwork* network_;
  const uint32_t number_;
  const std::string name_;
  const std::string ip_;
  SimRandom random_;
  SimDisk disk_;
  SimClock clock_;
  Identity identity_ = {};
  bool powered_ = true;
  SimProcess* process_ = nullptr;
  std::unique_ptr<SimDisk> doomed_disk_;  // the disk at the moment of a crash within a turn
};

}  // namespace grey::testkit

#endif  // GREY_TESTKIT_SIM_NODE_H_
