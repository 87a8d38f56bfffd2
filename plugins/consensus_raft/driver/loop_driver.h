// All groups of one loop: their turns, their timer, and one frame per peer and turn.
#ifndef GREY_CONSENSUS_RAFT_DRIVER_LOOP_DRIVER_H_
#define GREY_CONSENSUS_RAFT_DRIVER_LOOP_DRIVER_H_

#include <atomic>
#include <functional>
#include <map>
#include <vector>

#include "driver/group_host.h"
#include "driver/group_replica.h"
#include "driver/lane_liveness.h"
#include "driver/space_watch.h"
#include "grey/glue/plugin.h"

namespace grey::raft {

// What a driver leaves for the gauges; any thread reads it.
struct LoopGauges {
  std::atomic<uint64_t> lag{0};  // the greatest of the shards led here
  std::atomic<uint64_t> asleep{0};
};

// Everything on its loop, but for the constructor.
class LoopDriver final : public GroupHost, private PeerObserver {
 public:
  // `snapshots` and `space` are shared with the other loops.
  LoopDriver(Host* host, uint32_t index, const DriverOptions& options, SnapshotLimits* snapshots,
             SpaceWatch* space, LoopGauges* gauges);
  virtual ~LoopDriver();

  // Begins to listen to news of peers.
  void start();
  // Lanes of this loop; attached here. `lanes`: how many this node has.
  void add_lane(Lane* lane, uint32_t number, uint32_t lanes);

  Status open(const GroupOptions& options, StateMachine* machine, Lane* lane, Group** out,
              ErrorText* error);

  // Whether the node's process `boot_nonce` is over, or another has said hello since: what still
  // comes from it must not be read.
  bool is_over(uint32_t node, uint64_t boot_nonce) const;
  // One message of channel 1 or 2. Those of groups of other loops are the caller's business. False
  // for one that no correct peer sends.
  bool receive(uint32_t from_node, uint32_t group, Message message);
  // What `message` borrows lies in `frame`.
  void receive_snapshot(uint32_t from_node, const SnapshotMessage& message, const Buffer& frame);
  // What loop `route` of the node says of its lanes. On every loop.
  void receive_liveness(uint32_t from_node, uint32_t route, const LivenessMessage& message);

  // Hands all leaderships over and calls `done` when that is done or can go no further.
  void drain(std::function<void()> done);
  // Stops all groups, then closes the lanes.
  void stop(std::function<void()> done);

  // --- GroupHost
  Host* host() override { return host_; }
  Loop* loop() override { return loop_; }
  const DriverOptions& options() override { return options_; }
  DriverMetrics& metrics() override { return metrics_; }
  SnapshotLimits& snapshot_limits() override { return *snapshots_; }
  uint32_t own_node() override;
  Now now() override { return {loop_->now_ns(), host_->clock()->wall_ms()}; }
  Now exact_now() override { return {host_->clock()->monotonic_ns(), host_->clock()->wall_ms()}; }
  void wake(GroupReplica* replica) override;
  void wake_at(GroupReplica* replica, uint64_t deadline_ns) override;
  void send(uint32_t node, uint32_t group, const Message& message) override;
  Status send_snapshot(uint32_t node, const SnapshotMessage& message) override;
  bool connected(uint32_t node) override;
  uint64_t lane_heard_ns(uint32_t node, uint32_t group) override {
    return liveness_.heard_ns(node, group);
  }
  bool disk_nearly_full() override { return space_->nearly_full(); }
  bool disk_has_room() override { return space_->has_room(); }
  bool draining() override { return draining_; }
  void closed(GroupReplica* replica) override;

 private:
  struct PeerNode {
    bool up = false;
    bool gone = false;  // the process `boot_nonce` has ended
    uint64_t boot_nonce = 0;
    uint32_t losses = 0;  // see LivenessMessage
    ByteWriter frame;     // of this turn
  };
  struct OwnLane {
    Lane* lane;
    uint32_t number;
  };

  // --- PeerObserver
  void on_peer_up(const PeerInfo* info) noexcept override;
  void on_peer_down(uint32_t number, PeerDown reason) noexcept override;
  void on_self(uint32_t) noexcept override {}

  void step();
  void schedule_step();
  void send_frames();
  void on_timer();
  void arm_timer(uint64_t deadline_ns);
  void slow_tick();
  void say_alive();
  void look_for_silence();
  void messages_lost(uint32_t node);
  void node_gone(uint32_t node);
  RestoredState restore(LaneGroup* group, const GroupOptions& options, StateMachine* machine,
                        Lane* lane);
  void continue_drain();
  void drain_again();
  void close_lanes();

  Host* host_;
  Loop* loop_;
  const DriverOptions options_;
  SnapshotLimits* snapshots_;
  SpaceWatch* space_;
  LoopGauges* gauges_;
  DriverMetrics metrics_;
  uint32_t own_node_ = 0;
  std::map<uint32_t, Ref<GroupReplica>> groups_;  // by number
  std::map<uint32_t, PeerNode> peers_;            // by node number
  std::vector<OwnLane> lanes_;
  uint32_t lanes_in_all_ = 0;
  LaneLiveness liveness_;
  std::vector<GroupReplica*> queue_;  // to be stepped in this turn
  std::vector<GroupReplica*> stepping_;
  bool step_scheduled_ = false;
  bool frames_waiting_ = false;
  bool drain_scheduled_ = false;
  FunctionTask step_task_;
  FunctionTask timer_task_;
  Ref<Timer> timer_;
  uint64_t timer_at_ns_ = UINT64_MAX;
  // Groups with a deadline by GroupReplica::looked_at_ns and number, so that those without cost
  // nothing.
  std::map<std::pair<uint64_t, uint32_t>, GroupReplica*> deadlines_;
  uint64_t slow_at_ns_ = 0;
  uint64_t alive_at_ns_ = 0;  // when the lanes are to be vouched for again
  ByteWriter snapshot_frame_;
  bool draining_ = false;
  uint64_t drain_until_ns_ = 0;
  std::function<void()> drained_;
  // A leadership was handed over, or was not.
  class Attempt final : public Completion {
   public:
    explicit Attempt(LoopDriver* driver) : driver_(driver) {}
    void complete(Status) noexcept override { driver_->drain_again(); }

   private:
    LoopDriver* driver_;
  };
  Attempt attempt_{this};
  bool stopping_ = false;
  std::function<void()> stopped_;
};

}  // namespace grey::raft

#endif  // GREY_CONSENSUS_RAFT_DRIVER_LOOP_DRIVER_H_
