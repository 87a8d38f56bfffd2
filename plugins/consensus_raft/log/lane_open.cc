// A lane's beginning: what was found on the disk, and what must be made sure of before it counts.
#include <utility>

#include "grey/glue/mark.h"
#include "log/lane.h"

namespace grey::raft {

Result<std::unique_ptr<Lane>> Lane::open(Host* host, const LaneOptions& options) {
  std::unique_ptr<Lane> lane(new Lane(host, options));
  if (const Status status = lane->recover(); !status.ok()) return status;
  return lane;
}

std::unique_ptr<Lane> Lane::unusable(Host* host, const LaneOptions& options, Status why) {
  std::unique_ptr<Lane> lane(new Lane(host, options));
  lane->failed_ = true;
  lane->failure_ = describe(why);
  return lane;
}

Status Lane::recover() {
  Result<Manifest> loaded = load_manifest(host_->files(), options_.folder);
  if (loaded.ok()) {
    if (const Status status = take_over(std::move(loaded).value()); !status.ok()) return status;
  } else if (loaded.status().code != StatusCode::not_found) {
    return loaded.status();
  } else if (!options_.may_create) {
    return make_status(StatusCode::corruption, "the manifest of a log lane is missing");
  } else {
    const Status status = keeper_.create(options_.lane, host_->random()->next());
    if (!status.ok()) return status;
    end_ = {0, seed_crc(keeper_.key()), 0};
  }
  synced_ = end_;
  synced_generation_ = keeper_.current().info.generation;
  return open_tail();
}

Status Lane::take_over(Manifest manifest) {
  if (manifest.lane != options_.lane || manifest.segments.empty()) {
    return make_status(StatusCode::corruption, "a log manifest belongs to another lane");
  }
  Result<RecoveredLane> result =
      recover_lane(host_->files(), options_.folder, manifest, options_.kept_bytes);
  if (!result.ok()) return result.status();
  RecoveredLane& found = result.value();
  damage_ = found.damage;
  lost_ = found.lost;
  end_ = found.end;
  tail_serial_ = found.tail_serial;
  max_term_ = found.max_term;
  for (auto& [number, recovered] : found.groups) {
    auto group = std::make_unique<LaneGroup>();
    group->number = number;
    group->problem = recovered.finish();
    group->state = recovered.state();
    group->runs = recovered.runs();
    group->last = recovered.last().index;
    group->restored.emplace(std::move(recovered.restored()));
    groups_.emplace(number, std::move(group));
  }
  const Status status = keeper_.adopt(std::move(manifest), found.current, !damage_.empty());
  if (!status.ok()) return status;
  if (!damage_.empty()) GREY_MARK("recovery: the log goes on behind damage, in a new segment");
  if (!damage_.empty()) return restart_after_damage();
  return write_again(found.last_batch, found.end.offset);
}

// What was read of the last batch may be in the page cache only: after a crash of the process
// alone on its way to the disk, after a failed sync not even that. Only a new write makes sure.
Status Lane::write_again(uint64_t offset, uint64_t end) {
  std::vector<uint8_t> bytes(end - offset);
  if (bytes.empty()) return ok_status();
  File* file = keeper_.current().file.get();
  uint64_t got = 0;
  if (const Status status = file->read(offset, bytes.data(), bytes.size(), &got); !status.ok()) {
    return status;
  }
  if (const Status status = file->write(offset, {bytes.data(), got}); !status.ok()) return status;
  return file->sync();
}

// Nothing may be written behind damage: the log goes on in a new segment, which also records where
// the old one ends and that the groups are damaged. Until that is durable, what tells of the damage
// stays where it is.
Status Lane::restart_after_damage() {
  Batch batch;
  batch.clear();
  put_segment_header({keeper_.current().info.generation, end_.offset, end_.crc}, &batch);
  if (const Status synced = keeper_.current().file->sync(); !synced.ok()) return synced;
  if (const Status status = keeper_.prepare_blocking(batch_extent(batch.bytes.size()));
      !status.ok()) {
    return status;
  }
  const SegmentKey key = keeper_.ready_key();
  const uint32_t crc = seal_batch(key, seed_crc(key), 0, max_term_, &batch.bytes);
  File* file = keeper_.ready().file.get();
  if (const Status status = file->write(0, batch.bytes.view()); !status.ok()) return status;
  if (const Status status = file->sync(); !status.ok()) return status;
  end_ = {align_batch(batch.bytes.size()), crc, 0};
  return keeper_.set_aside();
}

// Written out, so that no tail record needs room on the disk, and with a record in both slots, so
// that from here on a slot without one was lost.
Status Lane::open_tail() {
  const std::string path = tail_path(options_.folder);
  const Status status = write_out(host_->files(), options_.folder, path, kTailFileSize);
  if (!status.ok()) return status;
  File* tail = nullptr;
  if (const Status opened = host_->files()->open(path.c_str(), 0, &tail); !opened.ok()) {
    return opened;
  }
  tail_file_ = Ref<File>::adopt(tail);
  for (int slot = 0; slot < 2; ++slot) {
    const uint64_t offset = next_tail();
    if (const Status written = tail->write(offset, tail_view_); !written.ok()) return written;
    if (const Status synced = tail->sync(); !synced.ok()) return synced;
  }
  return ok_status();
}

}  // namespace grey::raft
