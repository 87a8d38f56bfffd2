// One log lane: everything that the groups of the lane must keep, written as one stream with one
// sync at a time for all of them (group commit).
//
// Opened blocking; after attach() everything happens on the loop given. Handing something to the
// lane and its being durable are two steps: LaneClient::log_persisted tells of the second.
#ifndef GREY_CONSENSUS_RAFT_LOG_LANE_H_
#define GREY_CONSENSUS_RAFT_LOG_LANE_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "grey/glue/plugin.h"
#include "log/lane_group.h"
#include "log/lane_metrics.h"
#include "log/lane_recovery.h"
#include "log/segment_keeper.h"
#include "log/tail_record.h"

namespace grey::raft {

struct LaneOptions {
  uint32_t lane = 0;
  std::string folder;
  uint64_t segment_size = 16 << 20;
  uint64_t budget_bytes = 512 << 20;  // of all segments; half of it is kept for slow followers
  uint64_t kept_bytes = 4 << 20;      // of each group's newest entries, in memory after a start
  // Group commit under load: a write that follows one of many entries begins so long after that one
  // began, or when it has ended if that is later. 0: as soon as it has ended.
  uint64_t commit_delay_ns = 2'000'000;
  bool may_create = true;  // the data directory is new; otherwise a lane that is not there was lost
};

// What entries are appended for. While the next segment cannot be prepared, the end of the current
// one is kept: each of these may go further into it than the one before.
enum class AppendFor : uint8_t {
  proposals = 0,    // of a leader: what it takes in, the others must be able to take too
  replication = 1,  // what stands in the leader's log
  upkeep = 2,       // of consensus only: a term that cannot begin serves no reads either
};

using EntriesRead = std::function<void(Status, std::vector<Entry>)>;

class Lane {
 public:
  // Reads the lane, or makes it. Blocks. A lane that is damaged opens all the same, with its groups
  // marked: damage() says what was found.
  static Result<std::unique_ptr<Lane>> open(Host* host, const LaneOptions& options);
  // Stands for one that could not be opened: it has failed and knows no groups.
  static std::unique_ptr<Lane> unusable(Host* host, const LaneOptions& options, Status why);
  ~Lane();
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  const std::string& damage() const { return damage_; }
  // In order of their numbers. The groups found; later also those added.
  const std::map<uint32_t, std::unique_ptr<LaneGroup>>& groups() const { return groups_; }

  // On the loop that is given, once, before anything below.
  void attach(Loop* loop, LaneMetrics metrics);

  LaneGroup* find(uint32_t group);
  // A group that was never here, with this state; durable with the next write. In a lane whose
  // damage may have taken groups along it counts as one of those. `restored` is set.
  LaneGroup* add(uint32_t group, GroupState state);

  // The first part of Effects: what to write. log_persisted follows for a sequence that is not 0.
  void append(LaneGroup* group, const Effects& effects);
  // Group::state was changed otherwise: writes all of it.
  void put_state(LaneGroup* group);
  // The group begins anew as another replica, with this state and an empty log: what the one before
  // it wrote is over. Not while that one is open. Durable with the next write. If that one's log is
  // damaged, the new one counts as one of whose log nothing is left. `restored` is set.
  void replace(LaneGroup* group, GroupState state);
  // The group's log is empty from here on and goes on after `snapshot`, with this term and vote.
  // `done` is called once that is durable; not at all after a failure.
  void reset(LaneGroup* group, const SnapshotMeta& snapshot, std::function<void()> done);

  // Reads entries back, from `first` to `last` at most and about `max_bytes`. `done` gets at least
  // one entry or an error, later, on the loop. `not_found`: let go of in the meantime. After any
  // other error the lane has failed: what it has acknowledged is not there.
  void read(LaneGroup* group, LogIndex first, LogIndex last, uint64_t max_bytes, EntriesRead done);

  // Looks again for segments that can go.
  void reclaim();

  // Since when, by the loop's clock, the oldest write that is not durable yet has been under way or
  // waited; 0 when there is none.
  uint64_t waiting_since_ns() const;
  // Whether that is longer ago than `limit_ns`.
  bool hangs(uint64_t limit_ns) const;
  bool failed() const { return failed_; }
  // Why, once it has failed.
  const std::string& failure() const { return failure_; }
  // The next segment cannot be prepared, since the disk is full.
  bool short_of_space() const { return short_of_space_; }
  // Whether entries of so many bytes may be appended. While it is short of space, the very end of
  // the segment is kept for terms, votes and what lets old segments go.
  bool has_room(uint64_t bytes, AppendFor purpose) const;
  // Shows in the metrics whether writes have been waiting for longer than `limit_ns`.
  void show_condition(uint64_t limit_ns);
  uint64_t used_bytes() const { return keeper_.used_bytes(); }
  uint64_t budget_bytes() const { return options_.budget_bytes; }

