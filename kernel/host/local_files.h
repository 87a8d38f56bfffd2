// The files below one data directory of this machine.
#ifndef GREY_KERNEL_HOST_LOCAL_FILES_H_
#define GREY_KERNEL_HOST_LOCAL_FILES_H_

#include <memory>
#include <string>

#include "grey/files.h"
#include "host/borrowed.h"

namespace greyd {

class IoThreads;

// Paths that are absolute, contain "..", empty parts or are too long are `invalid_argument`; "."
// (or "") is the data directory itself. Symbolic links are followed: an operator may lay parts of
// the data directory elsewhere.
//
// Submitted operations run on threads that exist for files alone: a file with operations under way
// has one thread to itself, so a slow disk below one file does not delay another. What waits per
// file has no limit here: its bytes are the submitter's, and so is the limit.
//
// Destruction, after the loops have ended, carries out what was submitted and joins the threads.
class LocalFiles final : public Borrowed<grey::Files> {
 public:
  // `data_dir` exists. open() below it fails with `not_found` if it does not.
  explicit LocalFiles(std::string data_dir);
  ~LocalFiles();

  grey::Status open(const char* path, uint32_t flags, grey::File** out) noexcept override;
  grey::Status remove(const char* path) noexcept override;
  grey::Status rename(const char* from, const char* to) noexcept override;
  grey::Status make_directory(const char* path) noexcept override;
  grey::Status sync_directory(const char* path) noexcept override;
  grey::Status list(const char* path, grey::FileVisitor* visitor) noexcept override;
  grey::Status free_bytes(uint64_t* bytes) noexcept override;
  grey::Status absolute_path(const char* path, char* out, uint64_t size) noexcept override;

  // Submitted and not carried out so far, of all files. Any thread.
  uint64_t pending_operations() const;

 private:
  const std::string data_dir_;  // absolute, without '/' at the end
  std::unique_ptr<IoThreads> threads_;
};

}  // namespace greyd

#endif  // GREY_KERNEL_HOST_LOCAL_FILES_H_
