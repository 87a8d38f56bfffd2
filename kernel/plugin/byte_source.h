#ifndef GREY_KERNEL_PLUGIN_BYTE_SOURCE_H_
#define GREY_KERNEL_PLUGIN_BYTE_SOURCE_H_

#include <cstdint>
#include <span>
#include <string>

namespace greyd {

// Bytes of a known size, read at any place.
class ByteSource {
 public:
  virtual ~ByteSource() = default;

  virtual uint64_t size() const = 0;

  // Fills `out` from `offset`. False if that is not wholly inside, or cannot be read; never reads
  // outside, whatever the numbers.
  [[nodiscard]] virtual bool read(uint64_t offset, std::span<uint8_t> out) = 0;
};

// Borrowed memory.
class MemorySource final : public ByteSource {
 public:
  explicit MemorySource(std::span<const uint8_t> bytes) : bytes_(bytes) {}
  uint64_t size() const override { return bytes_.size(); }
  bool read(uint64_t offset, std::span<uint8_t> out) override;

 private:
  std::span<const uint8_t> bytes_;
};

// An open file, borrowed. A file that shrinks meanwhile makes read() fail, no more.
class DescriptorSource final : public ByteSource {
 public:
  DescriptorSource(int fd, uint64_t size) : fd_(fd), size_(size) {}
  uint64_t size() const override { return size_; }
  bool read(uint64_t offset, std::span<uint8_t> out) override;

 private:
  int fd_;
  uint64_t size_;
};

}  // namespace greyd

#endif  // GREY_KERNEL_PLUGIN_BYTE_SOURCE_H_
