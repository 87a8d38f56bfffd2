#include "driver/raft_consensus.h"

#include <algorithm>
#include <string>
#include <utility>

#include "log/lane_set.h"

namespace grey::raft {

// Keeps the gauges that are about all loops.
class GaugeRefresher final : public MetricRefresher {
 public:
  GaugeRefresher(Meter* meter, const LoopGauges* loops, size_t count, SnapshotLimits* snapshots)
      : loops_(loops),
        count_(count),
        snapshots_(snapshots),
        lag_(gauge(meter, "grey_replication_lag",
                   "Entries that the slowest replica of any shard led here is behind.")),
        asleep_(gauge(meter, "grey_raft_quiescent_groups",
                      "Groups of this node that are idle and send no heartbeats.")),
        sending_(gauge(meter, "grey_raft_snapshots_sending",
                       "Snapshot transfers from this node that hold a view now.")),
        receiving_(gauge(meter, "grey_raft_snapshots_receiving",
                         "Snapshot transfers that this node takes in now.")) {}

  void refresh() noexcept override {
    uint64_t greatest = 0;
    uint64_t asleep = 0;
    for (size_t i = 0; i < count_; ++i) {
      greatest = std::max(greatest, loops_[i].lag.load(std::memory_order_relaxed));
      asleep += loops_[i].asleep.load(std::memory_order_relaxed);
    }
    lag_->set(static_cast<double>(greatest));
    asleep_->set(static_cast<double>(asleep));
    sending_->set(snapshots_->running(SnapshotDirection::sending));
    receiving_->set(snapshots_->running(SnapshotDirection::receiving));
  }

 private:
  static Ref<Instrument> gauge(Meter* meter, const char* name, const char* help) {
    return Ref<Instrument>::adopt(meter->instrument(MetricKind::gauge, name, help, "", nullptr, 0));
  }

