#include "log/segment_keeper.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "grey/glue/mark.h"

namespace grey::raft {
namespace {

constexpr uint64_t kFirstSegmentSize = 1 << 20;
constexpr size_t kSpareFiles = 2;
constexpr uint64_t kSizeUnit = 64 << 10;

constexpr uint64_t round_up(uint64_t size) {
  return (size + kSizeUnit - 1) / kSizeUnit * kSizeUnit;
}

}  // namespace

// One piece of work for a worker: write out the next segment if there is one, store the manifest,
// remove files that are not listed in it.
struct SegmentKeeper::Job {
  Manifest manifest;
  bool prepares = false;
  SegmentInfo next;
  uint64_t new_bytes = 0;  // that the file of the next segment does not have yet
  std::vector<uint32_t> removes;
  std::vector<SegmentInfo> leaving;  // listed no more once the manifest is stored
  Status status = ok_status();
  Ref<File> file;
};

Status SegmentKeeper::create(uint32_t lane, uint64_t salt) {
  Status status = host_->files()->make_directory(folder_.c_str());
  if (!status.ok()) return status;
  const size_t slash = folder_.rfind('/');
  const std::string parent = slash == std::string::npos ? "" : folder_.substr(0, slash);
  status = host_->files()->sync_directory(parent.c_str());
  if (!status.ok()) return status;
  manifest_ = Manifest{};
  manifest_.lane = lane;
  manifest_.salt = salt;
  status = prepare_blocking(0);
  if (!status.ok()) return status;
  segments_.push_back(std::move(*next_));
  next_.reset();
  return ok_status();
}

Status SegmentKeeper::adopt(Manifest manifest, size_t current, bool damaged) {
  for (const SegmentInfo& info : manifest.segments)
    next_file_ = std::max(next_file_, info.file + 1);
  for (size_t i = 0; i < manifest.segments.size(); ++i) {
    const SegmentInfo& info = manifest.segments[i];
    if (i <= current) {
      Result<Ref<File>> file = open_segment(info.file);
      if (!file.ok()) return file.status();
      segments_.push_back({info, std::move(file).value()});
    } else {
      (damaged ? damaged_ : free_).push_back(info);
    }
  }
  manifest_ = std::move(manifest);
  manifest_.segments.clear();
  remove_orphans();
  return ok_status();
}

// Files that no manifest lists: left over by a crash or by a preparation that failed.
void SegmentKeeper::remove_orphans() {
  struct Names final : public FileVisitor {
    std::vector<std::string> names;
    void entry(const char* name, uint64_t, bool is_directory) noexcept override {
      if (!is_directory) names.emplace_back(name);
    }
  } found;
  // What stays only takes room.
  (void)host_->files()->list(folder_.c_str(), &found);
  std::vector<std::string> listed;
  for (const Segment& segment : segments_) {
    listed.push_back(segment_path(folder_, segment.info.file));
  }
  for (const auto* list : {&damaged_, &free_}) {
    for (const SegmentInfo& info : *list) listed.push_back(segment_path(folder_, info.file));
  }
  for (const std::string& name : found.names) {
    const std::string path = folder_ + "/" + name;
    if (name.rfind("segment-", 0) != 0) continue;
    if (std::find(listed.begin(), listed.end(), path) == listed.end()) {
      GREY_MARK("segments: a file that no manifest lists is removed");
      (void)host_->files()->remove(path.c_str());
    }
  }
}

Status SegmentKeeper::set_aside() {
  const std::vector<SegmentInfo> aside = std::exchange(damaged_, {});
  segments_.push_back(std::move(*next_));
  next_.reset();
  Status status = store_manifest(host_->files(), folder_, manifest_with(nullptr));
  if (!status.ok()) return status;
  for (const SegmentInfo& info : aside) {
    const std::string path = segment_path(folder_, info.file);
    const std::string name = folder_ + "/damaged-" + std::to_string(info.generation);
    status = host_->files()->rename(path.c_str(), name.c_str());
    if (!status.ok() && status.code != StatusCode::not_found) return status;
  }
  return host_->files()->sync_directory(folder_.c_str());
}

Status SegmentKeeper::prepare_blocking(uint64_t min_size) {
  uint64_t new_bytes = 0;
  const SegmentInfo info = choose(min_size, &new_bytes);
  Status status = write_out(host_->files(), folder_, segment_path(folder_, info.file), info.size);
  if (!status.ok()) return status;
  status = store_manifest(host_->files(), folder_, manifest_with(&info));
  if (!status.ok()) return status;
  Result<Ref<File>> file = open_segment(info.file);
  if (!file.ok()) return file.status();
  next_ = std::make_unique<Segment>(Segment{info, std::move(file).value()});
  return ok_status();
}

void SegmentKeeper::attach(Loop* loop, std::function<void(Status)> ready) {
  loop_ = loop;
  ready_ = std::move(ready);
}

const Segment* SegmentKeeper::find(uint64_t generation) const {
  for (const Segment& segment : segments_) {
    if (segment.info.generation == generation) return &segment;
  }
  return nullptr;
}

uint64_t SegmentKeeper::used_bytes() const {
  uint64_t bytes = 0;
  for (const Segment& segment : segments_) bytes += segment.info.size;
  return bytes;
}

void SegmentKeeper::advance() {
  segments_.push_back(std::move(*next_));
  next_.reset();
  prepare(0);
}

void SegmentKeeper::prepare(uint64_t min_size) {
  wanted_size_ = std::max({wanted_size_, min_size, uint64_t{1}});
  start_job();
}

void SegmentKeeper::drop_oldest(size_t count) {
  for (size_t i = 0; i < count && segments_.size() > 1; ++i) {
    leaving_.push_back(segments_.front().info);
    segments_.pop_front();
    drop_wanted_ = true;
  }
  start_job();
}

// Small at first, so that an idle data directory stays small, doubling up to the size configured.
uint64_t SegmentKeeper::usual_size() const {
  uint64_t size = std::min(segment_size_, kFirstSegmentSize);
  if (!segments_.empty()) size = std::min(segment_size_, 2 * segments_.back().info.size);
  return std::max(size, kSizeUnit);
}

// The file and the life of the next segment. A file is used again only once no stored manifest
// lists it under an earlier generation.
SegmentInfo SegmentKeeper::choose(uint64_t min_size, uint64_t* new_bytes) {
  SegmentInfo info;
  info.generation = manifest_.next_generation++;
  info.size = round_up(std::max(usual_size(), min_size));
  *new_bytes = info.size;
  if (free_.empty()) {
    info.file = next_file_++;
    return info;
  }
  GREY_MARK("segments: a file used again");
  const auto largest =
      std::max_element(free_.begin(), free_.end(),
                       [](const SegmentInfo& a, const SegmentInfo& b) { return a.size < b.size; });
  info.file = largest->file;
  info.size = std::max(info.size, largest->size);
  *new_bytes = info.size - largest->size;
  free_.erase(largest);
  return info;
}

Manifest SegmentKeeper::manifest_with(const SegmentInfo* next) const {
  Manifest manifest = manifest_;
  for (const Segment& segment : segments_) manifest.segments.push_back(segment.info);
  manifest.segments.insert(manifest.segments.end(), damaged_.begin(), damaged_.end());
  if (next) manifest.segments.push_back(*next);
  return manifest;
}

void SegmentKeeper::start_job() {
  if (busy_ || closing_ || !loop_) return;
  if (next_ && next_->info.size >= wanted_size_) wanted_size_ = 0;
  if (wanted_size_ == 0 && !drop_wanted_) return;
  auto job = std::make_shared<Job>();
  if (wanted_size_ != 0) {
    if (next_) GREY_MARK("segments: the next one is too small for what waits");
    if (next_) {  // too small for what waits
      free_.push_back(next_->info);
      next_.reset();
    }
    job->prepares = true;
    job->next = choose(wanted_size_, &job->new_bytes);
  }
  while (free_.size() > kSpareFiles) {
    job->removes.push_back(free_.back().file);
    free_.pop_back();
  }
  const SegmentInfo* next = job->prepares ? &job->next : next_ ? &next_->info : nullptr;
  job->manifest = manifest_with(next);
  job->leaving = std::exchange(leaving_, {});
  busy_ = true;
  wanted_size_ = 0;
  drop_wanted_ = false;
  const bool taken = submit(host_->workers(), [this, job] {
    carry_out(job.get());
    post(loop_, [this, job] { job_done(job); });
  });
  if (taken) return;
  // The workers' queue is full: as if the disk had no room, the lane asks again.
  job->status = make_status(StatusCode::busy);
  post(loop_, [this, job] { job_done(job); });
}

// On a worker.
void SegmentKeeper::carry_out(Job* job) {
  Files* files = host_->files();
  if (job->prepares) {
    // Asked first, so that a disk that is nearly full is not filled to the brim by each attempt.
    uint64_t free = 0;
    job->status = files->free_bytes(&free);
    if (job->status.ok() && job->new_bytes > free) {
      job->status = make_status(StatusCode::no_space, "for the next log segment", ENOSPC);
    }
    if (job->status.ok()) {
      job->status =
          write_out(files, folder_, segment_path(folder_, job->next.file), job->next.size);
    }
  }
  if (job->status.ok()) job->status = store_manifest(files, folder_, job->manifest);
  if (job->status.ok() && job->prepares) {
    Result<Ref<File>> file = open_segment(job->next.file);
    job->status = file.status();
    if (file.ok()) job->file = std::move(file).value();
  }
  if (!job->status.ok() && job->prepares && job->new_bytes == job->next.size) {
    // Nobody has anything in it, and what of it was written lacks elsewhere.
    job->removes.push_back(job->next.file);
  }
  for (const uint32_t file : job->removes) {
    // A file that stays only takes room.
    (void)files->remove(segment_path(folder_, file).c_str());
  }
}

void SegmentKeeper::close(std::function<void()> done) {
  closing_ = true;
  if (!busy_) return done();
  closed_ = std::move(done);
}

void SegmentKeeper::job_done(const std::shared_ptr<Job>& job) {
  busy_ = false;
  if (job->status.ok()) {
    free_.insert(free_.end(), job->leaving.begin(), job->leaving.end());
    if (job->prepares) {
      next_ = std::make_unique<Segment>(Segment{job->next, std::move(job->file)});
    }
  } else {
    GREY_MARK("segments: the next one could not be made");
    // Nothing of it counts: it is asked for again, with another generation.
    leaving_.insert(leaving_.end(), job->leaving.begin(), job->leaving.end());
    drop_wanted_ = !leaving_.empty();
    const uint64_t old_bytes = job->next.size - job->new_bytes;
    if (job->prepares && old_bytes != 0) {
      free_.push_back({job->next.generation, old_bytes, job->next.file});
    }
  }
  if (closing_) {
    if (closed_) std::exchange(closed_, nullptr)();
    return;
  }
  if (next_ || !job->status.ok()) ready_(job->status);
  if (job->status.ok()) start_job();
}

Result<Ref<File>> SegmentKeeper::open_segment(uint32_t file) {
  File* raw = nullptr;
  const Status status = host_->files()->open(segment_path(folder_, file).c_str(), 0, &raw);
  if (!status.ok()) return status;
  return Ref<File>::adopt(raw);
}

}  // namespace grey::raft
