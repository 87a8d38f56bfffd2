// One loop's link to one node: dials, says hello, sends; dials again whenever it ends.
#ifndef GREY_KERNEL_PEERS_OUTBOUND_LINK_H_
#define GREY_KERNEL_PEERS_OUTBOUND_LINK_H_

#include <string>

#include "grey/transport.h"
#include "peers/frame.h"
#include "peers/peer_links.h"

namespace greyd {

// All on its loop.
class OutboundLink final : private grey::StreamHandler,
                           private grey::ConnectDone,
                           private grey::Task {
 public:
  OutboundLink(LoopLinks* links, uint32_t number, std::string address);
  ~OutboundLink();

  void dial();
  // Dials now if it waits for its next attempt.
  void hurry();
  // Ends what there is and dials again.
  void reset();
  // Says hello again on an open stream.
  void greet();
  // Says goodbye, closes and stays closed.
  void retire();

  bool up() const { return state_ == State::up; }
  // Whether nothing is left that could still call back.
  bool idle() const { return state_ == State::retired && !connecting_ && !stream_; }
  uint32_t number() const { return number_; }
  const std::string& address() const { return address_; }
  const grey::PeerInfo& info() const { return info_; }

  grey::Status send(uint32_t channel, uint32_t route, const grey::ByteView* parts, uint32_t count);

 private:
  enum class State { waiting, connecting, greeting, up, self, retired };

  void run() noexcept override;  // the timer: next attempt, or the hello took too long
  void connected(grey::Status status, grey::Stream* stream) noexcept override;
  void on_data(grey::Stream* stream, grey::ByteView bytes) noexcept override;
  void on_writable(grey::Stream*) noexcept override {}
  void on_closed(grey::Stream* stream, grey::Status status) noexcept override;

  void on_frame(const FrameHeader& header, const grey::Buffer& payload);
  void on_ack(const Hello& hello);
  void write(const FrameHeader& header, const grey::ByteView* parts, uint32_t count);
  // Tells the observers (once per change) and plans the next attempt.
  void down(grey::PeerDown reason, bool at_once);
  void drop_stream();

  LoopLinks* const links_;
  const uint32_t number_;
  const std::string address_;
  State state_ = State::waiting;
  bool connecting_ = false;  // a connect is under way and will call connected()
  grey::Ref<grey::Stream> stream_;
  grey::Ref<grey::Timer> timer_;
  FrameReader reader_;
  grey::PeerInfo info_ = {};  // of the last accepted hello
  uint64_t backoff_ns_ = 0;
  bool told_down_ = false;
  grey::PeerDown told_reason_ = grey::PeerDown::closed;
};

}  // namespace greyd

#endif  // GREY_KERNEL_PEERS_OUTBOUND_LINK_H_
