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

class Exchange;

// The session, on the exchange's loop.
class ExchangeOwner {
 public:
  // The answer is there.
  virtual void answered(Exchange& exchange) = 0;
  // So much of an answer has been made already.
  virtual void holds(uint64_t bytes) = 0;
  // Whether so much more may be held in memory for clients.
  virtual bool has_room(uint64_t bytes) = 0;

 protected:
  ~ExchangeOwner() = default;
};

// What an exchange touches, for the order of pipelined requests.
enum class Access { none, read, write, everything };

class Exchange : public std::enable_shared_from_this<Exchange> {
 public:
  virtual ~Exchange() = default;

  // Begins. The answer may be there when it returns.
  void begin(ExchangeOwner* owner);
  // The connection is gone: nobody is told any more.
  void abandon() { owner_ = nullptr; }

  bool begun() const { return begun_; }
  bool done() const { return done_; }
  const Response& response() const { return response_; }
  // What the owner was told to hold for it before it was done.
  uint64_t told_bytes() const { return told_bytes_; }
  // Whether the answer may be large, as those with values are.
  bool reads() const { return access == Access::read || access == Access::everything; }

  // Whether it must wait for `earlier`, which came before it on the same connection.
  bool conflicts_with(const Exchange& earlier) const;

  const char* operation = "other";  // for metrics: a literal
  Access access = Access::none;
  std::string key;  // for read and write
  bool head_only = false;
  bool keep_alive = true;
  uint64_t body_bytes = 0;  // of the request; held as long as the exchange
  uint64_t arrived_ns = 0;  // when the request had been read

 protected:
  virtual void run() = 0;
  // Once, on the loop.
  void finish(Response response);
  // finish() for what changed nothing: when the node has no memory to keep the answer until the
  // client takes it, the answer is `busy`.
  void finish_read(Response response);
  // Tells of a part of the answer that is made already.
  void hold(uint64_t bytes);
  bool has_room(uint64_t bytes) const { return owner_ && owner_->has_room(bytes); }

 private:
  ExchangeOwner* owner_ = nullptr;
  std::shared_ptr<Exchange> self_;  // while the answer is being made
  bool begun_ = false;
  bool done_ = false;
  uint64_t told_bytes_ = 0;
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
