#ifndef GREY_TESTS_BENCH_WORKLOAD_H_
#define GREY_TESTS_BENCH_WORKLOAD_H_

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "options.h"

namespace grey::bench {

constexpr uint64_t kMaxValueSize = uint64_t{16} << 20;

struct Request {
  bool is_put;
  uint64_t key_index;
};

// "bench/k" and 13 digits that spread the indexes over the key space; the same keys as etcd_bench.
std::string key_of(uint64_t index);

// Decides what to ask next and writes it as HTTP. One per thread; threads that load together share
// a cursor, which must outlive them.
class Workload {
 public:
  Workload(const Options& options, uint64_t seed, std::atomic<uint64_t>* load_cursor);

  // Nothing only when a load has handed out every key; more may come back through retry().
  std::optional<Request> next();

  // A load hands this request out again, other operations forget it.
  void retry(const Request& request);

  // Appends the request as HTTP to *out.
  void append_to(const Request& request, const Endpoint& endpoint, std::string* out);

  // Whether the status and body size are what a server must answer to this request if it succeeds.
  enum class Verdict { kSuccess, kWrongSize, kFailed };
  [[nodiscard]] Verdict judge(const Request& request, int status, uint64_t body_size) const;

 private:
  uint64_t random();
  std::string_view random_value();

  const Options& options_;
  uint64_t random_state_;
  std::atomic<uint64_t>* load_cursor_;
  std::vector<Request> retries_;
  std::string value_pool_;
};

}  // namespace grey::bench

#endif  // GREY_TESTS_BENCH_WORKLOAD_H_
