// One request and the making of its answer. Lives until its answer is made, even when the
// connection it came on is gone.
#ifndef GREY_PLUGINS_API_HTTP_EXCHANGE_H_
#define GREY_PLUGINS_API_HTTP_EXCHANGE_H_

#include <memory>
#include <string>

#include "grey/host.h"
#include "grey/kv.h"
#include "response.h"

namespace grey::http {

// What exchanges work with. Lives as long as the plugin.
struct ApiContext {
  Host* host = nullptr;
  KvService* kv = nullptr;
  uint64_t max_key_bytes = 32 << 10;
  uint64_t max_value_bytes = 8 << 20;
  uint64_t max_batch_bytes = 16 << 20;
};

// Told on the exchange's loop when the answer is there.
class ExchangeOwner {
 public:
  virtual void answered() = 0;

 protected:
  ~ExchangeOwner() = default;
};

// What an exchange touches, for the order of pipelined requests.
enum class Access { none, read, write, everything };

class Exchange : public std::enable_shared_from_this<Exchange> {
 public:
  virtual ~Exchange() = default;

  // Begins. The answer may be there when it returns.
  void begin(ExchangeOwner* owner, uint64_t now_ns);
  // The connection is gone: nobody is told any more.
  void abandon() { owner_ = nullptr; }

  bool begun() const { return begun_; }
  bool done() const { return done_; }
  const Response& response() const { return response_; }
  uint64_t begun_ns() const { return begun_ns_; }

  // Whether it must wait for `earlier`, which came before it on the same connection.
  bool conflicts_with(const Exchange& earlier) const;

  const char* operation = "other";  // for metrics: a literal
  Access access = Access::none;
  std::string key;  // for read and write
  bool head_only = false;
  bool keep_alive = true;

 protected:
  virtual void run() = 0;
  // Once, on the loop.
  void finish(Response response);

 private:
  ExchangeOwner* owner_ = nullptr;
  std::shared_ptr<Exchange> self_;  // while the answer is being made
  bool begun_ = false;
  bool done_ = false;
  uint64_t begun_ns_ = 0;
  Response response_;
};

// An answer that was clear from the request alone.
class FixedExchange final : public Exchange {
 public:
  explicit FixedExchange(Response response) : prepared_(std::move(response)) {}

 private:
  void run() override { finish(std::move(prepared_)); }
  Response prepared_;
};

}  // namespace grey::http

#endif  // GREY_PLUGINS_API_HTTP_EXCHANGE_H_
