// SWIM (Das, Gupta, Motivala 2002) with Lifeguard's refinements (Dadgar, Phillips, Currey 2018):
// who seems alive, learnt by probing one member a period and gossiping what changed.
//
// Without I/O: datagrams and the time come in, datagrams and changes go out. The same calls with
// the same random numbers give the same bytes. One thread.
#ifndef GREY_PLUGINS_MEMBERSHIP_SWIM_SWIM_CORE_H_
#define GREY_PLUGINS_MEMBERSHIP_SWIM_SWIM_CORE_H_

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "broadcast_queue.h"
#include "health_score.h"
#include "member.h"
#include "message.h"

namespace grey::swim {

inline constexpr uint64_t kMillisecondNs = 1'000'000;

struct SwimOptions {
  uint64_t probe_interval_ns = 500 * kMillisecondNs;  // one member is probed in each
  uint64_t probe_timeout_ns = 200 * kMillisecondNs;   // then others are asked; below the interval
  uint32_t indirect_probes = 3;                       // how many others
  uint32_t suspicion_multiplier = 4;
  uint32_t suspicion_max_multiplier = 6;
  uint32_t retransmit_multiplier = 4;
  uint64_t gossip_interval_ns = 200 * kMillisecondNs;
  uint32_t gossip_fanout = 3;
  uint64_t reconnect_interval_ns = 5'000 * kMillisecondNs;  // a dead member is tried again
  uint64_t sync_interval_ns = 30'000 * kMillisecondNs;      // everything known is exchanged
  uint64_t retention_ns = 3'600'000 * kMillisecondNs;       // then the dead are forgotten
  uint32_t max_members = 4096;                              // more are not taken in
};

struct SwimSelf {
  std::string node_id;
  uint64_t boot_nonce;   // of this run of the process
  uint64_t incarnation;  // to begin with: above those of earlier runs, see overrides()
  ClusterId cluster_id;  // zero: none yet
};

struct OutgoingDatagram {
  NetAddress to;
  std::string bytes;
};

// Over TCP: to who listens at an address, or back over a connection on which a message came.
struct OutgoingStreamMessage {
  NetAddress to;            // if `connection` is 0
  uint64_t connection = 0;  // as receive_by_stream() named it
  std::string bytes;
};

// Where a message goes, or an answer to where the question came from.
struct Route {
  Route() = default;
  Route(const NetAddress& address) : to(address) {}  // as a datagram
  static Route by_stream(const NetAddress& address, uint64_t connection = 0) {
    Route route(address);
    route.is_stream = true;
    route.connection = connection;
    return route;
  }

  NetAddress to{};
  bool is_stream = false;
  uint64_t connection = 0;
};

// A member came up (before: nothing) or changed its state.
struct Transition {
  std::string node_id;
  std::optional<State> before;
  State after;
};

struct SwimCounters {
  uint64_t probe_failures = 0;     // periods in which the member probed did not answer
  uint64_t bad_datagrams = 0;      // not exactly one message of this version
  uint64_t foreign_datagrams = 0;  // of another cluster
  uint64_t refutations = 0;        // of what others believed of this node
  uint64_t stream_acks = 0;        // probes that were answered over TCP and not over UDP
};

// The probe of this period.
struct Probe {
  std::string node_id;
  uint64_t sequence = 0;
  uint64_t indirect_at_ns = 0;
  bool indirect_sent = false;
  std::set<std::string> nacks_missing;  // helpers that have not answered
  uint32_t helpers = 0;
};

// A probe on another's behalf.
struct Relay {
  std::string requester_id;
  Route requester;
  uint64_t requester_sequence = 0;
  std::string node_id;
  uint64_t nack_at_ns = 0;
  uint64_t end_ns = 0;
  bool nack_sent = false;
};

class SwimCore {
 public:
  using Random = std::function<uint64_t()>;

  SwimCore(SwimSelf self, SwimOptions options, Random random, uint64_t now_ns);

  // From now on messages carry this id, and those of another are dropped.
  void set_cluster_id(const ClusterId& cluster_id) { self_.cluster_id = cluster_id; }

