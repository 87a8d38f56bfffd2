// One client connection: reads requests, has them answered, writes the answers in order.
//
// Pipelined requests run at the same time unless they touch the same key; what a client may have
// under way, queued or half-sent is bounded.
#ifndef GREY_PLUGINS_API_HTTP_SESSION_H_
#define GREY_PLUGINS_API_HTTP_SESSION_H_

#include <deque>
#include <memory>
#include <string>

#include "byte_budget.h"
#include "exchange.h"
#include "grey/net.h"
#include "request_metrics.h"
#include "request_parser.h"

namespace grey::http {

struct SessionLimits {
  ParserLimits parser;
  uint32_t max_pipelined = 128;
  // Bodies and answers of one connection: above it nothing more is read from it or begun for it.
  uint64_t held_bytes = 16 << 20;
  uint64_t request_timeout_ns = 30'000'000'000;  // from a request's first byte to its last
  uint64_t idle_timeout_ns = 300'000'000'000;
  uint64_t write_timeout_ns = 60'000'000'000;  // without any byte taken by the client
};

class Session;

// Owns the sessions of a loop.
class SessionOwner {
 public:
  virtual void ended(Session* session) = 0;  // destroys it, later

 protected:
  ~SessionOwner() = default;
};

// All on its loop.
class Session final : private StreamHandler, private ExchangeOwner, private Task {
 public:
  // Takes over the caller's reference to `stream`.
  Session(SessionOwner* owner, const ApiContext* context, RequestMetrics* metrics,
          const SessionLimits* limits, ByteBudget* budget, Stream* stream);
  ~Session();

  // Ends what takes too long. Called about once a second.
  void check_time(uint64_t now_ns);
  // Answers what is under way, then closes.
  // The requests that are here, or come soon, are the last; then it ends. check_time() has to be
  // called about four times a second from now on.
  void drain();
  // Answers with `response` and closes, before any request was read.
  void refuse(const Response& response);
  // Ends at once; the owner is not told, and may destroy it once this turn is over.
  void cut();

 private:
  void on_data(Stream* stream, ByteView bytes) noexcept override;
  void on_writable(Stream* stream) noexcept override;
  void on_closed(Stream* stream, Status status) noexcept override;
  bool on_end(Stream* stream) noexcept override;
  void answered(Exchange& exchange) override;
  void holds(uint64_t bytes) override;
  bool has_room(uint64_t bytes) override { return budget_->has_room(bytes); }
  void run() noexcept override;  // at the end of the turn: advance

  void read(ByteView bytes);
  void fail(int status, const char* code, const std::string& message);
  void enqueue(std::shared_ptr<Exchange> exchange);
  void schedule();
  void advance();
  void allow_body();
  void resume();
  bool full() const;
  void account();
  void start_ready();
  void write_ready();
  void write_answer(const Exchange& exchange);
  void flush();
  void end_requests_if_draining();
  void check_drain(uint64_t now_ns);
  void end();

  SessionOwner* owner_;
  const ApiContext* context_;
  RequestMetrics* metrics_;
  const SessionLimits* limits_;
  ByteBudget* budget_;
  Ref<Stream> stream_;
  Loop* loop_;
  RequestParser parser_;
  std::deque<std::shared_ptr<Exchange>> exchanges_;  // in order of arrival
  std::string unread_;                               // bytes behind a full pipeline
  std::string out_;                                  // answers of this turn
  bool reading_paused_ = false;
  bool no_more_requests_ = false;  // after a fault, "Connection: close", or drain
  bool blocked_ = false;           // the client does not take what we send
  bool scheduled_ = false;
  bool ended_ = false;
  uint64_t draining_since_ns_ = 0;
  uint64_t request_began_ns_ = 0;  // 0: none is half read
  uint64_t last_active_ns_ = 0;
  uint64_t last_unsent_ = 0;
  uint64_t held_ = 0;    // what the budget knows of
  uint64_t queued_ = 0;  // bodies and answers of exchanges_
  uint64_t reads_under_way_ = 0;
  uint64_t expected_answer_;  // to a read: the largest of late
};

}  // namespace grey::http

#endif  // GREY_PLUGINS_API_HTTP_SESSION_H_
