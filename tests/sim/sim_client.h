// A client: one operation after the other, at whatever node answers, and a true record of them.
#ifndef GREY_TESTS_SIM_SIM_CLIENT_H_
#define GREY_TESTS_SIM_SIM_CLIENT_H_

#include <functional>
#include <map>
#include <string>

#include "history.h"
#include "sim_cluster.h"

namespace grey::sim {

// What all clients of a run share.
struct Workload {
  Histories histories;
  uint64_t next_value = 0;
  uint64_t started = 0;
  uint64_t done = 0;  // mismatches included
  uint64_t unknown = 0;
  uint64_t given_up = 0;  // surely not done
  uint64_t settled = 0;   // writes whose outcome was unknown, until a retry in the session told it
  uint32_t keys = 24;
  uint64_t mean_pause_ns = 220 * testkit::kMillisecondNs;
  bool stopped = false;
};

class SimClient {
 public:
  // Every other client of the kv target writes with a session.
  SimClient(SimCluster* cluster, Workload* workload, uint32_t number, bool with_session);

  void start() { think(); }
  bool idle() const { return !busy_; }

 private:
  struct Known {
    uint64_t value = 0;
    uint64_t revision = 0;
  };
  void think();
  void begin();
  uint32_t any_node();
  void attempt();
  void answered(uint64_t attempt, const ClientAnswer& answer);
  void retry();
  void give_up();
  void finish(OpOutcome outcome, uint64_t value);

  SimCluster* cluster_;
  testkit::SimWorld* world_;
  Workload* workload_;
  const uint32_t number_;
  const bool with_session_;
  testkit::SimRandom random_;
  uint32_t node_;
  bool busy_ = false;
  uint32_t session_;       // its id
  uint64_t serial_ = 0;    // of its latest write in the session
  bool doubtful_ = false;  // the write under way may have been done
  uint64_t attempt_ = 0;   // the number of the one whose answer counts
  uint64_t deadline_ns_ = 0;
  ClientRequest request_;
  HistoryOp op_{};
  std::map<std::string, Known> known_;  // what it saw last of each key, for put_if
};

}  // namespace grey::sim

#endif  // GREY_TESTS_SIM_SIM_CLIENT_H_
