// The frames and hellos that other nodes send.
#include <cstdint>
#include <cstdlib>

#include "peers/frame.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  // The first byte says in which pieces the rest arrives.
  const size_t piece = 1 + data[0];
  greyd::FrameReader reader;
  reader.set_limit(1 << 16);
  bool good = true;
  for (size_t at = 1; at < size && good; at += piece) {
    const size_t length = std::min(piece, size - at);
    good = reader
               .feed({data + at, length},
                     [](const greyd::FrameHeader&, const grey::Buffer& payload) {
                       greyd::Hello hello;
                       (void)greyd::decode_hello(payload.view(), &hello);
                     })
               .ok();
  }
  greyd::Hello hello;
  if (greyd::decode_hello({data, size}, &hello)) {
    greyd::Hello again;
    if (!greyd::decode_hello(grey::view_of(greyd::encode_hello(hello)), &again)) std::abort();
  }
  return 0;
}
