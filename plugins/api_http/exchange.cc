#include "exchange.h"

#include <cassert>

namespace grey::http {

void Exchange::begin(ExchangeOwner* owner) {
  assert(!begun_);
  begun_ = true;
  owner_ = owner;
  self_ = shared_from_this();
  run();
}

void Exchange::finish(Response response) {
  assert(begun_ && !done_);
  const std::shared_ptr<Exchange> keep = std::move(self_);
  response_ = std::move(response);
  done_ = true;
  if (owner_) owner_->answered(*this);
}

void Exchange::hold(uint64_t bytes) {
  if (!owner_) return;
  told_bytes_ += bytes;
  owner_->holds(bytes);
}

void Exchange::finish_read(Response response) {
  const bool room = !owner_ || has_room(response.body_size());
  finish(room ? std::move(response)
              : error_response(429, "busy", "too many answers wait for slow clients"));
}

bool Exchange::conflicts_with(const Exchange& earlier) const {
  if (earlier.done_ || access == Access::none || earlier.access == Access::none) return false;
  if (access == Access::everything || earlier.access == Access::everything) return true;
  return (access == Access::write || earlier.access == Access::write) && key == earlier.key;
}

}  // namespace grey::http
