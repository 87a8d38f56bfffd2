#ifndef GREY_TESTS_BENCH_CONNECTION_H_
#define GREY_TESTS_BENCH_CONNECTION_H_

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "options.h"
#include "response_parser.h"
#include "workload.h"

namespace grey::bench {

// One request under way.
struct Exchange {
  Request request;
  int64_t due_ns;   // latency counts from here
  int64_t sent_ns;  // the time-out counts from here
};

// A non-blocking HTTP connection: a socket, the requests under way on it in order, and the bytes
// not yet sent or not yet understood. It decides nothing: LoadWorker does. Not thread-safe.
class Connection {
 public:
  enum class State { kClosed, kConnecting, kOpen };
  enum class Received { kNothing, kBytes, kEnd, kError };

  Connection() = default;
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Begins to connect and registers with epoll under `tag`. False if that fails at once.
  bool open(const Endpoint& endpoint, int epoll_fd, uint64_t tag);
  // After epoll reported a connecting socket. False if connecting failed.
  bool finish_connecting();
  // Forgets everything, also the requests under way: take what matters first.
  void close();

  // Adds a request; its bytes are appended to *outgoing() by the caller.
  void add(const Exchange& exchange) { under_way_.push_back(exchange); }
  std::string* outgoing() { return &outgoing_; }
  // Sends what the socket takes; epoll reports when it takes more. False if the connection broke.
  bool flush();

  // Reads once into `buffer`. After kBytes, next_response() walks what there is.
  Received receive(char* buffer, size_t size);
  ResponseParser::Progress next_response();
  ResponseParser& parser() { return parser_; }

  [[nodiscard]] State state() const { return state_; }
  std::deque<Exchange>& under_way() { return under_way_; }
  [[nodiscard]] size_t under_way_count() const { return under_way_.size(); }

 private:
  void watch(uint32_t events);

  State state_ = State::kClosed;
  int fd_ = -1;
  int epoll_fd_ = -1;
  uint64_t tag_ = 0;
  uint32_t watched_ = 0;
  std::deque<Exchange> under_way_;
  std::string outgoing_;
  size_t sent_ = 0;            // bytes of outgoing_ already with the kernel
  std::string kept_;           // received in earlier calls, not yet understood
  std::string_view received_;  // this call's bytes: in the caller's buffer or in kept_
  ResponseParser parser_;
};

}  // namespace grey::bench

#endif  // GREY_TESTS_BENCH_CONNECTION_H_
