#include "peers/incarnations.h"

#include <cstring>

namespace greyd {

Incarnations::Uuid Incarnations::uuid_of(const grey::PeerInfo& info) {
  Uuid uuid;
  std::memcpy(uuid.data(), info.instance_uuid, uuid.size());
  return uuid;
}

Incarnations::Verdict Incarnations::claim(const grey::PeerInfo& info, uint64_t now_ns,
                                          std::shared_ptr<Incarnation>* out) {
  const std::lock_guard lock(mutex_);
  // Those without any link are forgotten, so that the map stays as small as the number of links.
  std::erase_if(claims_, [](const auto& entry) { return entry.second.holder.expired(); });
  Claim& claim = claims_[uuid_of(info)];
  std::shared_ptr<Incarnation> holder = claim.holder.lock();
  if (holder && holder->boot_nonce != info.boot_nonce) {
    if (claim.contender != info.boot_nonce) {
      claim.contender = info.boot_nonce;
      claim.contended_ns = now_ns;
    }
    // What comes within the first beat may be a dead process' last words, read late.
    if (holder->heard_ns > claim.contended_ns + beat_ns_) return Verdict::refused;
    if (now_ns < claim.contended_ns + silence_ns_) return Verdict::undecided;
    holder = nullptr;
  }
  if (!holder) {
    holder = std::make_shared<Incarnation>();
    holder->boot_nonce = info.boot_nonce;
    claim = {.holder = holder};
  }
  *out = std::move(holder);
  return Verdict::accepted;
}

bool Incarnations::superseded(const grey::PeerInfo& info, const Incarnation& incarnation) {
  const std::lock_guard lock(mutex_);
  const auto found = claims_.find(uuid_of(info));
  return found != claims_.end() && found->second.holder.lock().get() != &incarnation;
}

}  // namespace greyd
