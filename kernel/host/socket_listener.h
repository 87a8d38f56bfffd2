// A listening TCP socket on loop 0 that spreads its connections over all loops.
#ifndef GREY_KERNEL_HOST_SOCKET_LISTENER_H_
#define GREY_KERNEL_HOST_SOCKET_LISTENER_H_

#include <cstdint>
#include <memory>
#include <string>

#include "grey/glue/ref.h"
#include "grey/net.h"
#include "host/loop_group.h"
#include "host/loop_object.h"
#include "host/reactor.h"
#include "host/socket_stream.h"

namespace greyd {

// When the process or the system has no more descriptors it waits for kRetryNs before it accepts
// again; connections meanwhile wait in the kernel's backlog.
class SocketListener final : public LoopObject<grey::Listener>,
                             private FdTarget,
                             private grey::Task {
 public:
  static constexpr uint64_t kRetryNs = 100'000'000;

  // Takes over `fd`, which listens and does not block. One reference for the caller.
  SocketListener(LoopGroup& loops, int fd, grey::Acceptor* acceptor, const StreamOptions& options);

  // Waits for an on_accept() that runs on another loop. May be called inside on_accept on loop 0.
  void close() noexcept override;

  const std::string& address() const { return address_; }

 private:
  struct Gate;

  ~SocketListener() override;

  void on_unused() noexcept override { close(); }
  void on_readable() noexcept override;
  void on_writable() noexcept override {}
  void run() noexcept override;  // the retry timer
  void hand_over(int fd);

  LoopGroup& loops_;
  const StreamOptions options_;
  std::unique_ptr<FdWatch> watch_;  // null once closed
  std::shared_ptr<Gate> gate_;
  std::string address_;
  uint32_t next_loop_ = 0;
  grey::Ref<grey::Timer> retry_;
};

}  // namespace greyd

#endif  // GREY_KERNEL_HOST_SOCKET_LISTENER_H_
