// Comfort around ByteView and BufferRef: conversions, an owning Buffer, and a builder.
// Compiled into whoever includes it; nothing here crosses the border.
#ifndef GREY_GLUE_BYTES_H_
#define GREY_GLUE_BYTES_H_

#include <compare>
#include <cstring>
#include <new>
#include <string>
#include <string_view>

#include "grey/bytes.h"
#include "grey/glue/ref.h"

namespace grey {

inline ByteView view_of(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}
inline ByteView view_of(const BufferRef& buffer) {
  return {buffer.data, buffer.size};
}
inline std::string_view text_of(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data), static_cast<size_t>(bytes.size)};
}
inline std::string_view text_of(const BufferRef& buffer) {
  return text_of(view_of(buffer));
}
inline std::string string_of(ByteView bytes) {
  return std::string(text_of(bytes));
}

// A block of bytes allocated together with its reference count.
class BufferBlock final : public Object {
 public:
  static BufferBlock* allocate(uint64_t size) {
    void* memory = ::operator new(sizeof(BufferBlock) + size);
    return new (memory) BufferBlock();
  }
  uint8_t* data() { return reinterpret_cast<uint8_t*>(this + 1); }

  Object* query(const char*) noexcept override { return nullptr; }
  void retain() noexcept override { references_.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept override {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      this->~BufferBlock();
      ::operator delete(this);
    }
  }

 private:
  std::atomic<uint32_t> references_{1};
};

// Owns a reference to immutable bytes: cheap to copy and to slice, safe to hand to other threads.
class Buffer {
 public:
  Buffer() = default;
  // Shares the bytes of `ref`, adding a reference.
  explicit Buffer(const BufferRef& ref)
      : bytes_{ref.data, ref.size}, owner_(Ref<Object>::share(ref.owner)) {}

  static Buffer copy_of(ByteView bytes) {
    Buffer result = allocate(bytes.size);
    if (bytes.size != 0) std::memcpy(result.mutable_data(), bytes.data, bytes.size);
    return result;
  }
  static Buffer copy_of(std::string_view text) { return copy_of(view_of(text)); }
  // Uninitialised bytes; fill them through mutable_data() before sharing the buffer.
  static Buffer allocate(uint64_t size) {
    BufferBlock* block = BufferBlock::allocate(size);
    Buffer result;
    result.bytes_ = {block->data(), size};
    result.owner_ = Ref<Object>::adopt(block);
    return result;
  }

  Buffer slice(uint64_t offset, uint64_t size) const {
    Buffer result = *this;
    result.bytes_ = {bytes_.data + offset, size};
    return result;
  }

  uint8_t* mutable_data() { return const_cast<uint8_t*>(bytes_.data); }
  const uint8_t* data() const { return bytes_.data; }
  uint64_t size() const { return bytes_.size; }
  bool empty() const { return bytes_.size == 0; }
  ByteView view() const { return bytes_; }
  std::string_view text() const { return text_of(bytes_); }
  // Borrowed form for a call across the border; valid while this Buffer lives.
  BufferRef ref() const { return {bytes_.data, bytes_.size, owner_.get()}; }

 private:
  ByteView bytes_{nullptr, 0};
  Ref<Object> owner_;
};

}  // namespace grey

#endif  // GREY_GLUE_BYTES_H_
