// The consensus plugin "raft": descriptor, entry point, life cycle.
#include "grey/glue/plugin.h"
#include "driver/raft_consensus.h"

GREY_PLUGIN_DESCRIPTOR({
    .name = "raft",
    .version = "0.1.0",
    .license = "Apache-2.0",
    .summary = "Replicated logs by Raft: many groups over shared, group-committed log lanes",
    .kind = "consensus",
    .provides = {"grey.consensus/1"},
    .options =
        {
            {.name = "lanes",
             .type = "integer",
             .default_text = "0",
             .allowed = "0..64",
             .documentation =
                 "Log lanes of a new data directory: each is one stream of synced writes. "
                 "0: as many as loops, at most 4. Fixed once the directory is made."},
            {.name = "segment_size",
             .type = "size",
             .default_text = "16MiB",
             .allowed = "1MiB..1GiB",
             .documentation =
                 "Size of a log segment. Segments are written out in advance and recycled; "
                 "the first ones of a lane are smaller."},
            {.name = "commit_delay",
             .type = "duration",
             .default_text = "2ms",
             .allowed = "0..100ms",
             .documentation =
                 "Group commit under load: after a log write of 16 entries or more the lane's "
                 "next one begins no earlier than this after that one began, so that more calls "
                 "share a sync. After a smaller one none waits. 0: off."},
            {.name = "log_budget",
             .type = "size",
             .default_text = "512MiB",
             .allowed = "16MiB..1TiB",
             .documentation =
                 "Bytes of all log lanes together. Half of it is kept for followers that "
                 "come back; what engines have made durable goes when there is more. A snapshot "
                 "transfer may hold twice the budget; one that takes longer begins anew."},
            {.name = "min_free",
             .type = "size",
             .default_text = "64MiB",
             .allowed = "0..1TiB",
             .documentation =
                 "Below so many free bytes of the data directory's disk the shards led here "
                 "refuse writes as no_space (507), deletes pass, and are handed over after a "
                 "second "
                 "to a replica whose disk has room, if there is one; with a quarter more they take "
                 "writes again. 0: never."},
            {.name = "entry_cache",
             .type = "size",
             .default_text = "4MiB",
             .allowed = "64KiB..1GiB",
             .documentation = "Applied entries that one group keeps in memory for its followers; "
                              "twice as much with those that wait to be applied."},
            {.name = "max_inflight",
             .type = "size",
             .default_text = "8MiB",
             .allowed = "64KiB..1GiB",
             .documentation = "Bytes of one group on their way to one follower before it answers."},
            {.name = "max_append",
             .type = "size",
             .default_text = "1MiB",
             .allowed = "4KiB..16MiB",
             .documentation = "Bytes of one message with entries; one entry may come on top."},
            {.name = "max_uncommitted",
             .type = "size",
             .default_text = "64MiB",
             .allowed = "1MiB..4GiB",
             .documentation =
                 "Bytes of one group that wait for a quorum before proposals are busy."},
            {.name = "max_queued_proposals",
             .type = "integer",
             .default_text = "16384",
             .allowed = "1..1000000",
             .documentation =
                 "Proposals of one group in one turn of its loop before they are busy."},
            {.name = "snapshot_rate",
             .type = "size",
             .default_text = "56MiB",
             .allowed = "64KiB..64GiB",
             .documentation = "Bytes a second of snapshots that this node sends at most, and that "
                              "it takes in at most, all transfers together."},
            {.name = "snapshot_transfers",
             .type = "integer",
             .default_text = "4",
             .allowed = "1..256",
             .documentation =
                 "Snapshots that this node sends at once, and that it takes in at once. Others "
                 "wait for their turn."},
            {.name = "snapshot_window",
             .type = "size",
             .default_text = "4MiB",
             .allowed = "256KiB..256MiB",
             .documentation =
                 "Bytes of one snapshot that may be on their way to this node, or wait there to be "
                 "written. A link needs its bandwidth times its round trip."},
            {.name = "quiesce_after",
             .type = "duration",
             .default_text = "3s",
             .allowed = "0s..1h",
             .documentation =
                 "A group with nothing to do for so long, and with all its replicas connected and "
                 "complete, falls asleep: it sends no heartbeats until something happens. 0s: "
                 "never."},
            {.name = "lease_reads",
             .type = "boolean",
             .default_text = "false",
             .documentation =
                 "Serve reads without asking a quorum while a lease holds. Needs clocks of which "
                 "none runs a tenth faster than another, also while a machine is suspended or "
                 "migrated, and makes failover slower."},
            {.name = "rebalance",
             .type = "boolean",
             .default_text = "true",
             .documentation =
                 "Hand leadership back to a group's first replica once it has caught up, so "
                 "that leaders stay spread over the nodes."},
        },
});

namespace grey::raft {
namespace {

class RaftPlugin final : public PluginBase {
 public:
  explicit RaftPlugin(Host* host) : PluginBase(host), consensus_(this, host) {
    expose(Consensus::kInterfaceId, &consensus_);
  }

  Status start(ErrorText* error) noexcept override { return consensus_.start(error); }
  void drain(Completion* done) noexcept override { consensus_.drain(done); }
  void stop(Completion* done) noexcept override { consensus_.stop(done); }

 private:
  RaftConsensus consensus_;
};

}  // namespace
}  // namespace grey::raft

grey::Plugin* grey_plugin_create(grey::Host* host, grey::ErrorText*) {
  return new grey::raft::RaftPlugin(host);
}
