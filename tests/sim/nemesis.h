// Whatever goes wrong in a run. Each seed allows some kinds of fault and forbids the others, since
// faults of all kinds at once hide those that need quiet in between.
#ifndef GREY_TESTS_SIM_NEMESIS_H_
#define GREY_TESTS_SIM_NEMESIS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "membership_control.h"
#include "sim_cluster.h"

namespace grey::sim {

class Nemesis {
 public:
  explicit Nemesis(SimCluster* cluster);

  // Strikes until heal(), but not while `starving` says that the clients hardly come to anything: a
  // run in which no time is left between two faults tests waiting only. What was begun goes on.
  void start(std::function<bool()> starving);
  // Ends all faults, starts all nodes and makes no more trouble.
  void heal();

  uint64_t total() const;
  const std::map<std::string, uint64_t>& counts() const { return counts_; }
  uint64_t held_back() const { return held_back_; }  // strikes, for starving clients
  std::string allowed() const;

 private:
  using Fault = void (Nemesis::*)();
  struct Kind {
    const char* name;
    Fault cause;
  };
  static const std::vector<Kind>& kinds();

  // A node on whose medium something has rotted, until it is known to be whole again.
  struct Rotten {
    uint64_t starts = 0;  // of the node, when that happened
  };

  void plan();
  void strike();
  void strike(const Kind& kind);
  bool allows(Fault fault) const;
  uint32_t any_node();
  // Ends what was begun, `low` to `high` ms later.
  void later(uint64_t low_ms, uint64_t high_ms, std::function<void()> action);

  void partition();
  void one_way();
  void bridge();
  void delay();
  void reset();
  void cut_power();
  void cut_power_in_a_write();
  void kill();
  void restart();
  void pause();
  void drift();
  void jump();
  void slow_disk();
  void hang_disk();
  void disk_error();
  void fail_syncs();
  void fill_disk();
  void flip_bit();

  void restart_broken(uint32_t number);
  void end_disk_faults(uint32_t number);
  void watch();
  uint32_t choose_rotten();
  void change_membership();
  void part_halves();
  void strike_amid_a_change();

  SimCluster* cluster_;
  testkit::SimRandom random_;
  MembershipControl membership_;
  std::vector<Kind> allowed_;
  std::map<std::string, uint64_t> counts_;
  std::map<uint32_t, Rotten> rotten_;
  std::string whom_;  // the fault that was made last befell
  std::function<bool()> starving_;
  uint64_t held_back_ = 0;
  bool healed_ = false;
};

}  // namespace grey::sim

#endif  // GREY_TESTS_SIM_NEMESIS_H_
