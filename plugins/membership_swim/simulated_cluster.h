// Cores in virtual time on a network that loses and delays, from one seed; for tests.
#ifndef GREY_PLUGINS_MEMBERSHIP_SWIM_SIMULATED_CLUSTER_H_
#define GREY_PLUGINS_MEMBERSHIP_SWIM_SIMULATED_CLUSTER_H_

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "grey/glue/bytes.h"
#include "swim_core.h"

namespace grey::swim {

class SimulatedCluster {
 public:
  SimulatedCluster(int count, uint64_t seed) : random_(seed) {
    for (int i = 0; i < count; ++i) {
      nodes_.emplace_back();
      boot(i, 1'000);
    }
  }

  // Starts node `i` anew, with a clock at `incarnation`.
  void boot(int i, uint64_t incarnation) {
    auto generator = std::make_shared<std::mt19937_64>(random_());
    nodes_[i].core = std::make_unique<SwimCore>(
        SwimSelf{name(i), random_(), incarnation, cluster_id}, options,
        [generator] { return (*generator)(); }, now_ns);
    nodes_[i].running = true;
  }
  void introduce(int who, int to_whom) {
    core(who).join(now_ns, name(to_whom), 0, address(to_whom));
    collect(who);
  }
  void introduce_all_to(int seed) {
    for (int i = 0; i < size(); ++i) {
      if (i != seed) introduce(i, seed);
    }
  }

  void run_ms(uint64_t duration_ms) {
    run_until([] { return false; }, duration_ms);
  }
  // True once `done` holds; false if it does not within `limit_ms`.
  bool run_until(const std::function<bool()>& done, uint64_t limit_ms) {
    const uint64_t end_ns = now_ns + limit_ms * kMillisecondNs;
    while (!done()) {
      if (now_ns >= end_ns) return false;
      step(end_ns);
    }
    return true;
  }

  // A paused process does nothing; its socket keeps what comes, up to a limit.
  void pause(int i) { nodes_[i].running = false; }
  void resume(int i) {
    nodes_[i].running = true;
    for (const auto& [from, bytes] : std::exchange(nodes_[i].socket, {})) deliver(from, i, bytes);
  }
  void kill(int i) {
    nodes_[i].running = false;
    nodes_[i].dead = true;
  }

  SwimCore& core(int i) { return *nodes_[i].core; }
  int size() const { return static_cast<int>(nodes_.size()); }
  static std::string name(int i) { return "node-" + std::to_string(100 + i); }
  static NetAddress address(int i) {
    NetAddress result{};
    result.ip[0] = 10;
    result.ip[3] = static_cast<uint8_t>(i + 1);
    result.port = 7946;
    return result;
  }
  // What `who` believes of `whom`; left if it knows nothing.
  State belief(int who, int whom) {
    const auto found = core(who).members().find(name(whom));
    return found == core(who).members().end() ? State::left : found->second.state;
  }
  bool all_believe(int whom, State state) {
    for (int i = 0; i < size(); ++i) {
      if (i != whom && nodes_[i].running && belief(i, whom) != state) return false;
    }
    return true;
  }
  bool all_alive() {
    for (int i = 0; i < size(); ++i) {
      if (nodes_[i].running && !all_believe(i, State::alive)) return false;
    }
    return true;
  }

  uint64_t now_ns = 1'000'000'000;
  SwimOptions options;
  ClusterId cluster_id{};
  int loss_percent = 0;       // of datagrams
  bool streams_work = false;  // TCP is let through
  std::function<bool(int from, int to)> cut = [](int, int) { return false; };
  // Every transition seen: (when, who, what).
  std::function<void(int who, const Transition&)> on_transition = [](int, const Transition&) {};
  std::string trace;  // of all bytes sent
  uint64_t sent = 0;
  size_t largest = 0;

 private:
  struct Node {
    std::unique_ptr<SwimCore> core;
    bool running = false;
    bool dead = false;
    std::vector<std::pair<int, std::string>> socket;
  };
  struct Flight {
    int from;
    int to;
    std::string bytes;
    bool by_stream = false;
  };

  void collect(int i) {
    for (const OutgoingDatagram& datagram : core(i).take_datagrams()) {
      ++sent;
      largest = std::max(largest, datagram.bytes.size());
      trace = std::to_string(std::hash<std::string>{}(trace + datagram.bytes));
      const int to = datagram.to.ip[3] - 1;
      const bool lost = static_cast<int>(random_() % 100) < loss_percent;
      const uint64_t delay_ns = (1 + random_() % 10) * kMillisecondNs;
      if (lost || cut(i, to)) continue;
      flights_.emplace(now_ns + delay_ns, Flight{i, to, datagram.bytes});
    }
    // Connections are named by who is at the other end.
    for (const OutgoingStreamMessage& message : core(i).take_stream_messages()) {
      const int to =
          message.connection != 0 ? static_cast<int>(message.connection) - 1 : message.to.ip[3] - 1;
      const uint64_t delay_ns = (1 + random_() % 10) * kMillisecondNs;
      if (streams_work && !cut(i, to)) {
        flights_.emplace(now_ns + delay_ns, Flight{i, to, message.bytes, true});
      }
    }
    for (const Transition& transition : core(i).take_transitions()) on_transition(i, transition);
  }

  void deliver(int from, int to, const std::string& bytes, bool by_stream = false) {
    if (nodes_[to].dead || (by_stream && !nodes_[to].running)) return;
    if (!nodes_[to].running) {
      if (nodes_[to].socket.size() < 100) nodes_[to].socket.emplace_back(from, bytes);
      return;
    }
    if (by_stream) {
      core(to).receive_by_stream(now_ns, static_cast<uint64_t>(from) + 1, view_of(bytes));
    } else {
      core(to).receive(now_ns, address(from), view_of(bytes));
    }
    collect(to);
  }

  void step(uint64_t end_ns) {
    uint64_t next_ns = flights_.empty() ? end_ns : std::min(end_ns, flights_.begin()->first);
    int timer = -1;
    for (int i = 0; i < size(); ++i) {
      if (!nodes_[i].running || core(i).next_deadline_ns() >= next_ns) continue;
      next_ns = core(i).next_deadline_ns();
      timer = i;
    }
    now_ns = std::max(now_ns, next_ns);
    if (timer >= 0) {
      core(timer).tick(now_ns);
      return collect(timer);
    }
    if (flights_.empty() || flights_.begin()->first > now_ns) return;
    const Flight flight = std::move(flights_.begin()->second);
    flights_.erase(flights_.begin());
    deliver(flight.from, flight.to, flight.bytes, flight.by_stream);
  }

  std::mt19937_64 random_;
  std::vector<Node> nodes_;
  std::multimap<uint64_t, Flight> flights_;
};

}  // namespace grey::swim

#endif  // GREY_PLUGINS_MEMBERSHIP_SWIM_SIMULATED_CLUSTER_H_
