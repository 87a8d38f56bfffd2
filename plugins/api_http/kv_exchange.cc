#include "kv_exchange.h"

namespace grey::http {

std::string etag_field(uint64_t revision) {
  return "ETag: \"" + std::to_string(revision) + "\"\r\n";
}

std::string age_field(uint64_t age_ms) {
  return age_ms == kAgeUnknown ? std::string() : "Grey-Age-Ms: " + std::to_string(age_ms) + "\r\n";
}

void KvExchange::run() {
  key_buffer_ = Buffer::copy_of(key);
  request_.struct_size = sizeof(request_);
  request_.key = key_buffer_.ref();
  request_.value = value_.ref();
  request_.deadline_ns = loop_->now_ns() + timeout_ms * 1'000'000;
  context_->kv->submit(loop_, &request_, this);
}

void KvExchange::done(const KvResponse* answer) noexcept {
  if (answer->code != KvCode::ok) {
    finish(kv_error_response(answer->code, answer->message));
    return;
  }
  Response response;
  switch (request_.operation) {
    case KvOperation::put:
      response.fields = etag_field(answer->revision);
      break;
    case KvOperation::erase:
      response.status = 204;
      break;
    case KvOperation::get:
      response.content_type = "application/octet-stream";
      response.fields = etag_field(answer->revision);
      if (request_.consistency == KvConsistency::stale)
        response.fields += age_field(answer->age_ms);
      response.value = Buffer(answer->value);
      finish_read(std::move(response));
      return;
  }
  finish(std::move(response));
}

}  // namespace grey::http
