// Result<T> and sentences, compiled into whoever includes it; nothing here crosses the border.
#ifndef GREY_GLUE_STATUS_H_
#define GREY_GLUE_STATUS_H_

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "grey/status.h"

namespace grey {

// A value, or the status that says why there is none.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}  // NOLINT: implicit on purpose
  Result(Status status) : state_(status) {}      // NOLINT: implicit on purpose

  bool ok() const { return state_.index() == 0; }
  Status status() const { return ok() ? ok_status() : std::get<1>(state_); }
  T& value() & { return std::get<0>(state_); }
  const T& value() const& { return std::get<0>(state_); }
  T&& value() && { return std::get<0>(std::move(state_)); }

 private:
  std::variant<T, Status> state_;
};

// Puts `text` into `out` (which may be null), cut to fit.
inline void set_error(ErrorText* out, std::string_view text) {
  if (!out) return;
  const size_t room = std::min<size_t>(sizeof(out->text) - 1, text.size());
  std::memcpy(out->text, text.data(), room);
  out->text[room] = '\0';
}

inline ErrorText empty_error_text() {
  ErrorText error;
  error.struct_size = sizeof(ErrorText);
  error.text[0] = '\0';
  return error;
}

// "corruption: bad CRC (Input/output error)"
inline std::string describe(Status status) {
  std::string text = status_name(status.code);
  if (*status.text) text.append(": ").append(status.text);
  if (status.os_error) text.append(" (").append(std::strerror(status.os_error)).append(")");
  return text;
}

}  // namespace grey

#endif  // GREY_GLUE_STATUS_H_
