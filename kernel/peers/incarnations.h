// Which process speaks for a data directory: a copied one must not be taken for the original.
#ifndef GREY_KERNEL_PEERS_INCARNATIONS_H_
#define GREY_KERNEL_PEERS_INCARNATIONS_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>

#include "grey/peers.h"

namespace greyd {

// One run of one node, shared by its inbound links on all loops.
struct Incarnation {
  uint64_t boot_nonce = 0;
  std::atomic<uint64_t> heard_ns{0};  // when bytes came from it last
};

// Of two processes with one instance uuid the one that was there first holds it, as long as it is
// heard. Whether it still is shows only after a while: a process that was killed and started again
// may come back before its old links are known to be dead. Any thread.
class Incarnations {
 public:
  enum class Verdict {
    accepted,
    refused,    // another process with this uuid is alive
    undecided,  // another one was there; ask again later
  };

  // A live process is heard every `beat_ns`; one not heard for `silence_ns` is gone.
  Incarnations(uint64_t beat_ns, uint64_t silence_ns)
      : beat_ns_(beat_ns), silence_ns_(silence_ns) {}

  // `out`, filled if accepted, is kept by the link as long as it is open.
  Verdict claim(const grey::PeerInfo& info, uint64_t now_ns, std::shared_ptr<Incarnation>* out);

  // Whether a later process has taken this one's place, so that its links must end.
  bool superseded(const grey::PeerInfo& info, const Incarnation& incarnation);

 private:
  using Uuid = std::array<uint8_t, 16>;
  struct Claim {
    std::weak_ptr<Incarnation> holder;
    uint64_t contender = 0;  // boot nonce of who asked for it while there was a holder
    uint64_t contended_ns = 0;
  };

  static Uuid uuid_of(const grey::PeerInfo& info);

  const uint64_t beat_ns_;
  const uint64_t silence_ns_;
  std::mutex mutex_;
  std::map<Uuid, Claim> claims_;
};

}  // namespace greyd

#endif  // GREY_KERNEL_PEERS_INCARNATIONS_H_
