// libFuzzer target: a datagram is any bytes. The input runs as given, and again as a message with a
// right checksum, against a core that knows a few members; what decodes must encode to the same
// bytes. Built with clang: -fsanitize=fuzzer,address,undefined, with the sources of
// membership_swim.
#include <cstdlib>
#include <string>

#include "grey/glue/crc32c.h"
#include "grey/glue/wire.h"
#include "swim_core.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace grey::swim;
  const uint64_t start_ns = 1'000 * kMillisecondNs;
  uint64_t random = 1;
  SwimCore core(
      SwimSelf{"a", 1, 100, {}}, SwimOptions{}, [&random] { return random += 7; }, start_ns);
  grey::NetAddress address{};
  address.port = 7946;
  core.join(start_ns, "b", 2, address);
  core.receive(start_ns, address, {data, size});

  const grey::ByteView rest{data, size};
  std::string bytes;
  grey::WireWriter out(&bytes);
  out.number(grey::crc32c(rest));
  out.raw(rest);
  const auto message = decode_message(grey::view_of(bytes));
  if (message && encode_message(*message) != bytes) std::abort();
  core.receive(start_ns, address, grey::view_of(bytes));
  for (int i = 0; i < 40; ++i) core.tick(core.next_deadline_ns());
  for (const OutgoingDatagram& datagram : core.take_datagrams()) {
    if (!decode_message(grey::view_of(datagram.bytes))) std::abort();
  }
  return 0;
}
