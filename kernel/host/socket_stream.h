// A TCP connection on one loop.
#ifndef GREY_KERNEL_HOST_SOCKET_STREAM_H_
#define GREY_KERNEL_HOST_SOCKET_STREAM_H_

#include <cstdint>
#include <memory>
#include <string>

#include "grey/glue/ref.h"
#include "grey/net.h"
#include "host/loop_object.h"
#include "host/loop_thread.h"
#include "host/reactor.h"
#include "host/send_queue.h"

namespace greyd {

struct StreamOptions {
  uint64_t high_water_bytes = 1024 * 1024;
  // close() gives up (aborts and reports `timed_out`) when the other side takes nothing for so
  // long.
  uint64_t close_timeout_ns = 10'000'000'000;
  // After close() has sent all it waits this long at most for the other side's end, so that data
  // still arriving does not make the kernel throw away what the other side has not read yet.
  uint64_t linger_timeout_ns = 1'000'000'000;
};

// What grey::Stream leaves open: on_closed brings `closed` for an orderly end by either side and
// otherwise the errno (a reset is `io_error`). When the other side ends and on_end() says no,
// what is still unsent is tried once and dropped. A release of the last reference aborts even a
// stream that is closing. write() never refuses for size: who ignores `busy` has a queue without
// limit.
class SocketStream final : public LoopObject<grey::Stream>, private FdTarget, private grey::Task {
 public:
  // Takes over `fd`, connected and non-blocking. One reference for the caller.
  static grey::Ref<SocketStream> adopt(LoopThread* loop, int fd, const StreamOptions& options);

  grey::Loop* loop() noexcept override { return loop_; }
  void set_handler(grey::StreamHandler* handler) noexcept override;
  grey::Status write(grey::ByteView bytes) noexcept override;
  grey::Status write_buffer(const grey::BufferRef* buffer) noexcept override;
  uint64_t unsent_bytes() noexcept override { return queue_.bytes(); }
  void pause_reading() noexcept override;
  void resume_reading() noexcept override;
  void close() noexcept override;
  void abort() noexcept override;
  const char* remote_address() noexcept override { return remote_address_.c_str(); }

 private:
  enum class State { open, closing, lingering, closed };
  class TimeoutTask;

  SocketStream(LoopThread* loop, int fd, const StreamOptions& options);
  ~SocketStream() override;

  void on_unused() noexcept override { abort(); }
  void on_readable() noexcept override;
  void on_writable() noexcept override;
  void run() noexcept override;  // the flush of the turn

  grey::Status after_queueing();
  void schedule_flush();
  void flush();
  void tell_writable();
  void send_failed(int error);
  void all_sent();
  void read_some();
  bool received(uint64_t count);
  void other_side_ended();
  void start_timeout(uint64_t after_ns);
  void on_timeout();
  void finish(grey::Status status);  // closes, tells the handler
  void shut();                       // closes, tells nobody

  LoopThread* const loop_;
  const StreamOptions options_;
  std::string remote_address_;
  std::unique_ptr<FdWatch> watch_;  // null once closed
  grey::StreamHandler* handler_ = nullptr;
  SendQueue queue_;
  State state_ = State::open;
  bool reading_paused_ = false;
  bool flush_scheduled_ = false;
  bool waiting_writable_ = false;  // the socket's buffer was full
  bool peer_ended_ = false;        // its sending half
  int send_error_ = 0;             // nothing can be sent any more; the reading side ends the stream
  uint64_t busy_level_ = 0;        // unsent bytes at the last `busy`; 0: nobody waits
  std::unique_ptr<TimeoutTask> timeout_task_;
  grey::Ref<grey::Timer> timeout_;
};

}  // namespace greyd

#endif  // GREY_KERNEL_HOST_SOCKET_STREAM_H_
