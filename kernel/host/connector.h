// One Net::connect: lookup, then the addresses one after the other, all within one time-out of
// which each gets its share.
#ifndef GREY_KERNEL_HOST_CONNECTOR_H_
#define GREY_KERNEL_HOST_CONNECTOR_H_

#include <cstdint>
#include <memory>

#include "grey/glue/ref.h"
#include "grey/net.h"
#include "host/pending_call.h"
#include "host/reactor.h"
#include "host/socket_stream.h"

namespace greyd {

// Deletes itself once it has told `done` and no lookup is under way. Loop only.
class Connector final : public PendingCall, private FdTarget, private grey::Task {
 public:
  Connector(LoopThread* loop, Registry& registry, const StreamOptions& options,
            grey::ConnectDone* done);
  ~Connector() override;

  void start(const char* address, uint64_t timeout_ns, Resolver& resolver);

 private:
  void on_addresses(const grey::Result<Addresses>& addresses) override;
  void on_readable() noexcept override {}
  void on_writable() noexcept override;
  void run() noexcept override;  // the time-out

  void try_next();
  void share_time();
  void succeed(int fd);
  void fail(grey::Status status);

  const StreamOptions options_;
  grey::ConnectDone* done_;  // null once told
  grey::Ref<grey::Timer> timeout_;
  uint64_t deadline_ns_ = 0;
  bool looking_up_ = false;
  Addresses addresses_;
  size_t next_ = 0;
  grey::Status last_error_ = grey::ok_status();
  std::unique_ptr<FdWatch> watch_;
};

}  // namespace greyd

#endif  // GREY_KERNEL_HOST_CONNECTOR_H_
