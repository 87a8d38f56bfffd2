// All links of one loop, and who wants to hear of them.
#ifndef GREY_KERNEL_PEERS_LOOP_LINKS_H_
#define GREY_KERNEL_PEERS_LOOP_LINKS_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "peers/inbound_link.h"
#include "peers/outbound_link.h"
#include "peers/peer_links.h"

namespace greyd {

// All on its loop.
class LoopLinks final : private grey::Task {
 public:
  LoopLinks(PeerLinks* owner, grey::Loop* loop);
  ~LoopLinks();

  PeerLinks& owner() { return *owner_; }
  grey::Loop* loop() { return loop_; }

  void assign(uint32_t number, const std::string& address);  // empty: forget
  void start_dialling();
  void reset(uint32_t number);
  void hurry(uint32_t number, uint64_t boot_nonce);
  void accept(grey::Stream* stream);  // takes over the reference
  void greet_all();
  // Says goodbye on all links; `done` when none is left.
  void stop(std::function<void()> done);

  void add_observer(grey::PeerObserver* observer);
  void remove_observer(grey::PeerObserver* observer);

  grey::Status send(uint32_t number, uint32_t channel, uint32_t route, const grey::ByteView* parts,
                    uint32_t count);

  // Called by the links.
  void tell_up(const grey::PeerInfo& info);
  void tell_down(uint32_t number, grey::PeerDown reason);
  void self_found(uint32_t number);
  void bury(InboundLink* link);
  bool has_room_for(const Incarnation* incarnation) const;  // for one more link from it
  void link_ended();

  // At most a few lines a second, whatever strangers send; what was left out is counted.
  template <typename... Parts>
  void log(grey::LogLevel level, const Parts&... parts) {
    if (!may_log()) return;
    std::string line;
    (grey::append_part(line, parts), ...);
    if (unlogged_ != 0) line += " (" + std::to_string(unlogged_) + " such lines were left out)";
    unlogged_ = 0;
    owner_->world().log->write(level, grey::view_of(line));
  }

 private:
  void run() noexcept override;  // the timer: links that did not close in time are cut
  bool may_log();
  void check_stopped();
  void make_room();
  void tell_present(grey::PeerObserver* observer);

  PeerLinks* const owner_;
  grey::Loop* const loop_;
  std::map<uint32_t, std::unique_ptr<OutboundLink>> outbound_;
  std::vector<std::unique_ptr<OutboundLink>> retired_;
  std::vector<std::unique_ptr<InboundLink>> inbound_;
  std::vector<grey::PeerObserver*> observers_;
  uint32_t self_number_ = 0;
  uint64_t log_second_ = 0;
  uint32_t logged_ = 0;    // in that second
  uint64_t unlogged_ = 0;  // since the last line
  bool dialling_ = false;
  bool stopping_ = false;
  std::function<void()> stopped_;
  grey::Ref<grey::Timer> stop_timer_;
};

}  // namespace greyd

#endif  // GREY_KERNEL_PEERS_LOOP_LINKS_H_
