// Frames between nodes: the format is specified in docs/formats/peer-frames.md.
#ifndef GREY_KERNEL_PEERS_FRAME_H_
#define GREY_KERNEL_PEERS_FRAME_H_

#include <cstdint>
#include <functional>

#include "grey/glue/bytes.h"
#include "grey/peers.h"
#include "grey/status.h"

namespace greyd {

inline constexpr uint32_t kFrameHeaderBytes = 20;
inline constexpr uint32_t kMaxFrameBytes = 64u << 20;    // of a payload
inline constexpr uint32_t kMaxStrangerBytes = 1u << 20;  // from who is no member of this cluster
inline constexpr uint32_t kMaxHelloBytes = 4096;         // before the hello is accepted

// `alive` says nothing but that its sender's loop runs and the way is open.
enum class FrameType : uint8_t { hello = 1, hello_ack = 2, message = 3, goodbye = 4, alive = 5 };

struct FrameHeader {
  FrameType type = FrameType::message;
  uint32_t channel = 0;
  uint32_t route = 0;
};

// The frame as one buffer, its payload gathered from `parts`.
grey::Buffer encode_frame(const FrameHeader& header, const grey::ByteView* parts, uint32_t count);

// Cuts a byte stream into frames. Bad bytes are an error after which the link must be closed:
// nothing behind them can be trusted.
class FrameReader {
 public:
  using Sink = std::function<void(const FrameHeader&, grey::Buffer payload)>;

  // Payloads above `limit` are an error.
  void set_limit(uint32_t limit) { limit_ = limit; }

  // Takes all of `bytes`, calling `sink` for each frame that became whole. `corruption` says what
  // is wrong. The sink may call stop(); the rest is then dropped.
  grey::Status feed(grey::ByteView bytes, const Sink& sink);

  void stop() { stopped_ = true; }

  // What is held for a frame of which not all has arrived.
  uint64_t held_bytes() const { return payload_.size(); }
  bool in_frame() const { return header_have_ != 0; }

 private:
  grey::Status read_header();
  grey::Status finish(const Sink& sink);

  uint32_t limit_ = kMaxFrameBytes;
  bool stopped_ = false;
  uint8_t header_bytes_[kFrameHeaderBytes] = {};
  uint32_t header_have_ = 0;
  FrameHeader header_;
  uint32_t crc_ = 0;
  grey::Buffer payload_;
  uint64_t payload_have_ = 0;
};

// A hello's payload: who speaks, and which protocol versions it knows.
inline constexpr uint16_t kProtocolMin = 1;
inline constexpr uint16_t kProtocolMax = 1;

struct Hello {
  grey::PeerInfo info = {};
  uint16_t protocol_min = kProtocolMin;
  uint16_t protocol_max = kProtocolMax;
  std::string refusal;  // in an ack: why the other side is refused, or empty
};

std::string encode_hello(const Hello& hello);
// False for bytes that are no hello.
bool decode_hello(grey::ByteView bytes, Hello* hello);

// Why the node that says `hello` cannot have a link with the node `own`, or empty. Both ends ask
// it, since either may learn something (such as its cluster) after the other has agreed.
std::string refusal_of(const Hello& hello, const grey::PeerInfo& own);

}  // namespace greyd

#endif  // GREY_KERNEL_PEERS_FRAME_H_
