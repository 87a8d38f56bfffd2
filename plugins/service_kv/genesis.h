// How blank nodes become one cluster, exactly once (docs/formats/genesis.md).
//
// Every blank node tells every peer what it was configured with. When all are there, blank and of
// one mind, the first entry of the list mints the record and has it synced everywhere; it joins
// when all have answered, and the others on its word. The hello of a node that has joined is such a
// word too, so a lost message costs time and nothing else.
#ifndef GREY_SERVICE_KV_GENESIS_H_
#define GREY_SERVICE_KV_GENESIS_H_

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "genesis_message.h"
#include "grey/glue/ref.h"
#include "grey/host.h"

namespace grey::kv {

// Everything on loop 0.
class Genesis final : private PeerObserver, private Task {
 public:
  using Joined = std::function<void(const GenesisRecord&)>;

  // `joined` comes once, from start() or later, when identity and record are durable.
  Genesis(Host* host, ClusterSettings settings, Joined joined);
  ~Genesis();

  // Goes on from what the disk holds. May block. An error is a sentence about damage or about a
  // data directory that contradicts itself.
  Status start(ErrorText* error);
  void stop();

  // One message of a genesis type; false: malformed.
  bool on_message(uint32_t from, const PeerInfo* info, ByteView payload);

  // What it waits for, for a person; "" once joined.
  const std::string& problem() const { return problem_; }
  bool joined() const { return joined_; }

 private:
  struct PeerView {
    bool up = false;
    PeerInfo info{};
    std::optional<ClusterSettings> settings;  // since the link came up
    Uuid record_id{};
    bool accepted = false;
  };

  void on_peer_up(const PeerInfo* info) noexcept override;
  void on_peer_down(uint32_t number, PeerDown reason) noexcept override;
  void on_self(uint32_t number) noexcept override;
  void run() noexcept override;  // the timer

  void tell_state(uint32_t number);
  void send(uint32_t number, const GenesisMessage& message);
  void evaluate();
  std::string obstacle();
  std::string peer_obstacle(uint32_t number, const PeerView& peer) const;
  std::string identity_obstacle() const;
  void drive();
  GenesisRecord mint() const;
  void on_state(uint32_t from, const PeerInfo* info, const GenesisMessage& message);
  void on_offer(uint32_t from, const GenesisRecord& record);
  void save(GenesisRecord record);
  void saved(Status status, const GenesisRecord& record);
  void join();
  void say(std::string problem);

  Host* host_;
  const ClusterSettings settings_;
  Joined on_joined_;
  Identity identity_{};
  uint32_t own_number_ = 0;
  std::map<uint32_t, PeerView> peers_;   // without this node
  std::optional<GenesisRecord> record_;  // durable here
  bool may_save_ = true;                 // not since the last try, until the timer comes
  std::string write_error_;              // of that try
  bool joined_ = false;
  bool observing_ = false;
  std::string refusal_;  // why an offer was refused
  std::string problem_;
  Ref<Timer> timer_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace grey::kv

#endif  // GREY_SERVICE_KV_GENESIS_H_
