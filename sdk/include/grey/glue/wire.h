// Little-endian encoding and bounds-checked decoding: what every format of ours is written with.
// Compiled into whoever includes it; nothing here crosses the border.
#ifndef GREY_GLUE_WIRE_H_
#define GREY_GLUE_WIRE_H_

#include <concepts>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "grey/glue/bytes.h"

namespace grey {

// Appends to a string that the caller keeps and reuses.
class WireWriter {
 public:
  explicit WireWriter(std::string* out) : out_(out) {}

  template <std::unsigned_integral Number>
  void number(Number value) {
    char bytes[sizeof(Number)];
    for (size_t i = 0; i < sizeof(Number); ++i) bytes[i] = static_cast<char>(value >> (8 * i));
    out_->append(bytes, sizeof(Number));
  }
  // Length (u32) and bytes.
  void bytes(ByteView value) {
    number(static_cast<uint32_t>(value.size));
    raw(value);
  }
  void text(std::string_view value) { bytes(view_of(value)); }
  void raw(ByteView value) {
    if (value.size != 0) out_->append(text_of(value));
  }

 private:
  std::string* out_;
};

// Reads from borrowed bytes. After a read beyond the end every result is empty and ok() is false
// for good, so a decoder reads all its fields and asks once.
class WireReader {
 public:
  explicit WireReader(ByteView bytes) : rest_(bytes) {}

  template <std::unsigned_integral Number>
  Number number() {
    if (!take_ok(sizeof(Number))) return 0;
    Number value = 0;
    for (size_t i = 0; i < sizeof(Number); ++i) {
      value = static_cast<Number>(value | static_cast<Number>(Number{rest_.data[i]} << (8 * i)));
    }
    skip(sizeof(Number));
    return value;
  }
  ByteView bytes() { return raw(number<uint32_t>()); }
  std::string_view text() { return text_of(bytes()); }
  ByteView raw(uint64_t size) {
    if (!take_ok(size)) return {nullptr, 0};
    const ByteView result{rest_.data, size};
    skip(size);
    return result;
  }

  bool ok() const { return ok_; }
  // Whether everything was read and nothing is left.
  bool done() const { return ok_ && rest_.size == 0; }
  uint64_t remaining() const { return rest_.size; }

 private:
  bool take_ok(uint64_t size) {
    if (size > rest_.size) ok_ = false;
    if (!ok_) rest_ = {nullptr, 0};
    return ok_;
  }
  void skip(uint64_t size) {
    rest_.data += size;
    rest_.size -= size;
  }

  ByteView rest_;
  bool ok_ = true;
};

}  // namespace grey

#endif  // GREY_GLUE_WIRE_H_
