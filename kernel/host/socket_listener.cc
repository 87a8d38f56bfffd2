#include "host/socket_listener.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <mutex>
#include <shared_mutex>

#include "grey/glue/plugin.h"
#include "host/socket_address.h"

namespace greyd {
namespace {

// So many connections are accepted before other sockets have their turn.
constexpr int kAcceptsPerTurn = 64;

bool out_of_resources(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

}  // namespace

// What the loops above 0 share with the listener. They hold the lock shared while they call the
// acceptor; close() takes it alone, so that no call is under way when it returns.
struct SocketListener::Gate {
  std::shared_mutex mutex;
  grey::Acceptor* acceptor = nullptr;  // null once closed
};

SocketListener::SocketListener(LoopGroup& loops, int fd, grey::Acceptor* acceptor,
                               const StreamOptions& options)
    : loops_(loops),
      options_(options),
      watch_(std::make_unique<FdWatch>(loops.loop(0)->reactor(), fd, static_cast<FdTarget*>(this))),
      gate_(std::make_shared<Gate>()),
      address_(bound_address(fd)) {
  gate_->acceptor = acceptor;
  watch_->arm_read();
}

SocketListener::~SocketListener() = default;

void SocketListener::close() noexcept {
  loops_.loop(0)->assert_usable_here();
  watch_.reset();
  retry_ = {};
  std::unique_lock lock(gate_->mutex);
  gate_->acceptor = nullptr;
}

void SocketListener::on_readable() noexcept {
  const Hold hold(this);
  for (int i = 0; i < kAcceptsPerTurn && watch_; ++i) {
    const int fd = ::accept4(watch_->fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      hand_over(fd);
      continue;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) break;
    if (out_of_resources(errno)) {
      if (!retry_) retry_ = grey::Ref<grey::Timer>::adopt(loops_.loop(0)->make_timer(this));
      retry_->arm(loops_.loop(0)->now_ns() + kRetryNs);
      return;
    }
    // Everything else concerns one connection that is already gone, such as ECONNABORTED.
  }
  if (watch_) watch_->arm_read();
}

void SocketListener::run() noexcept {
  on_readable();
}

void SocketListener::hand_over(int fd) {
  LoopThread* loop = loops_.loop(next_loop_);
  next_loop_ = (next_loop_ + 1) % loops_.count();
  if (loop->is_current()) {
    // No lock: close() comes on this thread only, perhaps from inside the call.
    gate_->acceptor->on_accept(SocketStream::adopt(loop, fd, options_).detach());
    return;
  }
  grey::post(loop, [loop, fd, gate = gate_, options = options_] {
    std::shared_lock lock(gate->mutex);
    if (gate->acceptor) {
      gate->acceptor->on_accept(SocketStream::adopt(loop, fd, options).detach());
    } else {
      ::close(fd);
    }
  });
}

}  // namespace greyd
