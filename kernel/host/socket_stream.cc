#include "host/socket_stream.h"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <utility>

#include "host/os_status.h"
#include "host/socket_address.h"

namespace greyd {
namespace {

// One stream reads at most so many buffers before others have their turn.
constexpr int kReadsPerTurn = 4;
constexpr char kBroken[] = "the connection broke";

std::string address_of_peer(int fd) {
  SocketAddress address;
  address.size = sizeof(address.storage);
  if (::getpeername(fd, address.get(), &address.size) != 0) return "";
  return to_text(to_net_address(address));
}

grey::Status ended() {
  return grey::make_status(grey::StatusCode::closed, "the connection has ended");
}

}  // namespace

class SocketStream::TimeoutTask final : public grey::Task {
 public:
  explicit TimeoutTask(SocketStream* stream) : stream_(stream) {}
  void run() noexcept override { stream_->on_timeout(); }

 private:
  SocketStream* const stream_;
};

grey::Ref<SocketStream> SocketStream::adopt(LoopThread* loop, int fd,
                                            const StreamOptions& options) {
  return grey::Ref<SocketStream>::adopt(new SocketStream(loop, fd, options));
}

SocketStream::SocketStream(LoopThread* loop, int fd, const StreamOptions& options)
    : loop_(loop),
      options_(options),
      remote_address_(address_of_peer(fd)),
      watch_(std::make_unique<FdWatch>(loop->reactor(), fd, static_cast<FdTarget*>(this))) {
  // The end of the turn gathers what belongs together; waiting for more would only delay it.
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

SocketStream::~SocketStream() = default;

void SocketStream::set_handler(grey::StreamHandler* handler) noexcept {
  loop_->assert_usable_here();
  assert(!handler_);
  if (state_ == State::closed) return;
  handler_ = handler;
  if (!reading_paused_) watch_->arm_read();
}

grey::Status SocketStream::write(grey::ByteView bytes) noexcept {
  loop_->assert_usable_here();
  if (state_ != State::open || send_error_ != 0) return ended();
  queue_.append_copy(bytes);
  return after_queueing();
}

grey::Status SocketStream::write_buffer(const grey::BufferRef* buffer) noexcept {
  loop_->assert_usable_here();
  if (state_ != State::open || send_error_ != 0) return ended();
  queue_.append_buffer(*buffer);
  return after_queueing();
}

grey::Status SocketStream::after_queueing() {
  schedule_flush();
  if (queue_.bytes() <= options_.high_water_bytes) return grey::ok_status();
  busy_level_ = queue_.bytes();
  return grey::make_status(grey::StatusCode::busy, "the other side takes data too slowly");
}

void SocketStream::schedule_flush() {
  if (waiting_writable_ || std::exchange(flush_scheduled_, true)) return;
  take_hold();
  loop_->defer(grey::TurnPhase::flush, this);
}

void SocketStream::run() noexcept {
  flush_scheduled_ = false;
  flush();
  drop_hold();
}

void SocketStream::on_writable() noexcept {
  const Hold hold(this);
  waiting_writable_ = false;
  flush();
}

void SocketStream::flush() {
  if (state_ != State::open && state_ != State::closing) return;
  const uint64_t before = queue_.bytes();
  const int error = send_error_ != 0 ? 0 : queue_.send_to(watch_->fd());
  if (error != 0) {
    send_failed(error);
    return;
  }
  const bool progress = queue_.bytes() < before;
  if (!queue_.empty()) {
    waiting_writable_ = true;
    watch_->arm_write();
    if (state_ == State::closing && progress) start_timeout(options_.close_timeout_ns);
  } else if (state_ == State::closing) {
    all_sent();
    return;
  }
  tell_writable();
}

void SocketStream::tell_writable() {
  if (busy_level_ == 0 || queue_.bytes() >= busy_level_ / 2) return;
  busy_level_ = 0;
  if (state_ == State::open && handler_) handler_->on_writable(this);
}

// What the other side sent before it broke the connection may still be unread: it is delivered
// first, and then reading ends the stream.
void SocketStream::send_failed(int error) {
  send_error_ = error;
  queue_.clear();
  busy_level_ = 0;
  const bool broken = error == EPIPE || error == ECONNRESET;
  if (!broken || state_ != State::open || reading_paused_ || !handler_) {
    finish(status_of_errno(error, kBroken));
    return;
  }
  watch_->arm_read();
}

void SocketStream::on_readable() noexcept {
  const Hold hold(this);
  if (state_ == State::open && reading_paused_) return;
  read_some();
}

void SocketStream::read_some() {
  for (int i = 0; i < kReadsPerTurn; ++i) {
    const ssize_t count =
        ::recv(watch_->fd(), loop_->read_buffer(), LoopThread::kReadBufferSize, MSG_DONTWAIT);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
    if (count < 0) {
      finish(status_of_errno(errno, kBroken));
      return;
    }
    if (count == 0) {
      other_side_ended();
      return;
    }
    if (!received(static_cast<uint64_t>(count))) return;
    if (count < static_cast<ssize_t>(LoopThread::kReadBufferSize)) break;
  }
  watch_->arm_read();
}

// Whether to go on reading. What arrives while closing is thrown away.
bool SocketStream::received(uint64_t count) {
  if (state_ == State::open) handler_->on_data(this, {loop_->read_buffer(), count});
  if (state_ == State::closed) return false;
  return state_ != State::open || !reading_paused_;
}

void SocketStream::other_side_ended() {
  // It may have closed its sending half only. Then what is queued, and what the handler has still
  // to say, is sent; if nobody is there any more, sending fails.
  if (state_ == State::closing) {
    peer_ended_ = true;
    return;
  }
  if (state_ == State::open && send_error_ == 0) {
    if (std::exchange(peer_ended_, true)) return;  // the handler has been told, and goes on
    if (handler_->on_end(this) || state_ != State::open) return;
  }
  if (state_ == State::open && send_error_ == 0) send_error_ = queue_.send_to(watch_->fd());
  finish(send_error_ == 0 ? ended() : status_of_errno(send_error_, kBroken));
}

void SocketStream::pause_reading() noexcept {
  loop_->assert_usable_here();
  reading_paused_ = true;
}

void SocketStream::resume_reading() noexcept {
  loop_->assert_usable_here();
  reading_paused_ = false;
  if (state_ == State::open && handler_) watch_->arm_read();
}

void SocketStream::close() noexcept {
  loop_->assert_usable_here();
  if (state_ != State::open) return;
  state_ = State::closing;
  start_timeout(options_.close_timeout_ns);
  watch_->arm_read();
  schedule_flush();
}

void SocketStream::all_sent() {
  ::shutdown(watch_->fd(), SHUT_WR);
  if (peer_ended_) {
    finish(ended());
    return;
  }
  state_ = State::lingering;
  start_timeout(options_.linger_timeout_ns);
}

void SocketStream::start_timeout(uint64_t after_ns) {
  if (!timeout_) {
    timeout_task_ = std::make_unique<TimeoutTask>(this);
    timeout_ = grey::Ref<grey::Timer>::adopt(loop_->make_timer(timeout_task_.get()));
  }
  timeout_->arm(loop_->now_ns() + after_ns);
}

void SocketStream::on_timeout() {
  const Hold hold(this);
  finish(state_ == State::lingering
             ? ended()
             : grey::make_status(grey::StatusCode::timed_out,
                                 "the other side did not take the last data in time"));
}

void SocketStream::finish(grey::Status status) {
  grey::StreamHandler* handler = handler_;
  shut();
  if (handler) handler->on_closed(this, status);
}

void SocketStream::shut() {
  state_ = State::closed;
  handler_ = nullptr;
  watch_.reset();
  queue_.clear();
  timeout_ = {};
}

void SocketStream::abort() noexcept {
  loop_->assert_usable_here();
  shut();
}

}  // namespace greyd
