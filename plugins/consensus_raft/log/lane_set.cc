#include "log/lane_set.h"

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

// The number of lanes that the data directory was made with; made now if it is new.
Result<uint32_t> load_format(Host* host, uint32_t wanted) {
  Result<std::vector<uint8_t>> bytes = read_whole_file(host->files(), kFormatPath, 64);
  if (bytes.ok()) {
    ByteReader reader({bytes.value().data(), bytes.value().size()});
    const auto magic = reader.get<uint32_t>();
    const auto version = reader.get<uint32_t>();
    const auto lanes = reader.get<uint32_t>();
    const auto crc = reader.get<uint32_t>();
    if (version > kFormatVersion && magic == kFormatMagic) {
      return make_status(StatusCode::incompatible, "the log was written by a newer version");
    }
    const bool good = reader.finished() && magic == kFormatMagic &&
                      crc == crc32c({bytes.value().data(), 12}) && lanes >= 1 && lanes <= kMaxLanes;
    if (!good) return make_status(StatusCode::corruption, "raft/FORMAT is damaged");
    return lanes;
  }
  if (bytes.status().code != StatusCode::not_found) return bytes.status();
  if (const Status made = host->files()->make_directory(kFolder); !made.ok()) return made;
  // A folder whose own name is lost takes everything in it along.
  if (const Status named = host->files()->sync_directory(""); !named.ok()) return named;
  ByteWriter out;
  out.put(kFormatMagic);
  out.put(kFormatVersion);
  out.put(wanted);
  out.put(crc32c(out.view()));
  const Status stored = replace_file(host->files(), kFolder, kFormatPath, out.view());
  if (!stored.ok()) return stored;
  return wanted;
}

}  // namespace

Result<std::vector<std::unique_ptr<Lane>>> open_lanes(Host* host, const DriverOptions& options,
                                                      ErrorText* error) {
  const Result<uint32_t> lanes = load_format(host, std::min(options.lanes, kMaxLanes));
  if (!lanes.ok()) {
    set_error(error, "the consensus log cannot be opened: " + describe(lanes.status()));
    return lanes.status();
  }
  std::vector<std::unique_ptr<Lane>> opened;
  for (uint32_t i = 0; i < lanes.value(); ++i) {
    LaneOptions lane;
    lane.lane = i;
    lane.folder = std::string(kFolder) + "/lane-" + std::to_string(i);
    lane.segment_size = options.segment_size;
    lane.budget_bytes = options.log_budget / lanes.value();
    Result<std::unique_ptr<Lane>> result = Lane::open(host, lane);
    if (!result.ok()) {
      set_error(error, "the consensus log in " + lane.folder +
                           " cannot be opened: " + describe(result.status()) +
                           "; run 'greyctl fsck' on this data directory");
      return result.status();
    }
    if (!result.value()->damage().empty()) {
      log_line(host, LogLevel::error, "log lane ", i, " is damaged: ", result.value()->damage(),
               "; its replicas do not vote until a leader has brought them up to date");
    }
    opened.push_back(std::move(result).value());
  }
  return opened;
}

}  // namespace grey::raft
