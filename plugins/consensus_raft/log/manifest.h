// The list of a lane's segments: which file lives as which generation, in order. Replaced as a
// whole. The bytes are specified in docs/formats/raft-log.md. Everything here blocks.
#ifndef GREY_CONSENSUS_RAFT_LOG_MANIFEST_H_
#define GREY_CONSENSUS_RAFT_LOG_MANIFEST_H_

#include <string>
#include <vector>

#include "grey/glue/status.h"
#include "grey/host.h"

namespace grey::raft {

struct SegmentInfo {
  uint64_t generation = 0;  // rises along the list
  uint64_t size = 0;        // of the file, all of it written out
  uint32_t file = 0;        // stands in its name

  friend bool operator==(const SegmentInfo&, const SegmentInfo&) = default;
};

struct Manifest {
  uint32_t lane = 0;
  uint64_t salt = 0;             // random, made with the lane; seeds every CRC
  uint64_t next_generation = 1;  // never given out so far
  std::vector<SegmentInfo> segments;
};

std::string manifest_path(const std::string& folder);
std::string segment_path(const std::string& folder, uint32_t file);

// `not_found` when the lane has none yet, `corruption`, `incompatible` for a newer format, or a
// fault of the disk.
Result<Manifest> load_manifest(Files* files, const std::string& folder);

// In force, durably, when this returns ok. After a failure either the old or the new one is.
Status store_manifest(Files* files, const std::string& folder, const Manifest& manifest);

// Reads all of a file. `corruption` when it is larger than `limit`.
Result<std::vector<uint8_t>> read_whole_file(Files* files, const std::string& path, uint64_t limit);

// What is small and cannot be made good from elsewhere stands in its file twice.
struct Copies {
  ByteView first;   // from the beginning of the file; what follows the copy is not part of it
  ByteView second;  // empty when there is none
};
Copies copies_in(ByteView file);

// Writes `content` twice under a temporary name, syncs it, renames it, syncs the folder.
Status replace_file(Files* files, const std::string& folder, const std::string& path,
                    ByteView content);

// Makes sure that the file exists and that all of its `size` bytes were written once, durably. What
// stands in it already stays.
Status write_out(Files* files, const std::string& folder, const std::string& path, uint64_t size);

}  // namespace grey::raft

#endif  // GREY_CONSENSUS_RAFT_LOG_MANIFEST_H_
