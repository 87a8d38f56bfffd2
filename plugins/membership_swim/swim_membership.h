// The plugin: runs a SwimCore on loop 0 over a UDP socket, and learns from the nodes' hellos whom
// there is to talk to.
#ifndef GREY_PLUGINS_MEMBERSHIP_SWIM_SWIM_MEMBERSHIP_H_
#define GREY_PLUGINS_MEMBERSHIP_SWIM_SWIM_MEMBERSHIP_H_

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "gossip_addresses.h"
#include "gossip_streams.h"
#include "grey/glue/plugin.h"
#include "grey/membership.h"
#include "swim_core.h"

namespace grey::swim {

class SwimMembership final : public PluginBase, private DatagramHandler, private PeerObserver {
 public:
  explicit SwimMembership(Host* host);

  Status start(ErrorText* error) noexcept override;
  // Says goodbye to the others.
  void drain(Completion* done) noexcept override;
  // Does not wait for names being looked up.
  void stop(Completion* done) noexcept override;

 private:
  class Face final : public InterfaceOf<Membership> {
   public:
    Face(Object* owner, SwimMembership& plugin) : InterfaceOf(owner), plugin_(plugin) {}
    void visit(MemberVisitor* visitor) noexcept override { plugin_.visit(visitor); }

   private:
    SwimMembership& plugin_;
  };
  ~SwimMembership() override;

  // DatagramHandler
  void on_datagram(const NetAddress* from, ByteView bytes) noexcept override;
  // PeerObserver
  void on_peer_up(const PeerInfo* info) noexcept override;
  void on_peer_down(uint32_t, PeerDown) noexcept override {}
  void on_self(uint32_t) noexcept override {}

  Status read_options(SwimOptions* options, ErrorText* error);
  void make_instruments();
  void on_timer();
  Status open(const char* address, ErrorText* error);
  // Carries out what the core wants after each call into it.
  void pump();
  void log_transitions();
  void publish();
  void count();
  void visit(MemberVisitor* visitor);

  Face face_;
  FunctionTask timer_task_;
  Ref<Timer> timer_;
  Ref<Datagram> socket_;
  std::unique_ptr<SwimCore> core_;  // loop 0; null before start and after stop
  std::unique_ptr<GossipAddresses> addresses_;
  std::unique_ptr<GossipStreams> streams_;

  std::mutex snapshot_mutex_;
  std::vector<MemberState> snapshot_;  // by id
  uint64_t published_version_ = 0;

  Ref<Instrument> members_[3];  // by MemberHealth
  Ref<Instrument> health_score_;
  Ref<Instrument> probe_failures_;
  Ref<Instrument> bad_datagrams_;
  Ref<Instrument> foreign_datagrams_;
  Ref<Instrument> refutations_;
  Ref<Instrument> stream_acks_;
  SwimCounters counted_;  // what the instruments have been told
};

}  // namespace grey::swim

#endif  // GREY_PLUGINS_MEMBERSHIP_SWIM_SWIM_MEMBERSHIP_H_
