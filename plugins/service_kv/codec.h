// Little-endian fields in and out of byte strings, for every format of this plugin.
#ifndef GREY_SERVICE_KV_CODEC_H_
#define GREY_SERVICE_KV_CODEC_H_

#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "grey/bytes.h"

namespace grey::kv {

// Appends to a vector that outlives it.
class ByteWriter {
 public:
  explicit ByteWriter(std::vector<uint8_t>* out) : out_(out) {}

  void u8(uint8_t value) { out_->push_back(value); }
  void u16(uint16_t value) { integer(value, 2); }
  void u32(uint32_t value) { integer(value, 4); }
  void u64(uint64_t value) { integer(value, 8); }
  void bytes(ByteView view) {
    if (view.size != 0) out_->insert(out_->end(), view.data, view.data + view.size);
  }
  // A 32-bit length and the bytes.
  void sized(ByteView view) {
    u32(static_cast<uint32_t>(view.size));
    bytes(view);
  }
  void text(std::string_view value) {
    sized({reinterpret_cast<const uint8_t*>(value.data()), value.size()});
  }

 private:
  void integer(uint64_t value, int width) {
    for (int i = 0; i < width; ++i) out_->push_back(static_cast<uint8_t>(value >> (8 * i)));
  }
  std::vector<uint8_t>* out_;
};

// Reads fields of borrowed bytes. What is not there reads as zero or empty and makes ok() false for
// good, so a decoder reads everything and asks once.
class ByteReader {
 public:
  explicit ByteReader(ByteView bytes) : at_(bytes.data), left_(bytes.size) {}

  uint8_t u8() { return static_cast<uint8_t>(integer(1)); }
  uint16_t u16() { return static_cast<uint16_t>(integer(2)); }
  uint32_t u32() { return static_cast<uint32_t>(integer(4)); }
  uint64_t u64() { return integer(8); }
  ByteView bytes(uint64_t size) {
    if (!take(size)) return {nullptr, 0};
    return {at_ - size, size};
  }
  ByteView sized() { return bytes(u32()); }
  std::string_view text() {
    const ByteView view = sized();
    return {reinterpret_cast<const char*>(view.data), static_cast<size_t>(view.size)};
  }
  ByteView rest() { return bytes(left_); }

  uint64_t left() const { return left_; }
  bool ok() const { return ok_; }
  // Everything was read and nothing was missing.
  bool complete() const { return ok_ && left_ == 0; }

 private:
  bool take(uint64_t size) {
    if (size > left_) {
      ok_ = false;
      left_ = 0;
      return false;
    }
    at_ += size;
    left_ -= size;
    return true;
  }
  uint64_t integer(uint64_t width) {
    if (!take(width)) return 0;
    uint64_t value = 0;
    for (uint64_t i = 0; i < width; ++i) {
      value |= static_cast<uint64_t>((at_ - width)[i]) << (8 * i);
    }
    return value;
  }

  const uint8_t* at_;
  uint64_t left_;
  bool ok_ = true;
};

}  // namespace grey::kv

#endif  // GREY_SERVICE_KV_CODEC_H_