  // A node is there, by a source other than gossip: its hello. It becomes a member, or a known one
  // gets the address; if it is not known to run, or runs anew, it is asked at once.
  void join(uint64_t now_ns, const std::string& node_id, uint64_t boot_nonce,
            const NetAddress& address);

  void receive(uint64_t now_ns, const NetAddress& from, ByteView bytes);
  // The same over TCP. `connection` is not 0; answers go there.
  void receive_by_stream(uint64_t now_ns, uint64_t connection, ByteView bytes);

  // Does what is due. Call at next_deadline_ns() or soon after; earlier does no harm.
  void tick(uint64_t now_ns);
  uint64_t next_deadline_ns() const;

  // Tells the others that this node goes. Afterwards it refutes nothing and probes nobody.
  void leave(uint64_t now_ns);

  // What the calls since the last take produced, in order.
  std::vector<OutgoingDatagram> take_datagrams();
  std::vector<OutgoingStreamMessage> take_stream_messages();
  std::vector<Transition> take_transitions();

  // Rises whenever members() changed in anything but addresses.
  uint64_t version() const { return version_; }
  // All members by id, this node included (alive, or left).
  const std::map<std::string, Member>& members() const { return members_; }
  const SwimCounters& counters() const { return counters_; }
  int health_score() const { return health_.value(); }
  // Members that are alive or suspect, this node included.
  uint32_t present_count() const;

 private:
  Member& self();
  // Time as this node lived it: stands still while the process does (see advance in the source).
  void advance(uint64_t now_ns);

  // --- periods (swim_core.cc)
  void run_probe();
  void end_period();
  void start_period();
  void probe_indirectly();
  std::optional<std::string> next_target();
  void run_relays();
  void run_suspicions();
  void run_gossip();
  void run_sync();
  void run_reconnect();
  void forget_the_old();

  // --- messages (swim_receive.cc)
  void take_in(uint64_t now_ns, const Route& from, ByteView bytes);
  void answer(const Message& message, const Route& from);
  void on_ack(const Message& message, const Route& from);
  void on_nack(const Message& message);
  void on_ping_request(const Message& message, const Route& from);
  void answer_sync(const std::string& node_id, const Route& to);

  // --- beliefs (swim_beliefs.cc)
  void hear_of(const Update& update, bool is_direct);
  void hear_of_self(const Update& update);
  void confirm_suspicion(Member& member, const Update& update);
  void set_state(Member& member, std::optional<State> before, const Update& update);
  void suspect(Member& member, const std::string& accuser);
  void broadcast(const Member& member);
  Update update_about(const Member& member) const;

  // --- sending (swim_core.cc)
  Message make_message(MessageType type) const;
  // Adds what the receiver should hear of itself, then what waits for everybody.
  void send(const std::string& receiver, const Route& to, Message message);
  void send_ping(const Member& member, uint64_t sequence);
  void put_out(const Route& to, std::string bytes);
  // Up to `count` members that fulfil `wanted`, at random.
  std::vector<const Member*> pick(size_t count, const std::function<bool(const Member&)>& wanted);

  SwimSelf self_;
  const SwimOptions options_;
  const Random random_;

  uint64_t now_ns_;         // lived time
  uint64_t asleep_ns_ = 0;  // how far lived time is behind the clock
  std::map<std::string, Member> members_;
  BroadcastQueue queue_;
  HealthScore health_;
  SwimCounters counters_;
  bool left_ = false;
  uint64_t version_ = 1;

  std::optional<Probe> probe_;
  std::vector<std::string> targets_;  // of this round, shuffled; taken from the back
  std::map<uint64_t, Relay> relays_;  // by our sequence
  uint64_t next_sequence_;
  uint64_t period_end_ns_;
  uint64_t gossip_at_ns_;
  uint64_t sync_at_ns_;
  uint64_t reconnect_at_ns_;

  std::vector<OutgoingDatagram> datagrams_;
  std::vector<OutgoingStreamMessage> stream_messages_;
  std::vector<Transition> transitions_;
};

}  // namespace grey::swim

#endif  // GREY_PLUGINS_MEMBERSHIP_SWIM_SWIM_CORE_H_
