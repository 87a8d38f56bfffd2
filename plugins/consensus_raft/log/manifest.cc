#include "log/manifest.h"

#include <algorithm>

#include "grey/glue/crc32c.h"
#include "grey/glue/ref.h"
#include "log/byte_io.h"

namespace grey::raft {
namespace {

constexpr uint32_t kManifestMagic = 0x4D4C5247;  // "GRLM"
constexpr uint32_t kManifestVersion = 1;
// Twenty bytes for each segment, twice: the greatest budget in the smallest segments, and more.
constexpr uint64_t kManifestLimit = 256 << 20;
constexpr uint64_t kZeroChunk = 256 << 10;
constexpr uint64_t kCopyUnit = 4096;  // no sector holds parts of both copies

Result<Ref<File>> open_file(Files* files, const std::string& path, uint32_t flags) {
  File* file = nullptr;
  const Status status = files->open(path.c_str(), flags, &file);
  if (!status.ok()) return status;
  return Ref<File>::adopt(file);
}

// Of the copy that begins with `bytes`.
Result<Manifest> decode_manifest(ByteView bytes) {
  ByteReader reader(bytes);
  if (reader.get<uint32_t>() != kManifestMagic) {
    return make_status(StatusCode::corruption, "a log manifest has a wrong magic number");
  }
  if (reader.get<uint32_t>() > kManifestVersion) {
    return make_status(StatusCode::incompatible, "the log was written by a newer version");
  }
  Manifest manifest;
  manifest.lane = reader.get<uint32_t>();
  manifest.salt = reader.get<uint64_t>();
  manifest.next_generation = reader.get<uint64_t>();
  const auto count = reader.get<uint32_t>();
  for (uint32_t i = 0; i < count && reader.ok(); ++i) {
    SegmentInfo segment;
    segment.generation = reader.get<uint64_t>();
    segment.size = reader.get<uint64_t>();
    segment.file = reader.get<uint32_t>();
    manifest.segments.push_back(segment);
  }
  const uint64_t size = bytes.size - reader.left();
  const auto crc = reader.get<uint32_t>();
  if (!reader.ok() || crc != crc32c({bytes.data, size})) {
    return make_status(StatusCode::corruption, "a log manifest has a wrong CRC");
  }
  return manifest;
}

}  // namespace

std::string manifest_path(const std::string& folder) {
  return folder + "/manifest";
}

std::string segment_path(const std::string& folder, uint32_t file) {
  std::string digits = std::to_string(file);
  digits.insert(0, digits.size() < 6 ? 6 - digits.size() : 0, '0');
  return folder + "/segment-" + digits;
}

Result<std::vector<uint8_t>> read_whole_file(Files* files, const std::string& path,
                                             uint64_t limit) {
  Result<Ref<File>> file = open_file(files, path, kFileReadOnly);
  if (!file.ok()) return file.status();
  uint64_t size = 0;
  if (const Status status = file.value()->size(&size); !status.ok()) return status;
  if (size > limit) return make_status(StatusCode::corruption, "a small file has become large");
  std::vector<uint8_t> bytes(size);
  uint64_t got = 0;
  if (const Status status = file.value()->read(0, bytes.data(), size, &got); !status.ok()) {
    return status;
  }
  bytes.resize(got);
  return bytes;
}

Copies copies_in(ByteView file) {
  const uint64_t half = (file.size + 1) / 2;
  const uint64_t second = (half + kCopyUnit - 1) / kCopyUnit * kCopyUnit;
  if (second >= file.size) return {file, {nullptr, 0}};
  return {file, {file.data + second, file.size - second}};
}

Status replace_file(Files* files, const std::string& folder, const std::string& path,
                    ByteView content) {
  const std::string temporary = path + ".new";
  ByteWriter both;
  both.put_bytes(content);
  both.put_zeros((kCopyUnit - content.size % kCopyUnit) % kCopyUnit);
  both.put_bytes(content);
  Result<Ref<File>> file = open_file(files, temporary, kFileCreate);
  if (!file.ok()) return file.status();
  if (const Status status = file.value()->truncate(0); !status.ok()) return status;
  if (const Status status = file.value()->write(0, both.view()); !status.ok()) return status;
  if (const Status status = file.value()->sync(); !status.ok()) return status;
  if (const Status status = files->rename(temporary.c_str(), path.c_str()); !status.ok()) {
    return status;
  }
  return files->sync_directory(folder.c_str());
}

Result<Manifest> load_manifest(Files* files, const std::string& folder) {
  Result<std::vector<uint8_t>> bytes =
      read_whole_file(files, manifest_path(folder), kManifestLimit);
  if (!bytes.ok()) return bytes.status();
  const Copies copies = copies_in({bytes.value().data(), bytes.value().size()});
  Result<Manifest> first = decode_manifest(copies.first);
  if (first.ok()) return first;
  Result<Manifest> second = decode_manifest(copies.second);
  return second.ok() ? second : first;
}

Status store_manifest(Files* files, const std::string& folder, const Manifest& manifest) {
  ByteWriter out;
  out.put(kManifestMagic);
  out.put(kManifestVersion);
  out.put(manifest.lane);
  out.put(manifest.salt);
  out.put(manifest.next_generation);
  out.put(static_cast<uint32_t>(manifest.segments.size()));
  for (const SegmentInfo& segment : manifest.segments) {
    out.put(segment.generation);
    out.put(segment.size);
    out.put(segment.file);
  }
  out.put(crc32c(out.view()));
  return replace_file(files, folder, manifest_path(folder), out.view());
}

Status write_out(Files* files, const std::string& folder, const std::string& path, uint64_t size) {
  Result<Ref<File>> file = open_file(files, path, kFileCreate);
  if (!file.ok()) return file.status();
  uint64_t written = 0;
  if (const Status status = file.value()->size(&written); !status.ok()) return status;
  const std::vector<uint8_t> zeros(kZeroChunk);
  while (written < size) {
    const uint64_t chunk = std::min(kZeroChunk, size - written);
    if (const Status status = file.value()->write(written, {zeros.data(), chunk}); !status.ok()) {
      return status;
    }
    written += chunk;
  }
  if (const Status status = file.value()->sync(); !status.ok()) return status;
  return files->sync_directory(folder.c_str());
}

}  // namespace grey::raft