  const LoopGauges* loops_;
  size_t count_;
  SnapshotLimits* snapshots_;
  Ref<Instrument> lag_;
  Ref<Instrument> asleep_;
  Ref<Instrument> sending_;
  Ref<Instrument> receiving_;
};

RaftConsensus::RaftConsensus(Object* owner, Host* host)
    : InterfaceOf<Consensus>(owner), host_(host), messages_(this), snapshots_(this) {}

RaftConsensus::~RaftConsensus() = default;

Status RaftConsensus::start(ErrorText* error) {
  options_ = DriverOptions::from(host_);
  Result<std::vector<std::unique_ptr<Lane>>> lanes = open_lanes(host_, options_, error);
  if (!lanes.ok()) return lanes.status();
  lanes_ = std::move(lanes).value();
  space_ = std::make_unique<SpaceWatch>(host_, options_.min_free);
  const uint32_t loops = host_->loop_count();
  gauges_ = std::make_unique<LoopGauges[]>(loops);
  snapshot_limits_ =
      std::make_unique<SnapshotLimits>(options_.snapshot_rate, options_.snapshot_transfers);
  refresher_ = std::make_unique<GaugeRefresher>(host_->meter(), gauges_.get(), loops,
                                                snapshot_limits_.get());
  if (MetricsHub* hub = host_->metrics_hub()) hub->add_refresher(refresher_.get());
  for (uint32_t i = 0; i < loops; ++i) {
    drivers_.push_back(std::make_unique<LoopDriver>(host_, i, options_, snapshot_limits_.get(),
                                                    space_.get(), &gauges_[i]));
  }
  for (const auto& lane : lanes_) {
    for (const auto& [number, group] : lane->groups()) known_groups_.insert(number);
  }
  host_->peers()->set_handler(kChannelConsensus, &messages_);
  host_->peers()->set_handler(kChannelSnapshot, &snapshots_);
  for (uint32_t i = 0; i < loops; ++i) {
    // A loop's tasks run in order, so groups are opened there only after this.
    post(host_->loop(i), [this, i, loops] {
      drivers_[i]->start();
      for (uint32_t lane = i; lane < lanes_.size(); lane += loops) {
        drivers_[i]->add_lane(lanes_[lane].get(), lane, static_cast<uint32_t>(lanes_.size()));
      }
    });
  }
  started_ = true;
  return ok_status();
}

uint32_t RaftConsensus::loop_of(uint32_t group) noexcept {
  return lane_of(group) % host_->loop_count();
}

bool RaftConsensus::has_group(uint32_t group) noexcept {
  const std::lock_guard lock(known_mutex_);
  return known_groups_.count(group) != 0;
}

Status RaftConsensus::open_group(const GroupOptions* options, StateMachine* machine, Group** out,
                                 ErrorText* error) noexcept {
  LoopDriver& driver = *drivers_[loop_of(options->group)];
  Lane* lane = lanes_[lane_of(options->group)].get();
  const Status status = driver.open(*options, machine, lane, out, error);
  if (!status.ok()) return status;
  const std::lock_guard lock(known_mutex_);
  known_groups_.insert(options->group);
  return status;
}

void RaftConsensus::refuse_frame(uint32_t from, const char* what) {
  log_line(host_, LogLevel::warning, "node ", from, " sent ", what, "; its link is closed");
  post(host_->loop(0), [this, from] { host_->peers()->reset(from); });
}

void RaftConsensus::MessageHandler::on_message(uint32_t from, uint32_t route,
                                               const BufferRef* payload,
                                               const PeerInfo* info) noexcept {
  RaftConsensus& owner = *owner_;
  const uint32_t here = owner.route_loop(route);
  if (from == 0 || owner.drivers_[here]->is_over(from, info->boot_nonce)) return;
  ByteReader reader(view_of(*payload));
  const std::optional<FrameKind> kind = get_frame_header(&reader);
  if (kind == FrameKind::liveness) return owner.receive_liveness(from, route, &reader);
  if (!kind) return owner.refuse_frame(from, "a frame of another version, or of an unknown kind");
  bool good = true;
  std::vector<std::vector<GroupMessage>> elsewhere;
  while (good) {
    std::optional<GroupMessage> message = next_message(&reader);
    if (!message) break;
    const uint32_t loop = owner.loop_of(message->group);
    if (loop == here) {
      good = owner.drivers_[here]->receive(from, message->group, std::move(message->message));
      continue;
    }
    elsewhere.resize(owner.drivers_.size());
    elsewhere[loop].push_back(std::move(*message));
  }
  for (uint32_t loop = 0; loop < elsewhere.size(); ++loop) {
    if (elsewhere[loop].empty()) continue;
    post(owner.host_->loop(loop), [&owner, loop, from, nonce = info->boot_nonce,
                                   messages = std::move(elsewhere[loop])]() mutable {
      LoopDriver& driver = *owner.drivers_[loop];
      if (driver.is_over(from, nonce)) return;
      for (GroupMessage& message : messages) {
        if (driver.receive(from, message.group, std::move(message.message))) continue;
        return owner.refuse_frame(from, "a message that no replica sends");
      }
    });
  }
  if (!good || !reader.finished())
    owner.refuse_frame(from, "a malformed frame, or a message that no replica sends");
}

// Any loop may have groups that sleep relying on it.
void RaftConsensus::receive_liveness(uint32_t from, uint32_t route, ByteReader* reader) {
  std::optional<LivenessMessage> message = get_liveness(reader);
  // Lane i is on loop i mod loops, so the first lane of a loop that has any has the loop's number.
  if (!message || route >= message->lanes) {
    return refuse_frame(from, "a malformed word about its lanes");
  }
  const uint32_t here = route_loop(route);
  for (uint32_t loop = 0; loop < drivers_.size(); ++loop) {
    LoopDriver* driver = drivers_[loop].get();
    if (loop == here) {
      driver->receive_liveness(from, route, *message);
      continue;
    }
    post(host_->loop(loop), [driver, from, route, message = *message] {
      driver->receive_liveness(from, route, message);
    });
  }
}

void RaftConsensus::SnapshotHandler::on_message(uint32_t from, uint32_t route,
                                                const BufferRef* payload,
                                                const PeerInfo* info) noexcept {
  if (from == 0) return;
  std::optional<SnapshotMessage> message = get_snapshot_message(view_of(*payload));
  if (!message) return owner_->refuse_frame(from, "a malformed snapshot message");
  const uint32_t loop = owner_->loop_of(message->group);
  LoopDriver* driver = owner_->drivers_[loop].get();
  if (loop == owner_->route_loop(route)) {
    if (driver->is_over(from, info->boot_nonce)) return;
    return driver->receive_snapshot(from, *message, Buffer(*payload));
  }
  post(owner_->host_->loop(loop), [driver, from, nonce = info->boot_nonce,
                                   message = std::move(*message), frame = Buffer(*payload)] {
    if (!driver->is_over(from, nonce)) driver->receive_snapshot(from, message, frame);
  });
}

void RaftConsensus::on_every_loop(std::function<void(LoopDriver*, std::function<void()>)> function,
                                  std::function<void()> all_done) {
  auto left = std::make_shared<std::atomic<size_t>>(drivers_.size());
  for (size_t i = 0; i < drivers_.size(); ++i) {
    LoopDriver* driver = drivers_[i].get();
    post(host_->loop(static_cast<uint32_t>(i)), [this, driver, function, left, all_done] {
      function(driver, [this, left, all_done] {
        if (left->fetch_sub(1) == 1) post(host_->loop(0), all_done);
      });
    });
  }
}

void RaftConsensus::drain(Completion* done) {
  if (!started_) return done->complete(ok_status());
  on_every_loop(
      [](LoopDriver* driver, std::function<void()> one) { driver->drain(std::move(one)); },
      [done] { done->complete(ok_status()); });
}

void RaftConsensus::stop(Completion* done) {
  if (!started_) return done->complete(ok_status());
  host_->peers()->set_handler(kChannelConsensus, nullptr);
  host_->peers()->set_handler(kChannelSnapshot, nullptr);
  if (MetricsHub* hub = host_->metrics_hub()) hub->remove_refresher(refresher_.get());
  on_every_loop([](LoopDriver* driver, std::function<void()> one) { driver->stop(std::move(one)); },
                [this, done] { space_->close([done] { done->complete(ok_status()); }); });
}

}  // namespace grey::raft
