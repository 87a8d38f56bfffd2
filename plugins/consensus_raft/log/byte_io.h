// Little-endian numbers into and out of byte arrays, for the log and for messages.
#ifndef GREY_CONSENSUS_RAFT_LOG_BYTE_IO_H_
#define GREY_CONSENSUS_RAFT_LOG_BYTE_IO_H_

#include <bit>
#include <cstring>
#include <type_traits>
#include <vector>

#include "grey/bytes.h"

namespace grey::raft {

static_assert(std::endian::native == std::endian::little,
              "numbers are stored as they stand in memory");

// Grows at its end. clear() keeps the memory.
class ByteWriter {
 public:
  template <typename Number>
  requires std::is_integral_v<Number>
  void put(Number value) { put_bytes({reinterpret_cast<const uint8_t*>(&value), sizeof(value)}); }

  void put_bytes(ByteView bytes) {
    if (bytes.size != 0) bytes_.insert(bytes_.end(), bytes.data, bytes.data + bytes.size);
  }
  // A 32-bit length and the bytes.
  void put_sized(ByteView bytes) {
    put(static_cast<uint32_t>(bytes.size));
    put_bytes(bytes);
  }
  void put_zeros(size_t count) { bytes_.resize(bytes_.size() + count); }

  template <typename Number>
  void put_at(size_t offset, Number value) {
    std::memcpy(bytes_.data() + offset, &value, sizeof(value));
  }

  size_t size() const { return bytes_.size(); }
  bool empty() const { return bytes_.empty(); }
  void clear() { bytes_.clear(); }
  void swap(ByteWriter& other) { bytes_.swap(other.bytes_); }
  // Gives memory back when more than `bytes` are held. Only when empty.
  void shrink_above(size_t bytes) {
    if (bytes_.empty() && bytes_.capacity() > bytes) std::vector<uint8_t>().swap(bytes_);
  }
  const uint8_t* data() const { return bytes_.data(); }
  ByteView view() const { return {bytes_.data(), bytes_.size()}; }
  ByteView view_from(size_t offset) const {
    return {bytes_.data() + offset, bytes_.size() - offset};
  }

 private:
  std::vector<uint8_t> bytes_;
};

// Reads from the front. After a read beyond the end every value is 0 and ok() is false for ever.
class ByteReader {
 public:
  explicit ByteReader(ByteView bytes) : at_(bytes.data), left_(bytes.size) {}

  template <typename Number>
  Number get() {
    Number value{};
    const ByteView bytes = get_bytes(sizeof(value));
    if (bytes.size == sizeof(value)) std::memcpy(&value, bytes.data, sizeof(value));
    return value;
  }
  // Empty when fewer are left.
  ByteView get_bytes(uint64_t size) {
    if (size > left_) {
      ok_ = false;
      left_ = 0;
      return {nullptr, 0};
    }
    const ByteView bytes{at_, size};
    at_ += size;
    left_ -= size;
    return bytes;
  }
  ByteView get_sized() { return get_bytes(get<uint32_t>()); }

  bool ok() const { return ok_; }
  uint64_t left() const { return left_; }
  // Read to the end, and not beyond it.
  bool finished() const { return ok_ && left_ == 0; }

 private:
  const uint8_t* at_;
  uint64_t left_;
  bool ok_ = true;
};

}  // namespace grey::raft

#endif  // GREY_CONSENSUS_RAFT_LOG_BYTE_IO_H_
