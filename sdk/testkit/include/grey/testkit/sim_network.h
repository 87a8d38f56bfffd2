// The simulated network: links between machines that delay, block and break.
//
// Streams behave as TCP does: bytes come in order or not at all; a blocked link holds them back,
// and after a while the connection times out; a process that was killed resets its connections, a
// machine without power just falls silent. Datagrams are lost, doubled and overtaken.
#ifndef GREY_TESTKIT_SIM_NETWORK_H_
#define GREY_TESTKIT_SIM_NETWORK_H_

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "grey/net.h"
#include "grey/testkit/sim_world.h"

namespace grey::testkit {

class SimConnection;
class SimDatagram;
class SimListener;
class SimNode;
class SimProcess;

struct SimNetworkOptions {
  uint64_t latency_low_ns = 100 * kMicrosecondNs;
  uint64_t latency_high_ns = 600 * kMicrosecondNs;
  uint64_t tcp_timeout_ns = 12 * kSecondNs;  // of a blocked connection with data in it
  uint32_t datagram_loss_percent = 0;
  uint32_t datagram_duplicate_percent = 0;
};

class SimNetwork {
 public:
  explicit SimNetwork(SimWorld* world) : world_(world), random_(world->random().branch()) {}

  SimNetworkOptions& options() { return options_; }

  // Faults. `from` and `to` are node numbers; one direction each.
  void block(uint32_t from, uint32_t to);
  void unblock(uint32_t from, uint32_t to);
  void unblock_all();
  void set_extra_delay(uint32_t from, uint32_t to, uint64_t most_ns);
  void clear_extra_delays() { extra_delays_.clear(); }
  // Breaks each open connection between different nodes with this probability; returns how many.
  uint32_t reset_connections(uint32_t percent);

  // For the other parts of the simulated host.
  SimWorld* world() { return world_; }
  SimRandom& random() { return random_; }
  void add_node(SimNode* node);
  SimNode* node_at(const std::string& host);
  SimNode* node(uint32_t number);
  // Whether nothing gets through: blocked, or the other machine is dark.
  bool silent(uint32_t from, uint32_t to);
  uint64_t latency_ns(uint32_t from, uint32_t to);
  // Runs `action` when something about silent() changed.
  void when_changed(std::function<void()> action) { waiting_.push_back(std::move(action)); }
  void node_is_back(SimNode* node);
  // The process is gone. `told`: its operating system resets its connections.
  void end_process(SimProcess* process, bool told);
  void add_connection(const std::shared_ptr<SimConnection>& connection);

  using Port = std::pair<uint32_t, uint16_t>;  // node number, port
  std::map<Port, SimListener*>& listeners() { return listeners_; }
  std::map<Port, SimDatagram*>& datagrams() { return datagrams_; }

 private:
  void changed();

  SimWorld* world_;
  SimRandom random_;
  SimNetworkOptions options_;
  std::vector<SimNode*> nodes_;
  std::map<std::pair<uint32_t, uint32_t>, bool> blocked_;
  std::map<std::pair<uint32_t, uint32_t>, uint64_t> extra_delays_;
  std::vector<std::function<void()>> waiting_;
  std::vector<std::weak_ptr<SimConnection>> connections_;
  std::map<Port, SimListener*> listeners_;
  std::map<Port, SimDatagram*> datagrams_;
};

}  // namespace grey::testkit

#endif  // GREY_TESTKIT_SIM_NETWORK_H_
