#include "host/socket_net.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cassert>
#include <cerrno>
#include <cstring>

#include "host/connector.h"
#include "host/os_status.h"
#include "host/pending_call.h"
#include "host/socket_address.h"
#include "host/socket_datagram.h"
#include "host/socket_listener.h"

namespace greyd {
namespace {

struct BoundSocket {
  int fd = -1;
  int family = 0;
};

grey::Status explain(grey::Status status, const std::string& doing, const char* address,
                     grey::ErrorText* error) {
  std::string text = "cannot " + doing + " " + address + ": ";
  if (status.os_error == EADDRINUSE) {
    text += "the address is in use by another process; stop that process or choose another port";
  } else if (status.os_error == EADDRNOTAVAIL) {
    text += "no network interface of this machine has that IP address";
  } else if (status.os_error == EACCES) {
    text += "not permitted; ports below 1024 need CAP_NET_BIND_SERVICE";
  } else {
    text += status.os_error ? std::strerror(status.os_error) : status.text;
  }
  grey::set_error(error, text);
  return status;
}

grey::Status bind_socket(const char* address, int type, BoundSocket* out) {
  HostPort parsed;
  std::string text = address;
  // ":80" means every interface.
  if (parse_host_port(text, &parsed) && parsed.host.empty()) text = "0.0.0.0" + text;
  const auto addresses = resolve_blocking(text);
  if (!addresses.ok()) return addresses.status();
  const SocketAddress target = to_socket_address(addresses.value().front());
  const int fd = ::socket(target.family(), type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return status_of_errno(errno, "making a socket failed");
  const int on = 1;
  // A restarted process must get its port back although old connections still linger.
  if (type == SOCK_STREAM) ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  const bool good = ::bind(fd, target.get(), target.size) == 0 &&
                    (type != SOCK_STREAM || ::listen(fd, SOMAXCONN) == 0);
  if (!good) {
    const grey::Status status = status_of_errno(errno, "the address cannot be used");
    ::close(fd);
    return status;
  }
  *out = {fd, target.family()};
  return grey::ok_status();
}

}  // namespace

SocketNet::SocketNet(LoopGroup& loops, NetOptions options)
    : loops_(loops),
      options_(std::move(options)),
      resolver_(std::make_unique<Resolver>(options_.resolver)),
      pending_(loops.count()) {}

SocketNet::~SocketNet() {
  resolver_.reset();  // it must not answer calls that are gone
  for (auto& registry : pending_) {
    while (!registry.empty()) delete *registry.begin();
  }
}

grey::Status SocketNet::listen(const char* address, grey::Acceptor* acceptor, grey::Listener** out,
                               grey::ErrorText* error) noexcept {
  loops_.loop(0)->assert_usable_here();
  *out = nullptr;
  BoundSocket socket;
  const grey::Status status = bind_socket(address, SOCK_STREAM, &socket);
  if (!status.ok()) return explain(status, "listen on", address, error);
  *out = new SocketListener(loops_, socket.fd, acceptor, options_.stream);
  return status;
}

void SocketNet::connect(grey::Loop* loop, const char* address, uint64_t timeout_ns,
                        grey::ConnectDone* done) noexcept {
  LoopThread* thread = thread_of(loop);
  thread->assert_usable_here();
  auto* connector = new Connector(thread, pending_[thread->index()], options_.stream, done);
  connector->start(address, timeout_ns, *resolver_);
}

grey::Status SocketNet::bind_datagram(grey::Loop* loop, const char* address,
                                      grey::DatagramHandler* handler, grey::Datagram** out,
                                      grey::ErrorText* error) noexcept {
  LoopThread* thread = thread_of(loop);
  thread->assert_usable_here();
  *out = nullptr;
  BoundSocket socket;
  const grey::Status status = bind_socket(address, SOCK_DGRAM, &socket);
  if (!status.ok()) return explain(status, "receive datagrams on", address, error);
  *out = new SocketDatagram(thread, socket.fd, socket.family, handler);
  return status;
}

void SocketNet::resolve(grey::Loop* loop, const char* address, grey::ResolveDone* done) noexcept {
  LoopThread* thread = thread_of(loop);
  thread->assert_usable_here();
  auto* call = new ResolveCall(thread, pending_[thread->index()], done);
  call->look_up(address, *resolver_);
}

std::string local_address(grey::Listener* listener) {
  return static_cast<SocketListener*>(listener)->address();
}

std::string local_address(grey::Datagram* datagram) {
  return static_cast<SocketDatagram*>(datagram)->address();
}

}  // namespace greyd
