// Bytes that wait to be sent on one socket.
#ifndef GREY_KERNEL_HOST_SEND_QUEUE_H_
#define GREY_KERNEL_HOST_SEND_QUEUE_H_

#include <cstdint>
#include <deque>

#include "grey/glue/bytes.h"

namespace greyd {

// Small writes are gathered into chunks; buffers are kept by reference. One thread.
class SendQueue {
 public:
  void append_copy(grey::ByteView bytes);
  void append_buffer(const grey::BufferRef& buffer);

  uint64_t bytes() const { return bytes_; }
  bool empty() const { return bytes_ == 0; }
  void clear();

  // Sends as much as the non-blocking socket takes, gathering many parts in one call. 0 when all
  // is sent or the socket is full, else errno.
  int send_to(int fd);

 private:
  struct Segment {
    grey::Buffer buffer;
    uint64_t begin = 0;  // first byte not sent
    uint64_t end = 0;    // behind the last byte filled in
    bool growable = false;
  };

  void consume(uint64_t count);

  std::deque<Segment> segments_;
  uint64_t bytes_ = 0;
};

}  // namespace greyd

#endif  // GREY_KERNEL_HOST_SEND_QUEUE_H_
