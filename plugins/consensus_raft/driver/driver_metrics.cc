#include "driver/driver_metrics.h"

#include <iterator>

#include "grey/consensus.h"

namespace grey::raft {
namespace {

constexpr double kCounts[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024};

Ref<Instrument> counter(Meter* meter, const char* name, const char* help) {
  return Ref<Instrument>::adopt(meter->instrument(MetricKind::counter, name, help, "", nullptr, 0));
}

}  // namespace

DriverMetrics DriverMetrics::make(Meter* meter) {
  DriverMetrics metrics;
  metrics.elections = counter(meter, "grey_raft_elections_total", "Campaigns begun by this node.");
  metrics.proposals =
      counter(meter, "grey_raft_proposals_total", "Commands appended to a log by this node.");
  metrics.proposals_refused = counter(meter, "grey_raft_proposals_refused_total",
                                      "Commands that this node did not append.");
  metrics.apply_seconds = Ref<Instrument>::adopt(
      meter->instrument(MetricKind::histogram, "grey_raft_apply_seconds",
                        "Time for applying one batch of committed entries.", "", nullptr, 0));
  metrics.turn_proposals = Ref<Instrument>::adopt(meter->instrument(
      MetricKind::histogram, "grey_raft_turn_proposals",
      "Commands appended to one group in one turn of a loop.", "", kCounts, std::size(kCounts)));
  metrics.frames_dropped = counter(meter, "grey_raft_frames_dropped_total",
                                   "Frames to other nodes that no link or a full one could take.");
  metrics.snapshots_sent =
      counter(meter, "grey_raft_snapshots_sent_total", "Snapshots that a follower has taken.");
  metrics.snapshots_installed =
      counter(meter, "grey_raft_snapshots_installed_total", "Snapshots installed here.");
  metrics.snapshots_not_sent =
      counter(meter, "grey_raft_snapshot_send_failures_total",
              "Transfers that this node began to send and that ended without an install.");
  metrics.snapshots_not_installed =
      counter(meter, "grey_raft_snapshot_install_failures_total",
              "Transfers that this node began to take in and did not install.");
  metrics.snapshot_sent_bytes =
      counter(meter, "grey_raft_snapshot_sent_bytes_total", "Bytes of snapshots sent.");
  metrics.snapshot_received_bytes =
      counter(meter, "grey_raft_snapshot_received_bytes_total", "Bytes of snapshots received.");
  metrics.transfers =
      counter(meter, "grey_raft_transfers_total", "Leaderships handed over by this node.");
  return metrics;
}

std::string group_label(uint32_t group) {
  return group == kControlGroup ? "group=\"control\""
                                : "group=\"" + std::to_string(group - 1) + "\"";
}

GroupMetrics GroupMetrics::make(Meter* meter, uint32_t group) {
  const std::string labels = group_label(group);
  GroupMetrics metrics;
  metrics.leader = Ref<Instrument>::adopt(
      meter->instrument(MetricKind::gauge, "grey_raft_leader",
                        "Number of the node that leads the group as this node knows, 0 for none.",
                        labels.c_str(), nullptr, 0));
  metrics.term = Ref<Instrument>::adopt(meter->instrument(MetricKind::gauge, "grey_raft_term",
                                                          "The group's term as this node knows it.",
                                                          labels.c_str(), nullptr, 0));
  return metrics;
}

}  // namespace grey::raft
