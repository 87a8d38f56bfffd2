// The outcome of an operation that can fail for expected reasons.
#ifndef GREY_STATUS_H_
#define GREY_STATUS_H_

#include <cstdint>

namespace grey {

enum class StatusCode : uint32_t {
  ok = 0,
  cancelled = 1,  // the object was stopped before the operation was done
  not_found = 2,
  already_exists = 3,
  invalid_argument = 4,
  failed_precondition = 5,  // a condition of the caller does not hold
  corruption = 6,           // bytes off disk or network contradict themselves
  io_error = 7,             // os_error holds errno where there is one
  no_space = 8,
  busy = 9,          // a bounded queue is full: try again later
  would_block = 10,  // cannot be answered without blocking: submit it instead
  timed_out = 11,
  closed = 12,
  refused = 13,  // the other side exists and said no
  unreachable = 14,
  not_leader = 15,
  not_proposed = 16,     // surely not done, and nobody will do it
  lost = 17,             // overwritten in the log: surely not done
  unknown_outcome = 18,  // nobody can say whether it was or will be done
  no_quorum = 19,
  unsupported = 20,
  incompatible = 21,  // a version or format that this build does not read
  permission_denied = 22,
  expired = 23,
  too_large = 24,
  failed = 25,  // the object has stopped after a fault of its own and says why elsewhere
};

// Trivially copyable and small. `text` is never null, belongs to the process for ever (a literal;
// plugins are never unloaded) and may be empty. What needs a made-up sentence (start,
// configuration) takes an ErrorText besides.
struct [[nodiscard]] Status {
  StatusCode code;
  int32_t os_error;  // errno, or 0
  const char* text;

  constexpr bool ok() const { return code == StatusCode::ok; }
};

constexpr Status ok_status() {
  return Status{StatusCode::ok, 0, ""};
}
constexpr Status make_status(StatusCode code, const char* text = "", int32_t os_error = 0) {
  return Status{code, os_error, text};
}

// The stable name of a code, such as "not_found".
constexpr const char* status_name(StatusCode code) {
  constexpr const char* names[] = {"ok",
                                   "cancelled",
                                   "not_found",
                                   "already_exists",
                                   "invalid_argument",
                                   "failed_precondition",
                                   "corruption",
                                   "io_error",
                                   "no_space",
                                   "busy",
                                   "would_block",
                                   "timed_out",
                                   "closed",
                                   "refused",
                                   "unreachable",
                                   "not_leader",
                                   "not_proposed",
                                   "lost",
                                   "unknown_outcome",
                                   "no_quorum",
                                   "unsupported",
                                   "incompatible",
                                   "permission_denied",
                                   "expired",
                                   "too_large",
                                   "failed"};
  const auto index = static_cast<uint32_t>(code);
  return index < sizeof(names) / sizeof(names[0]) ? names[index] : "unknown_code";
}

// Where a method writes a sentence for a person: what is wrong, where, and what to do. Filled by
// the callee, always terminated; belongs to the caller.
struct ErrorText {
  uint32_t struct_size;  // sizeof(ErrorText) of the caller
  char text[1020];
};

}  // namespace grey

#endif  // GREY_STATUS_H_