  // Writes what is left, syncs the tail record and calls `done`, in any case.
  void close(std::function<void()> done);

 private:
  struct PendingRun {
    LaneGroup* group;
    EntryRun run;  // its offset counts from the body's beginning
    bool carried = false;
    bool ends_carry = false;
  };
  struct Notice {
    LaneGroup* group;
    uint64_t sequence;
    std::function<void()> done;
  };
  // What one write holds besides its bytes.
  struct Batch {
    ByteWriter bytes;  // with room for the header in front
    std::vector<PendingRun> runs;
    std::vector<Notice> notices;
    uint64_t entries = 0;
    size_t drops = 0;  // segments that nobody needs once this batch is durable
    uint64_t since_ns = 0;

    bool empty() const { return bytes.size() <= kBatchHeaderSize && notices.empty(); }
    void clear();
  };
  class WriteDone;

  Lane(Host* host, const LaneOptions& options);
  Status recover();
  Status take_over(Manifest manifest);
  Status write_again(uint64_t offset, uint64_t end);
  Status restart_after_damage();
  Status open_tail();
  void begin(LaneGroup* group, GroupState state, std::optional<LogPosition> lost);
  void put_segment_header(const SegmentStart& start, Batch* batch) const;
  const EntryRun* first_pending(const LaneGroup* group) const;
  void gathered();
  void submit();
  bool make_room();
  void seal_and_write();
  void written(Status status);
  void finish_batch();
  void fail(Status status);
  void segment_ready(Status status);
  void note_tail();
  void write_tail(bool sync);
  uint64_t next_tail();
  void tail_written(Status status);
  void on_timer();
  void arm_timer();
  bool enough_kept(uint64_t bytes) const;
  bool compact_oldest(uint64_t kept);
  bool carrying_helps(uint64_t kept) const;
  void carry_forward(LaneGroup* group);
  void carry_piece(LaneGroup* group, LogIndex first, LogIndex last, uint64_t changes);
  void carried_piece(LaneGroup* group, const std::vector<Entry>& entries, LogIndex last);
  void put_entries(LaneGroup* group, const std::vector<Entry>& entries);
  void note_run(LaneGroup* group, const std::vector<Entry>& entries, size_t begin, bool carried);
  void continue_close();
  void read_next(const std::shared_ptr<struct LaneRead>& read);

  Host* host_;
  LaneOptions options_;
  SegmentKeeper keeper_;
  std::string damage_;
  std::optional<LogPosition> lost_;  // see RecoveredLane
  std::map<uint32_t, std::unique_ptr<LaneGroup>> groups_;
  Loop* loop_ = nullptr;
  LaneMetrics metrics_;

  LogEnd end_;     // behind the last batch that was submitted
  LogEnd synced_;  // behind the last one that is durable, in this life of a segment:
  uint64_t synced_generation_ = 0;
  uint64_t max_term_ = 0;
  Batch gathering_;
  Batch writing_;
  bool write_under_way_ = false;
  bool deferred_ = false;
  uint64_t next_write_ns_ = 0;  // see LaneOptions::commit_delay_ns
  bool failed_ = false;
  std::string failure_;
  bool short_of_space_ = false;
  uint64_t retry_at_ns_ = 0;  // to prepare a segment, when there was no room
  size_t drops_pending_ = 0;  // segments whose drop waits for a batch

  Ref<File> tail_file_;
  uint64_t tail_serial_ = 0;
  uint8_t tail_bytes_[kTailRecordSize];
  ByteView tail_view_{tail_bytes_, kTailRecordSize};
  uint32_t reads_under_way_ = 0;
  bool tail_under_way_ = false;
  bool tail_again_ = false;  // a newer position waits
  bool tail_unsynced_ = false;
  bool tail_due_ = false;  // the last record does not name the last sync
  uint64_t next_tail_ns_ = 0;
  uint64_t tail_term_ = 0;  // that the last record names
  uint64_t tail_sync_at_ns_ = 0;

  std::unique_ptr<WriteDone> write_done_;
  std::unique_ptr<WriteDone> tail_done_;
  ByteView write_view_{};
  FunctionTask submit_task_;
  FunctionTask timer_task_;
  Ref<Timer> timer_;
  std::function<void()> closed_;
};

}  // namespace grey::raft

#endif  // GREY_CONSENSUS_RAFT_LOG_LANE_H_
