#include "log/segment_keeper.h"

#include <algorithm>

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
  std::vector<uint32_t> removes;
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

Status SegmentKeeper::adopt(Manifest manifest, size_t current, bool quarantine) {
  for (const SegmentInfo& info : manifest.segments)
    next_file_ = std::max(next_file_, info.file + 1);
  for (size_t i = 0; i < manifest.segments.size(); ++i) {
    const SegmentInfo& info = manifest.segments[i];
    if (i <= current) {
      Result<Ref<File>> file = open_segment(info.file);
      if (!file.ok()) return file.status();
      segments_.push_back({info, std::move(file).value()});
    } else if (quarantine) {
      const std::string path = segment_path(folder_, info.file);
      const std::string aside = folder_ + "/damaged-" + std::to_string(info.generation);
      const Status status = host_->files()->rename(path.c_str(), aside.c_str());
      if (!status.ok() && status.code != StatusCode::not_found) return status;
    } else {
      free_.push_back(info);
    }
  }
  manifest_ = std::move(manifest);
  manifest_.segments.clear();
  return ok_status();
}

Status SegmentKeeper::prepare_blocking(uint64_t min_size) {
  const SegmentInfo info = choose(min_size);
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
SegmentInfo SegmentKeeper::choose(uint64_t min_size) {
  SegmentInfo info;
  info.generation = manifest_.next_generation++;
  info.size = round_up(std::max(usual_size(), min_size));
  if (free_.empty()) {
    info.file = next_file_++;
    return info;
  }
  const auto largest =
      std::max_element(free_.begin(), free_.end(),
                       [](const SegmentInfo& a, const SegmentInfo& b) { return a.size < b.size; });
  info.file = largest->file;
  info.size = std::max(info.size, largest->size);
  free_.erase(largest);
  return info;
}

Manifest SegmentKeeper::manifest_with(const SegmentInfo* next) const {
  Manifest manifest = manifest_;
  for (const Segment& segment : segments_) manifest.segments.push_back(segment.info);
  if (next) manifest.segments.push_back(*next);
  return manifest;
}

void SegmentKeeper::start_job() {
  if (busy_ || closing_ || !loop_) return;
  if (next_ && next_->info.size >= wanted_size_) wanted_size_ = 0;
  if (wanted_size_ == 0 && !drop_wanted_) return;
  auto job = std::make_shared<Job>();
  if (wanted_size_ != 0) {
    if (next_) {  // too small for what waits
      free_.push_back(next_->info);
      next_.reset();
    }
    job->prepares = true;
    job->next = choose(wanted_size_);
  }
  while (free_.size() > kSpareFiles) {
    job->removes.push_back(free_.back().file);
    free_.pop_back();
  }
  const SegmentInfo* next = job->prepares ? &job->next : next_ ? &next_->info : nullptr;
  job->manifest = manifest_with(next);
  busy_ = true;
  wanted_size_ = 0;
  drop_wanted_ = false;
  const auto leaving = std::make_shared<std::vector<SegmentInfo>>(std::move(leaving_));
  leaving_.clear();
  const bool taken = submit(host_->workers(), [this, job, leaving] {
    Files* files = host_->files();
    if (job->prepares) {
      job->status =
          write_out(files, folder_, segment_path(folder_, job->next.file), job->next.size);
    }
    if (job->status.ok()) job->status = store_manifest(files, folder_, job->manifest);
    if (job->status.ok() && job->prepares) {
      Result<Ref<File>> file = open_segment(job->next.file);
      job->status = file.status();
      if (file.ok()) job->file = std::move(file).value();
    }
    for (const uint32_t file : job->removes) {
      // A file that stays only takes room.
      (void)files->remove(segment_path(folder_, file).c_str());
    }
    post(loop_, [this, job, leaving] {
      if (job->status.ok()) free_.insert(free_.end(), leaving->begin(), leaving->end());
      job_done(job);
    });
  });
  if (taken) return;
  // The workers' queue is full: the lane asks again.
  busy_ = false;
  leaving_ = *leaving;
  drop_wanted_ = !leaving_.empty();
  if (job->prepares) {
    free_.push_back(job->next);
    wanted_size_ = std::max<uint64_t>(1, job->next.size);
  }
}

void SegmentKeeper::close(std::function<void()> done) {
  closing_ = true;
  if (!busy_) return done();
  closed_ = std::move(done);
}

void SegmentKeeper::job_done(const std::shared_ptr<Job>& job) {
  busy_ = false;
  if (closing_) {
    if (closed_) std::exchange(closed_, nullptr)();
    return;
  }
  if (job->status.ok() && job->prepares) {
    next_ = std::make_unique<Segment>(Segment{job->next, std::move(job->file)});
  }
  if (job->prepares || !job->status.ok()) ready_(job->status);
  if (job->status.ok()) start_job();
}

Result<Ref<File>> SegmentKeeper::open_segment(uint32_t file) {
  File* raw = nullptr;
  const Status status = host_->files()->open(segment_path(folder_, file).c_str(), 0, &raw);
  if (!status.ok()) return status;
  return Ref<File>::adopt(raw);
}

}  // namespace grey::raft
