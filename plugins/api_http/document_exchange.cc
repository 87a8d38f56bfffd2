#include "document_exchange.h"

namespace grey::http {

void DocumentExchange::run() {
  if (acts_) {
    const uint64_t deadline_ns = loop_->now_ns() + timeout_ms * 1'000'000;
    context_->kv->act(loop_, name_, view_of(arguments_), deadline_ns, this);
  } else {
    context_->kv->document(loop_, name_, this);
  }
}

void DocumentExchange::done(uint32_t http_status, ByteView json) noexcept {
  std::string text = string_of(json);
  if (!text.ends_with('\n')) text.push_back('\n');
  finish(json_response(static_cast<int>(http_status), std::move(text)));
}

}  // namespace grey::http
