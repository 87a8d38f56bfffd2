// Memory for what one batch of writes points into: it stays where it is until clear().
#ifndef GREY_SERVICE_KV_ARENA_H_
#define GREY_SERVICE_KV_ARENA_H_

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

namespace grey::kv {

class Arena {
 public:
  // Forgets everything; `expected` bytes can then be taken from one piece.
  void clear(uint64_t expected) {
    const bool fits = !pieces_.empty() && pieces_.front().size >= expected &&
                      pieces_.front().size <= expected + kKeepBytes;
    pieces_.resize(fits ? 1 : 0);
    if (!fits) add(expected);
    used_in_last_ = 0;
    used_ = 0;
  }

  uint8_t* take(uint64_t size) {
    if (pieces_.empty() || pieces_.back().size - used_in_last_ < size) add(size);
    uint8_t* at = pieces_.back().bytes.get() + used_in_last_;
    used_in_last_ += size;
    used_ += size;
    return at;
  }

  uint64_t used() const { return used_; }

 private:
  static constexpr uint64_t kPieceBytes = 4096;
  static constexpr uint64_t kKeepBytes = 1 << 20;
  struct Piece {
    std::unique_ptr<uint8_t[]> bytes;
    uint64_t size;
  };
  void add(uint64_t least) {
    const uint64_t size = std::max(least, kPieceBytes);
    pieces_.push_back({std::unique_ptr<uint8_t[]>(new uint8_t[size]), size});
    used_in_last_ = 0;
  }

  std::vector<Piece> pieces_;
  uint64_t used_in_last_ = 0;
  uint64_t used_ = 0;
};

}  // namespace grey::kv

#endif  // GREY_SERVICE_KV_ARENA_H_
