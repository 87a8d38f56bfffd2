// Kind "transport": how streams between machines are made. A transport is a layer over the host's
// streams (grey/net.h) and hands out streams of the same shape, so whoever uses them need not know
// whether they are plain or encrypted.
#ifndef GREY_TRANSPORT_H_
#define GREY_TRANSPORT_H_

#include "grey/net.h"

namespace grey {

class Transport : public Object {
 public:
  static constexpr char kInterfaceId[] = "grey.transport/1";

  // As Net::listen. `purpose` is "peer", "api" or a name of the caller's, for policies that differ
  // (such as client certificates). Streams reach `acceptor` ready for use, handshakes done.
  virtual Status listen(const char* purpose, const char* address, Acceptor* acceptor,
                        Listener** out, ErrorText* error) noexcept = 0;

  // As Net::connect; `timeout_ns` covers handshakes.
  virtual void connect(Loop* loop, const char* purpose, const char* address, uint64_t timeout_ns,
                       ConnectDone* done) noexcept = 0;

 protected:
  ~Transport() = default;
};

}  // namespace grey

#endif  // GREY_TRANSPORT_H_
