// The transport that adds nothing: the host's TCP streams as they are.
#ifndef GREY_PLUGINS_TRANSPORT_TCP_TCP_TRANSPORT_H_
#define GREY_PLUGINS_TRANSPORT_TCP_TCP_TRANSPORT_H_

#include "grey/glue/plugin.h"
#include "grey/transport.h"

namespace grey::tcp {

class TcpTransport final : public PluginBase {
 public:
  explicit TcpTransport(Host* host);

  Status start(ErrorText* error) noexcept override;
  void stop(Completion* done) noexcept override;

 private:
  class Layer final : public InterfaceOf<Transport> {
   public:
    Layer(Object* owner, Host* host) : InterfaceOf(owner), host_(host) {}
    Status listen(const char* purpose, const char* address, Acceptor* acceptor, Listener** out,
                  ErrorText* error) noexcept override;
    void connect(Loop* loop, const char* purpose, const char* address, uint64_t timeout_ns,
                 ConnectDone* done) noexcept override;

   private:
    Host* host_;
  };

  Layer layer_;
};

}  // namespace grey::tcp

#endif  // GREY_PLUGINS_TRANSPORT_TCP_TCP_TRANSPORT_H_
