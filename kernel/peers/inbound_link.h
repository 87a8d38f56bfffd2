// A link that another node dialled: checks its hello, answers with ours, hands its messages out.
#ifndef GREY_KERNEL_PEERS_INBOUND_LINK_H_
#define GREY_KERNEL_PEERS_INBOUND_LINK_H_

#include <memory>
#include <string>

#include "grey/transport.h"
#include "peers/frame.h"

namespace greyd {

class LoopLinks;

// All on its loop.
class InboundLink final : private grey::StreamHandler, private grey::Task {
 public:
  // Takes over the caller's reference to `stream`.
  InboundLink(LoopLinks* links, grey::Stream* stream);
  ~InboundLink();

  // Answers the other side's hello with ours, now or again after our identity changed; when the two
  // do not fit, says why and closes. False when there is no link any more, or no hello yet.
  bool acknowledge();
  void retire();  // says goodbye and closes

 private:
  void run() noexcept override;  // the timer: no hello in time
  void on_data(grey::Stream* stream, grey::ByteView bytes) noexcept override;
  void on_writable(grey::Stream*) noexcept override {}
  void on_closed(grey::Stream* stream, grey::Status status) noexcept override;

  void on_frame(const FrameHeader& header, grey::Buffer payload);
  void on_hello(const Hello& hello);
  void deliver(const FrameHeader& header, grey::Buffer payload);
  void write(FrameType type, const std::string& bytes);
  void end();  // aborts, and has itself destroyed later

  LoopLinks* const links_;
  grey::Ref<grey::Stream> stream_;
  grey::Ref<grey::Timer> timer_;
  FrameReader reader_;
  bool retired_ = false;
  Hello hello_;  // the last one; boot nonce 0 until it came
  // Null until the hello was accepted. Shared with messages on their way to other loops.
  std::shared_ptr<const grey::PeerInfo> info_;
};

}  // namespace greyd

#endif  // GREY_KERNEL_PEERS_INBOUND_LINK_H_
