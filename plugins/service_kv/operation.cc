#include "operation.h"

#include <algorithm>

namespace grey::kv {
namespace {

constexpr uint64_t kNsPerMs = 1'000'000;

}  // namespace

uint64_t age_ms(uint64_t current_at_ns, uint64_t now_ns) {
  if (current_at_ns == 0) return kAgeUnknown;
  return (now_ns - std::min(now_ns, current_at_ns) + kNsPerMs - 1) / kNsPerMs;
}

uint64_t moment_of(uint64_t age_ms, uint64_t now_ns) {
  return age_ms >= now_ns / kNsPerMs ? 0 : now_ns - age_ms * kNsPerMs;
}

const char* usual_message(KvCode code) {
  switch (code) {
    case KvCode::ok:
      return "";
    case KvCode::bad_request:
      return "the request is malformed";
    case KvCode::not_found:
      return "there is no such key";
    case KvCode::condition_failed:
      return "the key does not meet the condition";
    case KvCode::too_large:
      return "key or value is above the limit";
    case KvCode::busy:
      return "too many requests are waiting: try again later";
    case KvCode::not_implemented:
      return "this version does not implement it";
    case KvCode::read_only:
      return "the shard has no leader with a quorum: it takes no writes now; nothing was written";
    case KvCode::no_quorum:
      return "the shard has no leader with a quorum: only stale reads are served now";
    case KvCode::starting:
      return "this node does not serve yet, or not any more";
    case KvCode::unknown_outcome:
      return "the write was sent but nobody said in time whether it was done";
    case KvCode::no_space:
      return "the disk is nearly full: only deletes pass now";
    case KvCode::session_expired:
      return "what became of this serial is forgotten, or was never known: it is not done (again)";
    case KvCode::internal:
      return "a fault inside this node: its log tells more";
  }
  return "";
}

}  // namespace grey::kv
