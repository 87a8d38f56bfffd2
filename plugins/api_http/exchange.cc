#include "exchange.h"

#include <cassert>

namespace grey::http {

void Exchange::begin(ExchangeOwner* owner, uint64_t now_ns) {
  assert(!begun_);
  begun_ = true;
  begun_ns_ = now_ns;
  owner_ = owner;
  self_ = shared_from_this();
  run();
}

void Exchange::finish(Response response) {
  assert(begun_ && !done_);
  const std::shared_ptr<Exchange> keep = std::move(self_);
  response_ = std::move(response);
  done_ = true;
  if (owner_) owner_->answered();
}

bool Exchange::conflicts_with(const Exchange& earlier) const {
  if (earlier.done_ || access == Access::none || earlier.access == Access::none) return false;
  if (access == Access::everything || earlier.access == Access::everything) return true;
  return (access == Access::write || earlier.access == Access::write) && key == earlier.key;
}

}  // namespace grey::http
