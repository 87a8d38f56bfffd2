#include "driver/space_watch.h"

#include <utility>

#include "grey/glue/plugin.h"

namespace grey::raft {

SpaceWatch::SpaceWatch(Host* host, uint64_t min_free) : host_(host), min_free_(min_free) {
  Meter* meter = host->meter();
  free_bytes_ = Ref<Instrument>::adopt(meter->instrument(
      MetricKind::gauge, "grey_raft_disk_free_bytes",
      "Bytes that may still be written below the data directory.", "", nullptr, 0));
  nearly_full_shown_ = Ref<Instrument>::adopt(meter->instrument(
      MetricKind::gauge, "grey_raft_disk_nearly_full",
      "1 while less than min_free bytes are free: shards led here refuse writes, not deletes.", "",
      nullptr, 0));
}

void SpaceWatch::look() {
  if (asking_ || closed_) return;
  // A worker: a disk that hangs must hold no loop.
  asking_ = submit(host_->workers(), [this] {
    uint64_t free = 0;
    const Status status = host_->files()->free_bytes(&free);
    post(host_->loop(0), [this, status, free] { answered(status, free); });
  });
}

void SpaceWatch::answered(Status status, uint64_t free) {
  asking_ = false;
  if (closed_) return std::exchange(closed_, nullptr)();
  const bool before = nearly_full();
  bool now = before ? free < min_free_ + min_free_ / 4 : free < min_free_;
  if (!status.ok()) now = before;  // the log's own writes tell of a disk that fails
  state_.store(now ? State::nearly_full : State::has_room, std::memory_order_relaxed);
  if (!status.ok()) return;
  free_bytes_->set(static_cast<double>(free));
  nearly_full_shown_->set(now ? 1 : 0);
  if (before == now) return;
  log_line(host_, LogLevel::warning,
           now ? "the disk is nearly full, writes are refused: " : "the disk has room again: ",
           free >> 20, " MiB are free");
}

void SpaceWatch::close(std::function<void()> done) {
  if (!asking_) return done();
  closed_ = std::move(done);
}

}  // namespace grey::raft
