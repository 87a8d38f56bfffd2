#include <algorithm>

#include "grey/testkit/sim_disk.h"

namespace grey::testkit {
namespace {

constexpr uint64_t kSectorBytes = 512;

void put(std::string* content, uint64_t offset, std::string_view bytes) {
  if (content->size() < offset + bytes.size()) content->resize(offset + bytes.size(), '\0');
  std::copy(bytes.begin(), bytes.end(), content->begin() + static_cast<ptrdiff_t>(offset));
}

}  // namespace

void SimInode::write(uint64_t offset, std::string_view bytes) {
  if (bytes.empty()) return;
  put(&content_, offset, bytes);
  unsynced_.push_back({false, offset, std::string(bytes)});
}

void SimInode::truncate(uint64_t size) {
  content_.resize(size, '\0');
  unsynced_.push_back({true, size, {}});
}

void SimInode::sync() {
  for (const Change& change : unsynced_) apply(&durable_, change);
  unsynced_.clear();
}

void SimInode::crash(SimRandom* random) {
  const uint64_t mood = random->below(4);
  for (const Change& change : unsynced_) {
    const uint64_t fate = mood == 0 ? 0 : mood == 1 ? 1 : random->below(3);
    if (fate == 1) apply(&durable_, change);
    if (fate == 2) apply_torn(&durable_, change, random);
  }
  unsynced_.clear();
  content_ = durable_;
}

void SimInode::flip_bit(uint64_t byte, uint32_t bit) {
  for (std::string* content : {&content_, &durable_}) {
    if (byte < content->size()) (*content)[byte] = static_cast<char>((*content)[byte] ^ (1 << bit));
  }
}

void SimInode::apply(std::string* content, const Change& change) {
  if (change.is_truncate) {
    content->resize(change.offset, '\0');
  } else {
    put(content, change.offset, change.bytes);
  }
}

// Sectors are written whole, each or not, in any order; the size may be there without them.
void SimInode::apply_torn(std::string* content, const Change& change, SimRandom* random) {
  if (change.is_truncate) return;
  const uint64_t end = change.offset + change.bytes.size();
  if (random->chance(50) && content->size() < end) content->resize(end, '\0');
  for (uint64_t from = change.offset; from < end;) {
    const uint64_t to = std::min(end, (from / kSectorBytes + 1) * kSectorBytes);
    if (random->chance(50)) {
      put(content, from, std::string_view(change.bytes).substr(from - change.offset, to - from));
    }
    from = to;
  }
}

}  // namespace grey::testkit
