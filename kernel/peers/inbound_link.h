// A link that another node dialled: checks its hello, answers with ours, hands its messages out,
// and lets the other side see that its bytes arrive.
#ifndef GREY_KERNEL_PEERS_INBOUND_LINK_H_
#define GREY_KERNEL_PEERS_INBOUND_LINK_H_

#include <memory>
#include <string>

#include "grey/transport.h"
#include "peers/frame.h"
#include "peers/incarnations.h"

namespace greyd {

class LoopLinks;

// All on its loop.
class InboundLink final : private grey::StreamHandler, private grey::Task {
 public:
  // Takes over the caller's reference to `stream`.
  InboundLink(LoopLinks* links, grey::Stream* stream);
  ~InboundLink();

  // Answers the other side's hello with ours, now or again after our identity changed; when the two
  // do not fit, says why and closes. Nothing while there is no hello.
  void acknowledge();
  void review();  // after the directory changed: is it from a member?
  void retire();  // says goodbye and closes

  // Whether a node of the directory and of our cluster is at the other end, by its own word.
  bool from_member() const { return member_; }
  bool is_of(const Incarnation* incarnation) const { return incarnation_.get() == incarnation; }
  void end();  // aborts, and has itself destroyed later

 private:
  void run() noexcept override;  // the timer: no hello in time, undecided, or a beat
  void on_data(grey::Stream* stream, grey::ByteView bytes) noexcept override;
  void on_writable(grey::Stream*) noexcept override {}
  void on_closed(grey::Stream* stream, grey::Status status) noexcept override;

  void on_frame(const FrameHeader& header, grey::Buffer payload);
  void on_hello(const Hello& hello);
  void accept(const grey::PeerInfo& own);
  void refuse(const std::string& why, const grey::PeerInfo& own);
  void deliver(const FrameHeader& header, grey::Buffer payload);
  void beat();
  bool hold_frame();
  void answer_alive();
  void write(FrameType type, const std::string& bytes);
  void arm(uint64_t after_ns);

  LoopLinks* const links_;
  grey::Ref<grey::Stream> stream_;
  grey::Ref<grey::Timer> timer_;
  FrameReader reader_;
  bool retired_ = false;
  bool member_ = false;
  Hello hello_;                               // the last one; boot nonce 0 until it came
  uint64_t hello_ns_ = 0;                     // when the first one came
  std::shared_ptr<Incarnation> incarnation_;  // of an accepted hello
  bool heard_ = false;                        // since the last beat
  uint32_t silent_beats_ = 0;                 // one after the other
  uint64_t answer_ns_ = 0;                    // from when on arriving bytes are answered
  uint64_t frame_began_ns_ = 0;               // of a frame of which not all has come; else 0
  uint64_t held_bytes_ = 0;                   // for that frame, as told to PeerLinks
  // Null until the hello was accepted. Shared with messages on their way to other loops.
  std::shared_ptr<const grey::PeerInfo> info_;
};

}  // namespace greyd

#endif  // GREY_KERNEL_PEERS_INBOUND_LINK_H_
