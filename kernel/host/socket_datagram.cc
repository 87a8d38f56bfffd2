#include "host/socket_datagram.h"

#include <sys/socket.h>

#include <cerrno>

#include "host/socket_address.h"

namespace greyd {
namespace {

constexpr int kReceivesPerTurn = 64;

}  // namespace

SocketDatagram::SocketDatagram(LoopThread* loop, int fd, int family, grey::DatagramHandler* handler)
    : loop_(loop),
      family_(family),
      watch_(std::make_unique<FdWatch>(loop->reactor(), fd, static_cast<FdTarget*>(this))),
      handler_(handler),
      address_(bound_address(fd)) {
  watch_->arm_read();
}

SocketDatagram::~SocketDatagram() = default;

void SocketDatagram::on_unused() noexcept {
  loop_->assert_usable_here();
  watch_.reset();
}

void SocketDatagram::send(const grey::NetAddress* to, grey::ByteView bytes) noexcept {
  loop_->assert_usable_here();
  if (!watch_) return;
  const SocketAddress address = to_socket_address(*to, family_);
  // A datagram that does not go out now is a lost one.
  (void)::sendto(watch_->fd(), bytes.data, bytes.size, MSG_DONTWAIT | MSG_NOSIGNAL, address.get(),
                 address.size);
}

void SocketDatagram::on_readable() noexcept {
  const Hold hold(this);
  for (int i = 0; i < kReceivesPerTurn && watch_; ++i) {
    SocketAddress from;
    from.size = sizeof(from.storage);
    const ssize_t count =
        ::recvfrom(watch_->fd(), loop_->read_buffer(), LoopThread::kReadBufferSize, MSG_DONTWAIT,
                   from.get(), &from.size);
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
    if (count < 0) continue;  // the error of an earlier send, told here; the socket is fine
    const grey::NetAddress address = to_net_address(from);
    handler_->on_datagram(&address, {loop_->read_buffer(), static_cast<uint64_t>(count)});
  }
  if (watch_) watch_->arm_read();
}

}  // namespace greyd
