// The kernel's node-to-node links: grey::Peers over whatever transport is loaded.
//
// Every loop has one outbound link to each assigned node and sends only on its own, so no lock is
// on the way of a message; what arrives comes on links that the others dialled. Uses SDK interfaces
// only, so it runs on real and on simulated loops.
#ifndef GREY_KERNEL_PEERS_PEER_LINKS_H_
#define GREY_KERNEL_PEERS_PEER_LINKS_H_

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "grey/glue/plugin.h"
#include "grey/transport.h"
#include "peers/incarnations.h"

namespace greyd {

struct PeerLinksOptions {
  std::string listen_address;                // network.raft_addr
  uint64_t dial_timeout_ns = 1'000'000'000;  // of one attempt, hello included
  uint64_t first_backoff_ns = 20'000'000;    // between attempts, doubling
  uint64_t last_backoff_ns = 500'000'000;
  // A link on which nothing came back for so long, though something was sent, is dialled anew.
  uint64_t silence_ns = 3'000'000'000;
  uint64_t max_queued_bytes = 64ull << 20;  // on one link; `busy` above
};

// What the links stand on. All borrowed for the life of the PeerLinks.
struct PeerLinksWorld {
  std::vector<grey::Loop*> loops;
  grey::Transport* transport = nullptr;
  grey::Random* random = nullptr;
  grey::Log* log = nullptr;
  grey::Meter* meter = nullptr;
  std::function<void(grey::Identity*)> identity;  // any thread
};

// A dialler sees to it that something is sent in every beat; that many without an answer are
// silence.
inline constexpr uint32_t kSilentBeats = 8;

class LoopLinks;

class PeerLinks final : public grey::Implements<grey::Peers>, private grey::Acceptor {
 public:
  PeerLinks(PeerLinksWorld world, PeerLinksOptions options);

  // Listens and begins to dial: once all plugins were started, so that handlers are in place. Loop
  // 0.
  grey::Status start(grey::ErrorText* error);

  // Our identity changed (number or cluster id): says hello anew on all links. Loop 0.
  void identity_changed();

  // Says goodbye on every link and closes; dials and listens no more. `done` on loop 0 when no link
  // is left. Also right if start() was never called. Loop 0.
  void stop(grey::Completion* done);

  // grey::Peers
  void assign(uint32_t number, const char* address) noexcept override;
  void set_handler(uint32_t channel, grey::PeerHandler* handler) noexcept override;
  void add_observer(grey::Loop* loop, grey::PeerObserver* observer) noexcept override;
  void remove_observer(grey::Loop* loop, grey::PeerObserver* observer) noexcept override;
  grey::Status send(uint32_t number, uint32_t channel, uint32_t route, const grey::ByteView* parts,
                    uint32_t count) noexcept override;
  bool info(uint32_t number, grey::PeerInfo* out) noexcept override;
  void reset(uint32_t number) noexcept override;

  // For the links themselves; any thread.
  const PeerLinksWorld& world() const { return world_; }
  const PeerLinksOptions& options() const { return options_; }
  // Our hello: the identity, with the number found by dialling ourselves while there is none yet.
  grey::PeerInfo own_info();
  void learn_info(const grey::PeerInfo& info);
  void learn_self(uint32_t number);
  // The number of the node that says `hello`: its own word, or the one its address is assigned to.
  uint32_t number_of(const grey::PeerInfo& hello);
  grey::PeerHandler* handler(uint32_t channel);
  // A node said hello to us: it is alive, so links to it that wait for their next attempt, or lead
  // to an earlier run of it, dial now.
  void hurry(uint32_t number, uint64_t boot_nonce);
  Incarnations& incarnations() { return incarnations_; }
  // Whether who says `info` is in the directory and in our cluster.
  bool is_member(const grey::PeerInfo& info);
  uint64_t beat_ns() const { return options_.silence_ns / kSilentBeats; }
  // Memory for large frames that arrive, of all links together; false when it is used up.
  bool hold_bytes(uint64_t bytes);
  void release_bytes(uint64_t bytes) { held_bytes_ -= bytes; }
  void count_received(uint64_t bytes) { received_bytes_->add(static_cast<double>(bytes)); }
  void count_sent(uint64_t bytes) { sent_bytes_->add(static_cast<double>(bytes)); }
  void count_bad_frame() { bad_frames_->add(1); }

 private:
  ~PeerLinks() override;
  void on_accept(grey::Stream* stream) noexcept override;
  LoopLinks* current();
  // Runs `action` on each loop for its links.
  void on_each_loop(std::function<void(LoopLinks&)> action);

  const PeerLinksWorld world_;
  const PeerLinksOptions options_;
  std::vector<std::unique_ptr<LoopLinks>> links_;  // one a loop
  grey::Ref<grey::Listener> listener_;
  bool started_ = false;
  Incarnations incarnations_;
  std::atomic<uint64_t> held_bytes_{0};

  std::mutex mutex_;  // of what is below
  std::map<uint32_t, std::string> directory_;
  std::map<uint32_t, grey::PeerInfo> infos_;
  std::map<uint32_t, grey::PeerHandler*> handlers_;
  uint32_t self_number_ = 0;

  grey::Ref<grey::Instrument> received_bytes_;
  grey::Ref<grey::Instrument> sent_bytes_;
  grey::Ref<grey::Instrument> bad_frames_;
};

}  // namespace greyd

#endif  // GREY_KERNEL_PEERS_PEER_LINKS_H_
