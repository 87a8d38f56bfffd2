// PUT, GET and DELETE of one key.
#ifndef GREY_PLUGINS_API_HTTP_KV_EXCHANGE_H_
#define GREY_PLUGINS_API_HTTP_KV_EXCHANGE_H_

#include "exchange.h"

namespace grey::http {

class KvExchange final : public Exchange, private KvDone {
 public:
  // `request` without key and value, which are `key` (of Exchange) and `value`.
  KvExchange(const ApiContext* context, Loop* loop, const KvRequest& request, Buffer value)
      : context_(context), loop_(loop), request_(request), value_(std::move(value)) {}

  // Given in milliseconds from now on.
  uint64_t timeout_ms = 5000;

 private:
  void run() override;
  void done(const KvResponse* response) noexcept override;

  const ApiContext* context_;
  Loop* loop_;
  KvRequest request_;
  Buffer key_buffer_;
  Buffer value_;
};

// "Grey-Age-Ms: 12\r\n", or nothing when unknown.
std::string age_field(uint64_t age_ms);
std::string etag_field(uint64_t revision);

}  // namespace grey::http

#endif  // GREY_PLUGINS_API_HTTP_KV_EXCHANGE_H_
