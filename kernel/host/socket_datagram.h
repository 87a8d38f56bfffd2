// A UDP socket of one loop.
#ifndef GREY_KERNEL_HOST_SOCKET_DATAGRAM_H_
#define GREY_KERNEL_HOST_SOCKET_DATAGRAM_H_

#include <memory>
#include <string>

#include "grey/net.h"
#include "host/loop_object.h"
#include "host/loop_thread.h"
#include "host/reactor.h"

namespace greyd {

// Released on its loop; no on_datagram after that.
class SocketDatagram final : public LoopObject<grey::Datagram>, private FdTarget {
 public:
  // Takes over `fd`, bound and non-blocking. One reference for the caller.
  SocketDatagram(LoopThread* loop, int fd, int family, grey::DatagramHandler* handler);

  void send(const grey::NetAddress* to, grey::ByteView bytes) noexcept override;

  const std::string& address() const { return address_; }

 private:
  ~SocketDatagram() override;

  void on_unused() noexcept override;
  void on_readable() noexcept override;
  void on_writable() noexcept override {}

  LoopThread* const loop_;
  const int family_;
  std::unique_ptr<FdWatch> watch_;  // null once released
  grey::DatagramHandler* const handler_;
  const std::string address_;
};

}  // namespace greyd

#endif  // GREY_KERNEL_HOST_SOCKET_DATAGRAM_H_
