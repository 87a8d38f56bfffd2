#include "response_parser.h"

#include <strings.h>

#include <algorithm>
#include <charconv>

namespace grey::bench {
namespace {

constexpr size_t kMaxHeadBytes = 64 * 1024;
constexpr size_t kMaxLineBytes = 8 * 1024;

bool equals_ignoring_case(std::string_view left, std::string_view right) {
  return left.size() == right.size() && strncasecmp(left.data(), right.data(), left.size()) == 0;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

template <typename Number>
bool parse_number(std::string_view text, int base, Number* number) {
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, *number, base);
  return !text.empty() && result.ec == std::errc() && result.ptr == end;
}

}  // namespace

void ResponseParser::start_response() {
  fresh_ = false;
  state_ = State::kHead;
  status_ = 0;
  body_size_ = remaining_ = 0;
  has_length_ = chunked_ = closes_ = false;
}

ResponseParser::Step ResponseParser::advance(std::string_view input) {
  if (fresh_) start_response();
  size_t consumed = 0;
  while (true) {
    const std::string_view rest = input.substr(consumed);
    Step step{Progress::kNeedMore, 0};
    const State before = state_;
    switch (state_) {
      case State::kHead:
        step = advance_head(rest);
        break;
      case State::kBody:
      case State::kChunkData: {
        step.consumed = static_cast<size_t>(std::min<uint64_t>(remaining_, rest.size()));
        remaining_ -= step.consumed;
        body_size_ += step.consumed;
        if (remaining_ > 0) break;
        if (state_ == State::kBody) {
          step.progress = Progress::kDone;
        } else {
          state_ = State::kChunkEnd;
        }
        break;
      }
      case State::kUntilClose:
        step.consumed = rest.size();
        body_size_ += rest.size();
        break;
      default:
        step = advance_line(rest);
    }
    consumed += step.consumed;
    if (step.progress == Progress::kDone) fresh_ = true;
    if (step.progress != Progress::kNeedMore) return {step.progress, consumed};
    if (step.consumed == 0 && state_ == before) return {Progress::kNeedMore, consumed};
  }
}

bool ResponseParser::finish() {
  const bool complete = !fresh_ && state_ == State::kUntilClose;
  fresh_ = true;
  return complete;
}

ResponseParser::Step ResponseParser::advance_head(std::string_view input) {
  const size_t end = input.find("\r\n\r\n");
  if (end == std::string_view::npos) {
    // A head that does not even begin like one is refused at once, not after 64 KiB.
    const std::string_view expected = std::string_view("HTTP/1.").substr(0, input.size());
    const bool hopeless = input.size() > kMaxHeadBytes || input.substr(0, 7) != expected;
    return {hopeless ? Progress::kError : Progress::kNeedMore, 0};
  }
  if (!parse_head(input.substr(0, end))) return {Progress::kError, 0};
  const size_t consumed = end + 4;
  if (status_ < 200) {
    start_response();
    return {Progress::kNeedMore, consumed};
  }
  if (status_ == 204 || status_ == 304) return {Progress::kDone, consumed};
  if (chunked_) {
    state_ = State::kChunkSize;
  } else if (has_length_) {
    state_ = State::kBody;
    if (remaining_ == 0) return {Progress::kDone, consumed};
  } else {
    state_ = State::kUntilClose;
    closes_ = true;
  }
  return {Progress::kNeedMore, consumed};
}

bool ResponseParser::parse_head(std::string_view head) {
  const size_t first_end = std::min(head.find("\r\n"), head.size());
  const std::string_view first = head.substr(0, first_end);
  // "HTTP/1.x NNN", then a reason or nothing.
  if (first.size() < 12 || first.substr(0, 7) != "HTTP/1." || first[8] != ' ') return false;
  if (first.size() > 12 && first[12] != ' ') return false;
  if (!parse_number(first.substr(9, 3), 10, &status_) || status_ < 100) return false;
  if (first[7] == '0') closes_ = true;
  size_t at = first_end;
  while (at < head.size()) {
    at += 2;
    const size_t end = std::min(head.find("\r\n", at), head.size());
    if (!parse_header_line(head.substr(at, end - at))) return false;
    at = end;
  }
  return true;
}

bool ResponseParser::parse_header_line(std::string_view line) {
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = trim(line.substr(colon + 1));
  if (equals_ignoring_case(name, "content-length")) {
    has_length_ = true;
    return parse_number(value, 10, &remaining_);
  }
  if (equals_ignoring_case(name, "transfer-encoding")) {
    chunked_ = equals_ignoring_case(value, "chunked");
    return chunked_;
  }
  if (equals_ignoring_case(name, "connection")) {
    if (equals_ignoring_case(value, "close")) closes_ = true;
    if (equals_ignoring_case(value, "keep-alive")) closes_ = false;
  }
  return true;
}

ResponseParser::Step ResponseParser::advance_line(std::string_view input) {
  const size_t end = input.find("\r\n");
  if (end == std::string_view::npos) {
    return {input.size() > kMaxLineBytes ? Progress::kError : Progress::kNeedMore, 0};
  }
  const std::string_view line = input.substr(0, end);
  const size_t consumed = end + 2;
  if (state_ == State::kChunkEnd) {
    state_ = State::kChunkSize;
    return {line.empty() ? Progress::kNeedMore : Progress::kError, consumed};
  }
  if (state_ == State::kTrailers) {
    return {line.empty() ? Progress::kDone : Progress::kNeedMore, consumed};
  }
  if (!parse_chunk_size(line)) return {Progress::kError, consumed};
  state_ = remaining_ == 0 ? State::kTrailers : State::kChunkData;
  return {Progress::kNeedMore, consumed};
}

bool ResponseParser::parse_chunk_size(std::string_view line) {
  return parse_number(trim(line.substr(0, line.find(';'))), 16, &remaining_);
}

}  // namespace grey::bench
