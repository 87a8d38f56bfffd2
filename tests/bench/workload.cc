#include "workload.h"

namespace grey::bench {
namespace {

constexpr uint64_t kPoolSlack = uint64_t{1} << 20;
constexpr char kLetters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void append_key(uint64_t index, std::string* out) {
  uint64_t number = index * 2654435761u % 10'000'000'000'000u;
  char digits[13];
  for (int i = 12; i >= 0; --i, number /= 10) digits[i] = static_cast<char>('0' + number % 10);
  out->append("bench/k").append(digits, sizeof digits);
}

}  // namespace

std::string key_of(uint64_t index) {
  std::string key;
  append_key(index, &key);
  return key;
}

// Values are windows into random text at random places, so that they differ and a store that
// compresses gains no more than it would on real data.
Workload::Workload(const Options& options, uint64_t seed, std::atomic<uint64_t>* load_cursor)
    : options_(options), random_state_(seed), load_cursor_(load_cursor) {
  value_pool_.resize(kPoolSlack + options.value_size);
  for (char& letter : value_pool_) letter = kLetters[random() % 64];
}

std::optional<Request> Workload::next() {
  if (options_.operation == Operation::kLoad) {
    if (!retries_.empty()) {
      const Request request = retries_.back();
      retries_.pop_back();
      return request;
    }
    const uint64_t index = load_cursor_->fetch_add(1, std::memory_order_relaxed);
    if (index >= options_.keys) return std::nullopt;
    return Request{true, index};
  }
  const uint64_t index = random() % options_.keys;
  const bool is_put = options_.operation == Operation::kPut ||
                      (options_.operation == Operation::kMixed && random() % 10 == 0);
  return Request{is_put, index};
}

void Workload::retry(const Request& request) {
  if (options_.operation == Operation::kLoad) retries_.push_back(request);
}

void Workload::append_to(const Request& request, const Endpoint& endpoint, std::string* out) {
  out->append(request.is_put ? "PUT /v1/kv/" : "GET /v1/kv/");
  append_key(request.key_index, out);
  if (!request.is_put && options_.operation == Operation::kStaleGet) {
    out->append("?consistency=stale");
  }
  out->append(" HTTP/1.1\r\nHost: ").append(endpoint.text);
  if (!request.is_put) {
    out->append("\r\n\r\n");
    return;
  }
  out->append("\r\nContent-Length: ").append(std::to_string(options_.value_size));
  out->append("\r\n\r\n").append(random_value());
}

Workload::Verdict Workload::judge(const Request& request, int status, uint64_t body_size) const {
  if (status < 200 || status > 299) return Verdict::kFailed;
  // A put's answer may have any body.
  if (request.is_put || body_size == options_.value_size) return Verdict::kSuccess;
  return Verdict::kWrongSize;
}

// splitmix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators").
uint64_t Workload::random() {
  uint64_t z = (random_state_ += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

std::string_view Workload::random_value() {
  return std::string_view(value_pool_).substr(random() % kPoolSlack, options_.value_size);
}

}  // namespace grey::bench
