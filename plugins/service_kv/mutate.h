// For tests of decoders: what any change of bytes may do is to be refused or to mean something
// else, never to crash or to read outside.
#ifndef GREY_SERVICE_KV_MUTATE_H_
#define GREY_SERVICE_KV_MUTATE_H_

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "grey/bytes.h"

namespace grey::kv {

// Calls `decode` with every prefix of `bytes` and with every byte changed in a few ways. Each input
// is an allocation of its own, so that a sanitizer sees a read past its end.
template <typename Decode>
void for_each_mutation(const std::vector<uint8_t>& bytes, Decode decode) {
  const auto call = [&decode](const std::vector<uint8_t>& input) {
    const auto copy = std::make_unique<uint8_t[]>(input.size());
    std::copy(input.begin(), input.end(), copy.get());
    decode(ByteView{copy.get(), input.size()});
  };
  for (size_t size = 0; size < bytes.size(); ++size) {
    call(std::vector<uint8_t>(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)));
  }
  for (size_t i = 0; i < bytes.size(); ++i) {
    for (const uint8_t change : {0x01, 0x80, 0xFF}) {
      std::vector<uint8_t> changed = bytes;
      changed[i] ^= change;
      call(changed);
    }
  }
}

}  // namespace grey::kv

#endif  // GREY_SERVICE_KV_MUTATE_H_
