// One open file of this machine.
#ifndef GREY_KERNEL_HOST_LOCAL_FILE_H_
#define GREY_KERNEL_HOST_LOCAL_FILE_H_

#include <cstdint>
#include <mutex>
#include <vector>

#include "grey/files.h"
#include "grey/glue/ref.h"
#include "host/io_threads.h"
#include "host/loop_thread.h"

namespace greyd {

// Operations under way hold a reference, so a file that is released early closes after them. The
// blocking methods do not wait for submitted ones.
class LocalFile final : public grey::Implements<grey::File>, private IoSource {
 public:
  // Takes over `fd`. `threads` must outlive every submission.
  LocalFile(int fd, IoThreads* threads);

  grey::Status size(uint64_t* size) noexcept override;
  grey::Status read(uint64_t offset, uint8_t* into, uint64_t size, uint64_t* got) noexcept override;
  grey::Status write(uint64_t offset, grey::ByteView bytes) noexcept override;
  grey::Status truncate(uint64_t size) noexcept override;
  grey::Status sync() noexcept override;
  void submit_write(uint64_t offset, const grey::ByteView* parts, uint32_t count, uint32_t flags,
                    grey::Completion* done) noexcept override;
  void submit_read(uint64_t offset, uint8_t* into, uint64_t size, uint64_t* got,
                   grey::Completion* done) noexcept override;

 private:
  class Operation;

  ~LocalFile() override;

  void carry_out() noexcept override;
  void submit(Operation* operation);
  grey::Status write_parts(uint64_t offset, const grey::ByteView* parts, uint32_t count);

  const int fd_;
  IoThreads* const threads_;
  std::vector<Operation*> taken_;  // only inside carry_out
  std::mutex mutex_;
  std::vector<Operation*> queue_;  // guarded by mutex_
  bool started_ = false;           // guarded by mutex_: carry_out is under way or about to be
};

}  // namespace greyd

#endif  // GREY_KERNEL_HOST_LOCAL_FILE_H_
