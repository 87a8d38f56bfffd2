#include "driver/driver_options.h"

#include <algorithm>

namespace grey::raft {

DriverOptions DriverOptions::from(Host* host) {
  ConfigView* config = host->config();
  DriverOptions options;
  options.election_timeout_ns =
      config->duration_ns("consensus.election_timeout", options.election_timeout_ns);
  options.heartbeat_interval_ns =
      config->duration_ns("consensus.heartbeat_interval", options.heartbeat_interval_ns);
  options.quiesce_after_ns = config->duration_ns("quiesce_after", options.quiesce_after_ns);
  const int64_t lanes = config->integer("lanes", 0);
  options.lanes = lanes > 0 ? static_cast<uint32_t>(lanes) : std::min(host->loop_count(), 4u);
  options.segment_size = config->size_bytes("segment_size", options.segment_size);
  options.commit_delay_ns = config->duration_ns("commit_delay", options.commit_delay_ns);
  options.log_budget = config->size_bytes("log_budget", options.log_budget);
  options.min_free = config->size_bytes("min_free", options.min_free);
  options.max_inflight_bytes = config->size_bytes("max_inflight", options.max_inflight_bytes);
  options.max_append_bytes = config->size_bytes("max_append", options.max_append_bytes);
  options.max_uncommitted_bytes =
      config->size_bytes("max_uncommitted", options.max_uncommitted_bytes);
  options.entry_cache = config->size_bytes("entry_cache", options.entry_cache);
  options.max_queued_proposals =
      static_cast<uint32_t>(config->integer("max_queued_proposals", options.max_queued_proposals));
  options.snapshot_rate =
      std::max<uint64_t>(1, config->size_bytes("snapshot_rate", options.snapshot_rate));
  options.snapshot_transfers = static_cast<uint32_t>(
      std::max<int64_t>(1, config->integer("snapshot_transfers", options.snapshot_transfers)));
  options.snapshot_window = config->size_bytes("snapshot_window", options.snapshot_window);
  options.lease_reads = config->boolean("lease_reads", options.lease_reads);
  options.rebalance = config->boolean("rebalance", options.rebalance);
  return options;
}

}  // namespace grey::raft
