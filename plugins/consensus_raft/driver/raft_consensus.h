// The consensus as the kernel and services see it: lanes opened, groups placed on loops, frames
// handed to the loop that runs their groups.
#ifndef GREY_CONSENSUS_RAFT_DRIVER_RAFT_CONSENSUS_H_
#define GREY_CONSENSUS_RAFT_DRIVER_RAFT_CONSENSUS_H_

#include <atomic>
#include <memory>
#include <mutex>
#include <set>
#include <vector>

#include "driver/loop_driver.h"
#include "grey/glue/plugin.h"

namespace grey::raft {

class RaftConsensus final : public InterfaceOf<Consensus> {
 public:
  RaftConsensus(Object* owner, Host* host);
  virtual ~RaftConsensus();

  // --- As Plugin, on loop 0.
  Status start(ErrorText* error);
  void drain(Completion* done);
  void stop(Completion* done);

  // --- grey::Consensus
  uint32_t loop_of(uint32_t group) noexcept override;
  bool has_group(uint32_t group) noexcept override;
  Status open_group(const GroupOptions* options, StateMachine* machine, Group** out,
                    ErrorText* error) noexcept override;

 private:
  // Channel 1.
  class MessageHandler final : public PeerHandler {
   public:
    explicit MessageHandler(RaftConsensus* owner) : owner_(owner) {}
    uint32_t loop_of(uint32_t route) noexcept override { return owner_->route_loop(route); }
    void on_message(uint32_t from, uint32_t route, const BufferRef* payload,
                    const PeerInfo* info) noexcept override;

   private:
    RaftConsensus* owner_;
  };
  // Channel 2.
  class SnapshotHandler final : public PeerHandler {
   public:
    explicit SnapshotHandler(RaftConsensus* owner) : owner_(owner) {}
    uint32_t loop_of(uint32_t route) noexcept override { return owner_->route_loop(route); }
    void on_message(uint32_t from, uint32_t route, const BufferRef* payload,
                    const PeerInfo* info) noexcept override;

   private:
    RaftConsensus* owner_;
  };

  uint32_t route_loop(uint32_t route) const {
    return route % static_cast<uint32_t>(drivers_.size());
  }
  uint32_t lane_of(uint32_t group) const { return group % static_cast<uint32_t>(lanes_.size()); }
  void refuse_frame(uint32_t from, const char* what);
  void receive_liveness(uint32_t from, uint32_t route, ByteReader* reader);
  // Calls `function(driver, done)` on every driver's loop, then `all_done` on loop 0.
  void on_every_loop(std::function<void(LoopDriver*, std::function<void()>)> function,
                     std::function<void()> all_done);

  Host* host_;
  DriverOptions options_;
  // Before the lanes: what waits in their queues may hold a transfer's slot to the end.
  std::unique_ptr<SnapshotLimits> snapshot_limits_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::unique_ptr<LoopGauges[]> gauges_;  // by loop
  std::unique_ptr<SpaceWatch> space_;
  std::vector<std::unique_ptr<LoopDriver>> drivers_;
  MessageHandler messages_;
  SnapshotHandler snapshots_;
  std::mutex known_mutex_;
  std::set<uint32_t> known_groups_;  // that have a log here
  std::unique_ptr<class GaugeRefresher> refresher_;
  bool started_ = false;
};

}  // namespace grey::raft

#endif  // GREY_CONSENSUS_RAFT_DRIVER_RAFT_CONSENSUS_H_
