#include "log/manifest.h"

#include <algorithm>

#include "grey/glue/crc32c.h"
#include "grey/glue/ref.h"
#include "log/byte_io.h"

namespace grey::raft {
namespace {

constexpr uint32_t kManifestMagic = 0x4D4C5247;  // "GRLM"
constexpr uint32_t kManifestVersion = 1;
constexpr uint64_t kManifestLimit = 1 << 20;
constexpr uint64_t kZeroChunk = 256 << 10;

Result<Ref<File>> open_file(Files* files, const std::string& path, uint32_t flags) {
  File* file = nullptr;
  const Status status = files->open(path.c_str(), flags, &file);
  if (!status.ok()) return status;
  return Ref<File>::adopt(file);
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

Status replace_file(Files* files, const std::string& folder, const std::string& path,
                    ByteView content) {
  const std::string temporary = path + ".new";
  Result<Ref<File>> file = open_file(files, temporary, kFileCreate);
  if (!file.ok()) return file.status();
  if (const Status status = file.value()->truncate(0); !status.ok()) return status;
  if (const Status status = file.value()->write(0, content); !status.ok()) return status;
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
  const ByteView all{bytes.value().data(), bytes.value().size()};
  if (all.size < 12) return make_status(StatusCode::corruption, "a log manifest is cut off");
  ByteReader crc_reader({all.data + all.size - 4, 4});
  if (crc32c({all.data, all.size - 4}) != crc_reader.get<uint32_t>()) {
    return make_status(StatusCode::corruption, "a log manifest has a wrong CRC");
  }
  ByteReader reader({all.data, all.size - 4});
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
  if (!reader.finished()) {
    return make_status(StatusCode::corruption, "a log manifest contradicts itself");
  }
  return manifest;
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
