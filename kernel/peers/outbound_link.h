// One loop's link to one node: dials, says hello, sends; dials again whenever it ends, or when
// nothing has come back for too long although the other side answers whatever it receives.
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
  // The node is alive, in its run `boot_nonce`: dials now if it waits for its next attempt, or if
  // the link is one to an earlier run.
  void hurry(uint64_t boot_nonce);
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

  void run() noexcept override;  // the timer: next attempt, hello took too long, or a beat
  void connected(grey::Status status, grey::Stream* stream) noexcept override;
  void on_data(grey::Stream* stream, grey::ByteView bytes) noexcept override;
  void on_writable(grey::Stream*) noexcept override {}
  void on_closed(grey::Stream* stream, grey::Status status) noexcept override;

  void on_frame(const FrameHeader& header, const grey::Buffer& payload);
  void on_ack(const Hello& hello);
  void beat();
  void show_unsent();
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
  grey::PeerInfo info_ = {};   // of the last accepted hello
  bool heard_ = false;         // since the last beat
  uint32_t silent_beats_ = 0;  // one after the other
  bool steady_ = false;        // up for a beat at least: worth a redial without back-off
  uint64_t backoff_ns_ = 0;
  bool told_down_ = false;
  grey::Ref<grey::Instrument> queue_bytes_;  // of all loops' links to this node
  uint64_t shown_bytes_ = 0;                 // this link's part of it
  grey::PeerDown told_reason_ = grey::PeerDown::closed;
};

}  // namespace greyd

#endif  // GREY_KERNEL_PEERS_OUTBOUND_LINK_H_
