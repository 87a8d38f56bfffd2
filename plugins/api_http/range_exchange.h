// GET /v1/kv: a page of keys.
#ifndef GREY_PLUGINS_API_HTTP_RANGE_EXCHANGE_H_
#define GREY_PLUGINS_API_HTTP_RANGE_EXCHANGE_H_

#include "exchange.h"

namespace grey::http {

struct RangeParameters {
  std::string start;
  std::string end;
  bool bounded = false;  // whether `end` counts
  uint32_t limit = 1000;
  bool keys_only = false;
  bool reverse = false;
  KvConsistency consistency = KvConsistency::linearizable;
  std::string fingerprint;  // what a cursor of this listing is bound to
  uint64_t timeout_ms = 5000;
};

class RangeExchange final : public Exchange, private KvRangeDone {
 public:
  RangeExchange(const ApiContext* context, Loop* loop, RangeParameters parameters)
      : context_(context), loop_(loop), parameters_(std::move(parameters)) {}

 private:
  void run() override;
  void done(KvCode code, const char* message, const KvItem* items, uint32_t count, bool more,
            uint64_t age_ms) noexcept override;

  const ApiContext* context_;
  Loop* loop_;
  RangeParameters parameters_;
};

}  // namespace grey::http

#endif  // GREY_PLUGINS_API_HTTP_RANGE_EXCHANGE_H_
