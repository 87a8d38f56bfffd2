#include "log/lane_metrics.h"

#include <iterator>
#include <string>

namespace grey::raft {

LaneMetrics LaneMetrics::make(Meter* meter, uint32_t lane) {
  static constexpr double kBytes[] = {256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304};
  static constexpr double kEntries[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024};
  const std::string labels = "lane=\"" + std::to_string(lane) + "\"";
  const auto make = [&](MetricKind kind, const char* name, const char* help,
                        const double* bounds = nullptr, uint32_t count = 0) {
    return Ref<Instrument>::adopt(
        meter->instrument(kind, name, help, labels.c_str(), bounds, count));
  };
  LaneMetrics metrics;
  metrics.sync_seconds = make(MetricKind::histogram, "grey_raft_log_sync_seconds",
                              "Time from handing a batch to the disk until it was durable.");
  metrics.batch_bytes = make(MetricKind::histogram, "grey_raft_log_batch_bytes",
                             "Bytes in one write of a log lane.", kBytes, std::size(kBytes));
  metrics.batch_entries =
      make(MetricKind::histogram, "grey_raft_log_batch_entries",
           "Entries in one write of a log lane.", kEntries, std::size(kEntries));
  metrics.failures = make(MetricKind::counter, "grey_raft_log_failures_total",
                          "Writes or syncs of a log lane that failed; its replicas stopped.");
  metrics.used_bytes =
      make(MetricKind::gauge, "grey_raft_log_used_bytes", "Bytes in the segments of a log lane.");
  metrics.failed = make(MetricKind::gauge, "grey_raft_log_failed",
                        "1 once a log lane has failed: its replicas are down until a restart.");
  metrics.hung = make(MetricKind::gauge, "grey_raft_log_hung",
                      "1 while writes of a log lane hang: no group of it is led here.");
  metrics.short_of_space = make(MetricKind::gauge, "grey_raft_log_no_space",
                                "1 while the disk has no room for the next segment of a log lane.");
  metrics.damaged = make(MetricKind::gauge, "grey_raft_log_damaged",
                         "1 when a log lane was found damaged at the start of this process.");
  return metrics;
}

}  // namespace grey::raft
