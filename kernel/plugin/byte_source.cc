#include "plugin/byte_source.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace greyd {
namespace {

bool inside(uint64_t offset, uint64_t length, uint64_t size) {
  return offset <= size && length <= size - offset;
}

}  // namespace

bool MemorySource::read(uint64_t offset, std::span<uint8_t> out) {
  if (!inside(offset, out.size(), bytes_.size())) return false;
  if (!out.empty()) std::memcpy(out.data(), bytes_.data() + offset, out.size());
  return true;
}

bool DescriptorSource::read(uint64_t offset, std::span<uint8_t> out) {
  if (!inside(offset, out.size(), size_)) return false;
  size_t have = 0;
  while (have < out.size()) {
    const ssize_t got =
        ::pread(fd_, out.data() + have, out.size() - have, static_cast<off_t>(offset + have));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    have += static_cast<size_t>(got);
  }
  return true;
}

}  // namespace greyd
