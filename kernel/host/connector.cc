#include "host/connector.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "host/os_status.h"

namespace greyd {
namespace {

constexpr char kConnectFailed[] = "connecting failed";

}  // namespace

Connector::Connector(LoopThread* loop, Registry& registry, const StreamOptions& options,
                     grey::ConnectDone* done)
    : PendingCall(loop, registry), options_(options), done_(done) {}

Connector::~Connector() = default;

void Connector::start(const char* address, uint64_t timeout_ns, Resolver& resolver) {
  timeout_ = grey::Ref<grey::Timer>::adopt(loop()->make_timer(this));
  const uint64_t now = loop()->now_ns();
  deadline_ns_ = timeout_ns < ~now ? now + timeout_ns : ~uint64_t{0};
  timeout_->arm(deadline_ns_);
  looking_up_ = true;
  look_up(address, resolver);
}

void Connector::on_addresses(const grey::Result<Addresses>& addresses) {
  looking_up_ = false;
  if (!done_) {  // timed out meanwhile
    delete this;
  } else if (!addresses.ok()) {
    fail(addresses.status());
  } else {
    addresses_ = addresses.value();
    try_next();
  }
}

void Connector::try_next() {
  while (next_ < addresses_.size()) {
    const SocketAddress address = to_socket_address(addresses_[next_++]);
    const int fd =
        ::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
    if (fd < 0) {
      last_error_ = status_of_errno(errno, kConnectFailed);
      continue;
    }
    if (::connect(fd, address.get(), address.size) == 0) {
      succeed(fd);
      return;
    }
    if (errno == EINPROGRESS) {
      watch_ = std::make_unique<FdWatch>(loop()->reactor(), fd, static_cast<FdTarget*>(this));
      watch_->arm_write();
      share_time();
      return;
    }
    last_error_ = status_of_errno(errno, kConnectFailed);
    ::close(fd);
  }
  fail(last_error_);
}

// A name may have addresses that swallow packets (IPv6 without a route) before one that answers.
void Connector::share_time() {
  const uint64_t now = loop()->now_ns();
  const uint64_t left = deadline_ns_ > now ? deadline_ns_ - now : 0;
  timeout_->arm(now + left / (addresses_.size() - next_ + 1));
}

void Connector::on_writable() noexcept {
  int error = 0;
  socklen_t size = sizeof(error);
  if (::getsockopt(watch_->fd(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  if (error == 0) {
    succeed(watch_->release());
    return;
  }
  last_error_ = status_of_errno(error, kConnectFailed);
  watch_.reset();
  try_next();
}

void Connector::succeed(int fd) {
  LoopThread* const on_loop = loop();
  grey::ConnectDone* const done = done_;
  const StreamOptions options = options_;
  delete this;
  done->connected(grey::ok_status(), SocketStream::adopt(on_loop, fd, options).detach());
}

void Connector::fail(grey::Status status) {
  grey::ConnectDone* const done = std::exchange(done_, nullptr);
  timeout_ = {};
  watch_.reset();
  if (!looking_up_) delete this;
  done->connected(status, nullptr);
}

void Connector::run() noexcept {
  last_error_ =
      grey::make_status(grey::StatusCode::timed_out, "the other side did not answer in time");
  watch_.reset();
  if (looking_up_) {
    fail(last_error_);
  } else {
    try_next();
  }
}

}  // namespace greyd
