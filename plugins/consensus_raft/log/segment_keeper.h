// The segments of one lane: which there are, the next one made ready ahead of need, old ones let go
// of and used again. File work happens on workers.
#ifndef GREY_CONSENSUS_RAFT_LOG_SEGMENT_KEEPER_H_
#define GREY_CONSENSUS_RAFT_LOG_SEGMENT_KEEPER_H_

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "grey/glue/plugin.h"
#include "grey/glue/ref.h"
#include "log/batch.h"
#include "log/manifest.h"

namespace grey::raft {

struct Segment {
  SegmentInfo info;
  Ref<File> file;
};

// Opened blocking by open(); afterwards everything on the lane's loop.
class SegmentKeeper {
 public:
  SegmentKeeper(Host* host, std::string folder, uint64_t segment_size)
      : host_(host), folder_(std::move(folder)), segment_size_(segment_size) {}

  // --- Blocking, before attach().

  // Makes a lane that does not exist yet, with one small segment, so that a new node is quick.
  Status create(uint32_t lane, uint64_t salt);
  // Takes over what `manifest` lists. Segments after `current` are unused: they are used again or,
  // when `damaged`, stay listed until set_aside(), since they say what was lost.
  Status adopt(Manifest manifest, size_t current, bool damaged);
  // prepare() at once.
  Status prepare_blocking(uint64_t min_size);
  // Makes the segment that is ready, whose beginning is durable, the current one in place of those
  // after the damage: they are listed no more, and renamed.
  Status set_aside();

  // `ready` is called on `loop` when a prepared segment is there, or with why there is none:
  // `no_space` when it may be asked for again, anything else is a fault of the disk.
  void attach(Loop* loop, std::function<void(Status)> ready);

  // --- On the loop.

  Segment& current() { return segments_.back(); }
  const std::deque<Segment>& segments() const { return segments_; }
  // Null when it lives no more.
  const Segment* find(uint64_t generation) const;
  SegmentKey key() const { return {manifest_.salt, segments_.back().info.generation}; }
  uint64_t salt() const { return manifest_.salt; }
  uint64_t used_bytes() const;

  // Size of the segment that is ready, 0 when none is.
  uint64_t ready_size() const { return next_ ? next_->info.size : 0; }
  Segment& ready() { return *next_; }
  SegmentKey ready_key() const { return {manifest_.salt, next_->info.generation}; }
  // Files that can become segments without more room on the disk.
  size_t spare_files() const { return free_.size() + leaving_.size(); }
  // Makes the segment that is ready the current one, and begins to prepare another.
  void advance();
  // Asks for a ready segment of at least `min_size` bytes.
  void prepare(uint64_t min_size);
  // Lets go of the `count` oldest, never the current one. Their groups must not need them any more,
  // durably.
  void drop_oldest(size_t count);

  // Begins no more work; calls `done` when none is under way.
  void close(std::function<void()> done);

 private:
  struct Job;
  uint64_t usual_size() const;
  // `new_bytes`: how much of it is not on the disk yet.
  SegmentInfo choose(uint64_t min_size, uint64_t* new_bytes);
  Manifest manifest_with(const SegmentInfo* next) const;
  void start_job();
  void carry_out(Job* job);
  void job_done(const std::shared_ptr<Job>& job);
  void remove_orphans();
  Result<Ref<File>> open_segment(uint32_t file);

  Host* host_;
  std::string folder_;
  uint64_t segment_size_;
  Loop* loop_ = nullptr;
  std::function<void(Status)> ready_;
  Manifest manifest_;  // its list of segments is empty; they stand below
  std::deque<Segment> segments_;
  std::unique_ptr<Segment> next_;
  std::vector<SegmentInfo> free_;     // files that no stored manifest lists
  std::vector<SegmentInfo> leaving_;  // dropped, but still listed
  std::vector<SegmentInfo> damaged_;  // after damage, see adopt()
  uint32_t next_file_ = 1;
  uint64_t wanted_size_ = 0;  // of the segment to prepare; 0: none is wanted
  bool drop_wanted_ = false;
  bool closing_ = false;
  std::function<void()> closed_;
  bool busy_ = false;  // a job is under way
};

}  // namespace grey::raft

#endif  // GREY_CONSENSUS_RAFT_LOG_SEGMENT_KEEPER_H_
