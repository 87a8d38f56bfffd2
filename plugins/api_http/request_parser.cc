#include "request_parser.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <utility>

namespace grey::http {
namespace {

namespace beast = boost::beast::http;
using Parser = beast::request_parser<beast::string_body>;

// Lets the parsed body's memory become a Buffer without a copy.
class StringOwner final : public Object {
 public:
  static Buffer wrap(std::string text) {
    auto* owner = new StringOwner(std::move(text));
    Ref<Object> reference = Ref<Object>::adopt(owner);
    return Buffer(BufferRef{reinterpret_cast<const uint8_t*>(owner->text_.data()),
                            owner->text_.size(), owner});
  }
  Object* query(const char*) noexcept override { return nullptr; }
  void retain() noexcept override { references_.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept override {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

 private:
  explicit StringOwner(std::string text) : text_(std::move(text)) {}
  std::atomic<uint32_t> references_{1};
  const std::string text_;
};

Method method_of(beast::verb verb) {
  switch (verb) {
    case beast::verb::get:
      return Method::get;
    case beast::verb::head:
      return Method::head;
    case beast::verb::put:
      return Method::put;
    case beast::verb::delete_:
      return Method::erase;
    case beast::verb::post:
      return Method::post;
    default:
      return Method::other;
  }
}

}  // namespace

struct RequestParser::State {
  explicit State(const ParserLimits& limits) {
    parser.emplace();
    parser->header_limit(limits.header_bytes);
    parser->body_limit(limits.body_bytes);
    parser->eager(true);
  }
  std::optional<Parser> parser;
  std::string pending;  // bytes of a header that is not whole: Beast wants it in one piece
  bool begun = false;
  bool start_line_done = false;
  bool expectation_told = false;
  bool framing_checked = false;
};

RequestParser::RequestParser(ParserLimits limits)
    : limits_(limits), state_(std::make_unique<State>(limits)) {}

RequestParser::~RequestParser() = default;

bool RequestParser::in_request() const {
  return state_->begun;
}

uint64_t RequestParser::buffered() const {
  return state_->pending.size() + state_->parser->get().body().size();
}

bool RequestParser::take_expectation() {
  State& state = *state_;
  if (state.expectation_told || !state.parser->is_header_done() || state.parser->is_done()) {
    return false;
  }
  state.expectation_told = true;
  const auto field = state.parser->get()[beast::field::expect];
  return boost::beast::iequals(field, "100-continue");
}

RequestParser::Outcome RequestParser::feed(ByteView bytes, uint64_t* taken) {
  State& state = *state_;
  *taken = 0;
  if (fault_.status != 0) return Outcome::fault;
  const size_t carried = state.pending.size();
  ByteView input = bytes;
  if (carried != 0) {
    state.pending.append(text_of(bytes));
    input = view_of(state.pending);
  }
  uint64_t used = 0;
  while (used < input.size && !state.parser->is_done()) {
    boost::system::error_code error;
    const size_t count =
        state.parser->put(boost::asio::const_buffer(input.data + used, input.size - used), error);
    used += count;
    state.begun = true;
    if (state.parser->is_header_done() && !std::exchange(state.framing_checked, true)) {
      if (!check_framing()) return Outcome::fault;
    }
    // Beast takes the start line as soon as it is whole.
    state.start_line_done = state.start_line_done || used > 0;
    if (error == beast::error::need_more) break;
    if (error == beast::error::body_limit) {
      return fail(413, "too_large",
                  "the body is larger than " + std::to_string(limits_.body_bytes) + " bytes");
    }
    if (error == beast::error::header_limit || error == beast::error::buffer_overflow) {
      const bool in_target =
          !state.start_line_done &&
          text_of(input).substr(0, limits_.header_bytes).find('\n') == std::string_view::npos;
      return in_target ? fail(414, "too_large", "the request target is too long")
                       : fail(431, "too_large", "the header fields are too large");
    }
    if (error) return fail(400, "bad_request", "not an HTTP request: " + error.message());
    if (count == 0) break;
  }
  if (state.parser->is_done()) {
    *taken = used - carried;
    state.pending.clear();
    return Outcome::request;
  }
  if (carried != 0) {
    state.pending.erase(0, used);  // nothing as long as a header trickles in: no copy for each byte
  } else {
    state.pending.assign(text_of(ByteView{input.data + used, input.size - used}));
  }
  *taken = bytes.size;
  if (state.pending.size() > limits_.header_bytes) {
    return fail(431, "too_large", "the header fields are too large");
  }
  return Outcome::need_more;
}

// Where the body ends must be beyond doubt: whoever stands before this server, a proxy, must see
// the same requests in the same bytes. Beast takes a message with a coding it does not know as one
// without a body.
bool RequestParser::check_framing() {
  const auto& message = state_->parser->get();
  const auto codings = message.count(beast::field::transfer_encoding);
  if (codings == 0) return true;
  if (message.version() < 11 || message.count(beast::field::content_length) != 0) {
    (void)fail(400, "bad_request",
               "Transfer-Encoding may not stand in HTTP/1.0 or beside Content-Length");
    return false;
  }
  if (codings == 1 && boost::beast::iequals(message[beast::field::transfer_encoding], "chunked")) {
    return true;
  }
  (void)fail(501, "not_implemented", "the only Transfer-Encoding that is understood is chunked");
  return false;
}

Request RequestParser::take_request() {
  auto message = state_->parser->release();
  state_ = std::make_unique<State>(limits_);
  Request request;
  request.method = method_of(message.method());
  request.target = std::string(message.target());
  request.keep_alive = message.keep_alive();
  request.body = StringOwner::wrap(std::move(message.body()));
  const auto field = [&](auto name) -> std::optional<std::string> {
    const auto found = message.find(name);
    if (found == message.end()) return std::nullopt;
    return std::string(found->value());
  };
  request.if_match = field(beast::field::if_match);
  request.if_none_match = field(beast::field::if_none_match);
  request.client_id = field("Grey-Client-Id");
  request.serial = field("Grey-Serial");
  return request;
}

RequestParser::Outcome RequestParser::fail(int status, const char* code, std::string message) {
  fault_ = {status, code, std::move(message)};
  return Outcome::fault;
}

}  // namespace grey::http
