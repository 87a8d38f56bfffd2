#include "tcp_transport.h"

namespace grey::tcp {

TcpTransport::TcpTransport(Host* host) : PluginBase(host), layer_(this, host) {
  expose(Transport::kInterfaceId, &layer_);
}

Status TcpTransport::start(ErrorText*) noexcept {
  return ok_status();
}

void TcpTransport::stop(Completion* done) noexcept {
  done->complete(ok_status());
}

Status TcpTransport::Layer::listen(const char*, const char* address, Acceptor* acceptor,
                                   Listener** out, ErrorText* error) noexcept {
  return host_->net()->listen(address, acceptor, out, error);
}

void TcpTransport::Layer::connect(Loop* loop, const char*, const char* address, uint64_t timeout_ns,
                                  ConnectDone* done) noexcept {
  host_->net()->connect(loop, address, timeout_ns, done);
}

}  // namespace grey::tcp
