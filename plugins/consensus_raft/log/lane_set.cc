#include "log/lane_set.h"

#include <algorithm>
#include <string>

#include "grey/glue/crc32c.h"
#include "log/manifest.h"

namespace grey::raft {
namespace {

constexpr char kFolder[] = "raft";
constexpr char kFormatPath[] = "raft/FORMAT";
constexpr uint32_t kFormatMagic = 0x464C5247;  // "GRLF"
constexpr uint32_t kFormatVersion = 1;
constexpr uint32_t kMaxLanes = 64;

Result<uint32_t> decode_format(ByteView bytes) {
  ByteReader reader(bytes);
  const auto magic = reader.get<uint32_t>();
  const auto version = reader.get<uint32_t>();
  const auto lanes = reader.get<uint32_t>();
  const auto crc = reader.get<uint32_t>();
  if (version > kFormatVersion && magic == kFormatMagic) {
    return make_status(StatusCode::incompatible, "the log was written by a newer version");
  }
  const bool good = reader.ok() && magic == kFormatMagic && crc == crc32c({bytes.data, 12}) &&
                    lanes >= 1 && lanes <= kMaxLanes;
  if (!good) return make_status(StatusCode::corruption, "raft/FORMAT is damaged");
  return lanes;
}

Status store_format(Files* files, uint32_t lanes);

// The number of lanes that the data directory was made with; `not_found` for a new one. A copy that
// is damaged is made good from the other.
Result<uint32_t> load_format(Files* files) {
  Result<std::vector<uint8_t>> bytes = read_whole_file(files, kFormatPath, 64 << 10);
  if (!bytes.ok()) return bytes.status();
  const Copies copies = copies_in({bytes.value().data(), bytes.value().size()});
  Result<uint32_t> first = decode_format(copies.first);
  Result<uint32_t> second = decode_format(copies.second);
  if (first.ok() && second.ok()) return first;
  const Result<uint32_t>& good = first.ok() ? first : second;
  if (!good.ok()) return first;
  if (const Status status = store_format(files, good.value()); !status.ok()) return status;
  return good;
}

// Last of all, so that where it stands every lane was made: one that is missing then was lost.
Status store_format(Files* files, uint32_t lanes) {
  ByteWriter out;
  out.put(kFormatMagic);
  out.put(kFormatVersion);
  out.put(lanes);
  out.put(crc32c(out.view()));
  return replace_file(files, kFolder, kFormatPath, out.view());
}

Status make_folder(Files* files) {
  if (const Status made = files->make_directory(kFolder); !made.ok()) return made;
  // A folder whose own name is lost takes everything in it along.
  return files->sync_directory("");
}

// A group's lane follows from its number: one that stands elsewhere says that lanes were lost.
bool holds_foreign_groups(const Lane& lane, uint32_t index, uint32_t lanes) {
  for (const auto& [number, group] : lane.groups()) {
    if (number % lanes != index) return true;
  }
  return false;
}

std::unique_ptr<Lane> open_lane(Host* host, const LaneOptions& options, uint32_t lanes,
                                Status* status) {
  Result<std::unique_ptr<Lane>> result = Lane::open(host, options);
  *status = result.status();
  if (result.ok() && holds_foreign_groups(*result.value(), options.lane, lanes)) {
    *status = make_status(StatusCode::corruption, "a log lane holds groups of another lane");
  }
  if (status->ok()) {
    std::unique_ptr<Lane> lane = std::move(result).value();
    if (!lane->damage().empty()) {
      log_line(host, LogLevel::error, "log lane ", options.lane, " is damaged: ", lane->damage(),
               "; its replicas do not vote until a leader has brought them up to date");
    }
    return lane;
  }
  log_line(host, LogLevel::error, "log lane ", options.lane,
           " cannot be opened, its replicas stay down: ", describe(*status));
  return Lane::unusable(host, options, *status);
}

// Whether this node may have voted and acknowledged before: it is a member of a cluster, which it
// becomes only when its lanes have been made.
bool has_joined(Host* host) {
  Identity identity{};
  identity.struct_size = sizeof(identity);
  host->identity(&identity);
  return identity.number != 0;
}

// A node whose whole log is gone goes on without it: it forwards what others can answer, but its
// replicas have forgotten their votes and are not to be seen again.
std::vector<std::unique_ptr<Lane>> without_log(Host* host, uint32_t lanes, Status why) {
  log_line(host, LogLevel::error, "the consensus log of this node is lost: ", describe(why),
           "; its replicas stay down, let the node be wiped and added again");
  std::vector<std::unique_ptr<Lane>> opened;
  for (uint32_t i = 0; i < lanes; ++i) {
    LaneOptions lane;
    lane.lane = i;
    opened.push_back(Lane::unusable(host, lane, why));
  }
  return opened;
}

}  // namespace

Result<std::vector<std::unique_ptr<Lane>>> open_lanes(Host* host, const DriverOptions& options,
                                                      ErrorText* error) {
  const uint32_t wanted = std::clamp(options.lanes, 1u, kMaxLanes);
  Result<uint32_t> lanes = load_format(host->files());
  const bool is_new = lanes.status().code == StatusCode::not_found;
  if (has_joined(host) && !lanes.ok() && lanes.status().code != StatusCode::incompatible) {
    return without_log(
        host, wanted,
        is_new ? make_status(StatusCode::corruption, "raft/FORMAT is missing") : lanes.status());
  }
  if (is_new) {
    lanes = wanted;
    if (const Status made = make_folder(host->files()); !made.ok()) lanes = made;
  }
  Status status = lanes.status();
  std::vector<std::unique_ptr<Lane>> opened;
  bool has_groups = false;
  for (uint32_t i = 0; status.ok() && i < lanes.value(); ++i) {
    LaneOptions lane;
    lane.lane = i;
    lane.folder = std::string(kFolder) + "/lane-" + std::to_string(i);
    lane.segment_size = options.segment_size;
    lane.budget_bytes = options.log_budget / lanes.value();
    lane.commit_delay_ns = options.commit_delay_ns;
    lane.kept_bytes = options.entry_cache;
    lane.may_create = is_new;
    Status one = ok_status();
    opened.push_back(open_lane(host, lane, lanes.value(), &one));
    has_groups = has_groups || !opened.back()->groups().empty();
    // One lane's fault is its replicas' alone; a new or a newer directory is everybody's.
    if (is_new || one.code == StatusCode::incompatible) status = one;
  }
  if (status.ok() && is_new) {
    status = has_groups ? make_status(StatusCode::corruption, "raft/FORMAT is missing")
                        : store_format(host->files(), lanes.value());
  }
  if (status.ok()) return opened;
  set_error(error, "the consensus log cannot be opened: " + describe(status) +
                       "; run 'greyctl fsck' on this data directory");
  return status;
}

}  // namespace grey::raft
