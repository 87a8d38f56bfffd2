// Byte ranges that cross the border. Both are trivially copyable.
#ifndef GREY_BYTES_H_
#define GREY_BYTES_H_

#include <cstdint>

#include "grey/object.h"

namespace grey {

// Borrowed bytes: valid for as long as the method that received or returned them says, by default
// until the call returns. `data` may be null only when `size` is 0.
struct ByteView {
  const uint8_t* data;
  uint64_t size;
};

// Bytes with an owner that keeps them alive and unchanged. A parameter of this type is borrowed: a
// callee that keeps the bytes retains `owner` and releases it later. A returned or stored BufferRef
// holds one reference. A null owner means memory that lives as long as the process.
struct BufferRef {
  const uint8_t* data;
  uint64_t size;
  Object* owner;
};

}  // namespace grey

#endif  // GREY_BYTES_H_
